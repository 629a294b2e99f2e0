"""Where the clock cannot be moved, a schedule's function gets what AWS would send, and a failed run is tried again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

YAML = """service: {name}
provider:
  name: aws
  runtime: python3.13
  environment: {{FAILS: "no"}}
functions:
  job:
    handler: handler.job
    events:
{event}
"""
HANDLER = """import os

def job(event, context):
    print("for", event["time"], "from", event["source"])
    if os.environ["FAILS"] == "yes":
        raise OSError("down")
    print("done")
"""
EVENTS = {
    "scheduler": "      - schedule: {method: scheduler, timezone: Europe/London, rate: cron(0 16 ? * MON-FRI *)}",
    "rule": "      - schedule: cron(0 15 ? * MON-FRI *)",
}


@pytest.fixture(params=EVENTS)
def job(request: Any, on_aws: Any, tmp_path: Path) -> Any:
    from workshop import deploy, remove

    (tmp_path / "serverless.yml").write_text(YAML.format(name=f"at-four-{request.param}", event=EVENTS[request.param]))
    (tmp_path / "handler.py").write_text(HANDLER)
    yield deploy(tmp_path, quiet=True).functions["job"]
    remove(tmp_path, quiet=True)
    on_aws.clock.reset()


def said(function: str) -> list[str]:
    """The function's own lines and its errors, oldest first."""
    events = boto3.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function.rpartition(':')[2]}")["events"]
    lines = [line for event in events for line in event["message"].splitlines()]
    return [line.strip() for line in lines if line.startswith(("for ", "done", "[ERROR]"))]


def fails(function: str, word: str) -> None:
    client = boto3.client("lambda")
    client.update_function_configuration(FunctionName=function, Environment={"Variables": {"FAILS": word}})
    client.get_waiter("function_updated_v2").wait(FunctionName=function)


def test_the_function_gets_the_event_that_tells_the_time(on_aws: Any, job: str) -> None:
    """EventBridge Scheduler without an `Input` sends a notification of its own, as a rule does.

    https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html
    """
    on_aws.clock.move_to("2026-03-30T14:00:00Z")
    [fired] = on_aws.clock.move_to("2026-03-30T15:30:00Z")
    assert fired["error"] == "" and fired["time"].startswith("2026-03-30T15:00")
    source = "aws.scheduler" if "scheduler" in job else "aws.events"
    assert said(job) == [f"for 2026-03-30T15:00:00Z from {source}", "done"]


def test_a_failed_run_is_tried_again_a_minute_later(on_aws: Any, job: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""
    fails(job, "yes")
    on_aws.clock.move_to("2026-03-31T14:00:00Z")
    [fired] = on_aws.clock.move_to("2026-03-31T15:00:00Z")
    assert fired["error"] == "Unhandled"
    fails(job, "no")
    assert on_aws.clock.advance(seconds=30) == []
    before = said(job)
    assert on_aws.clock.advance(minutes=1) == []  # no schedule was due
    assert said(job)[len(before) :][0].startswith("for 2026-03-31T15:00:00Z") and said(job)[-1] == "done"
    after = said(job)
    on_aws.clock.advance(hours=1)
    assert said(job) == after, "what was done is not done again"


def test_it_is_tried_three_times_in_all(on_aws: Any, job: str) -> None:
    fails(job, "yes")
    on_aws.clock.move_to("2026-04-01T14:00:00Z")
    on_aws.clock.move_to("2026-04-01T18:00:00Z")
    assert len([line for line in said(job) if line.startswith("for ")]) == 3
