"""One function knows a live key of Stripe; every door asks it, and none repeats the key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import Bench, unique
from workshop import serverless
from workshop.core.errors import WorkshopError
from workshop.core.live_keys import has_live_key

KEY = "sk_live_" + "51H8aBcDeFgHiJkLmNoPq"
WAYS = {
    "plain": KEY,
    "restricted": KEY.replace("sk_", "rk_"),
    "a leading blank": f"  {KEY}",
    "quotes": f'"{KEY}"',
    "single quotes": f"'{KEY}'",
    "a bearer": f"Bearer {KEY}",
    "capitals": KEY.upper(),
    "in JSON": f'{{"key": "{KEY}"}}',
    "in a list": f"a,{KEY},b",
    "on a line of its own": f"x\n{KEY}\n",
}
# Whoever stores such a text has the key: JSON and YAML write any letter so, and an address does.
SPELLED = {
    "an underscore in JSON": KEY.replace("_", "\\u005F"),
    "all of it in JSON": "".join(f"\\u{ord(letter):04x}" for letter in KEY),
    "in YAML": KEY.replace("k", "\\x6b", 1),
    "in an address": "key=" + KEY.replace("_", "%5F"),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_known_wherever_it_stands(way: str) -> None:
    assert has_live_key(WAYS[way]) and has_live_key(WAYS[way].encode())


@pytest.mark.parametrize("way", SPELLED)
def test_it_is_known_when_its_letters_are_written_otherwise(way: str) -> None:
    assert has_live_key(SPELLED[way]) and has_live_key(SPELLED[way].encode())


def test_a_parameter_spelled_otherwise_is_refused(cloud: Any) -> None:
    """The JSON that a client sends may write its letters as it likes."""
    scope = "AWS4-HMAC-SHA256 Credential=k/20260101/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=s"
    headers = {"Authorization": scope, "Content-Type": "application/x-amz-json-1.1"}
    headers["X-Amz-Target"] = "AmazonSSM.PutParameter"
    body = f'{{"Name": "/x", "Type": "String", "Value": "{SPELLED["an underscore in JSON"]}"}}'
    answer = httpx.post(cloud.endpoint, content=body, headers=headers)
    assert (answer.status_code, "live Stripe key" in answer.text) == (400, True)


@pytest.mark.parametrize(
    "text", ["", "sk_test_51H8", "sk_live_", "risk_live_1", "key.startswith('sk_live_')", "pk_live_1"]
)
def test_what_is_none(text: str) -> None:
    assert not has_live_key(text)


SERVICE = """\
service: {name}
provider:
  name: aws
  runtime: python3.12
  environment:
    KEY: {value}
functions:
  hello:
    handler: handler.hello
"""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("door", ["file", "variable", "print"])
def test_a_service_with_one_is_refused(tmp_path: Path, way: str, door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    from typer.testing import CliRunner

    from workshop.cli import app

    value = json.dumps(WAYS[way]) if door != "variable" else "${file(key.txt)}"
    (tmp_path / "key.txt").write_text(WAYS[way], encoding="utf-8")
    (tmp_path / "handler.py").write_text("def hello(*_): pass\n", encoding="utf-8")
    (tmp_path / "serverless.yml").write_text(SERVICE.format(name="s", value=value), encoding="utf-8")
    if door == "print":
        got = CliRunner().invoke(app, ["print", str(tmp_path)])
        assert KEY.lower() not in (got.output + str(got.exception)).lower()
        return
    with pytest.raises(WorkshopError, match="A live Stripe key stands here") as caught:
        serverless.load(tmp_path)
    assert "serverless.yml:6" in caught.value.where
    assert KEY.lower() not in str(caught.value).lower()


@pytest.mark.parametrize("way", WAYS)
def test_the_clouds_own_doors_refuse_it(client: Callable[..., Any], cloud: Any, way: str) -> None:
    value, name = WAYS[way], unique("live")
    bench = Bench(client, cloud.endpoint)
    arn = bench.function()
    template = {"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}}}
    import json

    calls: dict[str, Callable[[], Any]] = {
        "ssm": lambda: client("ssm").put_parameter(Name=name, Value=value, Type="SecureString"),
        "secrets": lambda: client("secretsmanager").create_secret(Name=name, SecretString=value),
        "lambda": lambda: client("lambda").update_function_configuration(
            FunctionName=arn, Environment={"Variables": {"KEY": value}}
        ),
        "stack": lambda: client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template)),
    }
    for door, call in calls.items():
        with pytest.raises(ClientError, match="holds a live Stripe key") as caught:
            call()
        assert KEY.lower() not in str(caught.value).lower(), door
    assert not client("ssm").describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"]


@pytest.mark.parametrize("partner", ["stripe", "paypal", "github", "mail", "backend"])
@pytest.mark.parametrize("way", ["plain", "a leading blank", "quotes", "a bearer", "capitals"])
def test_no_stand_in_takes_it(cloud: Any, partner: str, way: str) -> None:
    for header in (WAYS[way].strip(), f"Bearer {WAYS[way]}"):
        answer = httpx.get(f"{cloud.partners[partner]}/v1/charges", headers={"Authorization": header})
        assert answer.status_code == 401
        assert "live" in answer.text and "key" in answer.text
        assert KEY.lower() not in answer.text.lower()


@pytest.mark.parametrize("way", WAYS)
def test_the_switch_refuses_it(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    from workshop.cloud.switch import refuse_live_keys

    monkeypatch.setenv("SOME_KEY", WAYS[way])
    with pytest.raises(WorkshopError, match="SOME_KEY holds a live Stripe key") as caught:
        refuse_live_keys()
    assert KEY.lower() not in str(caught.value).lower()
