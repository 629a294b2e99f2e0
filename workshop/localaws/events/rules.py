"""EventBridge rules: schedules that fire and patterns that match.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

from workshop.core.schedules import InvalidSchedule, next_after
from workshop.localaws.events import patterns
from workshop.localaws.events.clock import Clock, Fired, Timer, iso
from workshop.localaws.events.inputs import for_target
from workshop.localaws.events.shapes import scheduled
from workshop.localaws.events.targets import Sender, Targets
from workshop.localaws.moto import stores

log = logging.getLogger("workshop.localaws.events")
SERVICE = "events.amazonaws.com"


class Rules:
    """Fires schedule rules on the clock, and sends events that match a pattern to the rule's targets."""

    def __init__(self, clock: Clock, targets: Targets) -> None:
        self.clock, self.targets = clock, targets
        self._timers: dict[str, tuple[str, Timer]] = {}
        self._anchors: dict[str, tuple[str, datetime]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def refresh(self, *, moved: bool = False) -> None:
        """Bring the timers in line with moto's rules; on the event loop.

        Args:
            moved: the clock has jumped, so every next time is worked out anew.
        """
        wanted = {rule.arn: rule for rule in _all_rules() if rule.scheduled_expression and _enabled(rule)}
        for arn in list(self._timers):
            expression, timer = self._timers[arn]
            if moved or arn not in wanted or wanted[arn].scheduled_expression != expression:
                timer.cancel()
                del self._timers[arn]
        for arn in set(self._anchors) - set(wanted):
            del self._anchors[arn]
        for arn, rule in wanted.items():
            if arn not in self._timers:
                self._arm(rule, self.clock.now())

    def _arm(self, rule: Any, after: datetime) -> None:
        expression, now = rule.scheduled_expression, self.clock.now()
        known = self._anchors.get(rule.arn)
        if known is None or known[0] != expression or known[1] > now:
            known = self._anchors[rule.arn] = (expression, now)
        try:
            due = next_after(expression, after, UTC, anchor=known[1])
        except InvalidSchedule as fault:
            log.warning("the rule %s never fires: %s", rule.name, fault)
            return
        if due is not None:

            async def fire(when: datetime) -> list[Fired]:
                return await self._fire(rule.arn, when)

            self._timers[rule.arn] = (expression, self.clock.call_at(due, fire))

    async def _fire(self, arn: str, when: datetime) -> list[Fired]:
        self._timers.pop(arn, None)
        rule = next((one for one in _all_rules() if one.arn == arn), None)
        if rule is None or not _enabled(rule) or not rule.scheduled_expression:
            return []
        # A laptop that slept has missed what was due meanwhile, as a cloud that was switched off would have.
        self._arm(rule, when if self.clock.moving else max(when, self.clock.now()))
        event = scheduled("aws.events", rule.account_id, rule.region_name, when, rule.arn)
        sent = await asyncio.gather(*(self._send(rule, target, event) for target in list(rule.targets)))
        return [Fired(iso(when), rule.name, target, request_id, error) for target, request_id, error in sent]

    async def _send(self, rule: Any, target: dict[str, Any], event: dict[str, Any]) -> tuple[str, str, str]:
        text = for_target(target, event, rule.arn, rule.name)
        role = "" if ":lambda:" in target["Arn"] else target.get("RoleArn") or ""
        request_id, error = await self.targets.send(
            target["Arn"], text, Sender(SERVICE, rule.arn, role, rule.account_id), target
        )
        return target["Arn"], request_id, error

    def matched(self, rule: Any, event: dict[str, Any]) -> None:
        """Send an event to a rule's targets when it matches; called by moto for every rule of a bus, in its thread."""
        if not _enabled(rule):
            return
        pattern = rule.event_pattern.get_pattern()
        if not pattern:
            return
        whole = {name: value for name, value in event.items() if name != "ingestion-time"}
        stamp = whole.get("time")
        if not isinstance(stamp, str):
            when = self.clock.now() if self.clock.moved or not stamp else datetime.fromtimestamp(float(stamp), UTC)
            whole["time"] = iso(when)
        if not patterns.matches(pattern, whole):
            return
        for target in list(rule.targets):
            self.targets.on_loop(self._spawn, self._send(rule, dict(target), whole))

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _enabled(rule: Any) -> bool:
    return str(rule.state).startswith("ENABLED")


def _all_rules() -> list[Any]:
    return [
        rule
        for backend in stores.every("events")
        for bus in list(backend.event_buses.values())
        for rule in list(bus.rules.values())
    ]
