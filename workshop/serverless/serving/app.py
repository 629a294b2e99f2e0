"""One request: edits are put live, the deployed API is asked, and what goes wrong is explained."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from workshop.core.errors import WorkshopError
from workshop.serverless.serving.live import Live
from workshop.serverless.serving.report import Line, Reporter, log_events
from workshop.serverless.serving.routes import Route, match, other_methods

_MOST = 10 * 1024 * 1024  # bytes of a request: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
_HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "proxy-connection",
    "host",
    "content-length",
}


class App:
    """The ASGI application in front of the deployed APIs.

    Args:
        lives: the services it serves.
        reporter: where a line a request goes.
        base: its own address, for the list of routes.
    """

    def __init__(self, lives: list[Live], reporter: Reporter, base: Callable[[], str]) -> None:
        self.lives, self.reporter, self.base = lives, reporter, base
        self.client: httpx.AsyncClient

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            request = Request(scope, receive)
            try:
                response = await self.answer(request)
            except ClientDisconnect:
                return
            await response(scope, receive, send)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                # The time-out of API Gateway is 29 s; the cloud's own answer to that must come through.
                self.client = httpx.AsyncClient(timeout=60, trust_env=False, follow_redirects=False)
            if message["type"] == "lifespan.shutdown":
                await self.client.aclose()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def answer(self, request: Request) -> Response:
        """Answers one request, and has a line printed about it."""
        began, clock = time.perf_counter(), time.time()
        method = request.method
        raw = request.scope.get("raw_path") or request.url.path.encode()
        path = raw.decode("latin-1")
        live: Live | None = None
        function = ""
        try:
            for one in self._candidates(path):
                await asyncio.to_thread(one.refresh)
            live, route, inner = self._find(method, path)
            if route is None:
                response: Response = self._not_found(method, path)
            else:
                assert live is not None
                function = "" if method == "OPTIONS" and route.method != "OPTIONS" else route.function
                response = await self._forward(request, live, route, inner, clock)
        except WorkshopError as error:
            response = explained(500, f"{error.paragraph()}\n\nMend it: the next request takes the new version.")
        milliseconds = (time.perf_counter() - began) * 1000
        # An answer of API Gateway's own, such as 403 without a key, has this header: no function ran.
        own = "x-amzn-errortype" in response.headers and response.status_code < 500
        called = live if function and response.status_code != 404 and not own else None
        self.reporter.add(Line(method, unquote(path), response.status_code, milliseconds, called, function, clock))
        return response

    def _candidates(self, path: str) -> Iterable[Live]:
        """The services whose edits matter to a path: the one it names, else all."""
        named = [live for live in self.lives if path.startswith(f"/{live.service.name}/")]
        return named or self.lives

    def _find(self, method: str, path: str) -> tuple[Live | None, Route | None, str]:
        """Service, route, and the path as its API knows it. `/service/…` and `/stage/…` in front are understood."""
        for live in self.lives:
            for prefix in (f"/{live.service.name}/{live.service.stage}", f"/{live.service.name}"):
                if len(self.lives) > 1 and path.startswith(f"{prefix}/"):
                    inner = path[len(prefix) :]
                    route = match(live.routes, method, unquote(inner))
                    if route is not None:
                        return live, route, inner
        for inner in (
            path,
            *(path[len(live.service.stage) + 1 :] for live in self.lives if path.startswith(f"/{live.service.stage}/")),
        ):
            route = match([route for live in self.lives for route in live.routes], method, unquote(inner))
            if route is not None:
                live = next(one for one in self.lives if route in one.routes)
                return live, route, inner
        return None, None, path

    async def _forward(self, request: Request, live: Live, route: Route, path: str, clock: float) -> Response:
        url = api_root(live, route.api)
        parts: list[bytes] = []
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > _MOST:  # before it is kept: it may have no end
                return explained(413, "The body has more than 10 MB, the most that API Gateway takes.")
            parts.append(part)
        body = b"".join(parts)
        query = request.scope.get("query_string", b"")
        target = httpx.URL(url).raw_path.rstrip(b"/") + path.encode("latin-1") + (b"?" + query if query else b"")
        headers = [(name, value) for name, value in request.headers.raw if name.decode("latin-1").lower() not in _HOP]
        try:
            answer = await self.client.request(
                request.method, url, headers=headers, content=body, extensions={"target": target}
            )
        except httpx.HTTPError as error:
            return explained(503, f"The cloud at {url} does not answer: {error or type(error).__name__}.")
        if answer.status_code >= 500:
            words = await asyncio.to_thread(traceback_of, live, route.function, clock)
            if words:
                return explained(
                    answer.status_code,
                    f"{route.function} failed:\n\n{words}\n\n"
                    f"A caller of API Gateway sees only: {answer.status_code} {answer.text.strip()}",
                )
        response = Response(answer.content, answer.status_code)
        response.raw_headers = [
            (name.lower(), value)
            for name, value in answer.headers.raw
            if name.decode("latin-1").lower() not in (_HOP | {"content-encoding"})
        ] + [(b"content-length", str(len(answer.content)).encode())]
        return response

    def _not_found(self, method: str, path: str) -> Response:
        routes = [route for live in self.lives for route in live.routes]
        others = other_methods(routes, unquote(path))
        why = (
            f"{unquote(path)} answers {', '.join(others)}, not {method}."
            if others
            else f"No route answers {method} {path}."
        )
        listed = "\n".join(f"  {line}" for line in self.listing()) or "  (this service has no http or httpApi events)"
        rest = any(route.api == "rest" for route in routes)
        aws = '403 {"message":"Missing Authentication Token"}' if rest else '404 {"message":"Not Found"}'
        return explained(404, f"{why}\n\nThe routes:\n{listed}\n\nAPI Gateway itself would say: {aws}")

    def listing(self) -> list[str]:
        """The routes, one a line, with their addresses here."""
        lines = []
        clash = self._clashes()
        for live in self.lives:
            for route in live.routes:
                path = "/*" if route.path == "$default" else route.path
                prefix = f"/{live.service.name}" if (route.method, route.path) in clash else ""
                lines.append(f"{route.method:<6} {self.base()}{prefix}{path} -> {route.function}")
        return lines

    def _clashes(self) -> set[tuple[str, str]]:
        """Routes that two services have; these answer below the service's name."""
        seen: set[tuple[str, str]] = set()
        twice: set[tuple[str, str]] = set()
        for live in self.lives:
            own = {(route.method, route.path) for route in live.routes}
            twice |= own & seen
            seen |= own
        return twice


