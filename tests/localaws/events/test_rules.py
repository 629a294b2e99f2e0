"""EventBridge rules: schedules on the movable clock, and patterns.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import ACCOUNT, REGION, Bench, allow, eventually, unique
from tests.localaws.events.conftest import Recorder

EVENTS = "events.amazonaws.com"


def rule(bench: Bench, goal: str, permit: bool = True, **settings: Any) -> str:
    """A rule with one target; returns its name."""
    events, name = bench.client("events"), unique("rule")
    more = settings.pop("target", {})
    arn = events.put_rule(Name=name, **settings)["RuleArn"]
    if permit and ":lambda:" in goal:
        bench.permit(goal, EVENTS, arn)
    events.put_targets(Rule=name, Targets=[{"Id": "one", "Arn": goal, **more}])
    return name


def test_moving_the_clock_fires_what_was_due_with_its_scheduled_time(
    bench: Bench, recorder: Recorder, clock: Callable[..., Any]
) -> None:
    # The talk, 12:09: the nightly report, cron(0 3 ? * MON-FRI *), on a Friday night and over the weekend
    clock(to="2026-03-06T02:00:00Z")
    name = rule(bench, recorder.arn, ScheduleExpression="cron(0 3 ? * MON-FRI *)")
    answer = clock(to="2026-03-10T12:00:00Z")
    fired = [one for one in answer["fired"] if one["rule"] == name]
    assert [one["time"] for one in fired] == ["2026-03-06T03:00:00Z", "2026-03-09T03:00:00Z", "2026-03-10T03:00:00Z"]
    assert all(one["target"] == recorder.arn and one["request_id"] and not one["error"] for one in fired)
    assert answer["now"].startswith("2026-03-10T12:00:00") and answer["moved"] is True
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html: the scheduled event
    event = recorder.wait(3)[0]
    arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"
    assert event.pop("id") and event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": "2026-03-06T03:00:00Z",
        "region": REGION,
        "resources": [arn],
        "detail": {},
    }
    assert [one["time"] for one in recorder.events] == [one["time"] for one in fired]
    bench.client("events").remove_targets(Rule=name, Ids=["one"])
    bench.client("events").delete_rule(Name=name)


def test_moving_backwards_fires_nothing_and_a_rate_goes_on_from_there(
    bench: Bench, recorder: Recorder, clock: Callable[..., Any]
) -> None:
    clock(to="2026-06-01T00:00:00Z")
    name = rule(bench, recorder.arn, ScheduleExpression="rate(1 hour)")
    back = clock(to="2020-01-01T00:00:00Z")
    assert (back["fired"], back["now"][:10]) == ([], "2020-01-01")
    fired = [one for one in clock(advance=3 * 3600)["fired"] if one["rule"] == name]
    assert [one["time"][:16] for one in fired] == ["2020-01-01T01:00", "2020-01-01T02:00", "2020-01-01T03:00"]
    assert clock(reset=True)["fired"] == []
    assert clock()["moved"] is False
    bench.client("events").disable_rule(Name=name)


def test_what_a_moved_clock_reports_of_a_failure(bench: Bench, recorder: Recorder, clock: Callable[..., Any]) -> None:
    clock(to="2026-03-02T08:59:30Z")
    name = rule(bench, recorder.arn, ScheduleExpression="cron(0 9 * * ? *)", target={"Input": '{"say": "please fail"}'})
    fired = [one for one in clock(advance=60)["fired"] if one["rule"] == name]
    assert [one["error"] for one in fired] == ["as asked"]
    assert recorder.wait() == [{"say": "please fail"}]
    # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html: again after 1 and 2 minutes
    assert eventually(lambda: recorder.finished() == 1)
    clock(advance=61)
    assert len(recorder.wait(2)) == 2
    assert eventually(lambda: recorder.finished() == 2)  # only then is the next retry on the agenda
    clock(advance=121)
    assert len(recorder.wait(3)) == 3
    bench.client("events").disable_rule(Name=name)


def test_real_time_fires_too(bench: Bench, recorder: Recorder, clock: Callable[..., Any]) -> None:
    name = rule(bench, recorder.arn, ScheduleExpression="rate(1 minute)")
    clock(advance=59)
    assert recorder.wait(1)[0]["detail-type"] == "Scheduled Event"
    bench.client("events").disable_rule(Name=name)


def test_a_rule_that_is_off_or_not_permitted_fires_nothing(
    bench: Bench, recorder: Recorder, clock: Callable[..., Any]
) -> None:
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-lambda-permissions
    clock(to="2026-03-02T08:59:30Z")
    off = rule(bench, recorder.arn, ScheduleExpression="cron(0 9 * * ? *)", State="DISABLED")
    stranger = rule(bench, recorder.arn, permit=False, ScheduleExpression="cron(0 9 * * ? *)")
    fired = {one["rule"]: one for one in clock(advance=60)["fired"]}
    assert off not in fired
    assert "policy does not let events.amazonaws.com" in fired[stranger]["error"]
    assert recorder.look() == []
    bench.client("events").enable_rule(Name=off)
    assert off in {one["rule"] for one in clock(advance=86400)["fired"]}
    for name in (off, stranger):
        bench.client("events").disable_rule(Name=name)


@pytest.mark.parametrize(
    "settings",
    [
        {"ScheduleExpression": "cron(0 10 * * * *)"},
        {"ScheduleExpression": "rate(5 minute)"},
        {"ScheduleExpression": "cron(61 * * * ? *)"},
    ],
)
def test_a_wrong_expression_is_refused(bench: Bench, settings: dict[str, str]) -> None:
    with pytest.raises(ClientError) as caught:
        bench.client("events").put_rule(Name=unique("rule"), **settings)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["Error"]["Message"] == "Parameter ScheduleExpression is not valid."


def test_the_clock_door_refuses_nonsense(bench: Bench, clock: Callable[..., Any]) -> None:
    for request in (
        {"to": "tomorrow"},
        {"advance": "1"},
        {"to": "2026-01-01T00:00:00"},
        {"to": "1900-01-01T00:00:00Z"},
        {"speed": 2},
        {"reset": True, "advance": 1},
        {"advance": 1e30},
    ):
        answer = clock(**request)
        assert "error" in answer and "Python" not in answer["error"] and clock()["moved"] is False


def put(bench: Bench, detail: dict[str, Any], **more: Any) -> None:
    """Put one event."""
    entry = {"Source": "shop", "DetailType": "Order", "Detail": json.dumps(detail), **more}
    assert bench.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_an_event_reaches_the_function_whose_pattern_it_fits(bench: Bench, recorder: Recorder) -> None:
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    shop = unique("shop")
    pattern = {"source": [shop], "detail": {"total": [{"numeric": [">", 100]}], "state": ["paid"]}}
    rule(bench, recorder.arn, EventPattern=json.dumps(pattern))
    put(bench, {"total": 50, "state": "paid"}, Source=shop)
    put(bench, {"total": 150, "state": "paid"}, Source=shop, Resources=["arn:aws:s3:::b"])
    event = recorder.wait()[0]
    assert (event["source"], event["detail-type"], event["resources"]) == (shop, "Order", ["arn:aws:s3:::b"])
    assert event["detail"] == {"total": 150, "state": "paid"}
    assert set(event) == {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
    time.sleep(0.1)
    assert len(recorder.look()) == 1


def test_inputs_of_targets(bench: Bench, recorder: Recorder) -> None:
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    shop = unique("shop")
    pattern = json.dumps({"source": [shop]})
    transformer = {
        "InputPathsMap": {"who": "$.detail.customer.name", "items": "$.detail.items"},
        "InputTemplate": '{"text": "<who> bought", "items": <items>, "rule": "<aws.events.rule-name>"}',
    }
    rule(bench, recorder.arn, EventPattern=pattern, target={"Input": '{"constant": true}'})
    rule(bench, recorder.arn, EventPattern=pattern, target={"InputPath": "$.detail"})
    name = rule(bench, recorder.arn, EventPattern=pattern, target={"InputTransformer": transformer})
    detail = {"customer": {"name": 'Ann "A"'}, "items": [1, 2]}
    put(bench, detail, Source=shop)
    found = recorder.wait(3)
    assert {"constant": True} in found and detail in found
    assert {"text": 'Ann "A" bought', "items": [1, 2], "rule": name} in found


def test_queues_and_topics_are_targets_when_their_policy_allows(bench: Bench) -> None:
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sqs-permissions
    sqs, shop = bench.client("sqs"), unique("shop")
    url = sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule(bench, arn, EventPattern=json.dumps({"source": [shop]}))
    put(bench, {"n": 1}, Source=shop)
    time.sleep(0.2)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    statement = {**allow("sqs:SendMessage", arn), "Principal": {"Service": EVENTS}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    put(bench, {"n": 2}, Source=shop)
    found = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    assert json.loads(found[0]["Body"])["detail"] == {"n": 2}


def test_a_bus_of_its_own(bench: Bench, recorder: Recorder) -> None:
    events, bus = bench.client("events"), unique("bus")
    events.create_event_bus(Name=bus)
    arn = events.put_rule(Name="all", EventBusName=bus, EventPattern='{"source": ["shop"]}')["RuleArn"]
    bench.permit(recorder.arn, EVENTS, arn)
    events.put_targets(Rule="all", EventBusName=bus, Targets=[{"Id": "one", "Arn": recorder.arn}])
    put(bench, {"on": "default"})
    put(bench, {"on": bus}, EventBusName=bus)
    assert [one["detail"] for one in recorder.wait()] == [{"on": bus}]


def test_a_wrong_pattern_is_refused(bench: Bench) -> None:
    for pattern in ('{"source": "shop"}', '{"source": []}', '{"source": [{"like": "x"}]}', "{nonsense"):
        with pytest.raises(ClientError) as caught:
            bench.client("events").put_rule(Name=unique("rule"), EventPattern=pattern)
        assert caught.value.response["Error"]["Code"] == "InvalidEventPatternException"
