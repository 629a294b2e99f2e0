"""How every HTTP server of the workshop is set: a client is not believed about itself, and a head must end.

Whoever listens takes `config` from here, so that a new server cannot forget it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ASGIApp = Callable[[Any, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]
# Beyond what any service here takes: API Gateway stops at 10,240 bytes of headers, S3 at 8 KB of them.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
MOST_HEAD = 256 * 1024  # bytes of a request line and its headers
HEAD_SECONDS = 60.0  # for a head that has begun


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which would keep an unfinished head of any length for any time."""

    head_size = 0
    in_head = True
    patience: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Some bytes of a client."""
        if not self.in_head:
            super().data_received(data)
            return
        self.head_size += len(data)
        super().data_received(data)
        if not self.in_head or not self.head_size or self.transport.is_closing():
            return
        if self.head_size > MOST_HEAD:
            self.give_up(b"431 Request Header Fields Too Large", f"The head has more than {MOST_HEAD:,} bytes.")
        elif self.patience is None:
            why = f"The head of the request was not complete within {HEAD_SECONDS:.0f} seconds."
            self.patience = self.loop.call_later(HEAD_SECONDS, self.give_up, b"408 Request Timeout", why)

    def on_headers_complete(self) -> None:
        """The head is whole: a body, or the next request, comes."""
        self.in_head, self.head_size = False, 0
        self.at_ease()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        self.in_head = True

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self.at_ease()
        super().connection_lost(exc)

    def at_ease(self) -> None:
        """Nothing is waited for."""
        if self.patience is not None:
            self.patience.cancel()
            self.patience = None

    def give_up(self, status: bytes, why: str) -> None:
        """Say what is wrong with a head that never ends, and hang up."""
        if self.transport.is_closing():
            return
        body = why.encode()
        head = b"HTTP/1.1 " + status + b"\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
        self.transport.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.transport.close()


def config(app: ASGIApp, **settings: Any) -> uvicorn.Config:
    """uvicorn's settings for a server on loopback.

    Who asks is the TCP peer: uvicorn by itself believes `X-Forwarded-For` and `X-Forwarded-Proto` of every client on
    127.0.0.1 (https://www.uvicorn.org/settings/#http).

    Args:
        app: the application.
        settings: further settings of uvicorn's, or other values for these.
    """
    usual: dict[str, Any] = {
        "http": BoundedProtocol,
        "ws": "none",
        "lifespan": "off",
        "log_level": "error",
        "access_log": False,
        "server_header": False,
        "date_header": False,
        "timeout_graceful_shutdown": 1,
    }
    return uvicorn.Config(app, **{**usual, **settings, "proxy_headers": False})
