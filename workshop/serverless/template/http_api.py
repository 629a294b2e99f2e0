"""`httpApi` events: an HTTP API, one integration a function, one route an event.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html
"""

from __future__ import annotations

from typing import Any

from workshop.serverless import naming
from workshop.serverless.service import Service
from workshop.serverless.template.build import Template
from workshop.serverless.template.cors import HEADERS

_METHODS = ("OPTIONS", "GET", "POST", "PUT", "PATCH", "HEAD", "DELETE")


def routes_of(service: Service) -> list[tuple[str, str, str]]:
    """The HTTP API's routes: function, method (`*` for all), path (`*` for the catch-all `$default`)."""
    found = []
    for function, settings in service.functions.items():
        for event in settings.get("events") or []:
            if "httpApi" not in event:
                continue
            given = event["httpApi"]
            if isinstance(given, str):
                method, _, path = given.partition(" ") if given != "*" else ("*", " ", "*")
            else:
                method, path = given.get("method", "*"), given["path"]
            method = method.upper()
            found.append((function, "*" if method == "ANY" else method, path))
    return found


def add(template: Template) -> None:
    """Adds the API with everything under it, when a function has an `httpApi` event."""
    service = template.service
    routes = routes_of(service)
    if not routes:
        return
    settings = service.provider.get("httpApi") or {}
    _api(template, settings, routes)
    api = naming.ref(naming.HTTP_API)
    for function, method, path in routes:
        name = naming.resource_name(function)
        integration = f"HttpApiIntegration{name}"
        if integration not in template.resources:
            source = naming.join(
                "", "arn:", naming.PARTITION, ":execute-api:", naming.REGION, ":", naming.ACCOUNT, ":", api, "/*"
            )
            template.permit(f"{name}LambdaPermissionHttpApi", function, "apigateway.amazonaws.com", source)
            template.add(
                integration,
                "AWS::ApiGatewayV2::Integration",
                {
                    "ApiId": api,
                    "IntegrationType": "AWS_PROXY",
                    "IntegrationUri": template.target(function),
                    "PayloadFormatVersion": settings.get("payload", "2.0"),
                    "TimeoutInMillis": 30000,
                },
                **template.after(function),
            )
        template.add(
            _route_id(method, path),
            "AWS::ApiGatewayV2::Route",
            {
                "ApiId": api,
                "RouteKey": route_key(method, path),
                "Target": naming.join("/", "integrations", naming.ref(integration)),
            },
        )
    template.output("HttpApiId", api, "Id of the HTTP API")
    address = naming.join("", "https://", api, ".execute-api.", naming.REGION, ".", naming.ref("AWS::URLSuffix"))
    template.output("HttpApiUrl", address, "URL of the HTTP API")


def route_key(method: str, path: str) -> str:
    """A route's key: `GET /hello`, `ANY /hello`, `$default`."""
    return "$default" if path == "*" else f"{'ANY' if method == '*' else method} {path}"


def _route_id(method: str, path: str) -> str:
    if path == "*":
        return "HttpApiRouteDefault"
    return f"HttpApiRoute{'Any' if method == '*' else method.capitalize()}{naming.path_name(path.strip('/'))}"


def _api(template: Template, settings: dict[str, Any], routes: list[tuple[str, str, str]]) -> None:
    service = template.service
    tags = {key: str(value) for key, value in (service.provider.get("tags") or {}).items()} or None
    first, second = service.stage, service.name
    if settings.get("shouldStartNameWithService"):
        first, second = second, first
    template.add(
        naming.HTTP_API,
        "AWS::ApiGatewayV2::Api",
        {
            "Name": settings.get("name") or f"{first}-{second}",
            "ProtocolType": "HTTP",
            "Tags": tags,
            "CorsConfiguration": _cors(settings.get("cors"), routes),
        },
    )
    template.add(
        "HttpApiStage",
        "AWS::ApiGatewayV2::Stage",
        {
            "ApiId": naming.ref(naming.HTTP_API),
            "StageName": "$default",
            "AutoDeploy": True,
            "DefaultRouteSettings": {"DetailedMetricsEnabled": bool(settings.get("metrics"))},
            "Tags": tags,
        },
    )


def _cors(setting: Any, routes: list[tuple[str, str, str]]) -> dict[str, Any] | None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html"""
    if not setting:
        return None
    given = setting if isinstance(setting, dict) else {}
    used = list(dict.fromkeys(method for _, method, _ in routes))
    methods = list(_METHODS) if "*" in used else list(dict.fromkeys(["OPTIONS", *used]))
    cors = {
        "AllowCredentials": given.get("allowCredentials"),
        "AllowHeaders": given.get("allowedHeaders", list(HEADERS)),
        "AllowMethods": given.get("allowedMethods", methods),
        "AllowOrigins": given.get("allowedOrigins", ["*"]),
        "ExposeHeaders": given.get("exposedResponseHeaders"),
        "MaxAge": given.get("maxAge"),
    }
    return {key: value for key, value in cors.items() if value is not None}
