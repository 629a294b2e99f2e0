"""Whose things are whose: suffixes in names, tags and parameters, met through boto3 and the deploy tool."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from workshop import lesson
from workshop.core.errors import WorkshopError
from workshop.on_aws import cleaning, names, personal

HELLO = "demo_lambdas/hello_world"


def test_offline_nothing_is_personal(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKSHOP_SUFFIX", raising=False)
    service = personal.load(HELLO)
    assert (service.stack, service.provider.get("logRetentionInDays")) == ("hello-world-dev", None)
    assert service.tags == {names.TAG: "shared"}


@pytest.mark.parametrize(
    "text", ["A", "k", "K3F9", "3kf9", "k-3", "toolongsuffix", "k3f9\n../x", "test", "dev", "shared"]
)
def test_a_suffix_that_cannot_stand_in_a_name_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSHOP_SUFFIX", text)
    with pytest.raises(WorkshopError, match="will not do"):
        names.suffix()


def test_a_checkout_keeps_its_suffix(tmp_path: Path) -> None:
    file = tmp_path / "kept" / "suffix"
    first = names.kept(file)
    assert names.checked(first) == names.kept(file) == first
    assert re.fullmatch(r"[a-z][2-9][a-z2-9]{2}", first)  # the digit is what keeps it from being a word


def test_stage_tags_logs_and_layers_are_the_readers_own(mine: str) -> None:
    service = personal.load(HELLO)
    assert service.stack == f"hello-world-dev-{mine}"
    assert service.function_name("hello") == f"hello-world-dev-{mine}-hello"
    assert personal.load(HELLO, stage=f"prod-{mine}").stage == f"prod-{mine}"
    made = lesson.package(HELLO).template()["Resources"]
    assert made["HelloLogGroup"]["Properties"]["RetentionInDays"] == names.LOG_DAYS
    layer = lesson.package("demo_lambdas/access_ssm").template()["Resources"]["AccessDashssmLambdaLayer"]
    assert layer["Properties"]["LayerName"] == f"access-ssm-{mine}"


def test_a_service_may_read_its_own_readers_parameters_only(mine: str) -> None:
    lesson.deploy("demo_lambdas/access_ssm", quiet=True)
    try:
        template = lesson.package("demo_lambdas/stripe_payment").template()
        words = json.dumps(template["Resources"]["IamRoleLambdaExecution"])
        assert f":parameter/workshop-{mine}/stripe_test_key" in words
        assert ":parameter/stripe_test_key" not in words
        own = json.dumps(lesson.package("demo_lambdas/order_payment").template()["Resources"]["WebhookRole"])
        assert f":parameter/workshop-{mine}/stripe_webhook_secret" in own
        assert ":parameter/stripe_" not in own
    finally:
        lesson.remove("demo_lambdas/access_ssm", quiet=True)


def test_a_lesson_spells_out_plain_names_and_meets_its_own_things(mine: str, client: Any) -> None:
    import boto3

    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="a_key", Value="mine", Type="SecureString")
    assert ssm.get_parameters(Names=["a_key"], WithDecryption=True)["Parameters"][0]["Value"] == "mine"
    assert client("ssm").get_parameter(Name=f"/workshop-{mine}/a_key")["Parameter"]["Type"] == "SecureString"
    assert ssm.get_parameter(Name="a_key")["Parameter"]["Name"] == "a_key"  # the names that were asked for
    found = ssm.get_parameters(Names=["a_key", f"/workshop-{mine}/a_key", "nobody_has_it"])
    assert {one["Name"] for one in found["Parameters"]} <= {"a_key", f"/workshop-{mine}/a_key"}
    assert found["InvalidParameters"] == ["nobody_has_it"]
    gone = ssm.delete_parameters(Names=["a_key", "nobody_has_it"])
    assert (gone["DeletedParameters"], gone["InvalidParameters"]) == (["a_key"], ["nobody_has_it"])
    deployment = lesson.deploy(HELLO, quiet=True)
    answer = boto3.client("lambda").invoke(FunctionName="hello-world-dev-hello", Payload=b'{"name": "x-dev-y"}')
    assert answer["StatusCode"] == 200
    assert boto3.client("logs").filter_log_events(logGroupName="/aws/lambda/hello-world-dev-hello")["events"]
    lesson.remove(HELLO, quiet=True)
    assert f"dev-{mine}" in deployment.endpoints[0].url


def test_a_function_reads_its_parameter_through_the_layer(mine: str, cloud: Any) -> None:
    """The whole way: a lesson puts a key, a deployed function finds it under the reader's prefix and charges."""
    import boto3

    lesson.deploy("demo_lambdas/access_ssm", quiet=True)
    payment = lesson.deploy("demo_lambdas/stripe_payment", quiet=True)
    boto3.client("ssm").put_parameter(Name="stripe_test_key", Value=cloud.stripe_key, Type="SecureString")
    order = {"amount": 2000, "currency": "gbp", "source": "tok_visa"}
    try:
        assert lesson.call(payment.endpoints[0], "POST", json=order).response.status_code == 200
    finally:
        boto3.client("ssm").delete_parameter(Name="stripe_test_key")
        lesson.remove("demo_lambdas/stripe_payment", quiet=True)
        lesson.remove("demo_lambdas/access_ssm", quiet=True)


def test_lesson_07_finds_who_uses_its_own_layer(mine: str) -> None:
    """The layer is `access-ssm-k3f9` there; the lesson says `access-ssm`, and its table was empty."""
    from workshop.scenarios import layers

    lesson.deploy("demo_lambdas/access_ssm", quiet=True)
    lesson.deploy("demo_lambdas/third_party", quiet=True)
    try:
        assert [row[0] for row in layers.who_uses("access-ssm").rows] == [f"third-party-dev-{mine}-third-party"]
    finally:
        lesson.remove("demo_lambdas/third_party", quiet=True)
        lesson.remove("demo_lambdas/access_ssm", quiet=True)


@pytest.mark.parametrize("name", ["log_groups", "two_stages", "two_parameters", "in_the_order_asked"])
def test_solutions_are_right_where_names_carry_a_suffix(
    name: str, mine: str, aws: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    import workshop
    from workshop import exercises
    from workshop.exercises import diary

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(diary.VARIABLE, str(tmp_path / "progress.json"))
    monkeypatch.setattr("workshop.lesson.MY_WORK", tmp_path / "my_work")
    exercise = getattr(exercises, name)
    names_known: dict[str, Any] = {"exercises": exercises} | {one: getattr(workshop, one) for one in workshop.__all__}
    *before, last = exercise.solved.strip().splitlines()
    exec(exercise.before or "", names_known)
    exec("\n".join(before), names_known)
    assert "Right" in str(eval(last, names_known))
    assert cleaning.clean(aws, cleaning.find(aws, mine)) == {}
