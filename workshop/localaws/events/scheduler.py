"""EventBridge Scheduler: `at`, `cron` and `rate` in a time zone, each with one target.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html
"""

from __future__ import annotations

import json
import logging
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from workshop.core.schedules import At, InvalidSchedule, Rate, parse
from workshop.localaws.events.clock import Clock, Fired, Timer, iso
from workshop.localaws.events.shapes import scheduled
from workshop.localaws.events.targets import Sender, Targets
from workshop.localaws.moto import stores

log = logging.getLogger("workshop.localaws.events")
SERVICE = "scheduler.amazonaws.com"


class Scheduler:
    """Fires moto's schedules on the clock."""

    def __init__(self, clock: Clock, targets: Targets) -> None:
        self.clock, self.targets = clock, targets
        self._timers: dict[str, tuple[tuple[Any, ...], Timer | None]] = {}
        self._anchors: dict[str, tuple[str, datetime]] = {}

    def refresh(self, *, moved: bool = False) -> None:
        """Bring the timers in line with moto's schedules; on the event loop."""
        wanted = {schedule.arn: schedule for schedule in _all_schedules() if schedule.state == "ENABLED"}
        for arn in list(self._timers):
            what, timer = self._timers[arn]
            if moved or arn not in wanted or _what(wanted[arn]) != what:
                if timer is not None:
                    timer.cancel()
                del self._timers[arn]
        for arn in set(self._anchors) - set(wanted):
            del self._anchors[arn]
        for arn, schedule in wanted.items():
            if arn not in self._timers:
                self._arm(schedule, self.clock.now())

    def next_time(self, schedule: Any, after: datetime) -> datetime | None:
        """When a schedule fires next, within its start and end dates; None for never again."""
        try:
            parsed = parse(schedule.schedule_expression, one_time=True)
            zone = ZoneInfo(schedule.schedule_expression_timezone or "UTC")
        except (InvalidSchedule, KeyError, OSError, ValueError) as fault:
            log.warning("the schedule %s never fires: %s", schedule.name, fault)
            return None
        if isinstance(parsed, At):  # start and end dates are ignored for one-time schedules
            return parsed.next_after(after, zone)
        start, end = _date(schedule.start_date), _date(schedule.end_date)
        from_when = max(after, start - timedelta(seconds=1)) if start else after
        if isinstance(parsed, Rate):
            if start and after < start:
                due: datetime | None = start
            elif not start and schedule.arn not in self._anchors:
                # schedule-types.html: without a StartDate a rate "starts invoking the target immediately"
                due = self._anchor(schedule)
            else:
                due = parsed.next_after(after, start or self._anchor(schedule))
        else:
            due = parsed.next_after(from_when, zone)
        return None if due is None or (end and due > end) else due

    def _anchor(self, schedule: Any) -> datetime:
        expression, now = schedule.schedule_expression, self.clock.now()
        known = self._anchors.get(schedule.arn)
        if known is None or known[0] != expression or known[1] > now:
            known = self._anchors[schedule.arn] = (expression, now)
        return known[1]

    def _arm(self, schedule: Any, after: datetime) -> None:
        due = self.next_time(schedule, after)
        timer = None
        if due is not None:
            window = schedule.flexible_time_window or {}
            minutes = window.get("MaximumWindowInMinutes") or 0
            late = random.uniform(0, minutes * 60) if window.get("Mode") == "FLEXIBLE" else 0.0
            meant = due

            async def fire(_: datetime) -> list[Fired]:
                return await self._fire(schedule.arn, meant)

            timer = self.clock.call_at(due + timedelta(seconds=late), fire)
        self._timers[schedule.arn] = (_what(schedule), timer)

    async def _fire(self, arn: str, when: datetime) -> list[Fired]:
        self._timers.pop(arn, None)
        schedule = next((one for one in _all_schedules() if one.arn == arn), None)
        if schedule is None or schedule.state != "ENABLED":
            return []
        self._arm(schedule, when if self.clock.moving else max(when, self.clock.now()))
        last = self._timers[arn][1] is None
        target, account, region = schedule.target, arn.split(":")[4], arn.split(":")[3]
        text = _input(target, account, region, when, arn)
        request_id, error = await self.targets.send(
            target["Arn"], text, Sender(SERVICE, arn, target.get("RoleArn", ""), account), target
        )
        if last and schedule.action_after_completion == "DELETE":
            _delete(account, region, schedule)
        return [Fired(iso(when), schedule.name, target["Arn"], request_id, error)]


def _input(target: dict[str, Any], account: str, region: str, when: datetime, arn: str) -> str:
    """The target's `Input` with its context attributes, or the scheduled event.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    text = target.get("Input")
    if not text:
        return json.dumps(scheduled("aws.scheduler", account, region, when, arn))
    for name, value in (
        ("schedule-arn", arn),
        ("scheduled-time", iso(when)),
        ("execution-id", str(uuid4())),
        ("attempt-number", "1"),
    ):
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return str(text)


def _date(value: Any) -> datetime | None:
    if value in (None, ""):
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError):
        when = datetime.fromisoformat(str(value))
        return when if when.tzinfo else when.replace(tzinfo=UTC)


def _what(schedule: Any) -> tuple[Any, ...]:
    """What the next time depends on."""
    return (
        schedule.schedule_expression,
        schedule.schedule_expression_timezone,
        str(schedule.start_date),
        str(schedule.end_date),
        json.dumps(schedule.flexible_time_window, sort_keys=True, default=str),
    )


def _all_schedules() -> list[Any]:
    return [
        schedule
        for backend in stores.every("scheduler")
        for group in list(backend.schedule_groups.values())
        for schedule in list(group.schedules.values())
    ]


def _delete(account: str, region: str, schedule: Any) -> None:
    for backend in stores.every("scheduler"):
        if backend.account_id == account and backend.region_name == region:
            backend.schedule_groups[schedule.group_name].schedules.pop(schedule.name, None)
