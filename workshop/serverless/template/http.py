"""`http` events: a REST API, its paths, methods, keys and deployment.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-rest-api.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workshop.serverless import naming
from workshop.serverless.service import Service
from workshop.serverless.template import http_keys
from workshop.serverless.template.build import Template, digest, tag_list
from workshop.serverless.template.cors import options_method


@dataclass
class Route:
    """One `http` event: method in capitals (`ANY` for all), path without a leading slash."""

    function: str
    method: str
    path: str
    settings: dict[str, Any] = field(default_factory=dict)


def routes_of(service: Service) -> list[Route]:
    """The REST routes of a service, in the order of the file."""
    found = []
    for function, settings in service.functions.items():
        for event in settings.get("events") or []:
            if "http" not in event:
                continue
            given = event["http"]
            if isinstance(given, str):
                method, _, path = given.partition(" ")
                options: dict[str, Any] = {}
            else:
                method, path, options = given["method"], given["path"], given
            found.append(Route(function, method.upper(), path.strip("/"), options))
    return found


def add(template: Template) -> None:
    """Adds the API with everything under it, when a function has an `http` event."""
    routes = routes_of(template.service)
    if not routes:
        return
    _api(template)
    paths = _resources(template, routes)
    methods = options_method(template, routes, paths)
    for route in routes:
        methods.append(_method(template, route, paths[route.path]))
    _validator(template, routes)
    _deployment(template, methods)
    http_keys.add(template, deployment_id(template))
    for function in dict.fromkeys(route.function for route in routes):
        template.permit(
            f"{naming.resource_name(function)}LambdaPermissionApiGateway",
            function,
            "apigateway.amazonaws.com",
            naming.join(
                "",
                "arn:",
                naming.PARTITION,
                ":execute-api:",
                naming.REGION,
                ":",
                naming.ACCOUNT,
                ":",
                naming.ref(naming.REST_API),
                "/*/*",
            ),
        )
    address = naming.join(
        "",
        "https://",
        naming.ref(naming.REST_API),
        ".execute-api.",
        naming.REGION,
        ".",
        naming.ref("AWS::URLSuffix"),
        f"/{template.service.stage}",
    )
    template.output("ServiceEndpoint", address, "URL of the service endpoint")


def settings_of(template: Template) -> dict[str, Any]:
    """`provider.apiGateway`."""
    return template.service.provider.get("apiGateway") or {}


def _api(template: Template) -> None:
    service, settings = template.service, settings_of(template)
    first, second = service.stage, service.name
    if settings.get("shouldStartNameWithService"):
        first, second = second, first
    template.add(
        naming.REST_API,
        "AWS::ApiGateway::RestApi",
        {
            "Name": f"{first}-{second}",
            "Description": settings.get("description"),
            "BinaryMediaTypes": settings.get("binaryMediaTypes"),
            "EndpointConfiguration": {"Types": ["EDGE"]},
            "MinimumCompressionSize": settings.get("minimumCompressionSize"),
            "Tags": tag_list(service.provider.get("tags") or {}),
        },
    )


def _resources(template: Template, routes: list[Route]) -> dict[str, Any]:
    """Adds a resource for every part of every path. Returns path -> what a method refers to."""
    root = {"Fn::GetAtt": [naming.REST_API, "RootResourceId"]}
    known: dict[str, Any] = {"": root}
    every = {
        "/".join(parts[: depth + 1])
        for route in routes
        for parts in [route.path.split("/")]
        for depth in range(len(parts))
        if route.path
    }
    for path in sorted(every, key=lambda path: (path.count("/"), _first_seen(path, routes))):
        parent = path.rpartition("/")[0]
        logical_id = _unique(template, f"ApiGatewayResource{naming.path_name(path)}", path)
        template.add(
            logical_id,
            "AWS::ApiGateway::Resource",
            {
                "ParentId": known[parent],
                "PathPart": path.rpartition("/")[2],
                "RestApiId": naming.ref(naming.REST_API),
            },
        )
        known[path] = naming.ref(logical_id)
    return known


def _first_seen(path: str, routes: list[Route]) -> int:
    return next(at for at, route in enumerate(routes) if f"{route.path}/".startswith(f"{path}/"))


def _unique(template: Template, logical_id: str, path: str) -> str:
    """Paths that differ only in what a logical id cannot hold (`a_b`, `ab`) still get ids of their own."""
    if logical_id not in template.resources:
        return logical_id
    return logical_id + digest(path).hex()[:6]


def resource_part(where: Any) -> str:
    """The part of a method's logical id that names its path."""
    return where["Ref"].removeprefix("ApiGatewayResource") if "Ref" in where else ""


