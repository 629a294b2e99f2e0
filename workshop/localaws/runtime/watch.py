"""What happens by the clock: time-outs, memory limits, output of long requests, freezing."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workshop.localaws.runtime.engine import Engine
    from workshop.localaws.runtime.environment import Environment

TICK = 0.025  # seconds between looks at environments that work
# An environment is frozen when it has been idle so long. Requests that follow each other closely never meet a frozen
# one, so they pay for neither the two signals nor the two changes of process that stopping and waking cost.
GRACE = 0.002
WORKING = ("init", "busy", "leaving")


class Watch:
    """One timer for all environments that work, none while all are idle; another one for freezing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.active = False
        self.timer: asyncio.TimerHandle | None = None
        self.freezer: asyncio.TimerHandle | None = None
        self.to_freeze: dict[Environment, None] = {}

    def on(self) -> None:
        """Look at working environments from now on, as long as there are any."""
        if not self.active:
            self.active = True
            self.timer = self.engine.loop.call_later(TICK, self.tick)

    def off(self) -> None:
        """Stop looking."""
        for timer in (self.timer, self.freezer):
            if timer is not None:
                timer.cancel()

    def tick(self) -> None:
        """One look."""
        self.active = False
        at = perf_counter()
        for environment in [e for e in self.engine.live if e.state in WORKING]:
            self.look(environment, at)
        if any(e.state in WORKING for e in self.engine.live):
            self.on()

    def look(self, environment: Environment, at: float) -> None:
        """Time, memory and output of one environment."""
        if environment.log.pending:
            environment.log.flush()
        deadline = self.deadline(environment)
        if at >= deadline:
            self.too_late(environment)
            return
        if deadline - at < TICK:  # the next look would be late
            self.engine.loop.call_later(deadline - at, self.too_late, environment)
        process = environment.process
        if process is not None and process.measure() > environment.spec.memory_size * 1024:
            environment.out_of_memory()

    def deadline(self, environment: Environment) -> float:
        """When a request's time is over, or that of an init phase.

        https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
        """
        if environment.state == "leaving":
            return environment.away_until
        if environment.request is not None and (environment.state == "busy" or environment.phase == "invoke"):
            return environment.request.deadline
        settings, limit = self.engine.settings, environment.spec.timeout
        if environment.init_type != "on-demand":
            return environment.init_started + max(settings.init_seconds, min(130.0, 13 * settings.init_seconds), limit)
        return environment.init_started + settings.init_seconds

    def too_late(self, environment: Environment) -> None:
        """End what has run out of time, if it still has not finished."""
        if environment.state not in WORKING or perf_counter() < self.deadline(environment):
            return
        if environment.state == "busy":
            environment.timed_out()
        elif environment.state == "leaving":
            environment.die()
        else:
            environment.init_ended("timeout", environment.process)

    def freeze_soon(self, environment: Environment) -> None:
        """Stop an environment's processes once it has been idle for the grace period."""
        self.to_freeze[environment] = None
        if self.freezer is None:
            self.freezer = self.engine.loop.call_later(GRACE, self.freeze)

    def freeze(self) -> None:
        """Stop those that are still idle; look again for those that became idle since."""
        self.freezer = None
        at = perf_counter()
        later = {}
        for environment in self.to_freeze:
            if environment.state != "idle" or not self.engine.settings.freeze:
                continue
            if at - environment.idle_since >= GRACE * 0.75:
                environment.process.freeze()
            else:
                later[environment] = None
        self.to_freeze = later
        if later:
            self.freezer = self.engine.loop.call_later(GRACE, self.freeze)
