"""One execution environment: a process, its Runtime API, its log stream, one request at a time.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
import uuid
from time import perf_counter
from typing import TYPE_CHECKING

from workshop.core import net
from workshop.core.errors import WorkshopError
from workshop.localaws.runtime.frames import frames_for
from workshop.localaws.runtime.logs import LogStream
from workshop.localaws.runtime.model import FunctionSpec, Invocation
from workshop.localaws.runtime.process import Process
from workshop.localaws.runtime.requests import Request, document, exit_reason
from workshop.localaws.runtime.runtime_api import RuntimeConnection
from workshop.localaws.runtime.runtime_host import Host

if TYPE_CHECKING:
    from workshop.localaws.runtime.engine import Engine

LOGGER = logging.getLogger(__name__)
KILLED = "Runtime exited with error: signal: killed"
MEASURE_AGAIN = 0.1  # seconds; a short request is not worth reading /proc for more often
SHORT = 0.005


class Environment:
    """States: `init` (starting), `idle` (waits in /next), `busy`, `leaving` (answered, not yet back), `dead`."""

    def __init__(
        self, engine: Engine, spec: FunctionSpec, request: Request | None = None, init_type: str = "on-demand"
    ) -> None:
        self.engine, self.spec, self.request, self.init_type = engine, spec, request, init_type
        self.id = uuid.uuid4().hex
        self.stream = f"{time.strftime('%Y/%m/%d', time.gmtime(engine.clock()))}/[{spec.version}]{self.id}"
        self.log = LogStream(engine, spec, self.stream)
        self.frames = frames_for(spec)
        self.state = "init"
        self.phase = "init"  # "invoke" while a failed init is repeated under the function's own timeout
        self.process: Process | None = None
        self.host = Host(self)
        self.server: asyncio.Server | None = None
        self.connection: RuntimeConnection | None = None  # the one that waits in /next
        self.init_started = perf_counter()
        self.init_ms: float | None = None
        self.init_error: tuple[str, bytes, str] = ("", b"", "")  # type, the runtime's own document, or a reason
        self.idle_since = 0.0  # perf_counter
        self.idle_clock = 0.0  # the engine's clock, which a notebook may move
        self.away_until = 0.0  # when an environment that answered must be back in /next
        self.measured, self.peak_mb, self.requests = 0.0, 0, 0
        self.retired = False
        self.opened: asyncio.Future[bool] = engine.loop.create_future()  # True when first ready, False when it failed

    # Starting.

    async def open(self) -> None:
        """Open the Runtime API's port and start the process."""
        try:
            sock = net.bind(what="The Runtime API")
            self.server = await self.engine.loop.create_server(lambda: RuntimeConnection(self.host), sock=sock)
        except (OSError, WorkshopError) as error:  # out of descriptors or ports: a second try would not help
            self.phase, self.init_error = "invoke", ("Runtime.Unknown", b"", str(error))
            if self.request is not None:
                self.begin_time(self.request)
            self.init_ended("error", None)
            return
        if self.state == "dead":
            self.server.close()
            return
        version = self.engine.runtimes.version(self.spec.runtime)
        self.log.add(self.frames.init_start(version, self.init_type, self.engine.clock()))
        self.run()

    def run(self) -> None:
        """Start the process, the first time or again."""
        host, port = self.server.sockets[0].getsockname()[:2]
        self.init_started, self.init_error, self.peak_mb = perf_counter(), ("", b"", ""), 0
        try:
            launch = self.engine.launches.prepare(
                self.spec,
                environment_id=self.id,
                address=f"{host}:{port}",
                stream=self.stream,
                init_type=self.init_type,
                secret=self.log.secret,
            )
            process = self.engine.launcher.spawn(
                launch, lambda data: self.wrote(process, data), lambda code: self.exited(process, code)
            )
        except Exception as error:
            if not isinstance(error, (OSError, WorkshopError)):
                LOGGER.exception("An environment of %s could not be prepared.", self.spec.name)
            self.init_error = ("Runtime.InvalidEntrypoint", b"", str(error))
            self.engine.loop.call_soon(self.init_ended, "error", self.process)
            return
        self.process = process

    def init_ended(self, status: str, process: Process | None) -> None:
        """The init phase of a process failed or was too long: repeat it in the invoke phase, or give up."""
        if self.state != "init" or process is not self.process:
            return
        self.end_process()
        error_type, body, reason = self.init_error
        spent, at = (perf_counter() - self.init_started) * 1000, self.engine.clock()
        self.log.add(self.frames.init_report(spent, self.phase, status, error_type, self.init_type, at))
        if self.request is None:
            self.die()
        elif self.phase == "init":
            self.phase = "invoke"
            self.begin_time(self.request)
            self.run()
        else:
            self.state = "busy"
            self.log.tail = [] if self.request.tail else None
            self.log.add(self.frames.start(self.request.request_id, at))
            if status == "timeout":
                self.timed_out()
            else:
                self.crashed(error_type, reason, body)

    # What the process does.

    def ready(self, connection: RuntimeConnection) -> None:
        """Its runtime waits in /next, for the first time or again."""
        self.connection = connection
        if self.state not in ("init", "leaving"):
            return
        if self.state == "init" and self.phase == "init":
            self.init_ms = (perf_counter() - self.init_started) * 1000
            if self.request is not None:
                self.request.cold = True
        if not self.opened.done():
            self.opened.set_result(True)
        request, self.request = self.request, None
        if request is not None:
            self.begin(request)
        else:
            self.rest()

    def init_reported(self, error_type: str, body: bytes) -> None:
        """Its runtime says that it cannot start; it gets its answer before it is ended."""
        self.init_error = (error_type, body, "")
        self.engine.loop.call_soon(self.init_ended, "error", self.process)

    def wrote(self, process: Process, data: bytes) -> None:
        """Output of the process; what comes late from one that was replaced is dropped."""
        if process is self.process:
            self.log.feed(data)

    def exited(self, process: Process, code: int) -> None:
        """The process ended by itself or was killed from outside."""
        if process is not self.process or self.state == "dead":
            return
        error_type = "Runtime.InvalidEntrypoint" if process.launch_error else "Runtime.ExitError"
        reason = process.launch_error or exit_reason(code)
        if self.state == "init":
            if not self.init_error[0]:
                self.init_error = (error_type, b"", reason)
            self.init_ended("error", process)
        elif self.state == "busy":
            self.crashed(error_type, reason)
        else:
            self.die()

    # Requests.

    def begin_time(self, request: Request) -> None:
        """The clock of a request starts."""
        request.started = perf_counter()
        request.began = self.engine.clock()
        request.deadline = request.started + self.spec.timeout

    def begin(self, request: Request) -> None:
        """Hand a request to the runtime, which waits in /next."""
        if self.connection is None:  # it hung up while it waited: this request has not met it yet
            self.die()
            self.engine.place(request)
            return
        if self.process.frozen:
            self.process.thaw()
        if self.phase == "init":
            self.begin_time(request)
        self.request, self.state = request, "busy"
        if request.cold or self.process.polled:  # what was printed before it comes before it in the log
            self.process.drain()
        self.log.tail = [] if request.tail else None
        self.log.add(self.frames.start(request.request_id, self.engine.clock()))
        self.engine.watch()
        self.connection.deliver(request.head(), request.payload)

    def finish(self, payload: bytes, status: str, error_type: str = "") -> None:
        """A request is over: its last lines, its figures, its answer. `error_type` when Lambda itself ended it."""
        request, self.request = self.request, None
        ended = perf_counter()
        self.last_words(ended, ended - request.started > SHORT)
        if self.peak_mb > self.spec.memory_size and not (error_type or status == "timeout"):  # too quick for the watch
            self.request = request
            self.out_of_memory()
            return
        duration = (ended - request.started) * 1000
        if status == "timeout":
            duration = self.spec.timeout * 1000  # as AWS reports it, however long the kill took
        init = self.init_ms if request.cold else None
        invocation = Invocation(
            request.request_id,
            payload,
            None if status == "success" else "Unhandled",
            self.spec.version,
            started=request.began,
            queued_ms=max(0.0, (request.started - request.asked) * 1000 - (init or 0.0)),
            init_ms=init,
            duration_ms=duration,
            billed_ms=math.ceil(duration + (init or 0.0)),
            max_memory_mb=min(self.peak_mb, self.spec.memory_size),
            environment_id=self.id,
            pid=self.process.pid if self.process else 0,
            log_stream=self.stream,
            status=status,
        )
        at = self.engine.clock()
        outcome = status if error_type or status == "timeout" else "success"  # as far as Lambda itself is concerned
        self.log.add(self.frames.end(request.request_id, outcome, at))
        self.log.add(self.frames.report(invocation, error_type, at))
        if request.tail:
            invocation.log_tail = self.log.take_tail()
        self.log.flush()
        self.requests += 1
        self.state, self.phase, self.away_until = "leaving", "init", request.deadline
        self.engine.finished(request, invocation)

    def last_words(self, at: float, worth_measuring: bool) -> None:
        """What was written until now, and the memory held."""
        if self.process is not None:
            self.process.drain()
            if worth_measuring or at - self.measured > MEASURE_AGAIN:
                self.measured = at
                self.process.measure()
            self.peak_mb = max(self.peak_mb, self.process.peak_mb())
        self.log.finish_line()

    def timed_out(self) -> None:
        """The function's timeout is over: kill it and say so."""
        message = f"Task timed out after {self.spec.timeout:.2f} seconds"
        self.end_process()
        request_id = self.request.request_id
        self.log.add(self.frames.timeout(request_id, message, self.engine.clock()))
        self.finish(document("Sandbox.Timedout", f"RequestId: {request_id} Error: {message}"), "timeout")
        self.die()

    def out_of_memory(self) -> None:
        """The process holds more than the function's memory size: kill it and say so."""
        if self.state == "busy":
            self.crashed("Runtime.OutOfMemory", KILLED)
        elif self.state == "init":
            self.init_error = ("Runtime.OutOfMemory", b"", KILLED)
            self.init_ended("error", self.process)
        else:
            self.die()

    def crashed(self, error_type: str, reason: str, payload: bytes = b"") -> None:
        """The process is gone, or of no further use, before it answered."""
        self.end_process()
        request_id = self.request.request_id
        kind = "Runtime.ExitError" if error_type == "Runtime.OutOfMemory" else error_type
        if not payload:
            self.log.add(self.frames.crash(request_id, reason, kind, self.engine.clock()))
        self.finish(payload or document(error_type, f"RequestId: {request_id} Error: {reason}"), "error", error_type)
        self.die()

    def rest(self) -> None:
        """Nothing to do: wait for the next request, or end when retired."""
        self.state, self.idle_since, self.idle_clock = "idle", perf_counter(), self.engine.clock()
        self.log.flush()
        if self.retired:
            self.die()
        else:
            self.engine.rested(self)

    # Ending.

    def end_process(self) -> None:
        """Kill the process and its children; what it wrote until now is kept."""
        process, self.connection = self.process, None
        if process is not None and process.alive:
            process.measure()
            process.kill()
        self.last_words(perf_counter(), False)

    def die(self) -> None:
        """End the environment; its request, if it has one, was answered before."""
        if self.state == "dead":
            return
        self.state = "dead"
        self.end_process()
        self.log.flush()
        if self.server is not None:
            self.server.close()
        if not self.opened.done():
            self.opened.set_result(False)
        self.engine.died(self)
