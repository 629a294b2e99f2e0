"""Smaller settings of a function: URL, asynchronous invocation, tags, recursion, runtime management, code signing."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from workshop.localaws.faults import AwsError
from workshop.localaws.http import Request, Response
from workshop.localaws.lambda_api import names, validate, views
from workshop.localaws.lambda_api.paging import page
from workshop.localaws.lambda_api.service import Service
from workshop.localaws.lambda_api.store import LATEST, Function

DESTINATION = re.compile(r"arn:aws[a-zA-Z-]*:(sqs|sns|lambda|events):[a-z0-9-]+:\d{12}:.+")
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def _of(service: Service, request: Request, name: str) -> tuple[Function, str]:
    reference = service.reference(request, name)
    function = service.function(reference)
    service.version(function, reference)
    return function, reference.qualifier


# Function URLs: https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html


def url_id(function: Function, qualifier: str) -> str:
    """The id in a function URL; the same for the same function and qualifier."""
    digest = hashlib.sha256(f"{function.arn}:{qualifier}".encode()).digest()
    return "".join(ALPHABET[byte % 32] for byte in digest)


def put_url(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html, and the update of it."""
    function, qualifier = _of(service, request, name)
    if qualifier and qualifier not in function.aliases:
        raise validate.refused("Function URLs can be created for $LATEST (no qualifier) or for an alias.")
    body, now = request.json(), views.stamp(service.clock())
    known = function.urls.get(qualifier)
    if request.method == "POST" and known:
        raise AwsError(
            "ResourceConflictException",
            "Failed to create function url config for "
            f"[functionArn = {function.arn}]. Error message:  FunctionUrlConfig exists for this Lambda function",
            409,
        )
    if request.method == "PUT" and not known:
        raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    auth = body.get("AuthType", (known or {}).get("AuthType"))
    if auth not in ("NONE", "AWS_IAM"):
        raise names.constraint(auth, "authType", "Member must satisfy enum value set: [NONE, AWS_IAM]")
    region = function.arn.split(":")[3]
    entry: dict[str, Any] = {
        "FunctionUrl": f"https://{url_id(function, qualifier)}.lambda-url.{region}.on.aws/",
        "FunctionArn": f"{function.arn}:{qualifier}" if qualifier else function.arn,
        "AuthType": auth,
        "CreationTime": (known or {}).get("CreationTime", now),
        "LastModifiedTime": now,
        "InvokeMode": body.get("InvokeMode") or (known or {}).get("InvokeMode", "BUFFERED"),
    }
    cors = body.get("Cors", (known or {}).get("Cors"))
    if cors:
        entry["Cors"] = cors
    function.urls[qualifier] = entry
    return Response.of_json(entry, 201 if request.method == "POST" else 200)


