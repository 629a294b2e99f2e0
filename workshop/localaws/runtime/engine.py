"""The engine: which environment runs which request, how many there are, and when they end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import Any

from workshop.core import temporary
from workshop.localaws.runtime.concurrency import Concurrency
from workshop.localaws.runtime.environment import Environment
from workshop.localaws.runtime.launch import Launches
from workshop.localaws.runtime.model import FunctionSpec, Invocation, LogSink
from workshop.localaws.runtime.process import new_launcher
from workshop.localaws.runtime.requests import Request, new_trace_id
from workshop.localaws.runtime.runtimes import Runtimes
from workshop.localaws.runtime.settings import EngineSettings
from workshop.localaws.runtime.shown import shown
from workshop.localaws.runtime.watch import Watch

PATIENCE = 0.1  # seconds that a request waits for an environment which has just answered
FAIRNESS = 0.25  # seconds after which a waiting request is served before all others
LOGGER = logging.getLogger(__name__)
Key = tuple[str, str, str]


class Engine:
    """Runs functions in processes over the Lambda Runtime API. All of it lives on one asyncio loop.

    Args:
        sink: gets the log events and the figures.
        settings: see `EngineSettings`; may be changed while the engine runs.
        clock: epoch seconds for log lines and stream names; a notebook may move it. Durations never use it.
    """

    def __init__(
        self, sink: LogSink, settings: EngineSettings | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.sink, self.settings, self.clock = sink, settings or EngineSettings(), clock
        self.live: set[Environment] = set()
        self.idle: dict[Key, list[Environment]] = {}  # the one used last is at the end
        self.waiting: deque[Request] = deque()
        self.concurrency = Concurrency(self.settings)
        self.tasks: set[asyncio.Task[Any]] = set()
        self.runtimes = Runtimes()
        self.closed = False

    async def start(self) -> None:
        """Be ready for requests: takes some 50 ms, for the launcher process and the trial of namespaces."""
        self.loop = asyncio.get_running_loop()
        self.scratch = temporary.folder("workshop-engine-")
        self.watching = Watch(self)
        self.launches = Launches(self.scratch, self.runtimes)
        self.launcher = new_launcher(self.scratch)
        await self.launcher.start(isolate=self.settings.isolation == "auto")
        view = self.launcher.view if self.launcher.isolation == "namespaces" else None
        self.launches.allow(view, self.launcher.why)

    @property
    def isolation(self) -> str:
        """`namespaces`: code at /var/task, layers at /opt, an own /tmp. `paths`: variables point at the folders."""
        return "namespaces" if self.launches.namespaces else "paths"

    async def invoke(
        self,
        spec: FunctionSpec,
        payload: bytes,
        *,
        request_id: str | None = None,
        client_context: bytes | None = None,
        cognito_identity: bytes | None = None,
        trace_id: str | None = None,
        tail: bool = False,
        invoked_arn: str = "",
    ) -> Invocation:
        """Run one request and return its outcome, errors of the function included.

        A caller that is cancelled does not stop the request: it runs to its end, as on AWS.

        Args:
            spec: the function.
            payload: the event, JSON.
            request_id: a UUID; made when not given.
            client_context, cognito_identity: JSON documents for the context object.
            trace_id: the X-Ray header; made when not given.
            tail: fill `Invocation.log_tail`.
            invoked_arn: the ARN as the caller gave it, for the context object; the function's own when not given.

        Raises:
            Throttled: the function or the account runs as many requests as it may.
        """
        self.concurrency.begin(spec.arn)
        request = Request(
            spec,
            payload,
            request_id or str(uuid.uuid4()),
            self.loop.create_future(),
            perf_counter(),
            trace_id or new_trace_id(),
            client_context,
            cognito_identity,
            tail,
            invoked_arn,
        )
        self.place(request)
        return await request.future

    def place(self, request: Request) -> None:
        """Give a request to the environment used last, to a new one, or let it wait in order."""
        pool = self.idle.get(request.spec.key)
        if pool:
            environment = pool.pop()
            if not pool:
                del self.idle[request.spec.key]
            environment.begin(request)
        elif leaving := self.about_to_be_idle(request.spec.key):
            leaving.request = request
            self.loop.call_later(PATIENCE, self.not_so_late, leaving, request)
        elif len(self.live) < self.settings.max_processes or self.evict():
            self.create(request.spec, request)
        else:
            self.waiting.append(request)

    def about_to_be_idle(self, key: Key) -> Environment | None:
        """An environment that has answered and is on its way to /next.

        The answer goes out before the runtime asks for the next request, so a caller who sends one request after the
        other may be quicker than the runtime; that must not start another environment.
        """
        leaving = (e for e in self.live if e.state == "leaving" and e.request is None and not e.retired)
        return next((e for e in leaving if e.spec.key == key), None)

    def not_so_late(self, leaving: Environment, request: Request) -> None:
        """An environment does not come back to /next: its next request goes elsewhere."""
        if leaving.state == "leaving" and leaving.request is request:
            leaving.request = None
            leaving.retired = True
            self.place(request)

    def evict(self, *, on_demand: bool = False) -> bool:
        """End the environment that has been idle longest, provisioned ones last or not at all; False: none is idle."""
        idle = [e for pool in self.idle.values() for e in pool if not on_demand or e.init_type == "on-demand"]
        if idle:
            min(idle, key=lambda e: (e.init_type != "on-demand", e.idle_since)).die()
        return bool(idle)

    def create(self, spec: FunctionSpec, request: Request | None, init_type: str = "on-demand") -> Environment:
        """Start an environment, for a request or ahead of any."""
        self.retire_older(spec)
        environment = Environment(self, spec, request, init_type)
        self.live.add(environment)
        self.background(environment.open())
        self.watching.on()
        return environment

    def retire_older(self, spec: FunctionSpec) -> None:
        """End environments of the same version from before its last update."""
        for environment in list(self.live):
            same_version = environment.spec.arn == spec.arn and environment.spec.version == spec.version
            if same_version and environment.spec.revision != spec.revision:
                self.retire_one(environment)

    def background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something beside; the loop itself keeps only weak references to tasks."""
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    # What environments tell.

    def watch(self) -> None:
        """A request runs."""
        if not self.watching.active:
            self.watching.on()

    def finished(self, request: Request, invocation: Invocation) -> None:
        """A request is over."""
        self.concurrency.end(request.spec.arn)
        if not request.future.done():
            request.future.set_result(invocation)
        try:
            self.sink.finished(request.spec, invocation)
        except Exception:  # a fault in counting must not leave the environment half-way
            LOGGER.exception("The sink failed over a finished request.")

    def write(self, spec: FunctionSpec, stream: str, events: list[tuple[int, str]]) -> None:
        """Log events for the sink."""
        try:
            self.sink.write(spec, stream, events)
        except Exception:  # nor may one in logging
            LOGGER.exception("The sink failed over log events.")

    def rested(self, environment: Environment) -> None:
        """An environment is idle."""
        self.idle.setdefault(environment.spec.key, []).append(environment)
        if self.waiting:
            self.serve_waiting()
        elif self.settings.freeze:
            self.watching.freeze_soon(environment)

    def died(self, environment: Environment) -> None:
        """An environment is gone; a request that was waiting for it gets another one."""
        self.live.discard(environment)
        key = environment.spec.key
        if environment in self.idle.get(key, ()):
            self.idle[key].remove(environment)
        if key in self.idle and not self.idle[key]:
            del self.idle[key]
        if self.closed:
            return
        self.loop.run_in_executor(None, self.launches.discard, environment.id)
        request, environment.request = environment.request, None
        if request is not None:
            self.place(request)
        self.serve_waiting()

    def serve_waiting(self) -> None:
        """Place the requests that wait, as far as there is room.

        In order, but one that finds an environment of its own function goes before those that would have to end that
        environment to start another, until the first has waited long enough.
        """
        if self.waiting and perf_counter() - self.waiting[0].asked < FAIRNESS:
            for request in [r for r in self.waiting if r.spec.key in self.idle]:
                if request.spec.key in self.idle and not request.future.done():
                    self.waiting.remove(request)
                    self.place(request)
        while self.waiting:
            request = self.waiting[0]
            if request.future.done():  # its caller has gone before it began
                self.concurrency.end(request.spec.arn)
            elif self.idle or len(self.live) < self.settings.max_processes:
                self.loop.call_soon(self.place, request)
                self.waiting.popleft()
                return
            else:
                return
            self.waiting.popleft()

    # What the cloud asks for.

    def retire(self, arn: str, version: str | None = None) -> None:
        """End a function's environments, of one version or of all: idle ones now, busy ones after their request."""
        for environment in [e for e in self.live if e.spec.arn == arn and version in (None, e.spec.version)]:
            self.retire_one(environment)

    def retire_one(self, environment: Environment) -> None:
        """End one environment as soon as it is idle."""
        environment.retired = True
        if environment.state == "idle" or (environment.state == "init" and environment.request is None):
            environment.die()

    def set_reserved(self, arn: str, concurrency: int | None) -> None:
        """Reserve concurrency for a function, 0 stops it; None ends that."""
        self.concurrency.reserve(arn, concurrency)

    async def provision(self, spec: FunctionSpec, count: int) -> int:
        """Have `count` environments ready ahead of any request, no more and no fewer; returns how many are ready.

        https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
        """
        have = [e for e in self.live if e.spec.key == spec.key and e.init_type != "on-demand" and not e.retired]
        for environment in have[count:]:
            self.retire_one(environment)
        kept = have[:count]
        while len(kept) < count and (len(self.live) < self.settings.max_processes or self.evict(on_demand=True)):
            kept.append(self.create(spec, None, "provisioned-concurrency"))
        return sum(await asyncio.gather(*(e.opened for e in kept)))

    def environments(self) -> list[dict[str, Any]]:
        """The live environments, for a reader."""
        return [shown(environment) for environment in self.live]

    def reap(self) -> int:
        """End environments idle for too long by the engine's clock, but no provisioned ones; returns how many."""
        limit = self.clock() - self.settings.idle_seconds
        idle = [e for pool in self.idle.values() for e in pool if e.init_type == "on-demand"]
        for environment in (old := [e for e in idle if e.idle_clock <= limit]):
            environment.die()
        return len(old)

    def check_runtime(self, runtime: str) -> str | None:
        """A sentence when the interpreter's version is not the runtime's, else None.

        Raises:
            WorkshopError: the runtime is retired, unknown, or not available on this machine.
        """
        return self.runtimes.warning(runtime)

    async def close(self) -> None:
        """End every environment; requests under way end with an error."""
        self.closed = True
        self.watching.off()
        for environment in list(self.live):
            if environment.state == "busy":
                environment.crashed("Runtime.ExitError", "Runtime exited with error: signal: killed")
            environment.die()
        for task in list(self.tasks):
            task.cancel()
        for request in self.waiting:
            request.future.cancel()
        await self.launcher.close()
        with contextlib.suppress(OSError):
            await asyncio.to_thread(temporary.remove, self.scratch)
