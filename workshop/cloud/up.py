"""The offline cloud as one process: AWS on one loopback port, every third party on a port of its own.

The only module that knows both `localaws` and `partners`. Started by `workshop up` in the foreground, and by
`connect()` as a child that lives as long as its standard input stays open: when the kernel or the command that
started it ends, however it ends, the pipe closes and the cloud goes with it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from workshop.core import net
from workshop.core.errors import WorkshopError

DEFAULT_PORT = 4566
PARTNER_NAMES = ("stripe", "paypal", "github", "mail", "backend")


class Lazy:
    """An ASGI app that is imported at its first request, so that the cloud's ports answer at once."""

    def __init__(self, make: Callable[[], net.ASGIApp]) -> None:
        self.make = make
        self.app: net.ASGIApp | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if self.app is None:
            self.app = await asyncio.to_thread(self.make)
        await self.app(scope, receive, send)


class Told:
    """A stand-in's clock where there is no cloud to follow: real time, until a lesson tells another.

    POST /_stand_in/clock {"to": ISO or null}, on the stand-in's own port.
    """

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead

    def door(self, app: net.ASGIApp) -> net.ASGIApp:
        """The stand-in, with this clock's door in front."""
        from starlette.requests import Request
        from starlette.responses import JSONResponse

        async def asked(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if (scope.get("method"), scope.get("path")) != ("POST", "/_stand_in/clock"):
                return await app(scope, receive, send)
            try:
                to = (await Request(scope, receive).json())["to"]
                self.ahead = datetime.fromisoformat(to).timestamp() - time.time() if to else 0.0
            except (ValueError, KeyError, TypeError):
                words = 'Send {"to": a time such as "2026-03-25T12:00:00Z", or null}.'
                return await JSONResponse({"message": words}, 400)(scope, receive, send)
            return await JSONResponse({"now": self()})(scope, receive, send)

        return asked


def partner_app(name: str, clock: Callable[[], float], urls: dict[str, str]) -> net.ASGIApp:
    """One stand-in, imported when it is first called."""

    def make() -> net.ASGIApp:
        from workshop.partners import PARTNERS, PartnerContext

        module, _, factory = PARTNERS[name].partition(":")
        app = getattr(importlib.import_module(module), factory)(PartnerContext(clock=clock, urls=urls))
        return clock.door(app) if isinstance(clock, Told) else app

    return net.LoopbackOnly(Lazy(make))


def server(app: net.ASGIApp, **settings: Any) -> Any:
    """A uvicorn server that leaves signals to us and access logs to the functions; see `core.serving`."""
    import uvicorn

    from workshop.core.serving import config

    class Quiet(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self):
            yield

    return Quiet(config(app, timeout_keep_alive=75, **settings))


def url_of(sock: socket.socket) -> str:
    """The address of a bound socket."""
    return f"http://{net.LOOPBACK}:{sock.getsockname()[1]}"


@contextlib.asynccontextmanager
async def cloud(port: int = 0, *, partners_only: bool = False) -> AsyncIterator[dict[str, Any]]:
    """Serves the cloud while the block runs; yields what `/_workshop/status` says of it."""
    aws = None if partners_only else net.bind(port, what="The offline cloud")
    sockets = {name: net.bind(what=f"The {name} stand-in") for name in PARTNER_NAMES}
    urls = {name: url_of(sock) for name, sock in sockets.items()}
    tasks, servers = [], []
    local = None
    try:
        clock: Callable[[], float] | None = None
        if aws is not None:
            from workshop.localaws import LocalAWS, Settings
            from workshop.localaws.apigateway.protocol import GatewayProtocol

            local = LocalAWS(Settings())
            local.set_url(url_of(aws))
            local.set_partners(urls)
            clock = local.clock.time
            await local.start()
            servers.append((server(local.asgi, http=GatewayProtocol), aws))
        servers += [(server(partner_app(name, clock or Told(), urls)), sock) for name, sock in sockets.items()]
        tasks = [asyncio.create_task(each.serve(sockets=[sock])) for each, sock in servers]
        launches = local.engine.launches if local else None
        yield {
            "aws": url_of(aws) if aws else "",
            "partners": urls,
            "pid": os.getpid(),
            "folders": launches.folders if launches else "",
            "functions": launches.reach if launches else "",
        }
    finally:
        for each, _ in servers:
            each.should_exit = True
        if local is not None:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(local.stop(), 5)
        if tasks:
            await asyncio.wait(tasks, timeout=3)
        for sock in (aws, *sockets.values()):
            if sock is not None:
                sock.close()


def watch_lifeline(stop: Callable[[], None]) -> None:
    """Calls `stop` when standard input closes: whoever started this process is gone."""

    def wait() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(0, 4096):
                pass
        stop()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


async def serve(
    port: int, *, lifeline: bool, partners_only: bool = False, on_up: Callable[[dict[str, Any]], None]
) -> None:
    """Serves until Ctrl-C, SIGTERM or, with `lifeline`, until standard input closes."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def stop(*_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be gone already
            loop.call_soon_threadsafe(done.set)

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    if lifeline:
        watch_lifeline(stop)
    async with cloud(port, partners_only=partners_only) as status:
        on_up(status)
        await done.wait()


def registry() -> Path:
    """Where a running `workshop up` leaves its address for commands in other terminals.

    `WORKSHOP_REGISTRY` names another file, for those who must not meet: tests, several people in one checkout.
    """
    named = os.environ.get("WORKSHOP_REGISTRY")
    if named:
        return Path(named)
    return Path(__file__).resolve().parents[2] / ".workshop" / "cloud.json"


def free_of_the_reader(environment: dict[str, str]) -> dict[str, str]:
    """The reader's environment without what would lead the cloud itself to the real AWS or through a proxy."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith("AWS_") and name.lower() not in ("http_proxy", "https_proxy", "all_proxy")
    }
    kept |= {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": environment.get("AWS_DEFAULT_REGION") or "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUTF8": "1",
    }
    return kept


def main(arguments: list[str] | None = None) -> int:
    """`python -m workshop.cloud.up`: the child that `connect()` starts. First line of output: the addresses as JSON."""
    parser = argparse.ArgumentParser(prog="python -m workshop.cloud.up")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--lifeline", action="store_true", help="end when standard input closes")
    parser.add_argument("--partners-only", action="store_true", help="the third parties without AWS")
    parser.add_argument("--log", default="", help="the file that standard error goes to; removed at the end")
    options = parser.parse_args(arguments)
    os.environ.update(keep := free_of_the_reader(dict(os.environ)))
    for name in set(os.environ) - set(keep):
        del os.environ[name]

    def tell(status: dict[str, Any]) -> None:
        print(json.dumps(status), flush=True)

    try:
        asyncio.run(serve(options.port, lifeline=options.lifeline, partners_only=options.partners_only, on_up=tell))
    except WorkshopError as error:
        print(error, file=sys.stderr)
        return 1
    if options.log:
        with contextlib.suppress(OSError):  # Windows: whoever started us may still hold it open, and removes it
            os.unlink(options.log)  # noqa: PTH108
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # everything has been stopped and removed; taking down moto's modules would need most of a second
