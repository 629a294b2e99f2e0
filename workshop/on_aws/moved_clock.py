"""Where the cloud's clock cannot be moved: the schedules that would come due are called with the event they would get.

Knows EventBridge rules and EventBridge Scheduler through boto3, and calls Lambda targets only.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""

from __future__ import annotations

import heapq
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from workshop.core.errors import WorkshopError
from workshop.core.schedules import next_after
from workshop.on_aws.names import suffix

MOST = 300  # calls for one move; more would be a bill, not a lesson
# A schedule calls its function asynchronously, so Lambda tries a failed run twice more, after these waits.
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
TRIES_AGAIN = (timedelta(minutes=1), timedelta(minutes=2))
_again: list[Call] = []  # what failed and is tried again when the clock comes so far


@dataclass(frozen=True)
class Plan:
    """One schedule with one function: `text` is its own input, empty for the event that AWS makes."""

    name: str
    arn: str
    expression: str
    zone: str
    target: str
    text: str = ""

    def times(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """When it is due between two times."""
        moment = next_after(self.expression, after, ZoneInfo(self.zone), anchor=after, one_time=True)
        while moment is not None and moment <= until:
            yield moment
            moment = next_after(self.expression, moment, ZoneInfo(self.zone), anchor=after, one_time=True)

    def event(self, when: datetime) -> Any:
        """What the function gets."""
        time = f"{when:%Y-%m-%dT%H:%M:%SZ}"
        if self.text:
            return json.loads(self.text.replace("<aws.scheduler.scheduled-time>", time))
        _, _, service, region, account, _ = self.arn.split(":", 5)
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": f"aws.{service}",
            "account": account,
            "time": time,
            "region": region,
            "resources": [self.arn],
            "detail": "{}" if service == "scheduler" else {},
        }


@dataclass(frozen=True, order=True)
class Call:
    """One call of a schedule's function: when, of which schedule, with which event, and how often it was tried."""

    at: datetime
    name: str
    plan: Plan = field(compare=False)
    event: Any = field(compare=False)
    tries: int = field(default=0, compare=False)


def forget() -> None:
    """Nothing that failed is tried again: another story begins."""
    _again.clear()


def move(after: datetime, until: datetime) -> list[dict[str, Any]]:
    """Calls everything that is due between two times, in order; one after the other. What failed is tried again, as
    Lambda would, when the clock comes so far.

    Returns:
        What fired, as the offline cloud's clock tells it: time, rule, target, request_id, error.

    Raises:
        WorkshopError: more than `MOST` calls would be made.
    """
    import boto3

    standing = plans()
    due = [Call(when, plan.name, plan, plan.event(when)) for plan in standing for when in plan.times(after, until)]
    left = {plan.arn for plan in standing}
    _again[:] = [call for call in _again if call.plan.arn in left]  # removed meanwhile
    if len(due) > MOST:
        raise WorkshopError(
            f"Between {after:%Y-%m-%d %H:%M} and {until:%Y-%m-%d %H:%M} UTC {len(due)} calls are due; where calls are "
            f"real, {MOST} are the most for one move.",
            fix="Move the clock in smaller steps.",
        )
    client, fired = boto3.client("lambda"), []
    due += [call for call in _again if call.at <= until]
    _again[:] = [call for call in _again if call.at > until]
    heapq.heapify(due)
    while due:
        call = heapq.heappop(due)
        answer = client.invoke(FunctionName=call.plan.target, Payload=json.dumps(call.event).encode())
        error = answer.get("FunctionError", "")
        if error and call.tries < len(TRIES_AGAIN):
            later = replace(call, at=call.at + TRIES_AGAIN[call.tries], tries=call.tries + 1)
            heapq.heappush(due, later) if later.at <= until else _again.append(later)
        if not call.tries:
            fired.append(
                {
                    "time": call.at.astimezone(UTC).isoformat(),
                    "rule": call.name,
                    "target": call.plan.target,
                    "request_id": answer["ResponseMetadata"].get("RequestId", ""),
                    "error": error,
                }
            )
    return fired


def plans() -> list[Plan]:
    """The schedules of this reader's functions that are switched on."""
    part = f"-{suffix()}-" if suffix() else ""
    return [one for one in (*_rules(), *_schedules()) if ":lambda:" in one.target and part in one.target]


def _rules() -> Iterator[Plan]:
    import boto3

    client = boto3.client("events")
    for page in client.get_paginator("list_rules").paginate():
        for rule in page["Rules"]:
            if not rule.get("ScheduleExpression") or rule.get("State") != "ENABLED":
                continue
            for target in client.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                yield Plan(
                    rule["Name"], rule["Arn"], rule["ScheduleExpression"], "UTC", target["Arn"], target.get("Input", "")
                )


def _schedules() -> Iterator[Plan]:
    import boto3

    client = boto3.client("scheduler")
    for page in client.get_paginator("list_schedules").paginate():
        for one in page["Schedules"]:
            found = client.get_schedule(Name=one["Name"], GroupName=one.get("GroupName", "default"))
            if found.get("State", "ENABLED") == "ENABLED":
                target = found["Target"]
                yield Plan(
                    found["Name"],
                    found["Arn"],
                    found["ScheduleExpression"],
                    found.get("ScheduleExpressionTimezone") or "UTC",
                    target["Arn"],
                    target.get("Input") or "",
                )
