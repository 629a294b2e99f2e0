"""The layer's one function, against the Parameter Store of the session's cloud."""

from __future__ import annotations

import botocore.exceptions
import pytest


@pytest.fixture
def access_ssm(service, cloud, parameter):
    parameter("zebra", "last in the alphabet")
    parameter("aardvark", "first in the alphabet")
    return service("access_ssm/layer/python", "access_ssm")


@pytest.fixture
def calls(access_ssm, monkeypatch):
    """The names of every call to AWS."""
    import boto3

    made = []
    client = boto3.client("ssm")
    hook = "provide-client-params.ssm.GetParameters"
    client.meta.events.register(hook, lambda params, **_: made.append(params["Names"]))
    monkeypatch.setattr(access_ssm, "_client", lambda: client)
    return made


def test_values_come_in_the_order_asked_and_in_one_call(access_ssm, calls):
    # AWS answers "in alphabetical order":
    # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
    assert access_ssm.get_ssm(["zebra", "aardvark", "zebra"]) == [
        "last in the alphabet",
        "first in the alphabet",
        "last in the alphabet",
    ]
    assert calls == [["zebra", "aardvark"]]


def test_aws_itself_answers_in_alphabetical_order(parameter, client):
    names = [f"order_{letter}" for letter in "qhxbmadzc"]
    for name in names:
        parameter(name, name)
    found = client("ssm").get_parameters(Names=names, WithDecryption=True)["Parameters"]
    assert [one["Name"] for one in found] == sorted(names)


def test_a_missing_parameter_is_named(access_ssm):
    with pytest.raises(access_ssm.MissingParameter, match="no_such_parameter"):
        access_ssm.get_ssm(["aardvark", "no_such_parameter"])


@pytest.mark.parametrize("kind", ["sk_live_", "rk_live_"])
@pytest.mark.parametrize("before", ["", " ", '"', "Bearer "])
def test_a_live_stripe_key_is_refused_by_name_and_not_shown(access_ssm, monkeypatch, kind, before):
    """https://docs.stripe.com/keys: the offline store takes none, AWS's own does."""
    import boto3

    client = boto3.client("ssm")
    live = {"Value": f"{before}{kind}0000"}
    client.meta.events.register(
        "after-call.ssm.GetParameters", lambda parsed, **_: parsed["Parameters"][0].update(live)
    )
    monkeypatch.setattr(access_ssm, "_client", lambda: client)
    with pytest.raises(ValueError, match="aardvark holds a live Stripe key") as refused:
        access_ssm.get_ssm(["aardvark"])
    assert kind not in str(refused.value)


def test_values_are_kept_for_the_stated_age(access_ssm, calls, parameter, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(access_ssm.time, "monotonic", lambda: now[0])
    access_ssm.get_ssm(["zebra"])
    parameter("zebra", "changed")
    now[0] += 59.9
    assert access_ssm.get_ssm(["zebra"]) == ["last in the alphabet"]
    now[0] += 0.2
    assert access_ssm.get_ssm(["zebra"]) == ["changed"]
    assert len(calls) == 2


def test_the_age_is_configuration(service, cloud):
    assert service("access_ssm/layer/python", "access_ssm", SSM_MAX_AGE_SECONDS="2").MAX_AGE == 2


def test_age_0_always_asks(access_ssm, calls):
    for _ in range(3):
        access_ssm.get_ssm(["zebra"], max_age=0)
    assert len(calls) == 3


def test_one_name_instead_of_a_list_is_said_so(access_ssm):
    with pytest.raises(TypeError, match=r'get_ssm\(\["zebra"\]\)'):
        access_ssm.get_ssm("zebra")


def test_a_list_is_refused_by_name(access_ssm, client):
    client("ssm").put_parameter(Name="a_list", Value="a,b", Type="StringList", Overwrite=True)
    with pytest.raises(TypeError, match="a_list is a StringList"):
        access_ssm.get_ssm(["a_list"])
    client("ssm").put_parameter(Name="a_text", Value="plain", Type="String", Overwrite=True)
    assert access_ssm.get_ssm(["a_text"]) == ["plain"]


def test_awss_own_refusal_passes_through(access_ssm):
    with pytest.raises(botocore.exceptions.ClientError, match="ValidationException"):
        access_ssm.get_ssm([f"name_{number}" for number in range(11)])  # AWS takes ten at once
