"""CORS of a REST API: an OPTIONS method that API Gateway answers itself.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workshop.serverless import naming
from workshop.serverless.template.build import Template

if TYPE_CHECKING:
    from workshop.serverless.template.http import Route

HEADERS = (
    "Content-Type",
    "X-Amz-Date",
    "Authorization",
    "X-Api-Key",
    "X-Amz-Security-Token",
    "X-Amz-User-Agent",
    "X-Amzn-Trace-Id",
)
_EVERY_METHOD = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


@dataclass
class Cors:
    """What the events of one path ask for, together."""

    origin: str = "*"
    origins: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    credentials: bool = False
    max_age: int = 0
    cache_control: str = ""


def options_method(template: Template, routes: list[Route], paths: dict[str, Any]) -> list[str]:
    """Adds an OPTIONS method for every path with CORS. Returns their logical ids."""
    added = []
    for path, cors in _by_path(routes).items():
        logical_id = f"ApiGatewayMethod{_part(paths[path])}Options"
        added.append(template.add(logical_id, "AWS::ApiGateway::Method", _properties(cors, paths[path])))
    return added


def _part(where: Any) -> str:
    return where["Ref"].removeprefix("ApiGatewayResource") if "Ref" in where else ""


def _by_path(routes: list[Route]) -> dict[str, Cors]:
    found: dict[str, Cors] = {}
    for route in routes:
        setting = route.settings.get("cors")
        if not setting:
            continue
        given = setting if isinstance(setting, dict) else {}
        cors = found.setdefault(route.path, Cors())
        cors.origin = given.get("origin", "*")
        methods = [*(given.get("methods") or ["OPTIONS"]), "OPTIONS", route.method]
        cors.origins = _before(given.get("origins") or [], cors.origins)
        cors.headers = _before(given.get("headers") or HEADERS, cors.headers)
        cors.methods = _before(methods, cors.methods)
        cors.credentials = cors.credentials or bool(given.get("allowCredentials"))
        cors.max_age = max(cors.max_age, given.get("maxAge", 0))
        cors.cache_control = given.get("cacheControl") or cors.cache_control
    return found


def _before(items: Any, earlier: list[str]) -> list[str]:
    """What a later event of the same path asks for stands before what the earlier ones did."""
    return list(dict.fromkeys([*items, *earlier]))


def _spelt_out(methods: list[str]) -> list[str]:
    """The methods with `ANY` in full: a browser compares names."""
    full = [name for method in methods for name in (_EVERY_METHOD if method == "ANY" else (method,))]
    return list(dict.fromkeys(full))


def _properties(cors: Cors, where: Any) -> dict[str, Any]:
    origins = cors.origins or ([one.strip() for one in cors.origin.split(",")] if "," in cors.origin else [])
    answers = {
        "Access-Control-Allow-Origin": origins[0] if origins else cors.origin,
        "Access-Control-Allow-Headers": ",".join(cors.headers),
        "Access-Control-Allow-Methods": ",".join(_spelt_out(cors.methods)),
    }
    if cors.credentials:
        answers["Access-Control-Allow-Credentials"] = "true"
    if cors.max_age:
        answers["Access-Control-Max-Age"] = str(cors.max_age)
    if cors.cache_control:
        answers["Cache-Control"] = cors.cache_control
    names = [f"method.response.header.{name}" for name in answers]
    return {
        "AuthorizationType": "NONE",
        "HttpMethod": "OPTIONS",
        "MethodResponses": [
            {"StatusCode": "200", "ResponseParameters": dict.fromkeys(names, True), "ResponseModels": {}}
        ],
        "RequestParameters": {},
        "Integration": {
            "Type": "MOCK",
            "RequestTemplates": {"application/json": "{statusCode:200}"},
            "ContentHandling": "CONVERT_TO_TEXT",
            "IntegrationResponses": [
                {
                    "StatusCode": "200",
                    "ResponseParameters": {
                        name: f"'{value}'" for name, value in zip(names, answers.values(), strict=True)
                    },
                    "ResponseTemplates": {"application/json": _several_origins(origins)},
                }
            ],
        },
        "ResourceId": where,
        "RestApiId": naming.ref(naming.REST_API),
    }


def _several_origins(origins: list[str]) -> str:
    """A header can name one origin only: a mapping template echoes the caller's when it is one of those allowed.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
    """
    if not origins:
        return ""
    tests = " || ".join(f'$origin.matches("{_pattern(origin)}")' for origin in origins)
    return (
        '#set($origin = $input.params("Origin"))\n'
        '#if($origin == "") #set($origin = $input.params("origin")) #end\n'
        f"#if({tests}) #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin) #end"
    )


def _pattern(origin: str) -> str:
    return origin.replace(".", "[.]").replace("*", ".+")
