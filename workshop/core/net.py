"""Servers on a conference network: loopback only, free ports, no foreign hosts, no cross-site requests."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from workshop.core.errors import WorkshopError

LOOPBACK = "127.0.0.1"
ASGIApp = Callable[[dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


def bind(port: int = 0, *, what: str = "The server") -> socket.socket:
    """A listening socket on 127.0.0.1.

    Args:
        port: the port wanted; 0 takes any free one.
        what: who wants it, for the message.

    Raises:
        WorkshopError: the port is taken; says by which process when the system tells.
    """
    if not 0 <= port <= 65535:
        raise WorkshopError(f"Port {port} is not between 0 and 65535.", fix="Choose another port.", used_wrongly=True)
    # The protocol is named because asyncio turns Nagle's algorithm off only for sockets that say TCP: 40 ms an answer.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows: SO_REUSEADDR would let two servers share one port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((LOOPBACK, port))
        sock.listen(1024)
        sock.setblocking(False)
        sock.set_inheritable(False)
    except PermissionError as error:
        sock.close()
        raise WorkshopError(
            f"{what} may not use port {port}: {error.strerror}.", fix="Choose a port above 1023."
        ) from None
    except OSError:
        sock.close()
        holder = holder_of(port)
        by = f" by {holder}" if holder else ""
        raise WorkshopError(
            f"{what} cannot use port {port}: it is taken{by}.",
            fix="Stop that program or choose another port with --port.",
        ) from None
    return sock


def holder_of(port: int) -> str:
    """Which process listens on a loopback port, as `name (pid 123)`; empty when the system does not tell."""
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError):
        return ""
    return ""


def is_loopback(host: str) -> bool:
    """True for 127.0.0.0/8, ::1, localhost and names under .localhost (RFC 6761)."""
    host = host.strip("[]").lower().rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_name(header: str) -> str:
    """The name in a Host header, without its port."""
    if header.startswith("["):
        return header.partition("]")[0] + "]"
    return header.partition(":")[0]


class LoopbackOnly:
    """ASGI middleware: refuses a foreign `Host` (DNS rebinding) and cross-site browser requests.

    Args:
        app: the application behind it.
        public: an application that other names lead to as well: what AWS shows to everybody. Whoever runs the DNS of a
            network can point any name at this machine, so nothing that is the reader's alone may be in it.
        public_hosts: those names; the whole name must match.
    """

    def __init__(self, app: ASGIApp, public: ASGIApp | None = None, public_hosts: str = "") -> None:
        self.app, self.public = app, public
        self.public_hosts = re.compile(public_hosts, re.IGNORECASE) if public else None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        app = self.app
        if scope["type"] in ("http", "websocket"):
            method = scope["method"] if scope["type"] == "http" else "GET"
            if self.public is not None and self.is_public(scope["headers"]):
                app = self.public
                refusal = self.refusal(method, [each for each in scope["headers"] if each[0] != b"host"])
            else:
                refusal = self.refusal(method, scope["headers"])
            if refusal:
                await self._refuse(scope, send, refusal)
                return
        await app(scope, receive, send)

    def is_public(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether the one Host of a request is a name for everybody."""
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1 or self.public_hosts is None or hosts[0].startswith(b"127.0.0.1"):
            return False
        return bool(self.public_hosts.fullmatch(host_name(hosts[0].decode("latin-1")).rstrip(".")))

    def refusal(self, method: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Why a request with these headers is refused; empty when it may pass."""
        host = origin = site = b""
        for name, value in headers:
            if name == b"host":
                if host:  # RFC 9112, 3.2: which of the two the next one behind us believes is anybody's guess
                    return "A request has one Host header."
                host = value
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
        # The two that every client here sends, first: this runs once a request.
        if host and host.lower().partition(b":")[0] not in (b"127.0.0.1", b"localhost"):
            asked = host_name(host.decode("latin-1").lower())
            if not is_loopback(asked):
                return f"This server answers only on this machine, not as {asked!r}."
        if site == b"cross-site":
            return "Requests from other web sites are refused."
        if origin and method not in ("GET", "HEAD", "OPTIONS"):
            try:
                from_host = urlsplit(origin.decode("latin-1")).hostname or ""
            except ValueError:
                from_host = ""
            if not is_loopback(from_host):
                return "Requests from other web sites are refused."
        return ""

    @staticmethod
    async def _refuse(scope: dict[str, Any], send: Any, why: str) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": why})
            return
        body = why.encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body})
