"""Starts and stops `offline`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.core.net import LOOPBACK
from workshop.serverless.aws import is_aws
from workshop.serverless.service import Service, load
from workshop.serverless.serving.app import App
from workshop.serverless.serving.live import Live
from workshop.serverless.serving.report import Reporter
from workshop.serverless.steps import Interrupted

USUAL_PORT = 3000  # the talk's
_serving: list[Offline] = []  # in this process; a cell that is run again starts another one


def offline(
    *folders: str | Path | Service,
    port: int | None = None,
    stage: str | None = None,
    region: str | None = None,
    params: Mapping[str, str] | None = None,
    watch: bool = True,
    say: Callable[[str], None] | None = None,
    read: Callable[..., Service] = load,
    cloud: Callable[[], contextlib.AbstractContextManager[str]] | None = None,
) -> Offline:
    """Serves services on this machine, on one port. Use it in a `with` block, or call `.start()` and `.stop()`.

    Each service is deployed to the cloud that boto3 is pointed at, which must not be AWS, or to one of its own.
    Requests go to the API deployed there, so layers, permissions and schedules work as deployed.

    Args:
        folders: the services.
        port: 0 takes any free one; without it 3000, or any free one when that is taken.
        stage, region, params: as `load` takes them.
        watch: put edits live at the next request.
        say: takes a line a request; without it they are kept for `.log()`.
        read: reads a service, as `load` does.
        cloud: starts an offline cloud for as long as it serves, and gives its address. Boto3 stays pointed where it is;
            there `${ssm:…}`, `${cf:…}` and layers named by ARN are read, and nothing is changed.

    Raises:
        WorkshopError: boto3 is pointed at AWS and no `cloud` is given, the port is taken, or a service cannot be
            deployed.
    """
    if cloud is None and is_aws():
        raise WorkshopError(
            "offline deploys at every edit, so it works with the offline cloud only; boto3 is pointed at AWS.",
            fix="Use `workshop offline` or `workshop.offline(…)`: they start a cloud of its own.",
        )
    lives = []
    output = say or (lambda _: None)
    for given in folders:
        folder = given.folder if isinstance(given, Service) else Path(given)
        options = (
            {"stage": given.stage, "region": given.region}
            if isinstance(given, Service)
            else {"stage": stage, "region": region}
        )

        def reload(endpoint: str, folder: Path = folder, options: dict[str, Any] = options) -> Service:
            return read(folder, params=params, endpoint=endpoint, **options)

        lives.append(Live(given if isinstance(given, Service) else reload(""), reload, output, watch=watch))
    if not lives:
        raise WorkshopError("offline needs a service's folder.", used_wrongly=True)
    names = [live.service.stack for live in lives]
    if len(set(names)) < len(names):
        raise WorkshopError("The same service is named twice.", used_wrongly=True)
    return Offline(lives, port, output, cloud)


class Offline:
    """A running `offline`: `.url` is its address, `.log()` its lines."""

    def __init__(
        self,
        lives: list[Live],
        port: int | None,
        say: Callable[[str], None],
        cloud: Callable[[], contextlib.AbstractContextManager[str]] | None = None,
    ) -> None:
        self._lives, self._wanted, self._say, self._cloud = lives, port, say, cloud
        self._own = contextlib.ExitStack()  # its cloud, while there is one
        self._reporter = Reporter(say)
        self._app = App(lives, self._reporter, lambda: self.url)
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self.port = port or USUAL_PORT

    @property
    def url(self) -> str:
        """Its address, such as `http://127.0.0.1:3000`.

        Not `localhost`: Windows tries ::1 for that first, where nothing listens, and each connection waits two seconds.
        """
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def endpoint(self) -> str:
        """The address of the cloud that it deploys to."""
        return self._lives[0].aws.endpoint

    def client(self, name: str) -> Any:
        """A boto3 client of that cloud, such as `client("ssm")`: to put what the services should find there."""
        return self._lives[0].aws.get(name)

    @property
    def routes(self) -> list[str]:
        """Its routes with their addresses, one a line."""
        return self._app.listing()

    @property
    def alive(self) -> bool:
        """True while it serves."""
        return self._thread is not None and self._thread.is_alive()

    def log(self) -> list[str]:
        """A line a request, the last 1,000; waits for those just answered."""
        self._reporter.wait()
        return list(self._reporter.lines)

    def start(self) -> Offline:
        """Binds the port, deploys, and serves from a thread of its own. One that serves already goes on.

        An earlier one of this process that serves one of the same services is ended first: nobody has it in hand any
        more when its cell is run again, and it would keep the port.
        """
        if self.alive:
            return self
        from workshop.core.net import bind

        for other in [one for one in _serving if one is not self and one._stacks() & self._stacks()]:
            other.stop()

        try:
            sock = bind(USUAL_PORT if self._wanted is None else self._wanted, what="offline")
        except WorkshopError:
            if self._wanted is not None:
                raise
            sock = bind(0, what="offline")
        self.port = sock.getsockname()[1]
        try:
            endpoint = self._own.enter_context(self._cloud()) if self._cloud else ""
            for live in self._lives:
                live.start(endpoint)
            self._serve(sock)
            _serving.append(self)
        except BaseException as error:
            sock.close()
            self.stop()
            if self._cloud and isinstance(error, Interrupted):  # no CloudFormation goes on: it ended, too
                raise Interrupted("Stopped; nothing of it is left running.") from None
            raise
        return self

    def _stacks(self) -> set[str]:
        return {live.service.stack for live in self._lives}

    def _serve(self, sock: socket.socket) -> None:
        import uvicorn

        from workshop.core.net import LoopbackOnly
        from workshop.core.serving import config

        self._reporter.start()
        settings = config(
            LoopbackOnly(self._app), log_level="critical", lifespan="on", date_header=True, timeout_graceful_shutdown=2
        )
        self._server = uvicorn.Server(settings)
        ready = threading.Event()

        async def serve() -> None:
            task = asyncio.create_task(self._server.serve(sockets=[sock]))
            while not self._server.started and not task.done():
                await asyncio.sleep(0.002)
            ready.set()
            await task

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), name="offline", daemon=True)
        self._thread.start()
        ready.wait(10)

    def stop(self, *, keep: bool = False) -> None:
        """Stops serving, and removes the services that were not deployed before.

        Args:
            keep: leave them deployed. (A cloud of its own ends all the same.)
        """
        with contextlib.suppress(ValueError):
            _serving.remove(self)
        try:
            if self._server is not None:
                self._server.should_exit = True
            if self._thread is not None:
                self._thread.join(10)
            self._reporter.stop()
        finally:
            self._server = self._thread = None
            self._take_away(keep=keep)

    def _take_away(self, *, keep: bool = False) -> None:
        """Ends its own cloud with all that is in it; from another, removes what was not there before."""
        if self._cloud:
            self._own.close()
            return
        for live in self._lives:
            if not keep:
                live.take_away()

    def __enter__(self) -> Offline:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __str__(self) -> str:
        return "\n".join([f"Offline at {self.url}", *self.routes])

    def __repr__(self) -> str:
        return str(self)
