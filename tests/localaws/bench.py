"""What the tests of the cloud's rooms build through boto3: roles, functions, APIs."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

from tests.support import LONGEST

REGION, ACCOUNT = "eu-west-1", "123456789012"
ECHO = "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"
# Returns what the caller asks for, so that one function gives every kind of answer.
ANSWER = """
import base64, json, sys

def handler(event, context):
    query = event.get("queryStringParameters") or {}
    if query.get("do") == "raise":
        raise ValueError("a secret detail")
    if query.get("do") == "exit":
        sys.exit(1)
    if "answer" in query:
        return json.loads(base64.b64decode(query["answer"]))
    return {"statusCode": 200, "body": json.dumps(event)}
"""


def zipped(source: str, name: str = "handler.py") -> bytes:
    """A package with one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, source)
    return buffer.getvalue()


def unique(stem: str = "t") -> str:
    """A name nobody else uses."""
    return f"{stem}-{uuid4().hex[:8]}"


class Bench:
    """Builds things in a running cloud.

    Args:
        client: `client(service)` gives a boto3 client.
        url: the cloud's address.
    """

    def __init__(self, client: Callable[..., Any], url: str) -> None:
        self.client, self.url = client, url

    def role(self, *statements: dict[str, Any], service: str = "lambda.amazonaws.com") -> str:
        """A role that a service may assume, with one inline policy."""
        name, iam = unique("role"), self.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(*statements))
        return str(arn)

    def function(self, source: str = ECHO, role: str = "", **config: Any) -> str:
        """A function's ARN; its handler is `handler.handler`."""
        made = self.client("lambda").create_function(
            FunctionName=unique("f"),
            Runtime="python3.12",
            Role=role or self.role(allow("logs:*", "*")),
            Handler="handler.handler",
            Code={"ZipFile": zipped(source)},
            **{"Timeout": 10, **config},
        )
        return str(made["FunctionArn"])

    def permit(self, arn: str, service: str, source: str = "", action: str = "lambda:InvokeFunction") -> None:
        """Let a service call a function."""
        more = {"SourceArn": source} if source else {}
        self.client("lambda").add_permission(
            FunctionName=arn, StatementId=unique("s"), Action=action, Principal=service, **more
        )

    def rest_api(self, routes: dict[str, Any], *, permit: bool = True, stage: str = "dev", **api: Any) -> RestApi:
        """A deployed REST API; routes are `"GET /orders/{id}": function ARN or put_integration arguments`."""
        return RestApi(self, routes, permit, stage, api)

    def http_api(self, routes: dict[str, str], *, version: str = "2.0", stage: str = "$default", **api: Any) -> str:
        """A deployed HTTP API's URL."""
        v2 = self.client("apigatewayv2")
        made = v2.create_api(Name=unique("http"), ProtocolType="HTTP", **api)["ApiId"]
        for key, arn in routes.items():
            integration = v2.create_integration(
                ApiId=made, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion=version
            )["IntegrationId"]
            v2.create_route(ApiId=made, RouteKey=key, Target=f"integrations/{integration}")
            self.permit(arn, "apigateway.amazonaws.com", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{made}/*")
        v2.create_stage(ApiId=made, StageName=stage, AutoDeploy=True)
        return f"{self.url}/_aws/execute-api/{made}" + ("" if stage == "$default" else f"/{stage}")


class RestApi:
    """A REST API made call by call, as a reader could."""

    def __init__(self, bench: Bench, routes: dict[str, Any], permit: bool, stage: str, api: dict[str, Any]) -> None:
        self.bench, self.gateway, self.stage = bench, bench.client("apigateway"), stage
        self.id = self.gateway.create_rest_api(name=unique("rest"), **api)["id"]
        self.resources = {"/": self.gateway.get_resources(restApiId=self.id)["items"][0]["id"]}
        for key, integration in routes.items():
            self.add(key, integration, permit=permit)
        self.deploy()

    @property
    def url(self) -> str:
        """Where its stage answers."""
        return f"{self.bench.url}/_aws/execute-api/{self.id}/{self.stage}"

    def add(self, key: str, integration: Any, *, permit: bool = True, **method: Any) -> str:
        """A method with its integration; returns the resource's id."""
        verb, _, path = key.partition(" ")
        resource = self.resource(path)
        names = {"restApiId": self.id, "resourceId": resource, "httpMethod": verb}
        self.gateway.put_method(**names, **{"authorizationType": "NONE", **method})
        if isinstance(integration, str):
            if permit:
                source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{self.id}/*/*"
                self.bench.permit(integration, "apigateway.amazonaws.com", source)
            uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{integration}/invocations"
            integration = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri}
        self.gateway.put_integration(**names, **integration)
        return resource

    def resource(self, path: str) -> str:
        """The id of a path's resource, made when it is not there."""
        if path not in self.resources:
            parent, _, part = path.rpartition("/")
            self.resources[path] = self.gateway.create_resource(
                restApiId=self.id, parentId=self.resource(parent or "/"), pathPart=part
            )["id"]
        return self.resources[path]

    def deploy(self, **more: Any) -> None:
        """Make what was changed serve."""
        self.gateway.create_deployment(restApiId=self.id, stageName=self.stage, **more)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET a path of the stage."""
        return httpx.get(self.url + path, **options)


def document(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:
    """A Deny statement."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def eventually(check: Callable[[], Any], seconds: float = LONGEST) -> Any:
    """What `check` returns once it is true; what it returned last when it never was."""
    until = time.monotonic() + seconds
    while True:
        found = check()
        if found or time.monotonic() > until:
            return found
        time.sleep(0.02)
