"""Aliases: a name for a version, weights included.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from workshop.localaws.faults import AwsError
from workshop.localaws.http import Request, Response
from workshop.localaws.lambda_api import names, validate, views
from workshop.localaws.lambda_api.paging import page
from workshop.localaws.lambda_api.service import Service
from workshop.localaws.lambda_api.store import LATEST, Alias, Function

NAME = re.compile(r"(?!^[0-9]+$)([a-zA-Z0-9-_]{1,128})")


def _alias(function: Function, name: str) -> Alias:
    found = function.aliases.get(name)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Cannot find alias arn: {function.arn}:{name}", 404)
    return found


def _version(function: Function, version: Any) -> str:
    if version != LATEST and version not in function.versions:
        raise AwsError("ResourceNotFoundException", f"Function not found: {function.arn}:{version}", 404)
    return str(version)


def _weights(function: Function, main: str, routing: dict[str, Any] | None) -> dict[str, float]:
    weights = (routing or {}).get("AdditionalVersionWeights") or {}
    if not weights:
        return {}
    if len(weights) > 1:
        raise validate.refused("Number of items in AdditionalVersionWeights cannot be greater than 1")
    if LATEST in (main, *weights):
        raise validate.refused("$LATEST is not supported for an alias pointing to more than 1 version")
    for version, weight in weights.items():
        _version(function, version)
        if version == main:
            raise validate.refused(
                f"Invalid function version {version}. Function version {version} is already included in "
                "routing configuration."
            )
        if not isinstance(weight, (int, float)) or not 0 <= weight <= 1:
            raise names.constraint(
                weight,
                "routingConfig.additionalVersionWeights",
                "Map value must satisfy constraint: [Member must have value between 0 and 1]",
            )
    return {str(version): float(weight) for version, weight in weights.items() if weight}


def create(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html"""
    function = service.function(service.reference(request, name))
    body = request.json()
    called = str(body.get("Name", ""))
    if not NAME.fullmatch(called):
        raise names.constraint(called, "name", f"Member must satisfy regular expression pattern: {NAME.pattern}")
    with service.store.lock:
        if called in function.aliases:
            raise AwsError("ResourceConflictException", f"Alias already exists: {function.arn}:{called}", 409)
        main = _version(function, body.get("FunctionVersion"))
        weights = _weights(function, main, body.get("RoutingConfig"))
        made = function.aliases[called] = Alias(called, main, body.get("Description") or "", weights)
    service.changed(function.arn)
    return Response.of_json(views.alias(function, made), 201)


def get(service: Service, request: Request, name: str, alias: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html"""
    function = service.function(service.reference(request, name))
    return Response.of_json(views.alias(function, _alias(function, alias)))


def list_all(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html"""
    function = service.function(service.reference(request, name))
    version = request.arguments.get("FunctionVersion")
    rows = [
        views.alias(function, alias)
        for alias in function.aliases.values()
        if not version or version == alias.version or version in alias.weights
    ]
    return Response.of_json(page(request, rows, "Aliases"))


def update(service: Service, request: Request, name: str, alias: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html"""
    function = service.function(service.reference(request, name))
    body = request.json()
    with service.store.lock:
        found = _alias(function, alias)
        if body.get("RevisionId") and body["RevisionId"] != found.revision:
            raise AwsError(
                "PreconditionFailedException",
                "The RevisionId provided does not match the latest RevisionId. "
                "Call the GetFunction/GetAlias API to retrieve the latest RevisionId",
                412,
            )
        main = _version(function, body.get("FunctionVersion") or found.version)
        routing = body.get("RoutingConfig")
        weights = found.weights if routing is None else _weights(function, main, routing)
        if main in weights:
            weights = {version: weight for version, weight in weights.items() if version != main}
        found.version, found.weights, found.revision = main, weights, str(uuid4())
        if body.get("Description") is not None:
            found.description = body["Description"]
    service.changed(function.arn)
    return Response.of_json(views.alias(function, found))


def delete(service: Service, request: Request, name: str, alias: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html: deleting what is not there succeeds."""
    function = service.function(service.reference(request, name))
    with service.store.lock:
        function.aliases.pop(alias, None)
        for kept in (function.policies, function.urls, function.invoke_configs, function.provisioned):
            kept.pop(alias, None)
    service.provisioned(function.arn, alias, 0)
    service.changed(function.arn)
    return Response(204)
