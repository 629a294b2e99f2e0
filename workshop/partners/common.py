"""What every stand-in shares: JSON answers, bodies, the request log, and the doors behind `/_stand_in/`.

GET    /_stand_in/requests            what arrived, oldest first (the last 2,000)
DELETE /_stand_in/requests            forget it
GET    /_stand_in/faults              the faults that wait, with how often each struck
POST   /_stand_in/faults              add one: see `Fault`
DELETE /_stand_in/faults              remove all
POST   /_stand_in/reset               back to the first state: no data, no faults, no log
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from workshop.core.live_keys import ONLY_TESTS, has_live_key
from workshop.core.net import ASGIApp
from workshop.partners import PartnerContext
from workshop.partners.faults import Fault, Faults

MOST_REQUESTS = 2000
MOST_BODY = 25_000_000  # bytes; more than any stand-in takes, each has its own smaller bound
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:18px system-ui;margin:4em auto;max-width:34em}}
button{{font:inherit;padding:.5em 1em;margin-right:1em}}</style><h1>{title}</h1>{body}</html>"""
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


class BadBody(Exception):
    """A request body that cannot be read; the text says why."""


class JsonAnswer(Response):
    """A JSON body, indented as the services do it for people who look with curl."""

    media_type = "application/json"

    def __init__(self, content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(content, status_code=status, headers=dict(headers or {}))

    def render(self, content: Any) -> bytes:
        return json.dumps(content, indent=2, ensure_ascii=False).encode()


async def json_body(request: Request, *, most: int = 2_000_000) -> Any:
    """The request's JSON; `{}` when the body is empty.

    Raises:
        BadBody: too long, not UTF-8 or not JSON.
    """
    raw = await request.body()
    if len(raw) > most:
        raise BadBody(f"the body has {len(raw):,} bytes; at most {most:,} are taken")
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw)
        if b"\\ud" in raw.lower():  # half of a letter (a lone surrogate) could be in no answer
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except (ValueError, RecursionError) as error:
        raise BadBody(f"the body is not JSON: {error}") from None


class RequestLog:
    """The last requests, for tests and lessons. Bodies are left out: they may hold card numbers."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.entries: deque[dict[str, Any]] = deque(maxlen=MOST_REQUESTS)
        self.count = 0

    def begin(self, scope: Mapping[str, Any]) -> dict[str, Any]:
        """Notes that a request arrived; the entry's `status` stays None until it is answered."""
        self.count += 1
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        entry = {
            "number": self.count,
            "at": self.clock(),
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode("latin-1"),
            "headers": {name: _masked(value) if name in SECRET_HEADERS else value for name, value in headers.items()},
            "status": None,
            "milliseconds": None,
            "fault": None,
        }
        self.entries.append(entry)
        return entry


def _masked(value: str) -> str:
    scheme, space, secret = value.partition(" ")
    return f"{scheme} ****{secret[-4:]}" if space else f"****{value[-4:]}"


def _declared(scope: Mapping[str, Any]) -> int:
    """The length that a request says its body has; 0 when it says none."""
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(said) if said.isdigit() and len(said) < 20 else 0


class _Bounded:
    """A request whose body ends for its reader, as if the client had gone, where it is too long to be kept."""

    def __init__(self, receive: Any, send: Any) -> None:
        self._receive, self._send = receive, send
        self.size, self.exceeded, self.begun = 0, False, False

    @property
    def transport(self) -> Any:
        """The connection, as the server's own `send` has it: a fault may drop it."""
        return getattr(getattr(self._send, "__self__", None), "transport", None)

    async def receive(self) -> Any:
        """The next part of the body."""
        if self.exceeded:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self.size += len(message.get("body", b""))
        self.exceeded = self.size > MOST_BODY
        return {"type": "http.disconnect"} if self.exceeded else message

    async def send(self, message: Any) -> None:
        """A part of the answer; none after the body was too long."""
        if not self.exceeded or self.begun:
            self.begun = True
            await self._send(message)


