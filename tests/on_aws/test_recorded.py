"""What AWS does and an emulator does not: throttling, roles that are not there yet, credentials that run out, halves.

Answers as AWS documents them, sent below boto3's own retries:
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from tests.on_aws.recorded import RecordedAws, events, refused, resources, stacks, started, template
from workshop.core.aws_errors import explain
from workshop.core.errors import WorkshopError
from workshop.on_aws import cleaning, moved_clock
from workshop.serverless.stacks import Stack
from workshop.serverless.steps import Interrupted, Step
from workshop.show.logs.read import LOOKS, events_of

FUNCTION = ("HelloLambdaFunction", "AWS::Lambda::Function")
CF = "cloudformation."


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> RecordedAws:
    """Recorded answers; waiting takes no time."""
    import time

    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return RecordedAws(monkeypatch)


def stack(aws: RecordedAws) -> Stack:
    return Stack(aws.clients, "hello-world-dev-k3f9")


def silent(_: Step) -> None:
    """Nobody looks."""


def test_these_clients_are_the_ones_for_aws(aws: RecordedAws) -> None:
    assert aws.clients.is_aws
    assert aws.clients.get("cloudformation").meta.config.retries["mode"] == "standard"


def test_throttled_requests_are_made_again_by_boto3_itself(aws: RecordedAws) -> None:
    rate = refused("Throttling", "Rate exceeded")
    aws.answers[CF + "DescribeStacks"] = [rate, rate, *stacks("CREATE_COMPLETE")]
    assert stack(aws).describe()["StackStatus"] == "CREATE_COMPLETE"
    assert len(aws.asked[CF + "DescribeStacks"]) == 3


def test_throttling_without_end_is_bounded_and_says_what_to_do(aws: RecordedAws) -> None:
    aws.answers[CF + "DescribeStacks"] = [refused("Throttling", "Rate exceeded")]
    with pytest.raises(ClientError) as raised:
        stack(aws).describe()
    assert 1 < len(aws.asked[CF + "DescribeStacks"]) <= 5
    assert "Wait a minute" in explain(raised.value)


def test_a_role_that_lambda_does_not_know_yet_is_waited_for_by_cloudformation(aws: RecordedAws) -> None:
    """IAM is eventually consistent. CloudFormation tries CreateFunction again by itself; the stack only takes longer.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
    """
    aws.answers[CF + "CreateStack"] = [started("CreateStack")]
    aws.answers[CF + "DescribeStacks"] = stacks(*["CREATE_IN_PROGRESS"] * 30, "CREATE_COMPLETE")
    aws.answers[CF + "DescribeStackEvents"] = [events((*FUNCTION, "CREATE_IN_PROGRESS", ""))]
    told: list[Step] = []
    assert stack(aws).create({}, [], told.append).ok
    assert [one.logical_id for one in told] == ["HelloLambdaFunction"]  # told once, however often it was looked at


def test_a_role_that_never_comes_ends_with_awss_own_reason(aws: RecordedAws) -> None:
    reason = "The role defined for the function cannot be assumed by Lambda."
    aws.answers[CF + "CreateStack"] = [started("CreateStack")]
    aws.answers[CF + "DescribeStacks"] = stacks("CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE")
    aws.answers[CF + "DescribeStackEvents"] = [events((*FUNCTION, "CREATE_FAILED", reason))]
    outcome = stack(aws).create({}, [], silent)
    assert not outcome.ok and outcome.failures[0].reason == reason


def test_credentials_that_run_out_half_way_say_so(aws: RecordedAws) -> None:
    aws.answers[CF + "CreateStack"] = [started("CreateStack")]
    aws.answers[CF + "DescribeStackEvents"] = [events()]
    expired = refused("ExpiredToken", "The security token included in the request is expired", 403)
    aws.answers[CF + "DescribeStacks"] = [*stacks("CREATE_IN_PROGRESS"), expired]
    with pytest.raises(ClientError) as raised:
        stack(aws).create({}, [], silent)
    assert "have expired" in explain(raised.value) and "aws sso login" in explain(raised.value)


def test_ctrl_c_leaves_a_stack_that_clean_waits_for_and_removes(aws: RecordedAws) -> None:
    aws.answers[CF + "CreateStack"] = [started("CreateStack")]
    aws.answers[CF + "DescribeStackEvents"] = [events()]
    aws.answers[CF + "DescribeStacks"] = [*stacks("CREATE_IN_PROGRESS"), KeyboardInterrupt()]
    with pytest.raises(Interrupted, match="goes on with the create"):
        stack(aws).create({}, [], silent)
    # Later: the stack is found by its tag, still on its way; it is waited for, then deleted.
    aws.answers[CF + "DescribeStacks"] = stacks(
        "CREATE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
        "CREATE_COMPLETE",
        "CREATE_COMPLETE",
        "DELETE_IN_PROGRESS",
        "",
    )
    aws.answers[CF + "ListStackResources"] = [resources(("AWS::Lambda::Function", "hello-world-dev-k3f9-hello"))]
    aws.answers[CF + "GetTemplate"] = [template({"Resources": {"X": {}}})]
    aws.answers[CF + "DeleteStack"] = [started("DeleteStack")]
    [(found, whose)] = list(cleaning.tagged(aws.clients))
    thing = cleaning.Thing("stack", found["StackName"], whose, found["StackStatus"])
    assert cleaning._stack(aws.clients, thing.name, silent) == ""
    assert len(aws.asked[CF + "DeleteStack"]) == 1


def test_a_part_that_cannot_be_removed_is_named_and_the_rest_goes(aws: RecordedAws) -> None:
    aws.answers[CF + "DescribeStacks"] = stacks("DELETE_FAILED")
    aws.answers[CF + "ListStackResources"] = [resources()]
    aws.answers[CF + "DeleteStack"] = [started("DeleteStack")]
    reason = "resource sg-1 has a dependent object"
    failing = events(("Reports", "AWS::S3::Bucket", "DELETE_FAILED", reason))
    aws.answers[CF + "DescribeStackEvents"] = [events(), failing]
    aws.answers["ssm.DeleteParameter"] = [(200, "{}")]
    things = [cleaning.Thing("stack", "x-dev-k3f9", "k3f9"), cleaning.Thing("parameter", "/workshop-k3f9/a", "k3f9")]
    failed = cleaning.clean(aws.clients, things, silent)
    assert [one.name for one in failed] == ["x-dev-k3f9"] and reason in failed[things[0]]
    assert len(aws.asked["ssm.DeleteParameter"]) == 1


def test_what_cloudformation_cannot_delete_is_deleted_first_and_then_the_stack(aws: RecordedAws) -> None:
    """A role that somebody attached a policy to. https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html"""
    aws.answers[CF + "DescribeStacks"] = stacks(
        *["CREATE_COMPLETE"] * 2, "DELETE_FAILED", "DELETE_FAILED", "DELETE_IN_PROGRESS", ""
    )
    role = ("AWS::IAM::Role", "hello-world-dev-k3f9-eu-west-1-lambdaRole")
    aws.answers[CF + "ListStackResources"] = [resources(role), resources(role, status="DELETE_FAILED")]
    aws.answers[CF + "GetTemplate"] = [template({"Resources": {"X": {}}})]
    aws.answers[CF + "DeleteStack"] = [started("DeleteStack")]
    reason = "Cannot delete entity, must detach all policies first."
    aws.answers[CF + "DescribeStackEvents"] = [events(), events(("R", role[0], "DELETE_FAILED", reason))]
    policy = "<member><PolicyName>p</PolicyName><PolicyArn>arn:aws:iam::aws:policy/ReadOnlyAccess</PolicyArn></member>"
    for operation, content in (
        ("ListAttachedRolePolicies", f"<AttachedPolicies>{policy}</AttachedPolicies>"),
        ("ListRolePolicies", "<PolicyNames/>"),
        ("DetachRolePolicy", ""),
        ("DeleteRole", ""),
    ):
        body = f"<{operation}Response><{operation}Result>{content}</{operation}Result></{operation}Response>"
        aws.answers["iam." + operation] = [(200, body)]
    assert cleaning._stack(aws.clients, "hello-world-dev-k3f9", silent) == ""
    assert aws.asked["iam.DetachRolePolicy"][0]["PolicyArn"] == ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    assert len(aws.asked["iam.DeleteRole"]) == 1 and len(aws.asked[CF + "DeleteStack"]) == 2


def test_rest_apis_are_deleted_as_slowly_as_api_gateway_asks(aws: RecordedAws) -> None:
    """One in thirty seconds: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""
    many = (429, '{"__type": "TooManyRequestsException", "message": "Too Many Requests"}')
    aws.answers["api-gateway.DeleteRestApi"] = [*[many] * 7, (202, "")]
    one = cleaning.Thing("REST API", "a1", "k3f9", "orders-dev-k3f9")
    assert cleaning.clean(aws.clients, [one], silent) == {}
    aws.answers["api-gateway.DeleteRestApi"] = [many]
    assert "TooManyRequests" in cleaning.clean(aws.clients, [one], silent)[one]


