"""APIs described by an OpenAPI document with API Gateway's extensions, as SAM writes them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import re
from typing import Any

from workshop.localaws.cloudformation.resources.base import Call, Failed

INTEGRATION, ANY = "x-amazon-apigateway-integration", "x-amazon-apigateway-any-method"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", ANY)
FUNCTION = re.compile(r".*:lambda:path/2015-03-31/functions/(?P<arn>.+)/invocations")
REST_MEMBERS = (
    "type",
    "uri",
    "credentials",
    "requestTemplates",
    "requestParameters",
    "passthroughBehavior",
    "contentHandling",
    "timeoutInMillis",
    "connectionType",
    "connectionId",
)


def title(document: Any) -> str:
    """The API's name.

    Raises:
        Failed: it is no OpenAPI document.
    """
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise Failed("Body is no OpenAPI document: it needs paths.")
    return str((document.get("info") or {}).get("title") or "")


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(path, method in capitals, what is said of it) of every operation that has an integration."""
    found = []
    for path, methods in document["paths"].items():
        for method, about in (methods or {}).items():
            if method.lower() not in METHODS or not isinstance(about, dict):
                continue
            if not about.get(INTEGRATION):
                raise Failed(f"{method} {path} has no {INTEGRATION}.")
            found.append((path, "ANY" if method == ANY else method.upper(), about))
    return found


def import_rest(call: Call, api: str, document: dict[str, Any]) -> None:
    """Make a REST API's resources and methods those of a document; what was there goes."""
    items = call("apigateway", "get_resources", restApiId=api, limit=500)["items"]
    root = next(item for item in items if item["path"] == "/")
    for method in root.get("resourceMethods") or {}:
        call("apigateway", "delete_method", restApiId=api, resourceId=root["id"], httpMethod=method)
    for item in items:
        if item.get("parentId") == root["id"]:
            call("apigateway", "delete_resource", restApiId=api, resourceId=item["id"])
    known = {"/": root["id"]}
    for path, method, about in operations(document):
        _rest_method(call, api, _resource(call, api, path.rstrip("/") or "/", known), method, about)


def _resource(call: Call, api: str, path: str, known: dict[str, str]) -> str:
    if path not in known:
        parent, _, part = path.rpartition("/")
        made = call(
            "apigateway",
            "create_resource",
            restApiId=api,
            pathPart=part,
            parentId=_resource(call, api, parent or "/", known),
        )
        known[path] = made["id"]
    return known[path]


def _rest_method(call: Call, api: str, resource: str, method: str, about: dict[str, Any]) -> None:
    where = {"restApiId": api, "resourceId": resource, "httpMethod": method}
    call("apigateway", "put_method", **where, authorizationType="NONE", operationName=about.get("operationId"))
    integration = about[INTEGRATION]
    wanted = {name: integration[name] for name in REST_MEMBERS if integration.get(name) is not None}
    wanted["type"] = str(wanted.get("type", "")).upper()
    call("apigateway", "put_integration", **where, integrationHttpMethod=integration.get("httpMethod"), **wanted)
    for status in about.get("responses") or {}:
        if str(status).isdigit():
            call("apigateway", "put_method_response", **where, statusCode=str(status))
    for pattern, response in (integration.get("responses") or {}).items():
        selection = None if pattern == "default" else pattern
        call(
            "apigateway",
            "put_integration_response",
            **where,
            statusCode=str(response.get("statusCode", "200")),
            selectionPattern=selection,
            responseParameters=response.get("responseParameters"),
            responseTemplates=response.get("responseTemplates"),
        )


def import_http(call: Call, api: str, document: dict[str, Any]) -> None:
    """Make an HTTP API's routes those of a document; what was there goes."""
    for route in call("apigatewayv2", "get_routes", ApiId=api)["Items"]:
        call("apigatewayv2", "delete_route", ApiId=api, RouteId=route["RouteId"])
    for integration in call("apigatewayv2", "get_integrations", ApiId=api)["Items"]:
        call("apigatewayv2", "delete_integration", ApiId=api, IntegrationId=integration["IntegrationId"])
    for path, method, about in operations(document):
        given = about[INTEGRATION]
        uri = str(given.get("uri", ""))
        function = FUNCTION.fullmatch(uri)
        made = call(
            "apigatewayv2",
            "create_integration",
            ApiId=api,
            IntegrationType=str(given.get("type", "")).upper(),
            IntegrationUri=function["arn"] if function else uri,
            IntegrationMethod=given.get("httpMethod"),
            PayloadFormatVersion=given.get("payloadFormatVersion") or "1.0",
            TimeoutInMillis=given.get("timeoutInMillis"),
        )
        key = "$default" if path == "/$default" else f"{method} {path}"
        call("apigatewayv2", "create_route", ApiId=api, RouteKey=key, Target=f"integrations/{made['IntegrationId']}")
    cors = document.get("x-amazon-apigateway-cors")
    if cors:
        configuration = {name[:1].upper() + name[1:]: value for name, value in cors.items()}
        call("apigatewayv2", "update_api", ApiId=api, CorsConfiguration=configuration)
