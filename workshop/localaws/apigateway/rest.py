"""REST APIs (API Gateway v1): a stage of a deployed API answers requests."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from workshop.localaws.apigateway import access_logs, answers, mock
from workshop.localaws.apigateway.authorizers import Authorizer, Refused
from workshop.localaws.apigateway.events import rest_event
from workshop.localaws.apigateway.exchange import Answer, Request
from workshop.localaws.apigateway.integration import Caller, Failed, function_arn, http_proxy, with_variables
from workshop.localaws.apigateway.keys import UsagePlans
from workshop.localaws.apigateway.refusals import rest_refusal
from workshop.localaws.apigateway.snapshot import Method, Resource, Snapshot
from workshop.localaws.apigateway.throttle import Throttle

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_FAILURES = {
    "permission": ("API_CONFIGURATION_ERROR", 500),
    "missing": ("API_CONFIGURATION_ERROR", 500),
    "throttled": ("API_CONFIGURATION_ERROR", 500),
    "timeout": ("INTEGRATION_TIMEOUT", 504),
    "too_large": ("REQUEST_TOO_LARGE", 413),
    "crashed": ("MALFORMED_PROXY_ANSWER", 502),
    "unreachable": ("INTEGRATION_FAILURE", 500),
}


class RestStage:
    """One stage of a REST API, compiled; made anew whenever the API's state changes.

    Args:
        snapshot: the deployment it serves.
        stage: moto's stage: its name, variables and deployment.
        caller: invokes functions.
        plans: API keys and usage plans of the region.
    """

    def __init__(self, snapshot: Snapshot, stage: Any, caller: Caller, plans: UsagePlans) -> None:
        self.snapshot, self.caller, self.plans = snapshot, caller, plans
        self.name: str = stage.name
        self.variables: dict[str, str] | None = dict(stage.variables) if stage.variables else None
        self._contexts: dict[tuple[str, str], dict[str, Any]] = {}
        self._arns: dict[tuple[str, str], tuple[str, str]] = {}
        self._deployment = stage.deployment_id
        shared = {
            "apiId": snapshot.api_id,
            "accountId": snapshot.account,
            "stage": self.name,
            "domainName": f"{snapshot.api_id}.execute-api.{snapshot.region}.amazonaws.com",
            "domainPrefix": snapshot.api_id,
            "deploymentId": self._deployment,
        }
        self.access_log = access_logs.of_stage(stage.access_log_settings, shared)
        self._authorizers: dict[str, Authorizer] = {}
        self._throttle = Throttle(stage.method_settings or {}, "*/*")

    async def answer(self, request: Request) -> Answer:
        """Route a request and answer it; never raises for what the request or the function did."""
        snapshot = self.snapshot
        if snapshot.disabled:
            return rest_refusal("UNKNOWN_STAGE", request)
        found = snapshot.router.find(request.path, _any)
        if found is None:
            return self._unknown(request)
        resource, parameters = found
        request.route = resource.path
        method = resource.methods.get(request.method) or resource.methods.get("ANY")
        if method is None:
            return self._unknown(request)
        identity: dict[str, Any] = {}
        if not self._throttle.passes(f"{resource.path.replace('/', '~1')}/{request.method}"):
            return self._refuse("THROTTLED", request)
        if method.api_key_required:
            refusal, identity = self.plans.check(request, snapshot.api_id, self.name)
            if refusal:
                return self._refuse(refusal, request)
        try:
            if method.authorization not in ("NONE", ""):
                request.authorizer = await self._authorize(request, resource, method, parameters)
            return await self._integrate(request, resource, method, parameters, identity)
        except Refused as refused:
            return self._refuse(refused.kind, request, why=refused.why, instead=refused.message)
        except Failed as failure:
            kind, status = _FAILURES[failure.kind]
            return self._refuse(kind, request, why=failure.why, status=status)
        except answers.Malformed as fault:
            return self._refuse("MALFORMED_PROXY_ANSWER", request, why=f"Malformed Lambda proxy response: {fault}")

    async def _integrate(
        self,
        request: Request,
        resource: Resource,
        method: Method,
        parameters: dict[str, str] | None,
        identity: dict[str, Any],
    ) -> Answer:
        integration = method.integration
        kind = integration.integration_type if integration else ""
        if kind == "AWS_PROXY":
            answer = await self._function(request, resource, method, parameters, identity)
        elif kind == "MOCK":
            try:
                answer = await asyncio.to_thread(
                    mock.answer, integration, method.responses, request, parameters, self.variables, self.name
                )
            except mock.Unsupported as fault:
                return self._refuse("API_CONFIGURATION_ERROR", request, why=str(fault))
        elif kind == "HTTP_PROXY":
            values = mapped(integration.request_parameters, request, parameters)
            uri = with_variables(integration.uri or "", self.variables)
            seconds = float(integration.timeout_in_millis or 29000) / 1000
            answer = await http_proxy(request, uri, integration.http_method or "ANY", values, seconds)
        else:
            what = f"the integration type {kind}" if kind else "a method without an integration"
            return self._refuse("API_CONFIGURATION_ERROR", request, why=f"{what} is not offered here")
        answer.headers.append((b"x-amzn-requestid", request.id.encode()))
        answer.headers.append((b"x-amz-apigw-id", request.extended_id.encode()))
        return answer

    async def _function(
        self,
        request: Request,
        resource: Resource,
        method: Method,
        parameters: dict[str, str] | None,
        identity: dict[str, Any],
    ) -> Answer:
        snapshot, key = self.snapshot, (resource.id, method.http_method)
        if key not in self._arns:
            self._compile(resource, method)
        arn, source = self._arns[key]
        context = self._contexts[key]
        binary = bool(request.body) and snapshot.is_binary(request.header(b"content-type"))
        event = rest_event(
            request,
            resource_path=resource.path,
            parameters=parameters,
            stage_variables=self.variables,
            context={**context, "identity": identity} if identity else context,
            binary=binary,
        )
        trace = event["headers"]["X-Amzn-Trace-Id"]
        began = time.perf_counter()
        credentials = method.integration.credentials or ""
        payload = await self.caller.call(arn, _encode(event).encode(), source, credentials, trace)
        took = (time.perf_counter() - began) * 1000
        decode = bool(snapshot.binary_types) and snapshot.is_binary(request.header(b"accept").partition(",")[0])
        status, lines, body = answers.from_proxy(payload, decode=decode)
        answer = Answer(status, answers.wire_headers(lines, b"application/json"), body)
        answer.headers.append((b"x-amzn-trace-id", trace.encode("latin-1", "replace")))
        answer.integration_ms = took
        return answer

    async def _authorize(
        self, request: Request, resource: Resource, method: Method, parameters: dict[str, str] | None
    ) -> dict[str, Any]:
        """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html"""
        snapshot = self.snapshot
        config = snapshot.authorizers.get(method.authorizer_id)
        if method.authorization != "CUSTOM" or config is None or config.type not in ("TOKEN", "REQUEST"):
            raise Refused("MISSING_AUTHENTICATION_TOKEN", f"{method.authorization} authorization is not offered here")
        api = f"arn:aws:execute-api:{snapshot.region}:{snapshot.account}:{snapshot.api_id}"
        if config.id not in self._authorizers:
            arn = f"{api}/authorizers/{config.id}"
            self._authorizers[config.id] = Authorizer(config, self.caller, arn, self.variables)
        event = rest_event(
            request,
            resource_path=resource.path,
            parameters=parameters,
            stage_variables=self.variables,
            context=self._context(resource),
            binary=False,
        )
        method_arn = f"{api}/{self.name}/{request.method}{request.path}"
        return await self._authorizers[config.id].authorize(request, method_arn, event)

    def _context(self, resource: Resource) -> dict[str, Any]:
        """What of `requestContext` is the same for every request of a resource."""
        snapshot = self.snapshot
        return {
            "accountId": snapshot.account,
            "apiId": snapshot.api_id,
            "deploymentId": self._deployment,
            "domainName": f"{snapshot.api_id}.execute-api.{snapshot.region}.amazonaws.com",
            "domainPrefix": snapshot.api_id,
            "resourceId": resource.id,
            "resourcePath": resource.path,
            "stage": self.name,
        }

    def _compile(self, resource: Resource, method: Method) -> None:
        snapshot, key = self.snapshot, (resource.id, method.http_method)
        arn = function_arn(method.integration.uri, self.variables)
        if not arn:
            raise Failed("missing", f"{method.integration.uri!r} names no function")
        if (method.integration.http_method or "POST") != "POST":
            raise Failed("missing", "a Lambda integration is called with POST, not " + method.integration.http_method)
        prefix = f"arn:aws:execute-api:{snapshot.region}:{snapshot.account}:{snapshot.api_id}"
        verb = "*" if method.http_method == "ANY" else method.http_method
        self._arns[key] = (arn, f"{prefix}/{self.name}/{verb}{resource.path}")
        self._contexts[key] = self._context(resource)

    def _unknown(self, request: Request) -> Answer:
        return self._refuse("MISSING_AUTHENTICATION_TOKEN", request)

    def _refuse(self, kind: str, request: Request, *, why: str = "", status: int = 0, instead: str = "") -> Answer:
        custom = self.snapshot.gateway_responses
        return rest_refusal(kind, request, custom, why=why, status=status, instead=instead)


def _any(resource: Resource) -> bool:
    return True


def mapped(
    request_parameters: dict[str, str] | None, request: Request, parameters: dict[str, str] | None
) -> dict[str, str]:
    """The path values of an HTTP integration: `integration.request.path.x: method.request.path.y`."""
    if not request_parameters:
        return dict(parameters or {})
    values: dict[str, str] = {}
    for target, source in request_parameters.items():
        name = target.removeprefix("integration.request.path.")
        if name != target and source.startswith("method.request.path."):
            values[name] = (parameters or {}).get(source.removeprefix("method.request.path."), "")
        elif name != target and source.startswith("'"):
            values[name] = source.strip("'")
    return values
