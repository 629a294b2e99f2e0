"""A stand-in, and the tunnel to it, as the tests of the tunnel use them."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from workshop.on_aws import hooks, tunnel

SUFFIX = "t7n2"


class StandIn(BaseHTTPRequestHandler):
    """Keeps what arrives, and answers by the path."""

    arrived: list[dict[str, Any]]
    let_go: threading.Event

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.arrived.append({"line": f"{self.command} {self.path}", "headers": dict(self.headers), "body": body})
        here = f"http://{self.headers['Host']}"
        if self.path == "/drop":
            self.close_connection = True
            return
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", f"{here}/there")
            content = b""
        elif self.path == "/bytes":
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream")
            content = bytes(range(256)) + here.encode()
        elif self.path.startswith("/size/"):
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream")
            content = b"x" * int(self.path.rpartition("/")[2])
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b"x" * 100_000)
            return
        elif self.path == "/held":
            self.let_go.wait(25)
            self.send_response(200)
            content = b"at last"
        elif self.path == "/gzip":
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Encoding", "gzip")
            content = gzip.compress(b'{"a": 1}')
        elif self.path == "/echo":
            self.send_response(200)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            content = body
        else:
            self.send_response(418)
            self.send_header("Content-Type", "application/json")
            self.send_header("Set-Cookie", "a=1; Path=/")
            self.send_header("Set-Cookie", "b=2")
            content = json.dumps({"next": f"{here}/page/2", "sha256": hashlib.sha256(body).hexdigest()}).encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(OSError):  # the other end had enough
                self.wfile.write(content)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_GET

    def log_message(self, *_: Any) -> None:
        """Nothing: pytest shows what failed."""


@pytest.fixture(scope="module")
def stand_in() -> Iterator[ThreadingHTTPServer]:
    handler = type("Handler", (StandIn,), {"arrived": [], "let_go": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def taken_for_aws(cloud: Any) -> Iterator[None]:
    """The switch says AWS, which is the session's cloud; the reader has a suffix, and agreed."""
    before = dict(os.environ)
    os.environ |= {"WORKSHOP_CLOUD": "aws", "WORKSHOP_SUFFIX": SUFFIX, "WORKSHOP_CONFIRM": "yes"}
    hooks.install(cloud)
    yield
    tunnel.close()
    os.environ.clear()
    os.environ.update(before)
    __import__("boto3").DEFAULT_SESSION = None


@pytest.fixture(scope="module")
def base(taken_for_aws: None, stand_in: ThreadingHTTPServer) -> str:
    """The public address of the stand-in."""
    tunnel.offer("shop", f"http://127.0.0.1:{stand_in.server_address[1]}/")
    return f"{tunnel.opened()}/shop"


def message(request: dict[str, Any], secret: str = "", **more: Any) -> str:
    """A message as the entrance sends it; with another secret than the session's, as somebody else would."""
    from workshop.on_aws.tunnel.agent import signed

    own = tunnel._open["base"].rpartition("/")[2]
    text = json.dumps(
        {"id": "odd", "at": time.time(), "query": "", "headers": {}, "body": "", "base64": False} | request
    )
    return json.dumps({"told": text, "signature": signed(secret or own, "request", text)} | more)


def last(stand_in: Any) -> dict[str, Any]:
    return stand_in.RequestHandlerClass.arrived[-1]
