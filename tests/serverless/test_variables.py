"""Variables: every source, fallbacks, nesting, types. https://www.serverless.com/framework/docs/providers/aws/guide/variables"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workshop import serverless
from workshop.core.errors import WorkshopError
from workshop.serverless.printing import HIDDEN, as_text

HEAD = "service: hello\nprovider:\n  name: aws\n  stage: dev\n  region: eu-west-1\n"


@pytest.fixture
def value_of(write: Callable[..., Path], offline_aws: None) -> Callable[..., Any]:
    """What a text in `custom.it` becomes."""

    def resolve(text: str, extra: str = "", files: dict[str, str] | None = None, **options: Any) -> Any:
        folder = write({"serverless.yml": HEAD + f"custom:\n  it: {text}\n{extra}", **(files or {})})
        return serverless.load(folder, **options).config["custom"]["it"]

    return resolve


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${self:provider.region}", "eu-west-1"),
        ("${sls:stage}", "dev"),
        ("${self:service}-${sls:stage}", "hello-dev"),
        ("${opt:none, 'fallback'}", "fallback"),
        ("${opt:none, env:NO_SUCH_THING, 'third'}", "third"),
        ("${opt:none, ${self:provider.stage}}", "dev"),
        ("${self:custom.${sls:stage}.size}", 512),
        ("${self:custom.flags.1}", True),
        ("${self:custom.dev}", {"size": 512}),
        ("${opt:none, 3}", 3),
        ("${opt:none, true}", True),
        ("${opt:none, null}", None),
        ("${opt:none, ''}", ""),
        ("\"${opt:none, '${sls:stage}-x'}\"", "dev-x"),
        ("${strToBool(true)}", True),
        ("${strToBool(${self:custom.zero})}", False),
        ("${aws:region}", "eu-west-1"),
        ("${AWS::Region}", "${AWS::Region}"),
        ("arn:${AWS::Partition}:${sls:stage}:${Queue.Arn}", "arn:${AWS::Partition}:dev:${Queue.Arn}"),
        ("'${!Literal}'", "${!Literal}"),
        ("${self:custom.words}", ["a", "dev"]),
        ("${file(./more.yml):sizes.dev}", 1024),
        ("${file(more.yml):nested}", "dev"),
        ("${file(./data.json):a.0}", 1),
        ("${file(note.txt)}", "a note"),
        ("${file(./none.yml), 'no file'}", "no file"),
        ("${param:color}", "red"),
        ("${param:shape}", "round"),
    ],
)
def test_values(text: str, expected: Any, value_of: Callable[..., Any]) -> None:
    extra = (
        "  dev: {size: 512}\n  flags: [false, true]\n  zero: 0\n  words: [a, '${sls:stage}']\n"
        "params:\n  default: {color: red, shape: square}\n  dev: {shape: round}\n"
    )
    files = {
        "more.yml": "sizes: {dev: 1024}\nnested: ${sls:stage}\n",
        "data.json": '{"a": [1]}',
        "note.txt": "a note\n",
    }
    assert value_of(text, extra, files) == expected


def test_options_come_first(value_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_VALUE", "from ${env} as it is")
    found = value_of("${sls:stage} ${opt:stage} ${aws:region}", stage="prod", region="us-west-2")
    assert found == "prod prod us-west-2"
    assert value_of("${param:color, 'none'}", params={"color": "blue"}) == "blue"
    assert value_of("${env:SOME_VALUE}") == "from ${env} as it is"


def test_numbers_and_flags_may_come_from_the_environment(
    write: Callable[..., Path], offline_aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """${env:…} is always text, and the original tool takes it as the number it spells."""
    monkeypatch.setenv("SOME_SIZE", "256")
    monkeypatch.setenv("SOME_FLAG", "false")
    text = HEAD + "  memorySize: ${env:SOME_SIZE}\n  versionFunctions: ${env:SOME_FLAG}\n"
    provider = serverless.load(write({"serverless.yml": text})).provider
    assert (provider["memorySize"], provider["versionFunctions"]) == (256, False)


def test_a_provider_may_be_its_name_alone(write: Callable[..., Path], offline_aws: None) -> None:
    assert serverless.load(write({"serverless.yml": "service: hello\nprovider: aws\n"})).provider == {"name": "aws"}
    with pytest.raises(WorkshopError, match=r"yml:2: provider\.name: 'azure' is not one"):
        serverless.load(write({"serverless.yml": "service: hello\nprovider: azure\n"}))


def test_functions_may_come_from_several_files(write: Callable[..., Path], offline_aws: None) -> None:
    """https://www.serverless.com/framework/docs/providers/aws/guide/functions"""
    files = {
        "serverless.yml": HEAD + "functions:\n  - ${file(one.yml)}\n  - ${file(two.yml)}\n",
        "one.yml": "one: {handler: handler.hello}\n",
        "two.yml": "two: {handler: handler.hello}\nthree: {handlr: x}\n",
    }
    with pytest.raises(WorkshopError, match=r"two\.yml:2.*Did you mean handler"):
        serverless.load(write(files))
    files["two.yml"] = files["two.yml"].partition("three")[0]
    assert list(serverless.load(write(files)).functions) == ["one", "two"]


