"""The Lambda Runtime API: what a runtime asks for its next request and where it puts the answer.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Protocol

import httptools

from workshop.core.net import LoopbackOnly

RESPONSE_LIMIT = 6 * 1024 * 1024 + 100  # bytes; AWS's messages name this number
HEAD_LIMIT = 2 * 1024 * 1024  # bytes; awslambdaric sends up to one megabyte of X-Ray data in a header
HEAD_SECONDS = 60.0  # for a head that has begun, as on every other port
PREFIX = b"/2018-06-01/runtime/"
REASONS = {200: b"OK", 202: b"Accepted", 400: b"Bad Request", 403: b"Forbidden", 404: b"Not Found"}
REASONS |= {405: b"Method Not Allowed", 408: b"Request Timeout", 413: b"Payload Too Large"}
ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"status":"OK"}\n'
Headers = dict[bytes, bytes]
Answer = tuple[int, dict[str, str]]  # a status and a JSON object; the status 202 stands for itself


class RuntimeHost(Protocol):
    """The environment behind the API: told what its runtime did, answers what the runtime is to be told."""

    def asked_next(self, connection: RuntimeConnection) -> None:
        """The runtime is ready for a request; answer it later by `connection.deliver`."""

    def responded(self, request_id: str, headers: Headers, body: bytes) -> Answer:
        """The runtime answers a request."""

    def failed(self, request_id: str, headers: Headers, body: bytes) -> Answer:
        """The runtime reports that a request failed."""

    def init_failed(self, headers: Headers, body: bytes) -> Answer:
        """The runtime reports that it cannot start."""

    def disconnected(self, connection: RuntimeConnection) -> None:
        """A connection that was waiting for a request is gone."""


class RuntimeConnection(asyncio.Protocol):
    """One HTTP connection of a runtime. Lean, since every warm request passes here twice."""

    def __init__(self, host: RuntimeHost) -> None:
        self.host = host
        self.transport: asyncio.Transport | None = None
        self.parser = httptools.HttpRequestParser(self)
        self.waiting = False  # the runtime waits in /next
        self.closing = False  # it asked for this connection to end with the answer
        self.patience: asyncio.TimerHandle | None = None  # for a head that has begun
        self.out: list[bytes] = []
        self.ready: deque[tuple[bytes, bytes, Headers, bytes, bool]] = deque()
        self.reset()

    def reset(self) -> None:
        """Forget the last request."""
        self.url, self.size, self.too_large = b"", 0, False
        self.headers: Headers = {}
        self.body: list[bytes] = []
        self.head_size = self.unread = 0

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.unread += len(data)  # an unfinished head is kept by the parser, which has no bound
        try:
            self.parser.feed_data(data)
            if self.unread > HEAD_LIMIT:
                raise httptools.HttpParserError("too many headers")
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.work()
            self.refuse(400, "InvalidRequest", "This is not a request that the Runtime API knows.", close=True)
            return
        if self.unread > 0 and self.patience is None and self.transport and not self.transport.is_closing():
            self.patience = asyncio.get_running_loop().call_later(HEAD_SECONDS, self.give_up)
        self.work()

    def at_ease(self) -> None:
        """No head is waited for."""
        if self.patience is not None:
            self.patience.cancel()
            self.patience = None

    def give_up(self) -> None:
        """Hang up on a head that has stopped."""
        why = f"The head of the request was not complete within {HEAD_SECONDS:.0f} seconds."
        self.refuse(408, "RequestTimeout", why, close=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.at_ease()
        if self.waiting:
            self.waiting = False
            self.host.disconnected(self)

    # What the parser tells.

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.head_size += len(name) + len(value)
        if self.head_size > HEAD_LIMIT:
            raise ValueError("too many headers")  # httptools makes it a parser error
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self.at_ease()
        self.unread = -(1 << 62)  # what comes now is a body, which has its own bound
        if self.headers.get(b"expect", b"").lower() == b"100-continue" and self.transport:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self.size += len(body)
        if self.size <= RESPONSE_LIMIT + 1:
            self.body.append(body)
        elif not self.too_large:  # keep one byte too many, so that the environment sees the excess
            self.too_large = True
            self.body.append(body[: max(0, RESPONSE_LIMIT + 1 - (self.size - len(body)))])

    def on_message_complete(self) -> None:
        body = self.body[0] if len(self.body) == 1 else b"".join(self.body)
        self.ready.append((self.parser.get_method(), self.url, self.headers, body, self.parser.should_keep_alive()))
        self.reset()

    # What is answered.

    def work(self) -> None:
        """Handle complete requests, in order; stop at a /next that must wait."""
        while self.ready and not self.waiting and self.transport:
            method, url, headers, body, keep_alive = self.ready.popleft()
            self.closing = not keep_alive
            self.route(method, url.partition(b"?")[0], headers, body)
            if not keep_alive and not self.waiting:
                self.flush()
                self.transport.close()
        if self.out and not self.waiting:
            self.flush()

    def route(self, method: bytes, path: bytes, headers: Headers, body: bytes) -> None:
        """One request to the host's method for it."""
        refusal = self.foreign(method, headers)
        if refusal:
            self.refuse(403, "Forbidden", refusal)
        elif not path.startswith(PREFIX):
            self.refuse(404, "NotFound", "Only the Runtime API is here: /2018-06-01/runtime/…")
        elif path == b"/2018-06-01/runtime/invocation/next":
            if method != b"GET":
                self.refuse(405, "MethodNotAllowed", "Use GET.")
                return
            self.waiting = True
            self.host.asked_next(self)
        elif method != b"POST":
            self.refuse(405, "MethodNotAllowed", "Use POST.")
        else:
            self.post(path[len(PREFIX) :].split(b"/"), headers, body)

    def post(self, parts: list[bytes], headers: Headers, body: bytes) -> None:
        """An answer or an error."""
        if parts == [b"init", b"error"]:
            self.tell(self.host.init_failed(headers, body))
        elif len(parts) == 3 and parts[0] == b"invocation" and parts[2] == b"response":
            self.tell(self.host.responded(parts[1].decode("latin-1"), headers, body))
        elif len(parts) == 3 and parts[0] == b"invocation" and parts[2] == b"error":
            self.tell(self.host.failed(parts[1].decode("latin-1"), headers, body))
        else:
            self.refuse(404, "NotFound", "The Runtime API has no such path.")

    def deliver(self, head: bytes, payload: bytes) -> None:
        """Answer a waiting /next with a request."""
        self.waiting = False
        self.out += (head, payload)
        self.flush()
        if self.closing and self.transport:  # a client that reads until the end, such as PHP's, waits for it
            self.transport.close()
        if self.ready:
            self.work()

    def tell(self, answer: Answer) -> None:
        """Write a status and its JSON object, later with the next write."""
        status, document = answer
        if status == 202:
            self.out.append(ACCEPTED)
            return
        body = json.dumps(document).encode()
        head = f"HTTP/1.1 {status} {REASONS[status].decode()}\r\nContent-Type: application/json\r\n"
        self.out += (f"{head}Content-Length: {len(body)}\r\n\r\n".encode(), body)

    def refuse(self, status: int, kind: str, message: str, *, close: bool = False) -> None:
        """An error in the Runtime API's shape."""
        self.tell((status, {"errorMessage": message, "errorType": kind}))
        if close:
            self.flush()
            if self.transport:
                self.transport.close()

    def flush(self) -> None:
        """Send what was gathered in one write."""
        if self.transport and self.out:
            self.transport.write(b"".join(self.out))
        self.out.clear()

    @staticmethod
    def foreign(method: bytes, headers: Headers) -> str:
        """Why a request from elsewhere (a browser's page, another host name) is refused; empty when it may pass."""
        host = headers.get(b"host", b"")
        if host.partition(b":")[0] == b"127.0.0.1" and b"origin" not in headers and b"sec-fetch-site" not in headers:
            return ""
        return LoopbackOnly(None).refusal(method.decode("latin-1"), headers.items())  # type: ignore[arg-type]
