"""The question before the first change on AWS: what, where, how much; asked once; nothing is changed without a yes."""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from workshop import lesson
from workshop.core.agreement import changes, guard
from workshop.core.errors import WorkshopError
from workshop.on_aws import confirm, personal


@pytest.fixture
def on_aws(mine: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The switch says AWS; STS answers for an account (of the documentation's example number)."""
    monkeypatch.setenv("WORKSHOP_CLOUD", "aws")
    monkeypatch.setattr(guard, "account_of", lambda client: "123456789012")
    monkeypatch.setattr(guard, "agreed", set())
    monkeypatch.delenv("WORKSHOP_CONFIRM", raising=False)
    yield mine


def test_says_what_where_and_how_much_and_goes_on_when_told_so(on_aws: str, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("WORKSHOP_CONFIRM", "yes")
    service = personal.load("demo_lambdas/hello_world")
    confirm.before_deploy(service)
    confirm.before_deploy(service)
    said = capsys.readouterr().out
    for words in (f"hello-world-dev-{on_aws}", "********9012", "eu-west-1", "1 Lambda Function", "workshop clean"):
        assert words in said
    assert "123456789012" not in said
    assert said.count("This will change things on AWS") == 1


def test_the_cost_comes_from_the_price_list() -> None:
    """1,000 requests: $0.0002 + 100 GB-s * $0.0000166667 + $0.0035 + logs; https://aws.amazon.com/lambda/pricing/"""
    cost = float(re.search(r"\$([\d.]+)", confirm.cost(1000))[1])
    assert 0.005 < cost < 0.01
    assert float(re.search(r"\$([\d.]+)", confirm.cost(10_000))[1]) == pytest.approx(cost * 10, rel=0.4)


@pytest.mark.parametrize("answer", ["", "no", "y e s"])
def test_without_a_yes_nothing_is_changed(on_aws: str, answer: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(builtins, "input", lambda prompt="": answer)
    with pytest.raises(WorkshopError, match="nobody agreed"):
        confirm.before_deploy(personal.load("demo_lambdas/hello_world"))


def test_with_nobody_to_ask_nothing_is_changed(on_aws: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(WorkshopError, match="WORKSHOP_CONFIRM=yes"):
        confirm.before_deploy(personal.load("demo_lambdas/hello_world"))


def test_a_session_of_the_readers_own_asks_before_a_change_and_not_before_a_question(on_aws: str) -> None:
    session = boto3.session.Session("a", "b", region_name="eu-west-1")
    ssm = session.client("ssm")
    with Stubber(ssm) as stub:
        stub.add_response("describe_parameters", {"Parameters": []}, {})
        stub.add_response("put_parameter", {"Version": 1})
        assert ssm.describe_parameters()["Parameters"] == []
        with pytest.raises(WorkshopError, match="nobody agreed"):
            ssm.put_parameter(Name="stripe_test_key", Value="x", Type="SecureString")


def test_every_operation_of_the_services_used_is_sorted_into_asking_and_changing() -> None:
    """By AWS's own names; the ones that matter are held against what the API reference says they do."""
    for name in (
        "CreateStack",
        "PutParameter",
        "UpdateFunctionConfiguration",
        "DeleteTable",
        "PublishVersion",
        "SendMessage",
        "PutItem",
        "TagResource",
        "AddPermission",
        "BatchWriteItem",
        "Publish",
    ):
        assert changes(name), name
    for name in (
        "DescribeStacks",
        "GetParameters",
        "ListFunctions",
        "FilterLogEvents",
        "HeadObject",
        "Query",
        "Scan",
        "BatchGetItem",
        "StartQuery",
        "GetCallerIdentity",
        "Invoke",
        "SimulatePrincipalPolicy",
    ):
        assert not changes(name), name


def test_a_service_that_would_be_given_this_machines_address_is_refused(on_aws: str, monkeypatch: Any) -> None:
    """Before the question, and before anything is made: functions on AWS cannot reach a reader's loopback."""
    monkeypatch.setenv("WORKSHOP_CONFIRM", "yes")
    monkeypatch.setenv("BACKEND_URL", "http://127.0.0.1:46607")
    lesson.deploy("demo_lambdas/access_ssm", quiet=True)  # the middleman asks for its layer
    service = personal.load("demo_lambdas/middleman")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with pytest.raises(WorkshopError, match="BACKEND_URL=http://127") as refused:
        confirm.before_deploy(service)
    assert "WORKSHOP_CLOUD=local" in refused.value.fix and "Nothing was made" in refused.value.what


def test_the_last_word_after_removing_is_what_is_left(on_aws: str, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("WORKSHOP_CONFIRM", "yes")
    lesson.deploy("demo_lambdas/hello_world", quiet=True)
    boto3.client("ssm").put_parameter(Name="a_key", Value="x", Type="SecureString")
    lesson.remove("demo_lambdas/hello_world", quiet=True)
    said = capsys.readouterr().err
    assert f"Left on AWS of yours ({on_aws}): 1 parameter. To see and remove them: workshop clean" in said
    boto3.client("ssm").delete_parameter(Name="a_key")
    with pytest.raises(WorkshopError, match="not deployed"):  # a failure says it too
        lesson.remove("demo_lambdas/hello_world", quiet=True)
    assert f"Nothing of yours ({on_aws}) is left on AWS." in capsys.readouterr().err


def test_offline_nothing_is_said_about_what_is_left(mine: str, capsys: Any) -> None:
    lesson.deploy("demo_lambdas/hello_world", quiet=True)
    lesson.remove("demo_lambdas/hello_world", quiet=True)
    assert "AWS" not in capsys.readouterr().err
