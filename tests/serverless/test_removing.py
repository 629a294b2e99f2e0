"""Removing a service whose file's variables stand for something that is gone: name, stage and region are enough."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from workshop import lesson, serverless
from workshop.cli import main
from workshop.core.errors import WorkshopError

pytestmark = pytest.mark.usefixtures("cloud")

FILE = """\
service: {name}
provider:
  name: aws
  runtime: python3.13
  region: eu-west-1
  environment:
    VALUE: {value}
functions:
  hello:
    handler: handler.hello
"""
GONE = [
    "${cf:no-such-stack.Output}",
    "${ssm:/no/such/parameter}",
    "${env:NO_SUCH_VARIABLE}",
    "${file(no_such_file.yml):key}",
    "${s3:bucket/key}",
    "${param:nothing}",
]


@pytest.fixture
def left(write: Callable[..., Path], service_name: str) -> Callable[[str], Path]:
    """`left("${cf:…}")`: a service that was deployed when its variable still had a value."""

    def make(variable: str) -> Path:
        folder = write({"serverless.yml": FILE.format(name=service_name, value="x")})
        serverless.deploy(serverless.load(folder))
        write({"serverless.yml": FILE.format(name=service_name, value=variable)})
        return folder

    return make


def stacks(name: str) -> list[str]:
    pages = boto3.client("cloudformation", region_name="eu-west-1").get_paginator("describe_stacks").paginate()
    return [one["StackName"] for page in pages for one in page["Stacks"] if one["StackName"].startswith(name)]


@pytest.mark.parametrize("variable", GONE)
def test_it_goes_although_the_file_cannot_be_resolved(
    variable: str, left: Callable[[str], Path], service_name: str
) -> None:
    folder = left(variable)
    for use in (lesson.deploy, lesson.package, lesson.info):  # nothing else has become lenient
        with pytest.raises(WorkshopError, match=r"serverless\.yml:7"):
            use(folder)
    assert stacks(service_name) == [f"{service_name}-dev"]
    lesson.remove(folder, quiet=True)
    assert stacks(service_name) == []


def test_the_command_too(
    left: Callable[[str], Path], service_name: str, cloud: Any, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setenv("WORKSHOP_CLOUD", cloud.endpoint)
    folder = str(left("${cf:no-such-stack.Output}"))
    for words in (["deploy", folder], ["package", folder], ["print", folder], ["info", folder]):
        assert main(words) == 1, words
        assert "Cannot resolve ${cf:no-such-stack.Output}" in capsys.readouterr().err
    assert main(["remove", folder]) == 0
    assert "has been successfully removed" in capsys.readouterr().out
    assert stacks(service_name) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("service: {name}", "service: ${{env:NO_SUCH}}", "serverless.yml:1: The service's name cannot be told"),
        ("region: eu-west-1", "region: ${{cf:no-such.Region}}", "serverless.yml:5: The region cannot be told"),
        ("name: aws", "name: aws\n  stage: ${{ssm:/no}}", "serverless.yml:4: The stage cannot be told"),
        ("name: aws", "name: aws\n  stackName: ${{env:NO_SUCH}}", "serverless.yml:4: The stack's name cannot be told"),
        ("name: aws", "name: aws\n  profile: ${{env:NO_SUCH}}", "serverless.yml:4: The profile for AWS cannot be told"),
        ("name: aws", "name: google", "provider.name"),
        ("service: {name}\n", "", "service"),
        ("service: {name}", "service: [a]", "service"),
        ("region: eu-west-1", "region: ireland", "region"),
    ],
)
def test_what_cannot_be_told_is_said_in_one_paragraph(
    before: str, after: str, said: str, write: Callable[..., Path], service_name: str
) -> None:
    assert before in FILE
    folder = write({"serverless.yml": FILE.replace(before, after).format(name=service_name, value="x")})
    with pytest.raises(WorkshopError) as raised:
        lesson.remove(folder, quiet=True)
    paragraph = str(raised.value)
    assert said in paragraph and "\n" not in paragraph and len(paragraph) < 400
    assert "not deployed" not in paragraph


def test_a_stage_that_is_named_is_not_asked_of_the_file(
    write: Callable[..., Path], service_name: str, monkeypatch: Any
) -> None:
    text = FILE.replace("name: aws", "name: aws\n  stage: ${{env:MY_STAGE}}").format(name=service_name, value="x")
    folder = write({"serverless.yml": text})
    monkeypatch.setenv("MY_STAGE", "blue")
    serverless.deploy(serverless.load(folder))
    monkeypatch.delenv("MY_STAGE")
    with pytest.raises(WorkshopError, match="Name it: --stage, or in a notebook stage="):
        lesson.remove(folder, quiet=True)
    lesson.remove(folder, stage="blue", quiet=True)
    assert stacks(service_name) == []


def test_a_first_deploy_into_a_bucket_that_the_file_names(write: Callable[..., Path], service_name: str) -> None:
    """The stack has no bucket of its own to begin with: it is made whole. A refusal leaves nothing in the bucket."""
    api, bucket = boto3.client("s3", region_name="eu-west-1"), f"{service_name}-given"
    api.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    text = FILE.replace("name: aws", f"name: aws\n  deploymentBucket: {bucket}").format(name=service_name, value="x")
    bad = "resources:\n  Resources:\n    Q:\n      Type: AWS::SQS::Queue\n      Properties: {QueueName: 'a b'}\n"
    folder = write({"serverless.yml": text + bad})
    with pytest.raises(WorkshopError, match="Nothing of it stays"):
        serverless.deploy(serverless.load(folder))
    assert stacks(service_name) == [] and "Contents" not in api.list_objects_v2(Bucket=bucket)
    write({"serverless.yml": text})
    assert serverless.deploy(serverless.load(folder)).changed
    assert not serverless.deploy(serverless.load(folder)).changed
    lesson.remove(folder, quiet=True)
    assert stacks(service_name) == [] and "Contents" not in api.list_objects_v2(Bucket=bucket)
    api.delete_bucket(Bucket=bucket)


def test_a_bucket_that_the_file_named_is_known_from_the_stack(
    write: Callable[..., Path], service_name: str, monkeypatch: Any
) -> None:
    """What this service put there goes, what others put there stays."""
    api, bucket = boto3.client("s3", region_name="eu-west-1"), f"{service_name}-shared"
    api.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    api.put_object(Bucket=bucket, Key="others", Body=b"1")
    text = FILE.replace("name: aws", "name: aws\n  deploymentBucket: ${{env:MY_BUCKET}}")
    folder = write({"serverless.yml": text.format(name=service_name, value="x")})
    monkeypatch.setenv("MY_BUCKET", bucket)
    serverless.deploy(serverless.load(folder))
    assert len(api.list_objects_v2(Bucket=bucket)["Contents"]) > 1
    monkeypatch.delenv("MY_BUCKET")
    lesson.remove(folder, quiet=True)
    assert [one["Key"] for one in api.list_objects_v2(Bucket=bucket)["Contents"]] == ["others"]
    api.delete_object(Bucket=bucket, Key="others")
    api.delete_bucket(Bucket=bucket)
