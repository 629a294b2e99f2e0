"""HTTP APIs (API Gateway v2) and function URLs."""

from __future__ import annotations

import json
import time
from typing import Any

from workshop.localaws.apigateway import access_logs, answers
from workshop.localaws.apigateway.cors import Cors
from workshop.localaws.apigateway.events import http_event, http_event_v1
from workshop.localaws.apigateway.exchange import Answer, Request
from workshop.localaws.apigateway.integration import Caller, Failed, function_arn, http_proxy, with_variables
from workshop.localaws.apigateway.refusals import http_refusal
from workshop.localaws.apigateway.routing import Router
from workshop.localaws.apigateway.throttle import Throttle

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_FAILURES = {"timeout": 503, "throttled": 503, "too_large": 413}


URL_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


class Route:
    """One route of an HTTP API with its integration."""

    __slots__ = ("arn", "integration", "key", "method", "path", "source", "v1")

    def __init__(self, key: str, integration: Any, stage: HttpStage) -> None:
        self.key, self.integration = key, integration
        method, _, path = key.partition(" ")
        self.method, self.path = ("ANY", "$default") if key == "$default" else (method, path)
        self.v1 = (integration.payload_format_version or "1.0") == "1.0" if integration else False
        self.arn = function_arn(integration.integration_uri or "", stage.variables) if integration else ""
        verb = "*" if self.method == "ANY" else self.method
        self.source = f"{stage.arn}/{stage.name}/" + ("$default" if key == "$default" else f"{verb}{path}")


class HttpStage:
    """One stage of an HTTP API, compiled; made anew whenever the API's state changes.

    Args:
        api: moto's v2 Api.
        stage: moto's v2 Stage.
        caller: invokes functions.
    """

    def __init__(self, api: Any, stage: Any, caller: Caller) -> None:
        account, region = api.backend.account_id, api.backend.region_name
        self.caller, self.name = caller, stage.name
        self.variables: dict[str, str] | None = dict(stage.stage_variables or {}) or None
        self.arn = f"arn:aws:execute-api:{region}:{account}:{api.api_id}"
        self.disabled = str(api.disable_execute_api_endpoint).lower() == "true"
        self.cors = Cors(api.cors_configuration) if api.cors_configuration else None
        self.context = {
            "accountId": account,
            "apiId": api.api_id,
            "domainName": f"{api.api_id}.execute-api.{region}.amazonaws.com",
            "domainPrefix": api.api_id,
            "stage": stage.name,
        }
        self.access_log = access_logs.of_stage(stage.access_log_settings, self.context)
        settings = {"$default": stage.default_route_settings or {}, **(stage.route_settings or {})}
        self.throttle = Throttle(settings, "$default")
        self.router: Router[Route] = Router()
        self.default: Route | None = None
        self.refused: dict[str, str] = {}
        for route in api.routes.values():
            target = (route.target or "").removeprefix("integrations/")
            made = Route(route.route_key, api.integrations.get(target), self)
            if (route.authorization_type or "NONE") != "NONE":
                self.refused[route.route_key] = route.authorization_type
            if route.route_key == "$default":
                self.default = made
            else:
                self.router.add(made.path, made)

    async def answer(self, request: Request) -> Answer:
        """Route a request and answer it; never raises for what the request or the function did."""
        if self.disabled:
            return http_refusal(404, request)
        if self.cors is not None and (preflight := self.cors.preflight(request)) is not None:
            preflight.headers.append((b"apigw-requestid", request.extended_id.encode()))
            return preflight
        answer = await self._routed(request)
        return self.cors.apply(request, answer) if self.cors is not None else answer

    async def _routed(self, request: Request) -> Answer:
        method = request.method
        found = self.router.find(request.path, lambda route: route.method == method, strict=True)
        other = self.router.find(request.path, lambda route: route.method == "ANY", strict=True)
        if found is None or (other is not None and _more_specific(other[0].path, found[0].path)):
            found = other
        route, parameters = found or (self.default, None)
        if route is None:
            return http_refusal(404, request)
        request.route = route.key
        if not self.throttle.passes(route.key):
            return http_refusal(429, request)
        if route.key in self.refused:
            kind = self.refused[route.key]
            return http_refusal(401, request, why=f"{kind} authorization is not offered here")
        try:
            answer = await self._integrate(request, route, parameters)
        except Failed as failure:
            return http_refusal(_FAILURES.get(failure.kind, 500), request, why=failure.why)
        except answers.Malformed as fault:
            return http_refusal(500, request, why=f"malformed answer: {fault}")
        answer.headers.append((b"apigw-requestid", request.extended_id.encode()))
        return answer

    async def _integrate(self, request: Request, route: Route, parameters: dict[str, str] | None) -> Answer:
        integration = route.integration
        kind = integration.integration_type if integration else ""
        if kind == "HTTP_PROXY" and not route.arn:
            uri = with_variables(integration.integration_uri or "", self.variables)
            seconds = float(integration.timeout_in_millis or 30000) / 1000
            return await http_proxy(request, uri, integration.integration_method or "ANY", parameters, seconds)
        if kind != "AWS_PROXY" or not route.arn:
            raise Failed("missing", f"the integration of {route.key!r} ({kind or 'none'}) is not offered here")
        raw_path = request.path if self.name == "$default" else f"/{self.name}{request.path}"
        make, path = (http_event_v1, "route_path") if route.v1 else (http_event, "route_key")
        event = make(
            request,
            raw_path=raw_path,
            parameters=parameters if parameters or route.key != "$default" else None,
            stage_variables=self.variables,
            context=self.context,
            **{path: route.path if route.v1 else route.key},
        )
        began = time.perf_counter()
        payload = await self.caller.call(
            route.arn,
            _encode(event).encode(),
            route.source,
            integration.credentials_arn or "",
            event["headers"].get("x-amzn-trace-id") or event["headers"].get("X-Amzn-Trace-Id"),
        )
        took = (time.perf_counter() - began) * 1000
        if route.v1:
            status, lines, body = answers.from_proxy(payload, decode=True)
            answer = Answer(status, answers.wire_headers(lines, b"text/plain; charset=utf-8"), body)
        else:
            answer = answers.inferred(payload)
        answer.integration_ms = took
        return answer


