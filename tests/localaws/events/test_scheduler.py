"""EventBridge Scheduler on the movable clock.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import ACCOUNT, REGION, Bench, allow, unique
from tests.localaws.events.conftest import Recorder


def schedule(bench: Bench, recorder: Recorder, expression: str, role: str = "", **more: Any) -> str:
    """A schedule of a function; returns its name."""
    name = unique("schedule")
    role = role or bench.role(allow("lambda:InvokeFunction", recorder.arn), service="scheduler.amazonaws.com")
    target = {"Arn": recorder.arn, "RoleArn": role, **more.pop("target", {})}
    bench.client("scheduler").create_schedule(
        Name=name, ScheduleExpression=expression, Target=target, **{"FlexibleTimeWindow": {"Mode": "OFF"}, **more}
    )
    return name


def times(answer: Any, name: str) -> list[str]:
    """When a schedule fired, to the minute."""
    return [one["time"][:16] for one in answer["fired"] if one["rule"] == name]


def test_office_hours_follow_the_time_zone(bench: Bench, recorder: Recorder, clock: Callable[..., Any]) -> None:
    # The talk, 12:09: 16:00 in London is 16:00 UTC before 29 March 2026 and 15:00 UTC after it
    clock(to="2026-03-27T00:00:00Z")
    name = schedule(bench, recorder, "cron(0 16 ? * MON-FRI *)", ScheduleExpressionTimezone="Europe/London")
    assert times(clock(to="2026-03-31T00:00:00Z"), name) == ["2026-03-27T16:00", "2026-03-30T15:00"]
    event = recorder.wait(2)[0]
    arn = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}"
    assert (event["source"], event["resources"], event["time"]) == ("aws.scheduler", [arn], "2026-03-27T16:00:00Z")
    bench.client("scheduler").delete_schedule(Name=name)


def test_once_with_input_and_then_gone(bench: Bench, recorder: Recorder, clock: Callable[..., Any]) -> None:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    clock(to="2026-05-01T00:00:00Z")
    text = json.dumps({"due": "<aws.scheduler.scheduled-time>", "try": "<aws.scheduler.attempt-number>"})
    name = schedule(
        bench,
        recorder,
        "at(2026-05-01T09:30:00)",
        ScheduleExpressionTimezone="Asia/Tokyo",
        ActionAfterCompletion="DELETE",
        target={"Input": text},
    )
    assert times(clock(to="2026-05-02T00:00:00Z"), name) == ["2026-05-01T00:30"]
    assert recorder.wait() == [{"due": "2026-05-01T00:30:00Z", "try": "1"}]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        bench.client("scheduler").get_schedule(Name=name)


def test_start_and_end_dates(bench: Bench, recorder: Recorder, clock: Callable[..., Any]) -> None:
    clock(to="2030-01-01T00:00:00Z")
    name = schedule(
        bench,
        recorder,
        "rate(1 hour)",
        StartDate=datetime(2030, 1, 1, 5, tzinfo=UTC),
        EndDate=datetime(2030, 1, 1, 7, 30, tzinfo=UTC),
    )
    fired = times(clock(to="2030-01-02T00:00:00Z"), name)
    assert fired == ["2030-01-01T05:00", "2030-01-01T06:00", "2030-01-01T07:00"]
    bench.client("scheduler").delete_schedule(Name=name)


def test_a_rate_without_a_start_begins_at_once(bench: Bench, recorder: Recorder, clock: Callable[..., Any]) -> None:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based
    clock(to="2030-02-01T00:00:00Z")
    name = schedule(bench, recorder, "rate(1 hour)")
    assert recorder.wait(1)[0]["time"][:16] == "2030-02-01T00:00"
    fired = times(clock(to="2030-02-01T02:30:00Z"), name)
    assert fired == ["2030-02-01T01:00", "2030-02-01T02:00"]
    clock(to="2030-02-01T01:30:00Z")  # backwards: it is not new
    assert times(clock(to="2030-02-01T01:59:00Z"), name) == []
    bench.client("scheduler").delete_schedule(Name=name)


@pytest.mark.parametrize("window", [{"Mode": "FLEXIBLE"}, {"Mode": "OFF", "MaximumWindowInMinutes": 5}])
def test_a_flexible_window_has_a_width(bench: Bench, recorder: Recorder, window: dict[str, Any]) -> None:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-flexible-time-windows.html
    with pytest.raises(ClientError, match="ValidationException"):
        schedule(bench, recorder, "rate(1 hour)", FlexibleTimeWindow=window)


def test_an_update_that_says_no_state_leaves_it_on(bench: Bench, recorder: Recorder, clock: Callable[..., Any]) -> None:
    # https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html: what is left out is the default
    clock(to="2030-03-01T00:00:00Z")
    name, api = schedule(bench, recorder, "cron(0 1 * * ? *)", State="DISABLED"), bench.client("scheduler")
    api.update_schedule(
        Name=name,
        ScheduleExpression="cron(0 2 * * ? *)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=api.get_schedule(Name=name)["Target"],
    )
    found = api.get_schedule(Name=name)
    assert (found["State"], found["ScheduleExpressionTimezone"]) == ("ENABLED", "UTC")
    assert times(clock(to="2030-03-01T03:00:00Z"), name) == ["2030-03-01T02:00"]
    api.delete_schedule(Name=name)


def test_the_role_must_be_allowed(bench: Bench, recorder: Recorder, clock: Callable[..., Any]) -> None:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
    clock(to="2026-05-01T00:00:00Z")
    powerless = bench.role(service="scheduler.amazonaws.com")
    untrusted = bench.role(allow("lambda:InvokeFunction", "*"))
    names = [schedule(bench, recorder, "cron(0 1 * * ? *)", role=role) for role in (powerless, untrusted)]
    fired = {one["rule"]: one["error"] for one in clock(to="2026-05-01T02:00:00Z")["fired"]}
    assert all("may not call it, or does not trust" in fired[name] for name in names)
    assert recorder.look() == []
    for name in names:
        bench.client("scheduler").delete_schedule(Name=name)


@pytest.mark.parametrize(
    ("expression", "zone"), [("rate(1 hours)", "UTC"), ("cron(* * * * * *)", "UTC"), ("rate(1 hour)", "Mars/Base")]
)
def test_what_is_not_valid_is_refused(bench: Bench, recorder: Recorder, expression: str, zone: str) -> None:
    with pytest.raises(ClientError) as caught:
        schedule(bench, recorder, expression, role="arn:aws:iam::123456789012:role/x", ScheduleExpressionTimezone=zone)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