def method_id(where: Any, method: str) -> str:
    """The logical id of a method: `ApiGatewayMethodHelloGet`."""
    return f"ApiGatewayMethod{resource_part(where)}{method.capitalize()}"


def _method(template: Template, route: Route, where: Any) -> str:
    request = route.settings.get("request") or {}
    logical_id = method_id(where, route.method)
    alias = [":", "provisioned"] if template.has_alias(route.function) else []
    uri = naming.join(
        "",
        "arn:",
        naming.PARTITION,
        ":apigateway:",
        naming.REGION,
        ":lambda:path/2015-03-31/functions/",
        naming.get_arn(naming.function_id(route.function)),
        *alias,
        "/invocations",
    )
    integration = {"IntegrationHttpMethod": "POST", "Type": "AWS_PROXY", "Uri": uri}
    if "timeoutInMillis" in route.settings:
        integration["TimeoutInMillis"] = route.settings["timeoutInMillis"]
    properties = {
        "HttpMethod": route.method,
        "RequestParameters": _parameters(request.get("parameters") or {}),
        "ResourceId": where,
        "RestApiId": naming.ref(naming.REST_API),
        "OperationName": route.settings.get("operationId"),
        "ApiKeyRequired": bool(route.settings.get("private")),
        "AuthorizationType": "NONE",
        "Integration": integration,
        "MethodResponses": [],
    }
    if _needs_validator(route):
        properties["RequestValidatorId"] = naming.ref(validator_id(template.service))
    if request.get("schemas"):
        properties["RequestModels"] = {
            kind: naming.ref(_model(template, logical_id, kind, schema)) for kind, schema in request["schemas"].items()
        }
    waits = [f"{naming.resource_name(route.function)}LambdaPermissionApiGateway"]
    waits += [naming.alias_id(route.function)] if alias else []
    return template.add(logical_id, "AWS::ApiGateway::Method", properties, DependsOn=waits)


def _parameters(given: dict[str, Any]) -> dict[str, bool]:
    found = {}
    for key, word in (("querystrings", "querystring"), ("paths", "path"), ("headers", "header")):
        for name, required in (given.get(key) or {}).items():
            found[f"method.request.{word}.{name}"] = required
    return found


def _needs_validator(route: Route) -> bool:
    request = route.settings.get("request") or {}
    return bool(request.get("schemas") or request.get("parameters"))


def validator_id(service: Service) -> str:
    """The logical id of the API's one request validator."""
    return f"ApiGateway{naming.letters_only(service.name)}RequestValidator"


def _validator(template: Template, routes: list[Route]) -> None:
    if any(_needs_validator(route) for route in routes):
        template.add(
            validator_id(template.service),
            "AWS::ApiGateway::RequestValidator",
            {
                "RestApiId": naming.ref(naming.REST_API),
                "ValidateRequestBody": True,
                "ValidateRequestParameters": True,
                "Name": f"{template.service.name}-{template.service.stage} | "
                "Validate request body and querystring parameters",
            },
        )


def _model(template: Template, method: str, kind: str, schema: Any) -> str:
    words = "".join(naming.capital(word) for word in kind.replace("-", "/").replace("+", "/").split("/"))
    about = schema if "schema" in schema else {"schema": schema}
    properties = {
        "RestApiId": naming.ref(naming.REST_API),
        "ContentType": kind,
        "Schema": about["schema"],
        "Name": about.get("name"),
        "Description": about.get("description"),
    }
    return template.add(f"{method}{words}Model", "AWS::ApiGateway::Model", properties)


def _deployment(template: Template, methods: list[str]) -> None:
    """A deployment is a snapshot: its id changes exactly when the API does, so that a stage never serves an old one.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigateway-deployment.html
    """
    api = {name: one for name, one in template.resources.items() if one["Type"].startswith("AWS::ApiGateway::")}
    number = int.from_bytes(digest(api)[:8]) % 10**13
    template.add(
        f"ApiGatewayDeployment{number:013d}",
        "AWS::ApiGateway::Deployment",
        {
            "RestApiId": naming.ref(naming.REST_API),
            "StageName": template.service.stage,
            "Description": settings_of(template).get("description"),
        },
        DependsOn=list(dict.fromkeys(methods)),
    )


def deployment_id(template: Template) -> str:
    """The logical id of the deployment."""
    return next(name for name in template.resources if name.startswith("ApiGatewayDeployment"))