def test_what_is_gone_already_counts_as_removed(aws: RecordedAws, monkeypatch: Any) -> None:
    gone = (400, '{"__type": "ParameterNotFound", "message": ""}')
    aws.answers["ssm.DeleteParameter"] = [gone]
    assert cleaning.clean(aws.clients, [cleaning.Thing("parameter", "/workshop-k3f9/a", "k3f9")], silent) == {}


def test_arguments_are_checked_against_botocores_models_before_anything_is_sent(aws: RecordedAws) -> None:
    """Every call of the kit passes this check whenever it is made, offline too: here it is shown to be on."""
    for service in ("cloudformation", "lambda", "s3", "ssm", "logs", "iam", "events", "sqs", "dynamodb"):
        assert aws.clients.get(service).meta.config.parameter_validation
    with pytest.raises(ParamValidationError):
        aws.clients.get("cloudformation").describe_stacks(Stack="hello")
    assert not aws.asked


def log(*messages: str) -> tuple[int, str]:
    """An answer of FilterLogEvents."""
    events = [{"timestamp": number, "message": message} for number, message in enumerate(messages)]
    return 200, json.dumps({"events": events})


def test_log_lines_that_come_late_are_waited_for(aws: RecordedAws, capsys: pytest.CaptureFixture[str]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html: it may take minutes."""
    start, report = "START RequestId: a Version: $LATEST\n", "REPORT RequestId: a\tDuration: 1.00 ms\n"
    aws.answers["cloudwatch-logs.FilterLogEvents"] = [log(), log(start), log(start, "hello\n", report)]
    found = events_of("hello-world-dev-hello", client=aws.clients.get("logs"))
    assert [one["message"] for one in found] == [start, "hello\n", report]
    assert capsys.readouterr().out.count("waiting for them") == 1


def test_the_wait_for_log_lines_is_bounded(aws: RecordedAws) -> None:
    aws.answers["cloudwatch-logs.FilterLogEvents"] = [log()]
    assert events_of("hello-world-dev-hello", client=aws.clients.get("logs")) == []
    assert len(aws.asked["cloudwatch-logs.FilterLogEvents"]) == LOOKS + 1


def test_a_clock_that_stays_calls_what_is_due_with_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Friday noon to Monday 04:00: `cron(0 3 ? * MON-FRI *)` is due once, and the function gets what AWS sends.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
    """
    rule = "arn:aws:events:eu-west-1:123456789012:rule/nightly"
    function = "arn:aws:lambda:eu-west-1:123456789012:function:nightly-report-dev-report"
    plan = moved_clock.Plan("nightly", rule, "cron(0 3 ? * MON-FRI *)", "UTC", function)
    friday, monday = datetime(2026, 3, 27, 12, tzinfo=UTC), datetime(2026, 3, 30, 4, tzinfo=UTC)
    [due] = list(plan.times(friday, monday))
    event = plan.event(due)
    assert (event["time"], event["detail-type"], event["resources"]) == (
        "2026-03-30T03:00:00Z",
        "Scheduled Event",
        [rule],
    )
    own = moved_clock.Plan("s", rule, "rate(1 hour)", "UTC", function, '{"at": "<aws.scheduler.scheduled-time>"}')
    assert own.event(due) == {"at": "2026-03-30T03:00:00Z"}
    monkeypatch.setattr(moved_clock, "plans", lambda: [moved_clock.Plan("s", rule, "rate(1 minute)", "UTC", function)])
    with pytest.raises(WorkshopError, match="smaller steps"):
        moved_clock.move(friday, monday)