def test_a_value_from_another_file_keeps_its_line(write: Callable[..., Path], offline_aws: None) -> None:
    files = {"serverless.yml": HEAD + "functions: ${file(functions.yml)}\n", "functions.yml": "hello:\n  handlr: x\n"}
    with pytest.raises(WorkshopError, match=r"functions\.yml:2") as refused:
        serverless.load(write(files))
    assert "Did you mean handler" in str(refused.value)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2012-10-17", "2012-10-17"),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("010", 10),
        ("~", None),
        ("'1'", "1"),
        ("True", True),
        (".5", 0.5),
        ("1.2.3", "1.2.3"),
    ],
)
def test_yaml_is_read_by_version_1_2(word: str, value: Any, value_of: Callable[..., Any]) -> None:
    """https://yaml.org/spec/1.2.2/#103-core-schema: PyYAML's own 1.1 would read yes, on and 12:30 as something else."""
    assert value_of(word) == value


def test_short_tags(value_of: Callable[..., Any]) -> None:
    assert value_of("!Sub 'a-${AWS::Region}'") == {"Fn::Sub": "a-${AWS::Region}"}
    assert value_of("!GetAtt Queue.Arn") == {"Fn::GetAtt": ["Queue", "Arn"]}
    assert value_of("!Join ['-', [!Ref A, b]]") == {"Fn::Join": ["-", [{"Ref": "A"}, "b"]]}


def test_merge_keys(value_of: Callable[..., Any]) -> None:
    extra = "  base: &base {a: 1, b: 2}\n  over: {<<: *base, b: 3}\n"
    assert value_of("${self:custom.over}", extra) == {"b": 3, "a": 1}


def test_aws_sources(cloud: Any, client: Callable[..., Any], write: Callable[..., Path], service_name: str) -> None:
    ssm = client("ssm")
    ssm.put_parameter(Name=f"/{service_name}/plain", Value="visible", Type="String")
    ssm.put_parameter(Name=f"/{service_name}/list", Value="a,b", Type="StringList")
    ssm.put_parameter(Name=f"/{service_name}/secret", Value="tops3cret-value", Type="SecureString")
    ssm.put_parameter(Name=f"/{service_name}/json", Value='{"key": "ins1de-value"}', Type="SecureString")
    name = f"/{service_name}"
    custom = {
        "account": "${aws:accountId}",
        "plain": f"${{ssm:{name}/plain}}",
        "list": f"${{ssm:{name}/list}}",
        "secret": f"key ${{ssm:{name}/secret}}",
        "json": f"${{ssm:{name}/json}}",
        "none": f"${{ssm:{name}/none, 'fallback'}}",
        "stack": "${cf:no-such-stack.Output, 'no stack'}",
    }
    service = serverless.load(write({"serverless.yml": HEAD + "custom: " + json.dumps(custom)}))
    assert service.config["custom"] == {
        "account": cloud.account,
        "plain": "visible",
        "list": ["a", "b"],
        "secret": "key tops3cret-value",
        "json": {"key": "ins1de-value"},
        "none": "fallback",
        "stack": "no stack",
    }
    printed = as_text(service)
    assert "visible" in printed
    assert HIDDEN in printed
    assert "tops3cret" not in printed
    assert "ins1de" not in printed