def get_url(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionUrlConfig.html"""
    function, qualifier = _of(service, request, name)
    if qualifier not in function.urls:
        raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    return Response.of_json(function.urls[qualifier])


def list_urls(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionUrlConfigs.html"""
    function, _ = _of(service, request, name)
    return Response.of_json(page(request, list(function.urls.values()), "FunctionUrlConfigs"))


def delete_url(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionUrlConfig.html"""
    function, qualifier = _of(service, request, name)
    if function.urls.pop(qualifier, None) is None:
        raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    return Response(204)


# Asynchronous invocation: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html


def put_invoke_config(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html (PUT), and Update (POST)."""
    function, qualifier = _of(service, request, name)
    qualifier = qualifier or LATEST
    body, known = request.json(), function.invoke_configs.get(qualifier)
    if request.method == "POST" and known is None:
        raise AwsError(
            "ResourceNotFoundException",
            f"The function {function.arn}:{qualifier} doesn't have an EventInvokeConfig",
            404,
        )
    for member, low, high in (("MaximumRetryAttempts", 0, 2), ("MaximumEventAgeInSeconds", 60, 21600)):
        value = body.get(member)
        if value is not None and (not isinstance(value, int) or not low <= value <= high):
            rule = (
                f"less than or equal to {high}"
                if isinstance(value, int) and value > high
                else (f"greater than or equal to {low}")
            )
            raise names.constraint(value, member[0].lower() + member[1:], f"Member must have value {rule}")
    for kind in ("OnSuccess", "OnFailure"):
        target = ((body.get("DestinationConfig") or {}).get(kind) or {}).get("Destination")
        if target and not DESTINATION.fullmatch(target):
            raise names.constraint(
                target,
                f"destinationConfig.on{kind[2:]}.destination",
                "Member must be the ARN of a queue, a topic, a function or an event bus (offline, nothing goes to S3)",
            )
    entry: dict[str, Any] = dict(known or {}) if request.method == "POST" else {}
    entry |= {
        member: body[member]
        for member in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
        if body.get(member) is not None
    }
    entry["DestinationConfig"] = (
        body.get("DestinationConfig") or entry.get("DestinationConfig") or {"OnSuccess": {}, "OnFailure": {}}
    )
    entry |= {"LastModified": int(service.clock()), "FunctionArn": f"{function.arn}:{qualifier}"}
    function.invoke_configs[qualifier] = entry
    return Response.of_json(entry)


def get_invoke_config(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionEventInvokeConfig.html"""
    function, qualifier = _of(service, request, name)
    entry = function.invoke_configs.get(qualifier or LATEST)
    if entry is None:
        raise AwsError(
            "ResourceNotFoundException",
            f"The function {function.arn}:{qualifier or LATEST} doesn't have an EventInvokeConfig",
            404,
        )
    return Response.of_json(entry)


def list_invoke_configs(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionEventInvokeConfigs.html"""
    function, _ = _of(service, request, name)
    return Response.of_json(page(request, list(function.invoke_configs.values()), "FunctionEventInvokeConfigs"))


def delete_invoke_config(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionEventInvokeConfig.html"""
    function, qualifier = _of(service, request, name)
    if function.invoke_configs.pop(qualifier or LATEST, None) is None:
        raise AwsError(
            "ResourceNotFoundException",
            f"The function {function.arn}:{qualifier or LATEST} doesn't have an EventInvokeConfig",
            404,
        )
    return Response(204)


# Tags: https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html


def _tags(service: Service, request: Request, arn: str) -> dict[str, str]:
    mapping = re.fullmatch(r"arn:aws:lambda:([a-z0-9-]+):\d{12}:event-source-mapping:([0-9a-f-]+)", arn)
    if mapping:
        found = service.store.region(mapping[1]).mappings.get(mapping[2])
        if found is None:
            raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return found.setdefault("_tags", {})
    reference = names.parse(arn, request.region, service.store.account)
    if reference.qualifier:
        raise validate.refused(
            "Tags on function aliases and versions are not supported. "
            "Please specify either a function name or an unqualified function ARN."
        )
    return service.function(reference).tags


def list_tags(service: Service, request: Request, arn: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListTags.html"""
    return Response.of_json({"Tags": _tags(service, request, arn)})


def tag(service: Service, request: Request, arn: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html"""
    _tags(service, request, arn).update(request.json().get("Tags") or {})
    return Response(204)


def untag(service: Service, request: Request, arn: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UntagResource.html"""
    tags = _tags(service, request, arn)
    for key in request.all_arguments("tagKeys"):
        tags.pop(key, None)
    return Response(204)


# What tools ask for and seldom set.


def recursion(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionRecursionConfig.html, and the reading of it."""
    function, _ = _of(service, request, name)
    if request.method == "PUT":
        wanted = request.json().get("RecursiveLoop")
        if wanted not in ("Allow", "Terminate"):
            raise names.constraint(wanted, "recursiveLoop", "Member must satisfy enum value set: [Allow, Terminate]")
        function.recursive_loop = wanted
    return Response.of_json({"RecursiveLoop": function.recursive_loop})


def runtime_management(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutRuntimeManagementConfig.html, and the reading of it."""
    function, qualifier = _of(service, request, name)
    if request.method == "PUT":
        body = request.json()
        function.runtime_management[qualifier] = {
            "UpdateRuntimeOn": body.get("UpdateRuntimeOn"),
            "RuntimeVersionArn": body.get("RuntimeVersionArn"),
        }
    entry = function.runtime_management.get(qualifier, {"UpdateRuntimeOn": "Auto", "RuntimeVersionArn": None})
    return Response.of_json({**entry, "FunctionArn": function.arn})


def code_signing(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionCodeSigningConfig.html: never set here."""
    function, _ = _of(service, request, name)
    return Response.of_json({"FunctionName": function.name, "CodeSigningConfigArn": ""})
