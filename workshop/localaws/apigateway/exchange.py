"""One HTTP request and its answer, as the gateway sees them."""

from __future__ import annotations

import base64
import json
import os
import time
from typing import Any

# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
MOST_BODY = 10 * 1024 * 1024
MOST_HEADERS = 10240

# How clients that send HTTP/1.1 write these; a server that keeps the client's own spelling makes this table idle.
_SPELLING = {
    "etag": "ETag",
    "dnt": "DNT",
    "te": "TE",
    "www-authenticate": "WWW-Authenticate",
    "x-api-key": "X-API-Key",
    "x-github-event": "X-GitHub-Event",
    "x-github-delivery": "X-GitHub-Delivery",
    "x-github-hook-id": "X-GitHub-Hook-ID",
    "x-github-hook-installation-target-id": "X-GitHub-Hook-Installation-Target-ID",
    "x-github-hook-installation-target-type": "X-GitHub-Hook-Installation-Target-Type",
}
_NAMES: dict[bytes, str] = {}
_SPELT: dict[bytes, tuple[str, str]] = {}
_CLF: tuple[int, str] = (0, "")


class BodyTooLarge(Exception):
    """The body is larger than API Gateway takes."""


class Disconnected(Exception):
    """The client hung up before its request was whole."""


class Answer:
    """Status, headers and body to send."""

    __slots__ = ("body", "headers", "integration_ms", "status")

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
        self.status, self.headers, self.body, self.integration_ms = status, headers, body, 0.0


class Request:
    """A whole request: what every kind of API needs of it, read once."""

    __slots__ = (
        "authorizer",
        "body",
        "client_ip",
        "error",
        "extended_id",
        "headers",
        "host",
        "id",
        "method",
        "names",
        "path",
        "port",
        "protocol",
        "query",
        "route",
        "scheme",
        "started",
        "stopwatch",
    )

    def __init__(self, scope: dict[str, Any], path: str, body: bytes, now: float) -> None:
        self.method: str = scope["method"]
        self.path = path
        self.query: str = scope["query_string"].decode("latin-1")
        self.headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.names: list[bytes] | None = scope.get("workshop.header_names")
        self.body = body
        self.authorizer: dict[str, Any] | None = None
        self.route = self.error = ""  # the resource or route found, and what was refused: for the access log
        self.scheme: str = scope.get("scheme", "http")
        client, server = scope.get("client"), scope.get("server")
        self.client_ip: str = client[0] if client else "127.0.0.1"
        self.port = str(server[1]) if server and server[1] else "80"
        self.protocol = "HTTP/" + scope.get("http_version", "1.1")
        self.started = now
        self.stopwatch = time.perf_counter()
        raw = os.urandom(27).hex()
        self.id = f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:32]}"
        self.extended_id = base64.b64encode(bytes.fromhex(raw[32:])).decode()

    def header(self, name: bytes) -> str:
        """The first value of a header (name in lower case); empty when it was not sent."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return ""

    def spelled(self) -> list[tuple[str, str, str]]:
        """The headers as (lower-case name, name as the client wrote it, value)."""
        names = self.names
        if names:
            return [
                (_text(name), _text(as_sent), value.decode("latin-1"))
                for (name, value), as_sent in zip(self.headers, names, strict=True)
            ]
        return [(*(_SPELT.get(name) or _spell(name)), value.decode("latin-1")) for name, value in self.headers]

    def trace_id(self) -> str:
        """A new X-Ray trace header: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html"""
        return f"Root=1-{int(self.started):08x}-{os.urandom(12).hex()}"

    def clf_time(self) -> str:
        """The time as the Common Log Format writes it, such as 09/Apr/2015:12:34:56 +0000."""
        global _CLF
        second = int(self.started)
        if _CLF[0] != second:
            _CLF = (second, time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(second)))
        return _CLF[1]


def _text(name: bytes) -> str:
    text = _NAMES.get(name)
    if text is None:
        text = name.decode("latin-1")
        if len(_NAMES) < 2000:
            _NAMES[name] = text
    return text


def _spell(name: bytes) -> tuple[str, str]:
    lower = name.decode("latin-1")
    both = lower, _SPELLING.get(lower) or "-".join([part.capitalize() for part in lower.split("-")])
    if len(_SPELT) < 2000:
        _SPELT[name] = both
    return both


async def read_body(scope: dict[str, Any], receive: Any) -> bytes:
    """The whole body, chunked or not.

    Raises:
        BodyTooLarge: more than 10 MB, said or sent.
        Disconnected: the client hung up.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > MOST_BODY:
            raise BodyTooLarge
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > MOST_BODY:
            raise BodyTooLarge
        return body
    chunks, size = [], 0
    while True:
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MOST_BODY:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)
        message = await receive()


async def send_answer(answer: Answer, send: Any, *, head: bool) -> None:
    """Send an answer with its Content-Length; a HEAD request gets everything but the body."""
    headers = answer.headers
    if answer.status >= 200 and answer.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(answer.body)))
        body = b"" if head else answer.body
    else:
        body = b""
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def json_answer(status: int, message: str, *more: tuple[bytes, bytes]) -> Answer:
    """`{"message": …}` with a JSON content type."""
    body = json.dumps({"message": message}, separators=(",", ":")).encode()
    return Answer(status, [(b"content-type", b"application/json"), *more], body)
