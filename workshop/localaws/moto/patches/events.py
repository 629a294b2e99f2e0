"""EventBridge: patterns are matched by us, expressions and patterns are checked as AWS does."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventsBackend, Rule

from workshop.core.schedules import InvalidSchedule, next_after
from workshop.localaws.events import patterns
from workshop.localaws.moto.current import CURRENT

log = logging.getLogger("workshop.localaws.events")


def install() -> None:
    """Change moto's EventBridge: patterns are matched here, expressions and patterns checked as AWS does."""
    original_send, original_put = Rule.send_to_targets, EventsBackend.put_rule

    def send_to_targets(self: Any, original_event: Any, transform_input: bool = True) -> None:
        archives = [one for one in self.targets if one["Arn"].count(":") == 5 and one["Arn"].endswith(":")]
        if archives:  # moto's own rules, which fill an archive
            original_send(self, original_event, transform_input)
        else:
            CURRENT.matched(self, dict(original_event))

    def put_rule(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        _check_rule(kwargs.get("scheduled_expression"), kwargs.get("event_pattern"))
        return original_put(self, name, *args, **kwargs)

    Rule.send_to_targets = send_to_targets  # type: ignore[method-assign]
    EventsBackend.put_rule = put_rule  # type: ignore[method-assign]


def _check_rule(expression: str | None, pattern: str | None) -> None:
    if expression:
        try:
            next_after(expression, datetime.now(UTC))
        except InvalidSchedule as fault:
            log.warning("%s is not a schedule: %s", expression, fault)
            raise ValidationException("Parameter ScheduleExpression is not valid.") from None
    if pattern:
        try:
            reason = patterns.invalid(json.loads(pattern))
        except ValueError:
            return  # moto says this itself
        if reason:
            raise InvalidEventPatternException(reason=reason)
