"""What calls a function: its resource policy says who may, the callers themselves say from where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_SERVICES = {
    "apigateway": "API Gateway",
    "events": "EventBridge",
    "scheduler": "EventBridge Scheduler",
    "s3": "S3",
    "sns": "SNS",
}


def triggers(function: str, *, client: Any = None) -> list[str]:
    """Lines such as `API Gateway POST /payment`, `EventBridge rule/nightly`, `SQS orders`.

    https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
    """
    import boto3

    client = client or boto3.client("lambda")
    lines: list[str] = []
    for statement in _policy(client, function):
        service, source = _who(statement)
        if service == "apigateway":
            lines += _routes(source, function) or ["API Gateway"]
        else:
            lines.append(f"{_SERVICES.get(service, service)} {source.split(':', 5)[-1]}".strip())
    for mapping in client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]:
        service, *_, resource = mapping["EventSourceArn"].split(":")[2:]
        lines.append(f"{service.upper()} {resource}")
    return list(dict.fromkeys(lines))


def _policy(client: Any, function: str) -> list[Mapping[str, Any]]:
    try:
        return json.loads(client.get_policy(FunctionName=function)["Policy"])["Statement"]
    except client.exceptions.ResourceNotFoundException:
        return []


def _who(statement: Mapping[str, Any]) -> tuple[str, str]:
    """The service that may call, and the ARN it must call from."""
    principal = statement.get("Principal", {})
    service = principal.get("Service", "anyone") if isinstance(principal, Mapping) else str(principal)
    tests = [item for test in statement.get("Condition", {}).values() for item in test.items()]
    source = next((value for key, value in tests if "arn" in key.lower()), "")
    return str(service).removesuffix(".amazonaws.com"), str(source)


def _routes(source: str, function: str) -> list[str]:
    """Methods and paths of a REST or an HTTP API that lead to the function."""
    import boto3
    from botocore.exceptions import ClientError

    api = source.split(":", 5)[-1].partition("/")[0]
    if not api or api == "*":
        return []
    for read in (_rest_routes, _http_routes):
        try:
            return read(boto3, api, function)
        except ClientError:  # another kind of API, or one that is gone
            continue
    return []


def _rest_routes(boto3: Any, api: str, function: str) -> list[str]:
    pages = boto3.client("apigateway").get_paginator("get_resources").paginate(restApiId=api, embed=["methods"])
    found = []
    for resource in (one for page in pages for one in page["items"]):
        for method, details in resource.get("resourceMethods", {}).items():
            uri = details.get("methodIntegration", {}).get("uri", "")
            if f":function:{function}/" in uri:
                found.append(f"API Gateway {method} {resource['path']}")
    return sorted(found)


def _http_routes(boto3: Any, api: str, function: str) -> list[str]:
    client = boto3.client("apigatewayv2")
    ours = {
        one["IntegrationId"]
        for one in client.get_integrations(ApiId=api)["Items"]
        if f":function:{function}" in one.get("IntegrationUri", "")
    }
    routes = client.get_routes(ApiId=api)["Items"]
    return sorted(f"HTTP API {one['RouteKey']}" for one in routes if one.get("Target", "").rpartition("/")[2] in ours)