def api_root(live: Live, api: str) -> str:
    """The address of a deployed API, without a path."""
    outputs = live.deployment.outputs
    base = f"{live.aws.endpoint.rstrip('/')}/_aws/execute-api"
    if api == "http":
        return f"{base}/{outputs['HttpApiId']}/$default"
    identifier = outputs["ServiceEndpoint"].removeprefix("https://").partition(".")[0]
    return f"{base}/{identifier}/{live.service.stage}"


def traceback_of(live: Live, function: str, clock: float) -> str:
    """What a function's log says went wrong since a moment; empty when it says nothing."""
    give_up = time.monotonic() + 1.0
    while True:
        events = log_events(live, function, int(clock * 1000) - 20)
        failed = [
            event["message"].strip()
            for event in events
            if event["message"].startswith("[ERROR]")
            or "Traceback (most recent call last)" in event["message"]
            or "Task timed out" in event["message"]
            or "Runtime." in event["message"]
        ]
        ended = any(event["message"].startswith("REPORT") for event in events)
        if failed or ended or time.monotonic() > give_up:
            return failed[-1].replace("\xa0", " ") if failed else ""
        time.sleep(0.02)


def explained(status: int, words: str) -> Response:
    """An answer of this server itself, for a person."""
    return PlainTextResponse(f"{words}\n", status, headers={"x-workshop-offline": "1", "cache-control": "no-store"})
