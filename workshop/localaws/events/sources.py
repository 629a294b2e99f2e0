"""Everything that makes functions run by itself, put together: rules, schedules, queues, topics, buckets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from workshop.localaws.events import queues, rules, scheduler
from workshop.localaws.events.clock import Clock
from workshop.localaws.events.targets import Targets
from workshop.localaws.moto.current import CURRENT

log = logging.getLogger("workshop.localaws.events")

# Signing names of the services after whose changes `changed` is to be called.
SERVICES = ("events", "scheduler", "lambda", "sqs", "iam", "cloudformation")


class EventSources:
    """Fires schedules, matches events, polls queues, and delivers what topics and buckets send.

    It needs no task of its own: timers of the clock, messages that arrive and the control plane's changes wake it.
    What it changes in moto is listed in `localaws/moto/patches`.

    Args:
        functions: the cloud's `Functions`.
        queue: its `AsyncQueue`; `put(reference, payload, first=future)` resolves `first` with the first attempt's
            Invocation, or None when it was throttled.
        iam: its `Iam`.
        clock: its `Clock`.
        settings: its `Settings`.
        on_loop: runs something on the event loop from any thread.
    """

    def __init__(
        self, functions: Any, queue: Any, iam: Any, clock: Clock, settings: Any, on_loop: Callable[..., None]
    ) -> None:
        self.on_loop, self.clock = on_loop, clock
        self.targets = Targets(functions, queue, iam, settings, on_loop)
        self.rules = rules.Rules(clock, self.targets)
        self.scheduler = scheduler.Scheduler(clock, self.targets)
        self.queues = queues.Queues(functions, iam, clock)
        CURRENT.matched, CURRENT.targets, CURRENT.clock = self.rules.matched, self.targets, self.clock
        CURRENT.arrived = lambda arn: on_loop(self.queues.arrived, arn)
        clock.on_move(self._moved)

    def changed(self, service: str) -> None:
        """Something changed in a service (by its signing name); from any thread."""
        refresh = {
            "events": (self.rules.refresh,),
            "scheduler": (self.scheduler.refresh,),
            "lambda": (self.queues.refresh,),
            "sqs": (self.queues.refresh,),
            "iam": (self.queues.wake_all,),
            "cloudformation": (self.rules.refresh, self.scheduler.refresh, self.queues.refresh),
        }
        for one in refresh.get(service, ()):
            self.on_loop(one)

    def _moved(self, shift: float) -> None:
        if shift:
            queues.shift(shift)
        self.rules.refresh(moved=True)
        self.scheduler.refresh(moved=True)
        self.queues.wake_all()

    def reset(self) -> None:
        """After all stores were emptied: no timers, no pollers; on the event loop."""
        self.rules.refresh(moved=True)
        self.scheduler.refresh(moved=True)
        self.queues.refresh()

    def stop(self) -> None:
        """Poll no more; on the event loop."""
        self.queues.stop()
