"""The engine: which environment runs which request, how many there are, and when they end."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections import deque
from collections.abc import Callable

from workshop.localaws.runtime.environment import Environment, Request
from workshop.localaws.runtime.model import FunctionSpec, Invocation, LogSink, Throttled
from workshop.localaws.runtime.settings import EngineSettings

TICK = 0.025  # seconds between looks at running environments
Key = tuple[str, str, str]


class Engine:
    """Runs functions in processes over the Lambda Runtime API. All of it lives on one asyncio loop.

    Args:
        sink: gets the log events and the figures.
        settings: see `EngineSettings`.
        clock: epoch seconds for log lines and stream names; a notebook may move it. Durations never use it.
    """

    def __init__(self, sink: LogSink, settings: EngineSettings | None = None, clock: Callable[[], float] = time.time):
        self.sink, self.settings, self.clock = sink, settings or EngineSettings(), clock
        self.isolation = "paths"
        self.live: set[Environment] = set()
        self.idle: dict[Key, list[Environment]] = {}
        self.waiting: deque[Request] = deque()
        self.running: dict[str, int] = {}
        self.reserved: dict[str, int] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.ticking: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Be ready for requests."""
        self.loop = asyncio.get_running_loop()

    async def invoke(
        self, spec: FunctionSpec, payload: bytes, *, request_id: str | None = None, client_context: bytes | None = None,
        cognito_identity: bytes | None = None, trace_id: str | None = None, tail: bool = False,
    ) -> Invocation:
        """Run one request and return its outcome, errors of the function included.

        Args:
            spec: the function.
            payload: the event, JSON.
            request_id: a UUID; made when not given.
            client_context, cognito_identity: JSON documents for the context object.
            trace_id: the X-Ray header; made when not given.
            tail: fill `Invocation.log_tail`.

        Raises:
            Throttled: the function or the account runs as many requests as it may.
            WorkshopError: the runtime is not available on this machine.
        """
        self.admit(spec)
        request = Request(
            spec, payload, request_id or str(uuid.uuid4()), self.loop.create_future(), time.perf_counter(),
            trace_id or new_trace_id(), client_context, cognito_identity, tail,
        )
        self.running[spec.arn] = self.running.get(spec.arn, 0) + 1
        self.place(request)
        return await request.future

    def admit(self, spec: FunctionSpec) -> None:
        """Refuse a request beyond the function's or the account's concurrency."""
        limit = self.reserved.get(spec.arn)
        if limit is not None:
            if self.running.get(spec.arn, 0) >= limit:
                raise Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            return
        shared = sum(count for arn, count in self.running.items() if arn not in self.reserved)
        if shared >= self.settings.account_concurrency - sum(self.reserved.values()):
            raise Throttled("ConcurrentInvocationLimitExceeded")

    def place(self, request: Request) -> None:
        """Give a request to the environment used last, to a new one, or let it wait in order."""
        pool = self.idle.get(request.spec.key)
        if pool:
            pool.pop().begin(request)
        elif len(self.live) < self.settings.max_processes or self.evict():
            self.create(request.spec, request)
        else:
            self.waiting.append(request)

    def evict(self) -> bool:
        """End the environment that has been idle longest; False when none is idle."""
        oldest = min((pool[0] for pool in self.idle.values() if pool), key=lambda e: e.idle_since, default=None)
        if oldest is None:
            return False
        oldest.die()
        return True

    def create(self, spec: FunctionSpec, request: Request | None, init_type: str = "on-demand") -> Environment:
        """Start an environment, for a request or ahead of any."""
        environment = Environment(self, spec, request, init_type)
        self.live.add(environment)
        task = self.loop.create_task(environment.open())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        self.watch()
        return environment

    # What environments tell.

    def finished(self, environment: Environment, request: Request, invocation: Invocation) -> None:
        """A request is over."""
        self.running[request.spec.arn] -= 1
        self.sink.finished(request.spec, invocation)
        if not request.future.done():
            request.future.set_result(invocation)

    def rested(self, environment: Environment) -> None:
        """An environment is idle."""
        self.idle.setdefault(environment.spec.key, []).append(environment)
        self.serve_waiting()

    def died(self, environment: Environment) -> None:
        """An environment is gone."""
        self.live.discard(environment)
        pool = self.idle.get(environment.spec.key)
        if pool and environment in pool:
            pool.remove(environment)
        self.serve_waiting()

    def serve_waiting(self) -> None:
        """Place the requests that wait, in order, as far as there is room."""
        while self.waiting:
            request = self.waiting[0]
            if request.future.done():
                self.running[request.spec.arn] -= 1
                self.waiting.popleft()
                continue
            has_room = self.idle.get(request.spec.key) or len(self.live) < self.settings.max_processes
            if not has_room and not any(self.idle.values()):
                return
            self.place(self.waiting.popleft())

    # Time.

    def watch(self) -> None:
        """Look at running environments from now on, as long as there are any."""
        if self.ticking is None:
            self.ticking = self.loop.call_later(TICK, self.tick)

    def tick(self) -> None:
        """Time-outs of requests and of init phases; output of requests that run long."""
        self.ticking = None
        at = time.perf_counter()
        for environment in [e for e in self.live if e.state in ("init", "busy")]:
            request = environment.request
            if environment.state == "busy" and at >= request.deadline:
                environment.timed_out()
            elif environment.state == "init":
                if environment.phase == "invoke":
                    if at >= request.deadline:
                        environment.init_ended("timeout", "")
                elif at - environment.init_started >= self.settings.init_seconds:
                    environment.init_ended("timeout", "")
            environment.log.flush()
        if any(e.state in ("init", "busy") for e in self.live):
            self.watch()

    # What the cloud asks for.

    def retire(self, arn: str) -> None:
        """End a function's environments: idle ones now, busy ones after their request."""
        for environment in [e for e in self.live if e.spec.arn == arn]:
            environment.retired = True
            if environment.state == "idle":
                environment.die()

    def set_reserved(self, arn: str, concurrency: int | None) -> None:
        """Reserve concurrency for a function; None ends that."""
        if concurrency is None:
            self.reserved.pop(arn, None)
        else:
            self.reserved[arn] = concurrency

    async def provision(self, spec: FunctionSpec, count: int) -> int:
        """Start environments ahead of any request; returns how many became ready."""
        made = [self.create(spec, None, "provisioned-concurrency") for _ in range(count)]
        return sum(await asyncio.gather(*(e.opened for e in made)))

    def environments(self) -> list[dict[str, object]]:
        """The live environments, for a reader."""
        return [
            {
                "id": e.id, "function": e.spec.name, "arn": e.spec.arn, "version": e.spec.version, "state": e.state,
                "pid": e.process.pid if e.process else 0, "log_stream": e.stream, "requests": e.requests,
                "init_ms": e.init_ms, "init_type": e.init_type, "max_memory_mb": e.peak_mb,
                "frozen": bool(e.process and e.process.frozen),
                "idle_seconds": time.perf_counter() - e.idle_since if e.state == "idle" else 0.0,
            }
            for e in self.live
        ]

    def reap(self) -> int:
        """End environments that have been idle too long; returns how many."""
        limit = time.perf_counter() - self.settings.idle_seconds
        old = [e for pool in self.idle.values() for e in pool if e.idle_since <= limit]
        for environment in old:
            environment.die()
        return len(old)

    def check_runtime(self, runtime: str) -> str | None:
        """A warning about a runtime, or None; raises WorkshopError when it cannot run here."""
        return None

    async def close(self) -> None:
        """End every environment."""
        if self.ticking is not None:
            self.ticking.cancel()
        for environment in list(self.live):
            environment.die()


def new_trace_id() -> str:
    """An X-Ray trace header that is not sampled."""
    random = os.urandom(20).hex()
    return f"Root=1-{int(time.time()):08x}-{random[:24]};Parent={random[24:]};Sampled=0"
