"""Servers on a conference network: who may ask, and who is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from workshop.core.net import LoopbackOnly, is_loopback


def ask(method: str = "GET", **headers: str) -> int:
    """The status a request with these headers gets from a guarded server."""
    got: list[dict[str, Any]] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: dict[str, Any]) -> None:
        got.append(message)

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "headers": pairs}
    asyncio.run(LoopbackOnly(app)(scope, None, send))
    return got[0]["status"]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:4566",
        "localhost",
        "LOCALHOST:1",
        "[::1]:80",
        "api.localhost:4566",
    ],
)
def test_this_machine_is_answered(host: str) -> None:
    assert ask(host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "10.0.0.7:4566",
        "amazonaws.com.evil.example",
        "amazonaws.com",
        "sqs.eu-west-1.amazonaws.com",
    ],
)
def test_a_foreign_host_is_refused(host: str) -> None:
    """DNS rebinding: a page's own name made to point at loopback still sends its own Host."""
    assert ask(host=host) == 403


def test_a_request_has_one_host() -> None:
    """https://www.rfc-editor.org/rfc/rfc9112.html#section-3.2"""
    guard = LoopbackOnly(lambda *_: None)  # type: ignore[arg-type, return-value]
    for hosts in (("localhost", "evil.example"), ("evil.example", "localhost")):
        assert guard.refusal("GET", [(b"host", host.encode()) for host in hosts])


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_cross_site_request_is_refused(method: str) -> None:
    """https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site"""
    assert ask(method, host="127.0.0.1", origin="https://evil.example") == 403
    assert ask(method, host="127.0.0.1", origin="null") == 403
    assert ask("GET", host="127.0.0.1", sec_fetch_site="cross-site") == 403
    assert ask(method, host="127.0.0.1", origin="http://localhost:3000") == 200


def test_names_of_this_machine() -> None:
    assert is_loopback("127.8.9.1")
    assert is_loopback("a.b.localhost.")
    assert not is_loopback("192.168.0.1")
    assert not is_loopback("")
