"""One execution environment: a process, its Runtime API, its log stream, one request at a time.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import asyncio
import json
import math
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workshop import net
from workshop.errors import WorkshopError
from workshop.localaws.runtime import frames
from workshop.localaws.runtime.launch import prepare
from workshop.localaws.runtime.logs import LogStream
from workshop.localaws.runtime.model import FunctionSpec, Invocation
from workshop.localaws.runtime.process import Process
from workshop.localaws.runtime.runtime_api import RESPONSE_LIMIT, Answer, Headers, RuntimeConnection

if TYPE_CHECKING:
    from workshop.localaws.runtime.engine import Engine

ACCEPTED: Answer = (202, {})
now = time.perf_counter


@dataclass(slots=True)
class Request:
    """A request on its way through the engine. Times by `perf_counter`, `began` in epoch seconds."""

    spec: FunctionSpec
    payload: bytes
    request_id: str
    future: asyncio.Future[Invocation]
    asked: float
    trace_id: str = ""
    client_context: bytes | None = None
    cognito_identity: bytes | None = None
    tail: bool = False
    started: float = 0.0
    began: float = 0.0
    deadline: float = math.inf
    cold: bool = False


class Environment:
    """States: `init` (starting), `idle` (waits in /next), `busy`, `leaving` (answered, not yet back), `dead`."""

    def __init__(
        self, engine: Engine, spec: FunctionSpec, request: Request | None = None, init_type: str = "on-demand"
    ) -> None:
        self.engine, self.spec, self.request, self.init_type = engine, spec, request, init_type
        self.id = uuid.uuid4().hex
        self.stream = f"{time.strftime('%Y/%m/%d', time.gmtime(engine.clock()))}/[{spec.version}]{self.id}"
        self.log = LogStream(engine, spec, self.stream)
        self.state = "init"
        self.phase = "init"  # "invoke" while a failed init is repeated under the function's own timeout
        self.process: Process | None = None
        self.server: asyncio.Server | None = None
        self.connection: RuntimeConnection | None = None
        self.init_started = now()
        self.init_ms: float | None = None
        self.init_error: tuple[str, bytes] | None = None
        self.idle_since = 0.0
        self.peak_mb = 0
        self.requests = 0
        self.retired = False
        self.opened: asyncio.Future[bool] = engine.loop.create_future()  # True when first ready, False when it failed

    # Starting.

    async def open(self) -> None:
        """Open the Runtime API's port and start the process."""
        sock = net.bind(what="The Runtime API")
        self.server = await self.engine.loop.create_server(lambda: RuntimeConnection(self), sock=sock)
        self.log.add(frames.init_start(self.spec))
        self.run()

    def run(self) -> None:
        """Start the process, the first time or again."""
        host, port = self.server.sockets[0].getsockname()[:2]
        self.init_started, self.init_error = now(), None
        try:
            launch = prepare(
                self.spec, address=f"{host}:{port}", stream=self.stream, init_type=self.init_type, secret=self.log.secret
            )
            process = Process(launch, self.log.feed, lambda code: self.exited(process, code))
        except (OSError, WorkshopError) as error:
            self.init_error = "Runtime.InvalidEntrypoint", b""
            self.log.add(f"{error}\n")
            self.engine.loop.call_soon(self.init_ended, "error", "Runtime.InvalidEntrypoint")
            return
        self.process = process

    def init_ended(self, status: str, error_type: str) -> None:
        """The init phase failed or was too long: repeat it in the invoke phase, or give up."""
        if self.state != "init":
            return
        self.end_process()
        self.log.add(frames.init_report((now() - self.init_started) * 1000, self.phase, status, error_type))
        if self.request is None:
            self.die()
        elif self.phase == "init":
            self.phase = "invoke"
            self.begin_time(self.request)
            self.run()
        else:
            self.state = "busy"
            self.log.add(frames.start(self.request.request_id, self.spec.version))
            if status == "timeout":
                self.timed_out()
            else:
                self.crashed(error_type, self.init_error[1] if self.init_error else b"")

    # What the runtime does.

    def asked_next(self, connection: RuntimeConnection) -> None:
        if self.state == "busy":
            connection.waiting = False
            connection.refuse(403, "InvalidStateTransition", "Transition from Running to Ready is not allowed.")
            return
        self.connection = connection
        if self.state == "init" and self.phase == "init":
            self.init_ms = (now() - self.init_started) * 1000
            if self.request:
                self.request.cold = True
        if self.state == "init" and not self.opened.done():
            self.opened.set_result(True)
        if self.state in ("init", "leaving"):
            request, self.request = self.request, None
            if request is not None:
                self.begin(request)
            else:
                self.rest()

    def responded(self, request_id: str, headers: Headers, body: bytes) -> Answer:
        if refusal := self.unknown(request_id):
            return refusal
        if len(body) > RESPONSE_LIMIT:
            message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
            self.finish(document("Function.ResponseSizeTooLarge", message), "error", "Function.ResponseSizeTooLarge")
            return 413, {"errorMessage": message, "errorType": "RequestEntityTooLarge"}
        kind = headers.get(b"lambda-runtime-function-error-type")
        if kind is not None:  # the trailer of a streamed response that broke off
            self.finish(body, "error", kind.decode("latin-1"))
        else:
            self.finish(body, "success")
        return ACCEPTED

    def failed(self, request_id: str, headers: Headers, body: bytes) -> Answer:
        if refusal := self.unknown(request_id):
            return refusal
        kind = headers.get(b"lambda-runtime-function-error-type", b"").decode("latin-1")
        self.finish(body, "error", kind)
        return ACCEPTED

    def init_failed(self, headers: Headers, body: bytes) -> Answer:
        if self.state != "init":
            return 403, {"errorMessage": "The init phase is over.", "errorType": "InvalidStateTransition"}
        kind = headers.get(b"lambda-runtime-function-error-type", b"Runtime.Unknown").decode("latin-1")
        self.init_error = kind, body
        self.engine.loop.call_soon(self.init_ended, "error", kind)
        return ACCEPTED

    def disconnected(self, connection: RuntimeConnection) -> None:
        if self.connection is connection:
            self.connection = None

    def unknown(self, request_id: str) -> Answer | None:
        """The refusal of an answer to a request that is not the current one."""
        if self.state == "busy" and self.request is not None and self.request.request_id == request_id:
            return None
        return 400, {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"}

    def exited(self, process: Process, code: int) -> None:
        """The process ended by itself or was killed from outside."""
        if process is not self.process or self.state == "dead":
            return
        reason = exit_reason(code)
        if self.state == "init":
            if self.init_error is None:
                self.init_error = "Runtime.ExitError", b""
                self.exit_line = reason
            self.init_ended("error", self.init_error[0])
        elif self.state == "busy":
            self.crashed("Runtime.ExitError", b"", reason)
        else:
            self.die()

    # Requests.

    def begin_time(self, request: Request) -> None:
        """The clock of a request starts."""
        request.started = now()
        request.began = self.engine.clock()
        request.deadline = request.started + self.spec.timeout

    def begin(self, request: Request) -> None:
        """Hand a request to the runtime, which waits in /next."""
        if self.state == "idle" and self.process is not None:
            self.process.thaw()
        if self.phase != "invoke" or request.deadline == math.inf:
            self.begin_time(request)
        self.request, self.state = request, "busy"
        if request.tail:
            self.log.tail = []
        self.log.add(frames.start(request.request_id, self.spec.version))
        remaining = request.deadline - now()
        head = self.head(request, int((time.time() + remaining) * 1000))
        self.engine.watch()
        if self.connection is None or not self.connection.deliver(head, request.payload):
            self.crashed("Runtime.ExitError", b"", "Runtime exited without providing a reason")

    def head(self, request: Request, deadline_ms: int) -> bytes:
        """The head of the response to /next."""
        lines = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            f"Lambda-Runtime-Aws-Request-Id: {request.request_id}\r\nLambda-Runtime-Deadline-Ms: {deadline_ms}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {self.spec.arn}\r\nLambda-Runtime-Trace-Id: {request.trace_id}\r\n"
            f"Content-Length: {len(request.payload)}\r\n"
        ).encode()
        if request.client_context:
            lines += b"Lambda-Runtime-Client-Context: " + request.client_context + b"\r\n"
        if request.cognito_identity:
            lines += b"Lambda-Runtime-Cognito-Identity: " + request.cognito_identity + b"\r\n"
        return lines + b"\r\n"

    def finish(self, payload: bytes, status: str, error_type: str = "") -> None:
        """A request is over: its last lines, its figures, its answer."""
        request, self.request = self.request, None
        ended = now()
        if self.process is not None:
            self.process.drain()
            self.peak_mb = max(self.peak_mb, self.process.peak_mb())
        self.log.finish_line()
        duration = (ended - request.started) * 1000
        if status == "timeout":
            duration = max(duration, self.spec.timeout * 1000)
        init = self.init_ms if request.cold and self.init_type == "on-demand" else None
        invocation = Invocation(
            request.request_id, payload, None if status == "success" else "Unhandled", self.spec.version,
            started=request.began, queued_ms=(request.started - request.asked) * 1000 - (init or 0.0), init_ms=init,
            duration_ms=duration, billed_ms=math.ceil(duration + (init or 0.0)), max_memory_mb=self.peak_mb,
            environment_id=self.id, pid=self.process.pid if self.process else 0, log_stream=self.stream, status=status,
        )
        self.log.add(frames.end(request.request_id))
        self.log.add(frames.report(invocation, self.spec.memory_size, error_type))
        if request.tail:
            invocation.log_tail = self.log.take_tail()
        self.log.flush()
        self.requests += 1
        self.state, self.phase = "leaving", "init"
        self.engine.finished(self, request, invocation)

    def timed_out(self) -> None:
        """The function's timeout is over: kill it and say so."""
        seconds = f"Task timed out after {self.spec.timeout:.2f} seconds"
        self.end_process()
        request_id = self.request.request_id
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.engine.clock()))
        self.log.add(f"{stamp}.{int(self.engine.clock() * 1000) % 1000:03d}Z {request_id} {seconds}\n\n")
        self.finish(document("Sandbox.Timedout", f"RequestId: {request_id} Error: {seconds}"), "timeout")
        self.die()

    def crashed(self, error_type: str, payload: bytes, reason: str = "") -> None:
        """The process is gone, or of no further use, before it answered."""
        self.end_process()
        message = f"RequestId: {self.request.request_id} Error: {reason or 'Runtime failed to start'}"
        if not payload:
            self.log.add(f"{message}\n{error_type}\n")
        self.finish(payload or document(error_type, message), "error", error_type)
        self.die()

    def rest(self) -> None:
        """Nothing to do: wait for the next request, or end when retired."""
        self.state, self.idle_since = "idle", now()
        self.log.flush()
        if self.retired:
            self.die()
        else:
            self.engine.rested(self)

    # Ending.

    def end_process(self) -> None:
        """Kill the process and its children; what it wrote until now is kept."""
        process, self.connection = self.process, None
        if process is not None:
            self.peak_mb = max(self.peak_mb, process.peak_mb())
            process.kill()
            process.drain()
            self.log.finish_line()

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


def document(error_type: str, message: str) -> bytes:
    """An error of Lambda's own as the caller gets it."""
    return json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()


def exit_reason(code: int) -> str:
    """How a process ended, in the words Lambda uses."""
    import signal

    if code == 0:
        return "Runtime exited without providing a reason"
    if code > 0:
        return f"Runtime exited with error: exit status {code}"
    try:
        name = signal.strsignal(-code) or str(-code)
    except ValueError:
        name = str(-code)
    return f"Runtime exited with error: signal: {name.lower()}"
