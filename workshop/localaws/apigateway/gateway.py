"""The door of every deployed API: finds the API and stage a request is for, and has it answered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from workshop.localaws.apigateway.access_logs import Append
from workshop.localaws.apigateway.exchange import (
    MOST_HEADERS,
    Answer,
    BodyTooLarge,
    Disconnected,
    Request,
    json_answer,
    read_body,
    send_answer,
)
from workshop.localaws.apigateway.http_api import FunctionUrl, HttpStage
from workshop.localaws.apigateway.integration import Caller
from workshop.localaws.apigateway.keys import UsagePlans
from workshop.localaws.apigateway.refusals import http_refusal, rest_refusal, too_large
from workshop.localaws.apigateway.rest import RestStage
from workshop.localaws.moto import rest_apis, stores

log = logging.getLogger("workshop.localaws.apigateway")

PATH_FORM, USER_REQUEST, URL_FORM = "/_aws/execute-api/", "/restapis/", "/_aws/lambda-url/"
Served = RestStage | HttpStage | FunctionUrl


class ApiGateway:
    """Serves deployed REST APIs, HTTP APIs and function URLs.

    An API is reached in three ways: `/_aws/execute-api/{api}/{stage}/{path}`,
    `/restapis/{api}/{stage}/_user_request_/{path}`, and `/{stage}/{path}` with `Host: {api}.execute-api.…`. A function
    URL is reached with its host name, or as `/_aws/lambda-url/{url id}/{path}`.

    Args:
        functions: the cloud's `Functions`; `invoke(arn, payload, source=…)` is awaited.
        iam: the cloud's `Iam`, for permissions.
        clock: the cloud's `Clock`; requests carry its time.
        settings: the cloud's settings; nothing of it is needed so far.
        observe: called after every request with (API id, stage, status, milliseconds, milliseconds of the
            integration), for metrics.
        append: adds a line to a log group, for access logs.
    """

    def __init__(
        self,
        functions: Any,
        iam: Any,
        clock: Any,
        settings: Any = None,
        *,
        observe: Callable[[str, str, int, float, float], None] | None = None,
        append: Append | None = None,
    ) -> None:
        self.caller = Caller(functions, iam)
        self.clock, self.settings, self.observe, self.append = clock, settings, observe, append
        self._served: dict[tuple[str, str], tuple[Served | None, str, str]] = {}
        self._plans: dict[tuple[str, str], UsagePlans] = {}

    def owns(self, scope: dict[str, Any]) -> bool:
        """Whether a request is for a deployed API rather than for AWS's control plane."""
        path = scope["path"]
        if path.startswith(PATH_FORM) or (path.startswith(USER_REQUEST) and "/_user_request_" in path):
            return True
        if path.startswith(URL_FORM):
            return True
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.lower()
                return b".execute-api." in host or b".lambda-url." in host
        return False

    def invalidate(self, service: str = "") -> None:
        """Forget what was compiled; call it after every change of apigateway, apigatewayv2, lambda, iam or a stack."""
        self._served.clear()
        self.caller.forget()

    async def handle(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer one request (ASGI)."""
        began = time.perf_counter()
        api, stage_hint, path, kind = address(scope)
        served, stage, rest = self._find(api, stage_hint, path, kind)
        head = scope["method"] == "HEAD"
        try:
            body = await read_body(scope, receive)
        except Disconnected:
            return
        except BodyTooLarge:
            request = Request(scope, rest, b"", self.clock.time())
            answer = http_refusal(413, request) if isinstance(served, HttpStage) else too_large(request)
            await send_answer(answer, send, head=head)
            return
        request = Request(scope, rest, body, self.clock.time())
        try:
            answer = await self._answer(served, request, api)
        except Exception:
            log.exception("answering %s %s failed; this is a fault of the workshop", request.method, request.path)
            answer = json_answer(500, "Internal server error")
        await send_answer(answer, send, head=head)
        if served is not None:
            self._noted(served, api, stage, request, answer, (time.perf_counter() - began) * 1000)

    def _noted(self, served: Served, api: str, stage: str, request: Request, answer: Answer, took: float) -> None:
        if self.observe is not None:
            self.observe(api, stage, answer.status, took, answer.integration_ms)
        if served.access_log is not None and self.append is not None:
            served.access_log.write(self.append, request, answer, took)

    async def _answer(self, served: Served | None, request: Request, api: str) -> Answer:
        if sum(len(name) + len(value) for name, value in request.headers) > MOST_HEADERS:
            return json_answer(431, "Request Header Fields Too Large")
        if served is not None:
            return await served.answer(request)
        if self._http_api(api) is not None:
            return http_refusal(404, request, why=f"the HTTP API {api} has no such stage")
        why = f"the API {api} has no such stage" if self._rest_api(api) is not None else f"there is no API {api}"
        return rest_refusal("UNKNOWN_STAGE", request, why=why)

    def _find(self, api_id: str, stage: str | None, path: str, kind: str) -> tuple[Served | None, str, str]:
        """(what serves the request, stage name, the path behind the stage)."""
        first, _, rest = path[1:].partition("/") if stage is None else (stage, "", path[1:])
        known = self._served.get((api_id, first))
        if known is None:
            known = self._compile(api_id, first, kind)
            if len(self._served) < 1000:
                self._served[(api_id, first)] = known
        served, name, strip = known
        if strip:
            return served, name, "/" + rest
        return served, name, path if stage is None else f"/{stage}{path if path != '/' else ''}"

    def _compile(self, api_id: str, first: str, kind: str) -> tuple[Served | None, str, str]:
        """(what serves, stage name, "strip" when the first segment of the path is the stage's name)."""
        if kind == "url":
            return self._function_url(api_id), "$default", ""
        api = self._rest_api(api_id)
        if api is not None:
            stage = api.stages.get(first)
            taken = rest_apis.of_stage(api, stage) if stage else None
            if stage is None or taken is None:
                return None, first, "strip"
            return RestStage(taken, stage, self.caller, self._plans_of(api)), first, "strip"
        found = self._http_api(api_id)
        if found is not None:
            if first in found.stages:
                return HttpStage(found, found.stages[first], self.caller), first, "strip"
            if "$default" in found.stages:
                return HttpStage(found, found.stages["$default"], self.caller), "$default", ""
        return None, first, "strip"

    def _plans_of(self, api: Any) -> UsagePlans:
        backend = stores.backend("apigateway", api.account_id, api.region_name)
        plans = self._plans.setdefault((api.account_id, api.region_name), UsagePlans(backend))
        plans.backend = backend
        return plans

    @staticmethod
    def _rest_api(api_id: str) -> Any:
        for backend in stores.every("apigateway"):
            if api_id in backend.apis:
                return backend.apis[api_id]
        return None

    @staticmethod
    def _http_api(api_id: str) -> Any:
        for backend in stores.every("apigatewayv2"):
            api = backend.apis.get(api_id)
            if api is not None and api.protocol_type == "HTTP":
                return api
        return None

    def _function_url(self, url_id: str) -> FunctionUrl | None:
        for region in list(self.caller.functions.service.store.regions.values()):
            for function in list(region.functions.values()):
                for config in list(function.urls.values()):
                    if f"//{url_id}." in config["FunctionUrl"]:
                        return FunctionUrl(config, self.caller, url_id)
        return None


def address(scope: dict[str, Any]) -> tuple[str, str | None, str, str]:
    """What a request names: (API id or URL id, stage or None when it leads the path, raw path, "api" or "url")."""
    raw = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    path: str = raw.decode("latin-1").partition("?")[0] or "/"
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
    name = host.partition(".")[0]
    if ".lambda-url." in host:
        return name, None, path, "url"
    if ".execute-api." in host:
        return name, None, "/" + path.lstrip("/"), "api"
    if path.startswith(PATH_FORM):
        api, slash, rest = path[len(PATH_FORM) :].partition("/")
        return api, None, slash + rest or "/", "api"
    if path.startswith(URL_FORM):
        url_id, slash, rest = path[len(URL_FORM) :].partition("/")
        return url_id, None, slash + rest or "/", "url"
    if path.startswith(USER_REQUEST) and "/_user_request_" in path:
        front, _, rest = path.partition("/_user_request_")
        api, _, stage = front[len(USER_REQUEST) :].partition("/")
        return api, stage, rest if rest.startswith("/") else "/" + rest, "api"
    return name, None, "/" + path.lstrip("/"), "api"