class StandIn:
    """An ASGI app around a stand-in's own app: keeps the request log, applies faults and serves the doors.

    Args:
        app: the stand-in itself.
        context: who serves it.
        doors: further routes below `/_stand_in`, such as `Route("/inbox", …)`.
        reset: called by `POST /_stand_in/reset`.
        error_body: the JSON that this service sends with an error status, for a fault that answers one.
        knows_live_keys: it refuses Stripe's live keys itself, in its own words.
    """

    def __init__(
        self,
        app: ASGIApp,
        context: PartnerContext,
        *,
        doors: Iterable[BaseRoute] = (),
        reset: Callable[[], None] = lambda: None,
        error_body: Callable[[int], Any] = lambda status: {"message": f"The stand-in was told to answer {status}."},
        knows_live_keys: bool = False,
    ) -> None:
        self.app, self.context, self.error_body, self._reset = app, context, error_body, reset
        self.knows_live_keys = knows_live_keys
        self.log, self.faults = RequestLog(context.clock), Faults()
        unusable = dict.fromkeys((BadBody, ValueError, TypeError, AttributeError), _unusable)
        self._doors = Starlette(routes=[*doors, *self._own_doors()], exception_handlers=unusable)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """One request; a client that hangs up in the middle of its body is nobody's fault and gets no answer."""
        bounded = _Bounded(receive, send)
        with contextlib.suppress(ClientDisconnect):
            if scope["type"] == "http" and _declared(scope) > MOST_BODY:
                bounded.exceeded = True
            else:
                await self._answer(scope, bounded.receive, bounded.send)
        if bounded.exceeded and not bounded.begun:
            said = self.error_body(413)
            if isinstance(said, dict) and "message" in said:
                said["message"] = f"The body of the request has more than {MOST_BODY:,} bytes."
            await JsonAnswer(said, 413, {"connection": "close"})(scope, receive, send)

    async def _answer(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if any(has_live_key(value) for _, value in scope["headers"]) and not self.knows_live_keys:
            refusal = JsonAnswer({"message": f"The request holds a live Stripe key. {ONLY_TESTS}"}, 401)
            await refusal(scope, receive, send)
            return
        if scope["path"].startswith("/_stand_in/"):
            await self._doors({**scope, "path": scope["path"].removeprefix("/_stand_in")}, receive, send)
            return
        entry, begun = self.log.begin(scope), time.perf_counter()

        async def noting(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
                entry["milliseconds"] = round(1000 * (time.perf_counter() - begun), 3)
            await send(message)

        fault = self.faults.strikes(scope["method"], scope["path"])
        if fault is None:
            await self.app(scope, receive, noting)
            return
        entry["fault"] = fault.kind
        await self._apply(fault, scope, receive, send, noting)

    async def _apply(self, fault: Fault, scope: dict[str, Any], receive: Any, send: Any, noting: Any) -> None:
        """What the client sees of a request that a fault struck."""
        held: list[dict[str, Any]] = []

        async def hold(message: dict[str, Any]) -> None:
            held.append(message)

        if fault.when == "after":  # the work is done; only the answer suffers
            await self.app(scope, receive, hold)
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            if fault.when == "before":
                await self.app(scope, receive, noting)
            for message in held:
                await noting(message)
        elif fault.kind == "drop":
            await drop_connection(send)
        else:
            answer = JsonAnswer(self.error_body(fault.status), fault.status, fault.headers)
            await answer(scope, receive, noting)

    def _own_doors(self) -> list[Route]:
        async def requests(request: Request) -> Response:
            if request.method == "DELETE":
                self.log.entries.clear()
            return JsonAnswer(list(self.log.entries))

        async def faults(request: Request) -> Response:
            if request.method == "DELETE":
                self.faults.clear()
            if request.method == "POST":
                try:
                    self.faults.add(Fault.of(await json_body(request)))
                except (BadBody, ValueError) as error:
                    return JsonAnswer({"message": f"That is no fault: {error}."}, 400)
            return JsonAnswer(self.faults.described())

        async def reset(_: Request) -> Response:
            self._reset()
            self.faults.clear()
            self.log.entries.clear()
            return JsonAnswer({"reset": True})

        return [
            Route("/requests", requests, methods=["GET", "DELETE"]),
            Route("/faults", faults, methods=["GET", "POST", "DELETE"]),
            Route("/reset", reset, methods=["POST"]),
        ]


def door(work: Callable[[dict[str, Any]], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint around a function of a JSON object: a ValueError from it becomes a 400 with the reason."""

    async def endpoint(request: Request) -> Response:
        try:
            body = await json_body(request) if request.method == "POST" else {}
            if not isinstance(body, dict):
                raise ValueError("a JSON object is needed")
            return JsonAnswer(await work(body))
        except (BadBody, ValueError, TypeError) as error:
            return JsonAnswer({"message": f"That does not work: {error}."}, 400)

    return endpoint


async def _unusable(_: Request, error: Exception) -> Response:
    """What a door was told makes no sense."""
    return JsonAnswer({"message": f"That does not work: {error}."}, 400)


def page(title: str, body: str, status: int = 200) -> Response:
    """A small page for a person. `body` is HTML; what a client sent must be escaped in it."""
    return HTMLResponse(PAGE.format(title=html.escape(title), body=body), status)


async def drop_connection(send: Any) -> None:
    """Ends the TCP connection without an answer, as a crashed server or a cut line does.

    ASGI has no word for it; uvicorn's `send` is bound to the object that holds the transport. Under another server
    an answer is begun and never finished, which the client sees as a broken connection too.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        await asyncio.sleep(0)  # lets uvicorn note the loss, so that it does not answer 500 to nobody
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise ConnectionResetError("the stand-in was told to drop this connection")


async def deliver(
    url: str, body: bytes, headers: Mapping[str, str], *, timeout: float = 10.0
) -> tuple[int | None, str]:
    """Sends one webhook: a POST of exactly these bytes, without following redirects and without proxies.

    Returns:
        The status of the answer, or None when there was none, and the first 500 letters of its body or the reason.
    """
    import httpx

    secure = url.startswith("https:")  # reading the certificate store takes 20 ms: only when it is needed
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=timeout, verify=secure) as client:
            answer = await client.post(url, content=body, headers=dict(headers))
    except (httpx.HTTPError, httpx.InvalidURL, OverflowError) as error:  # the last one: a port that no machine has
        return None, f"{type(error).__name__}: {error}".rstrip(": ")
    return answer.status_code, answer.text[:500]
