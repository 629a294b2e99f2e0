"""Resource-based policies: who else may invoke a function.

https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

from workshop.localaws.faults import AwsError
from workshop.localaws.http import Request, Response
from workshop.localaws.lambda_api import names, validate
from workshop.localaws.lambda_api.names import Reference
from workshop.localaws.lambda_api.service import Service
from workshop.localaws.lambda_api.store import LATEST, Function

STATEMENT = re.compile(r"[a-zA-Z0-9-_]{1,100}")
ACTION = re.compile(r"lambda:[*]|lambda:[a-zA-Z]+|[*]")
NO_POLICY = "The resource you requested does not exist."


def _resource(service: Service, request: Request, name: str) -> tuple[Function, Reference]:
    reference = service.reference(request, name)
    function = service.function(reference)
    if reference.qualifier == LATEST:
        raise validate.refused("We currently do not support adding policies for $LATEST.")
    service.version(function, reference)
    return function, reference


def statement_of(body: dict[str, Any], resource: str, account: str) -> dict[str, Any]:
    """The policy statement that an AddPermission request means."""
    principal = str(body["Principal"])
    if principal != "*":
        if principal.endswith((".amazonaws.com", ".amazon.com")):
            principal_of: Any = {"Service": principal}
        else:
            principal_of = {"AWS": principal if principal.startswith("arn:") else f"arn:aws:iam::{principal}:root"}
    else:
        principal_of = "*"
    statement = {
        "Sid": body["StatementId"],
        "Effect": "Allow",
        "Principal": principal_of,
        "Action": body["Action"],
        "Resource": resource,
    }
    condition: dict[str, dict[str, str]] = {}
    if body.get("SourceAccount"):
        condition.setdefault("StringEquals", {})["AWS:SourceAccount"] = body["SourceAccount"]
    if body.get("SourceArn"):
        condition.setdefault("ArnLike", {})["AWS:SourceArn"] = body["SourceArn"]
    if body.get("EventSourceToken"):
        condition.setdefault("StringEquals", {})["lambda:EventSourceToken"] = body["EventSourceToken"]
    if body.get("FunctionUrlAuthType"):
        condition.setdefault("StringEquals", {})["lambda:FunctionUrlAuthType"] = body["FunctionUrlAuthType"]
    if body.get("PrincipalOrgID"):
        condition.setdefault("StringEquals", {})["aws:PrincipalOrgID"] = body["PrincipalOrgID"]
    if body.get("InvokedViaFunctionUrl") is not None:
        flag = str(body["InvokedViaFunctionUrl"]).lower()
        condition.setdefault("Bool", {})["lambda:InvokedViaFunctionUrl"] = flag
    return statement | ({"Condition": condition} if condition else {})


def add(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html"""
    body = request.json()
    for member, pattern in (("StatementId", STATEMENT), ("Action", ACTION)):
        if not pattern.fullmatch(str(body.get(member, ""))):
            raise names.constraint(
                body.get(member),
                member[0].lower() + member[1:],
                f"Member must satisfy regular expression pattern: {pattern.pattern}",
            )
    if not body.get("Principal"):
        raise names.constraint("null", "principal", "Member must not be null")
    function, reference = _resource(service, request, name)
    statement = statement_of(body, reference.qualified, service.store.account)
    with service.store.lock:
        policy = function.policies.setdefault(reference.qualifier, [])
        if any(each["Sid"] == body["StatementId"] for each in policy):
            raise AwsError(
                "ResourceConflictException",
                f"The statement id ({body['StatementId']}) provided already exists. "
                "Please provide a new statement id, or remove the existing statement.",
                409,
            )
        policy.append(statement)
        function.policy_revisions[reference.qualifier] = str(uuid4())
    service.changed(function.arn)
    return Response.of_json({"Statement": json.dumps(statement)}, 201)


def get(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html"""
    function, reference = _resource(service, request, name)
    policy = function.policies.get(reference.qualifier)
    if not policy:
        raise AwsError("ResourceNotFoundException", NO_POLICY, 404)
    document = {"Version": "2012-10-17", "Id": "default", "Statement": policy}
    return Response.of_json(
        {"Policy": json.dumps(document), "RevisionId": function.policy_revisions[reference.qualifier]}
    )


def remove(service: Service, request: Request, name: str, statement: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_RemovePermission.html"""
    function, reference = _resource(service, request, name)
    with service.store.lock:
        policy = function.policies.get(reference.qualifier) or []
        if not policy:
            raise AwsError("ResourceNotFoundException", "No policy is associated with the given resource.", 404)
        left = [each for each in policy if each["Sid"] != statement]
        if len(left) == len(policy):
            raise AwsError("ResourceNotFoundException", f"Statement {statement} is not found in resource policy.", 404)
        function.policies[reference.qualifier] = left
        function.policy_revisions[reference.qualifier] = str(uuid4())
    service.changed(function.arn)
    return Response(204)
