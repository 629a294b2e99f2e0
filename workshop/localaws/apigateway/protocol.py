"""HTTP/1.1 as API Gateway needs it: header names as the client wrote them, and an answer in one piece."""

from __future__ import annotations

import asyncio
from typing import Any

from workshop.core.serving import BoundedProtocol


class OneWrite:
    """A transport that sends what was written during one turn of the event loop with one system call.

    uvicorn writes the head and the body of an answer apart; a client would be woken twice.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._waiting: list[bytes] = []
        self._loop = asyncio.get_running_loop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Keep the data until the turn is over."""
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append(data)

    def flush(self) -> None:
        """Send what is waiting."""
        if self._waiting:
            data = self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
            self._waiting = []
            if not self._transport.is_closing():
                self._transport.write(data)

    def close(self) -> None:
        """Send what is waiting, then close."""
        self.flush()
        self._transport.close()


class GatewayProtocol(BoundedProtocol):
    """uvicorn's protocol, which lowers header names, with the names as sent in `scope["workshop.header_names"]`.

    REST APIs hand header names to functions in the client's own spelling, such as `X-GitHub-Event`.
    """

    def connection_made(self, transport: Any) -> None:
        """A client connected."""
        super().connection_made(OneWrite(transport))  # type: ignore[arg-type]

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.names: list[bytes] = []
        self.scope["workshop.header_names"] = self.names  # type: ignore[typeddict-unknown-key]

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header came."""
        self.names.append(name)
        super().on_header(name, value)
