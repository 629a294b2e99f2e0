"""`workshop clean`, against the offline cloud: everything of one reader goes, nothing of another, at any moment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from workshop import lesson
from workshop.cli import main
from workshop.on_aws import cleaning, names

HELLO = "demo_lambdas/hello_world"


def kinds(things: list[Any]) -> list[str]:
    return [one.kind for one in things]


def test_finds_by_the_tag_removes_and_finds_nothing_more(mine: str, aws: Any) -> None:
    lesson.deploy(HELLO, quiet=True)
    things = cleaning.find(aws, mine)
    assert [(one.kind, one.name, one.owner) for one in things] == [("stack", f"hello-world-dev-{mine}", mine)]
    assert cleaning.clean(aws, things) == {}
    assert cleaning.find(aws, mine) == []
    assert cleaning.clean(aws, things) == {}  # twice does no harm


def test_leaves_what_belongs_to_another_reader(mine: str, aws: Any) -> None:
    lesson.deploy(HELLO, quiet=True)
    assert cleaning.find(aws, "t0000") == []
    assert mine in {one.owner for one in cleaning.find(aws, "t0000", everyone=True)}
    cleaning.clean(aws, cleaning.find(aws, mine))


def test_a_bucket_with_things_in_it_and_parameters_go_too(mine: str, aws: Any, client: Any) -> None:
    """CloudFormation deletes no bucket that holds something; reports are put there by the service itself."""
    import boto3

    report = lesson.deploy("demo_lambdas/nightly_report", quiet=True)
    client("s3").put_object(Bucket=report.outputs["ReportsBucket"], Key="reports/x", Body=b"1")
    boto3.client("ssm").put_parameter(Name="github_token", Value="x", Type="SecureString")
    things = cleaning.find(aws, mine)
    assert kinds(things) == ["stack", "parameter"]
    assert cleaning.clean(aws, things) == {}
    assert report.outputs["ReportsBucket"] not in [one["Name"] for one in client("s3").list_buckets()["Buckets"]]
    assert cleaning.find(aws, mine) == []


def test_what_lost_its_stack_is_found_by_its_tag(mine: str, aws: Any, client: Any) -> None:
    """A crash between two steps: a log group, a bucket, a table and a queue. What holds data is told apart."""
    tag = {names.TAG: mine}
    tags = [{"Key": names.TAG, "Value": mine}]
    client("logs").create_log_group(logGroupName=f"/aws/lambda/hello-world-dev-{mine}-hello", tags=tag)
    bucket = f"hello-world-dev-{mine}-serverlessdeploymentbucket"
    client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        client("s3").put_object(Bucket=bucket, Key="x", Body=b"1")
    client("sqs").create_queue(QueueName=f"middleman-dev-{mine}-Requests", tags=tag)
    client("dynamodb").create_table(
        TableName=f"order-payment-dev-{mine}-Orders",
        Tags=tags,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
    )
    found = cleaning.look(aws, mine)
    assert sorted(kinds(found.things)) == ["log group", "queue"] and sorted(kinds(found.retained)) == [
        "bucket",
        "table",
    ]
    things = found.things + found.retained
    assert cleaning.clean(aws, things) == {}
    assert cleaning.find(aws, mine) == []


def test_a_stack_that_was_only_begun_is_cleaned(mine: str, aws: Any) -> None:
    """Killed between the first half (the bucket) and the second: the stack stands there with its bucket only."""
    from workshop import serverless
    from workshop.on_aws import personal
    from workshop.serverless.stacks import Stack

    service = personal.load(HELLO)
    tags = [{"Key": names.TAG, "Value": mine}]
    Stack(aws, service.stack).create(serverless.package(service).create_template(), tags, lambda step: None)
    things = cleaning.find(aws, mine)
    assert kinds(things) == ["stack"]
    assert cleaning.clean(aws, things) == {}
    assert cleaning.find(aws, mine) == []


def test_the_command_lists_asks_and_removes(mine: str, cloud: Any, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("WORKSHOP_CLOUD", cloud.endpoint)
    lesson.deploy(HELLO, quiet=True)
    assert main(["clean", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in listed["found"]] == [f"hello-world-dev-{mine}"] and not listed["removed"]
    assert main(["clean"]) == 1  # nobody to ask
    assert "nobody to ask" in capsys.readouterr().err
    assert main(["clean", "--yes", "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert (len(done["removed"]), done["failed"], done["left"]) == (1, [], [])
    assert main(["clean", "--yes"]) == 0
    assert "Nothing of the workshop is left" in capsys.readouterr().out
    assert main(["clean", "--suffix", "NO WAY"]) == 2


@pytest.mark.parametrize("words", [["clean", "--help"]])
def test_help_has_an_example(words: list[str], capsys: Any) -> None:
    assert main(words) == 0
    assert "Example: workshop clean --yes" in capsys.readouterr().out
