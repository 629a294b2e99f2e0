"""Layers and their versions.

https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
"""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

from workshop.localaws.faults import AwsError
from workshop.localaws.http import Request, Response
from workshop.localaws.lambda_api import names, views
from workshop.localaws.lambda_api.paging import page
from workshop.localaws.lambda_api.service import Service
from workshop.localaws.lambda_api.store import Layer, LayerVersion

NAME = re.compile(r"(?:arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z0-9-]+):\d{12}:layer:)?(?P<name>[a-zA-Z0-9_-]{1,140})")


def _named(request: Request, text: str) -> tuple[str, str]:
    found = NAME.fullmatch(text)
    if not found:
        raise names.constraint(text, "layerName", f"Member must satisfy regular expression pattern: {NAME.pattern}")
    return found["region"] or request.region, found["name"]


def _found(service: Service, request: Request, layer: str, version: str) -> tuple[Layer, LayerVersion]:
    region, name = _named(request, layer)
    if not version.isdigit() or int(version) < 1:
        raise names.constraint(version, "versionNumber", "Member must have value greater than or equal to 1")
    known = service.store.region(region).layers.get(name)
    found = known.versions.get(int(version)) if known else None
    if known is None or found is None:
        raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    return known, found


def publish(service: Service, request: Request, layer: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html"""
    body = request.json()
    region, name = _named(request, layer)
    runtimes = list(body.get("CompatibleRuntimes") or [])
    if len(runtimes) > 15:
        raise names.constraint(runtimes, "compatibleRuntimes", "Member must have length less than or equal to 15")
    package = service.package(body.get("Content") or {})
    with service.store.lock:
        layers = service.store.region(region).layers
        arn = f"arn:aws:lambda:{region}:{service.store.account}:layer:{name}"
        known = layers.setdefault(name, Layer(name, arn))
        known.last += 1
        made = LayerVersion(
            arn,
            known.last,
            package,
            views.stamp(service.clock()),
            body.get("Description") or "",
            body.get("LicenseInfo") or "",
            runtimes,
            list(body.get("CompatibleArchitectures") or []),
        )
        known.versions[made.version] = made
    return Response.of_json(views.layer_version(made, service.code_url(package)), 201)


def get(service: Service, request: Request, layer: str, version: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html"""
    _, found = _found(service, request, layer, version)
    return Response.of_json(views.layer_version(found, service.code_url(found.package)))


def get_by_arn(service: Service, request: Request) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionByArn.html"""
    found = service.store.layer_version(request.arguments.get("Arn", ""))
    if found is None:
        raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    return Response.of_json(views.layer_version(found, service.code_url(found.package)))


def list_or_get_by_arn(service: Service, request: Request) -> Response:
    """`GET /layers` is two operations; `find` tells them apart."""
    return get_by_arn(service, request) if "find" in request.arguments else list_all(service, request)


def list_all(service: Service, request: Request) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListLayers.html"""
    runtime = request.arguments.get("CompatibleRuntime")
    rows = []
    for layer in sorted(service.region(request).layers.values(), key=lambda layer: layer.name):
        fitting = [found for found in layer.versions.values() if not runtime or runtime in found.runtimes]
        if fitting:
            newest = views.layer_version(fitting[-1])
            newest.pop("LayerArn")
            rows.append({"LayerName": layer.name, "LayerArn": layer.arn, "LatestMatchingVersion": newest})
    return Response.of_json(page(request, rows, "Layers"))


def list_versions(service: Service, request: Request, layer: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListLayerVersions.html"""
    region, name = _named(request, layer)
    known = service.store.region(region).layers.get(name)
    rows = [views.layer_version(found) for found in reversed(list(known.versions.values()))] if known else []
    for row in rows:
        row.pop("LayerArn")
    return Response.of_json(page(request, rows, "LayerVersions"))


def delete(service: Service, request: Request, layer: str, version: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteLayerVersion.html: functions that use it keep it."""
    region, name = _named(request, layer)
    with service.store.lock:
        known = service.store.region(region).layers.get(name)
        if known and version.isdigit():
            known.versions.pop(int(version), None)
    return Response(204)


def add_permission(service: Service, request: Request, layer: str, version: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_AddLayerVersionPermission.html"""
    _, found = _found(service, request, layer, version)
    body = request.json()
    if any(statement["Sid"] == body["StatementId"] for statement in found.policy):
        raise AwsError(
            "ResourceConflictException",
            f"The statement id ({body['StatementId']}) provided already exists. "
            "Please provide a new statement id, or remove the existing statement.",
            409,
        )
    principal: Any = body["Principal"]
    if principal != "*":
        principal = {"AWS": principal if principal.startswith("arn:") else f"arn:aws:iam::{principal}:root"}
    statement = {
        "Sid": body["StatementId"],
        "Effect": "Allow",
        "Principal": principal,
        "Action": body["Action"],
        "Resource": found.arn,
    }
    if body.get("OrganizationId"):
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": body["OrganizationId"]}}
    with service.store.lock:
        found.policy.append(statement)
        found.policy_revision = str(uuid4())
    return Response.of_json({"Statement": json.dumps(statement), "RevisionId": found.policy_revision}, 201)


def get_policy(service: Service, request: Request, layer: str, version: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionPolicy.html"""
    _, found = _found(service, request, layer, version)
    if not found.policy:
        raise AwsError("ResourceNotFoundException", "No policy is associated with the given resource.", 404)
    policy = {"Version": "2012-10-17", "Id": "default", "Statement": found.policy}
    return Response.of_json({"Policy": json.dumps(policy), "RevisionId": found.policy_revision})


def remove_permission(service: Service, request: Request, layer: str, version: str, statement: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_RemoveLayerVersionPermission.html"""
    _, found = _found(service, request, layer, version)
    with service.store.lock:
        left = [each for each in found.policy if each["Sid"] != statement]
        if len(left) == len(found.policy):
            raise AwsError("ResourceNotFoundException", f"Statement {statement} is not found in resource policy.", 404)
        found.policy[:] = left
        found.policy_revision = str(uuid4())
    return Response(204)
