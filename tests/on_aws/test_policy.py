"""The least policy holds what the kit calls: recorded here over a few services, held against the file."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest

from workshop import lesson
from workshop.cloud.clouds import ask
from workshop.on_aws import cleaning, policy
from workshop.on_aws.orphans import leave
from workshop.on_aws.recording import seen
from workshop.serverless.aws import clients

HELP = "docs/workshop-policy.json lacks these; make it again: python -m workshop.on_aws.recording"


@pytest.fixture(scope="module")
def calls(cloud: Any) -> Any:
    """What deploying, calling, looking at and cleaning two services takes, on a cloud of its own that keeps it.

    The session's cloud is there first, so that what is put back afterwards points at it.
    """
    import os

    import boto3

    from workshop.cloud.switch import set_environment, start_local
    from workshop.on_aws import hooks

    before = dict(os.environ)
    recorded = start_local()
    try:
        os.environ["WORKSHOP_SUFFIX"] = "k3f9"
        set_environment(recorded)
        leave(clients(recorded.region), "k3f9")
        hooks.install(recorded)
        ask(f"{recorded.endpoint}/_workshop/calls", {"record": True})
        boto3.client("ssm").put_parameter(Name="stripe_test_key", Value="x", Type="SecureString")
        for folder in ("access_ssm", "stripe_payment", "nightly_report", "middleman"):
            lesson.deploy(f"demo_lambdas/{folder}", quiet=True)
        lesson.resources("stripe-payment-dev-k3f9")
        lesson.info("demo_lambdas/stripe_payment")
        boto3.client("lambda").invoke(FunctionName="stripe-payment-dev-payment", Payload=b"{}")
        boto3.client("logs").filter_log_events(logGroupName="/aws/lambda/stripe-payment-dev-payment")
        lesson.metrics("demo_lambdas/stripe_payment")
        with contextlib.suppress(
            boto3.client("lambda").exceptions.ResourceNotFoundException,
            boto3.client("lambda").exceptions.ProvisionedConcurrencyConfigNotFoundException,
        ):
            boto3.client("lambda").get_provisioned_concurrency_config(
                FunctionName="stripe-payment-dev-payment", Qualifier="1"
            )
        aws = clients(recorded.region)
        assert cleaning.look(aws, "t0000", everyone=True).unseen == {}
        assert cleaning.clean(aws, cleaning.find(aws, "k3f9")) == {}
        yield seen(recorded.endpoint)
    finally:
        recorded.close()
        os.environ.clear()
        os.environ.update(before)
        boto3.DEFAULT_SESSION = None


def test_every_call_is_in_the_policy(calls: list[tuple[str, str]]) -> None:
    assert len(calls) > 60
    assert policy.missing(calls, policy.read()) == [], HELP


def test_what_a_call_takes_is_what_aws_says(calls: list[tuple[str, str]]) -> None:
    """Three that were read wrongly once.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html: one version takes s3:DeleteObjectVersion.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html: CreateFunction is on one.
    https://docs.aws.amazon.com/lambda/latest/api/API_ListProvisionedConcurrencyConfigs.html: told apart by `?List=ALL`.
    """
    seen = dict.fromkeys(action for action, _ in calls)
    assert "s3:DeleteObjectVersion" in seen and "s3:DeleteObject" not in seen
    functions = {on for action, on in calls if action == "lambda:CreateFunction"}
    assert functions and all(":function:" in one and "-dev-k3f9-" in one for one in functions)
    assert "lambda:GetProvisionedConcurrencyConfig" in seen
    assert "lambda:ListProvisionedConcurrencyConfigs" not in seen


def test_a_new_call_would_be_noticed(calls: list[tuple[str, str]]) -> None:
    new = ("ses:SendEmail", "arn:aws:ses:eu-west-1:123456789012:identity/a@example.com")
    elsewhere = ("ssm:PutParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/somebody_elses")
    assert len(policy.missing([*calls, new, elsewhere], policy.read())) == 2


def test_the_recorder_is_told_plainly_and_off_until_asked(cloud: Any) -> None:
    assert ask(f"{cloud.endpoint}/_workshop/calls") == {"record": False, "calls": []}
    with pytest.raises(Exception, match="record"):
        ask(f"{cloud.endpoint}/_workshop/calls", {"record": "please"})


def test_the_file_can_be_attached() -> None:
    """A managed policy: at most 6,144 characters, known elements only, and no `*` for what has a name.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    document = policy.read()
    assert policy.size(document) <= policy.LARGEST
    assert document["Version"] == "2012-10-17"
    for statement in document["Statement"]:
        assert set(statement) == {"Effect", "Action", "Resource"} and statement["Effect"] == "Allow"
        assert not any("*" in action for action in statement["Action"])
    everywhere = {a for one in document["Statement"] if one["Resource"] == ["*"] for a in one["Action"]}
    verbs = ("Create", "Put", "Delete", "Update", "Publish")
    changing = {action for action in everywhere if action.partition(":")[2].startswith(verbs)}
    # These two name no function, or only an id that AWS makes.
    assert changing <= {
        "lambda:CreateEventSourceMapping",
        "lambda:DeleteEventSourceMapping",
        "lambda:UpdateEventSourceMapping",
    }, changing


def test_passing_a_role_is_for_the_workshops_own_roles() -> None:
    document = policy.read()
    [resource] = [one["Resource"] for one in document["Statement"] if "iam:PassRole" in one["Action"]]
    assert resource == ["arn:aws:iam::*:role/*-dev-*", "arn:aws:iam::*:role/local-*"]  # lesson 02 has other stages


def test_actions_exist() -> None:
    """Every action of a service with operations of that name is one of botocore's model, but for IAM's own verbs."""
    import botocore.session

    own = {
        "iam": ("PassRole",),
        "cloudformation": ("TagResource", "UntagResource"),
        "lambda": ("InvokeFunction",),
    }
    models = {"logs": "logs", "tag": "resourcegroupstaggingapi"}
    session, unknown = botocore.session.get_session(), []
    for action in policy.actions():
        prefix, _, name = action.partition(":")
        if prefix in ("s3", "apigateway") or name in own.get(prefix, ()):
            continue
        if name not in session.get_service_model(models.get(prefix, prefix)).operation_names:
            unknown.append(action)
    assert unknown == [], json.dumps(unknown)
