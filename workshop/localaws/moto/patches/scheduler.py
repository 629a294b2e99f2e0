"""EventBridge Scheduler refuses what AWS refuses: bad expressions, windows and unknown time zones."""

from __future__ import annotations

import logging
from typing import Any
from zoneinfo import ZoneInfo

from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend as Backend

from workshop.core.schedules import InvalidSchedule, parse

log = logging.getLogger("workshop.localaws.events")


def install() -> None:
    """Have moto refuse what EventBridge Scheduler refuses: bad expressions and unknown time zones."""
    for name in ("create_schedule", "update_schedule"):
        setattr(Backend, name, _checked(getattr(Backend, name)))


def _checked(original: Any) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        expression, zone = kwargs.get("schedule_expression"), kwargs.get("schedule_expression_timezone")
        window = kwargs.get("flexible_time_window") or {}
        if (window.get("Mode") == "FLEXIBLE") != bool(window.get("MaximumWindowInMinutes")):
            raise ValidationException(
                "A FLEXIBLE time window has MaximumWindowInMinutes, from 1 to 1440, and one that is OFF has not."
            )
        try:
            if expression:
                parse(expression, one_time=True)
        except InvalidSchedule as fault:
            log.warning("%s is not a schedule: %s", expression, fault)
            raise ValidationException(f"Invalid Schedule Expression {expression}.") from None
        try:
            ZoneInfo(zone or "UTC")
        except (KeyError, OSError, ValueError):
            raise ValidationException(f"Invalid Schedule Expression Timezone {zone}.") from None
        # An update replaces everything: what it leaves out goes back to its default, which moto takes for nothing.
        defaults = {"state": "ENABLED", "schedule_expression_timezone": "UTC"}
        return original(self, *args, **kwargs | {name: kwargs.get(name) or value for name, value in defaults.items()})

    return method