def _more_specific(path: str, other: str) -> bool:
    """Whether one template is nearer to the request than another that fits it too."""

    def rank(template: str) -> list[int]:
        return [2 if "+}" in part else 1 if "{" in part else 0 for part in template.split("/")]

    return rank(path) < rank(other)


class FunctionUrl:
    """A function's own URL: payload 2.0 without an API in front.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html

    Args:
        config: as `GetFunctionUrlConfig` answers.
        caller: invokes functions.
        url_id: the first label of its host name.
    """

    def __init__(self, config: dict[str, Any], caller: Caller, url_id: str) -> None:
        self.arn, self.caller = config["FunctionArn"], caller
        self.access_log = None
        self.authorised = config.get("AuthType") == "NONE"
        self.cors = Cors(config["Cors"]) if config.get("Cors") else None
        self.context = {
            "accountId": "anonymous",
            "apiId": url_id,
            "domainName": config["FunctionUrl"].partition("//")[2].rstrip("/"),
            "domainPrefix": url_id,
            "stage": "$default",
        }

    async def answer(self, request: Request) -> Answer:
        """Call the function, whatever the path."""
        if self.cors is not None and (preflight := self.cors.preflight(request)) is not None:
            return preflight
        if not self.authorised or not self.caller.iam.may_invoke_url(self.arn):
            return _url_refusal(403, request, URL_FORBIDDEN)
        event = http_event(
            request,
            route_key="$default",
            raw_path=request.path,
            parameters=None,
            stage_variables=None,
            context=self.context,
        )
        try:
            payload = await self.caller.call(self.arn, _encode(event).encode(), "")
            answer = answers.inferred(payload, default_type=b"application/json")
        except Failed as failure:
            if failure.kind == "throttled":
                return _url_refusal(429, request, "Too Many Requests", failure.why)
            return _url_refusal(502, request, "Internal Server Error", failure.why)
        except answers.Malformed as fault:
            return _url_refusal(502, request, "Internal Server Error", str(fault))
        answer.headers.append((b"x-amzn-requestid", request.id.encode()))
        return self.cors.apply(request, answer) if self.cors is not None else answer


def _url_refusal(status: int, request: Request, message: str, why: str = "") -> Answer:
    from workshop.localaws.apigateway.refusals import log

    if why:
        log.warning("%s %s answered %d: %s", request.method, request.path, status, why)
    name = b"Message" if status == 403 else b"message"
    body = b'{"' + name + b'":' + json.dumps(message).encode() + b"}"
    return Answer(status, [(b"content-type", b"application/json"), (b"x-amzn-requestid", request.id.encode())], body)
