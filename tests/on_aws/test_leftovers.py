"""`workshop clean` and what is in no stack: each kind is found by its name or tag and goes; nothing of others does."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from workshop import lesson
from workshop.cli import main
from workshop.on_aws import cleaning
from workshop.on_aws.orphans import leave

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
KINDS = [
    "HTTP API",
    "REST API",
    "alarm",
    "event source mapping",
    "layer version",
    "layer version",
    "role",
    "rule",
    "rule",
    "schedule",
    "schedule",
    "topic",
]


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def role(aws: Any, name: str, **more: Any) -> str:
    arn = aws.get("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUST), **more)["Role"]["Arn"]
    return str(arn)


@pytest.fixture
def other(aws: Any) -> Iterator[str]:
    """Another reader of the same account, with leftovers of their own."""
    suffix = "u" + secrets.token_hex(2)
    leave(aws, suffix)
    yield suffix
    cleaning.clean(aws, cleaning.find(aws, suffix))
    assert cleaning.find(aws, suffix) == []


def kinds(things: list[cleaning.Thing]) -> list[str]:
    return sorted(one.kind for one in things)


def test_every_kind_is_found_by_its_name_and_goes(mine: str, aws: Any, other: str) -> None:
    leave(aws, mine)
    found = cleaning.look(aws, mine)
    assert kinds(found.things) == KINDS and found.unseen == {}
    theirs = cleaning.find(aws, other)
    assert cleaning.clean(aws, found.things) == {}
    assert cleaning.find(aws, mine) == []
    assert cleaning.clean(aws, found.things) == {}  # what is gone already is fine
    assert cleaning.find(aws, other) == theirs and kinds(theirs) == KINDS


def test_all_finds_readers_of_whom_no_stack_is_left(mine: str, aws: Any, other: str) -> None:
    leave(aws, mine, tag=mine)
    aws.get("ssm").put_parameter(Name=f"/workshop-{other}/key", Value="x", Type="SecureString")
    found = cleaning.find(aws, "t0000", everyone=True)
    for whose in (mine, other):
        assert set(KINDS) <= {one.kind for one in found if one.owner == whose}, whose
    assert cleaning.clean(aws, [one for one in found if one.owner == mine]) == {}
    assert cleaning.find(aws, mine) == []


def test_a_tag_says_more_than_a_name(mine: str, aws: Any) -> None:
    """A name that was spelled out has no suffix, but what CloudFormation made has the tag; and the other way round."""
    sns = aws.get("sns")
    ours = sns.create_topic(Name="orders", Tags=[{"Key": "workshop", "Value": mine}])["TopicArn"]
    theirs = sns.create_topic(Name=f"shop-dev-{mine}-x", Tags=[{"Key": "workshop", "Value": "t0000"}])["TopicArn"]
    role(aws, f"spelled-{secrets.token_hex(6)}", Tags=[{"Key": "workshop", "Value": mine}])
    things = cleaning.find(aws, mine)
    assert kinds(things) == ["role", "topic"] and ours in [one.name for one in things]
    assert cleaning.clean(aws, things) == {}
    assert [one["TopicArn"] for one in sns.list_topics()["Topics"] if one["TopicArn"] == theirs] == [theirs]
    sns.delete_topic(TopicArn=theirs)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("shop-dev-m2p7-k3f9", "k3f9"),  # the reader m2p7 has a function k3f9
        ("shop-dev-k3f9x-pay", "k3f9"),
        ("shop-dev-xk3f9-pay", "k3f9"),
        ("shop-devk3f9-pay", "k3f9"),
        ("k3f9-dev", "k3f9"),
        ("acme-payments-test-charge", "test"),  # another team's stage, for a reader who chose such a suffix
        ("acme-hello", "hello"),
        ("local-shop-blue-pay", "blue"),
        ("hello-world-dev-m2p7-hello", "hello"),
    ],
)
def test_a_suffix_that_is_part_of_another_name_is_not_a_suffix(aws: Any, name: str, suffix: str) -> None:
    arn = aws.get("sns").create_topic(Name=name)["TopicArn"]
    try:
        assert arn not in [one.name for one in cleaning.find(aws, suffix)]
    finally:
        aws.get("sns").delete_topic(TopicArn=arn)


def test_another_stage_than_dev_has_a_suffix_too(aws: Any) -> None:
    """Lesson 02 deploys a service to `prod`."""
    arn = aws.get("sns").create_topic(Name="local-hello-prod-k7f9-x")["TopicArn"]
    things = cleaning.find(aws, "k7f9")
    assert [one.name for one in things] == [arn] and cleaning.clean(aws, things) == {}


def test_all_leaves_what_has_a_tag_of_that_name_for_something_else(aws: Any) -> None:
    arn = aws.get("sns").create_topic(Name="acme", Tags=[{"Key": "workshop", "Value": "yes"}])["TopicArn"]
    try:
        assert arn not in [one.name for one in cleaning.find(aws, "t0000", everyone=True)]
    finally:
        aws.get("sns").delete_topic(TopicArn=arn)


def test_what_a_stack_holds_is_not_listed_beside_it(mine: str, aws: Any) -> None:
    for service in ("access_ssm", "middleman", "nightly_report"):  # a layer, a mapping, an API, a role; a rule
        lesson.deploy(f"demo_lambdas/{service}", quiet=True)
    things = cleaning.find(aws, mine)
    assert kinds(things) == ["stack"] * 3
    assert cleaning.clean(aws, things) == {}
    assert cleaning.find(aws, mine) == []


def test_a_role_of_a_stack_in_another_region_stays(mine: str, aws: Any) -> None:
    """IAM has no regions: the list has that role too, and its stack is alive."""
    name = f"shop-dev-{mine}-us-east-1-lambdaRole"
    role(aws, name, Tags=[{"Key": "workshop", "Value": mine}])
    assert cleaning.find(aws, mine) == []
    aws.get("iam").delete_role(RoleName=name)


def test_a_stack_whose_deletion_failed_is_found_and_goes(mine: str, aws: Any) -> None:
    """Deleted elsewhere while its bucket held something: CloudFormation stopped half-way, with DELETE_FAILED."""
    bucket = lesson.deploy("demo_lambdas/nightly_report", quiet=True).outputs["ReportsBucket"]
    aws.get("s3").put_object(Bucket=bucket, Key="x", Body=b"1")
    aws.get("cloudformation").delete_stack(StackName=f"nightly-report-dev-{mine}")
    with pytest.raises(Exception, match="DELETE_FAILED"):
        aws.get("cloudformation").get_waiter("stack_delete_complete").wait(StackName=f"nightly-report-dev-{mine}")
    [stack] = cleaning.find(aws, mine)
    assert (stack.kind, stack.state) == ("stack", "DELETE_FAILED")
    assert cleaning.clean(aws, [stack]) == {}
    assert cleaning.find(aws, mine) == []


def test_what_a_deletion_was_told_to_keep_is_found_without_its_stack(mine: str, aws: Any) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html: RetainResources"""
    bucket = lesson.deploy("demo_lambdas/nightly_report", quiet=True).outputs["ReportsBucket"]
    aws.get("s3").put_object(Bucket=bucket, Key="x", Body=b"1")
    api, name = aws.get("cloudformation"), f"nightly-report-dev-{mine}"
    api.delete_stack(StackName=name)
    with pytest.raises(Exception, match="DELETE_FAILED"):
        api.get_waiter("stack_delete_complete").wait(StackName=name)
    stuck = [one["LogicalResourceId"] for one in api.list_stack_resources(StackName=name)["StackResourceSummaries"]]
    api.delete_stack(StackName=name, RetainResources=stuck)
    api.get_waiter("stack_delete_complete").wait(StackName=name)
    things = cleaning.find(aws, mine)
    assert bucket in [one.name for one in things] and "stack" not in kinds(things)
    assert cleaning.clean(aws, things) == {}
    assert cleaning.find(aws, mine) == []


def test_what_a_template_retains_goes_after_its_stack(mine: str, aws: Any) -> None:
    kept = {"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain"}
    aws.get("cloudformation").create_stack(
        StackName=f"shop-dev-{mine}",
        TemplateBody=json.dumps({"Resources": {"Kept": kept}}),
        Tags=[{"Key": "workshop", "Value": mine}],
    )
    aws.get("cloudformation").get_waiter("stack_create_complete").wait(StackName=f"shop-dev-{mine}")
    things = cleaning.find(aws, mine)
    assert kinds(things) == ["stack"]
    assert cleaning.clean(aws, things) == {}
    assert cleaning.find(aws, mine) == []


@pytest.fixture
def restricted(aws: Any, mine: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`restricted("iam:ListRoles")`: from now on these credentials may do all but that."""
    iam, name = aws.get("iam"), f"reader-{mine}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]

    def without(*actions: str) -> None:
        allow = {"Effect": "Allow", "NotAction": list(actions), "Resource": "*"}
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(allow))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])

    yield without
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=name, PolicyName="p")
    iam.delete_user(UserName=name)


def as_reader(region: str) -> Any:
    from workshop.serverless.aws import Clients

    return Clients(region, "")


def test_kinds_that_may_not_be_listed_are_named_and_the_others_go(mine: str, aws: Any, restricted: Any) -> None:
    leave(aws, mine)
    restricted("iam:ListRoles", "sns:ListTopics", "scheduler:ListSchedules", "tag:GetResources")
    found = cleaning.look(as_reader(aws.region), mine)
    assert set(found.unseen) == {"roles", "topics", "schedules", "tags"}
    assert kinds(found.things) == [kind for kind in KINDS if kind not in ("role", "topic", "schedule")]
    words = str(found)
    assert "\n" not in words and "roles (ListRoles: AccessDenied)" in words and "workshop-policy.json" in words
    assert cleaning.clean(as_reader(aws.region), found.things) == {}
    assert kinds(cleaning.find(aws, mine)) == ["role", "schedule", "schedule", "topic"]
    assert cleaning.clean(aws, cleaning.find(aws, mine)) == {}


def test_the_command_says_it_and_is_no_failure(
    mine: str, cloud: Any, aws: Any, restricted: Any, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("WORKSHOP_CLOUD", cloud.endpoint)
    role(aws, f"shop-dev-{mine}-x")
    restricted("iam:ListRoles")
    assert main(["clean", "--yes"]) == 0
    said = capsys.readouterr()
    assert "Nothing of the workshop is left" in said.out and "where these credentials may look" in said.out
    assert said.err.startswith("Not looked at") and "roles (ListRoles: AccessDenied)" in said.err
    assert main(["clean", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unseen"] == {"roles": "ListRoles: AccessDenied"}
    cleaning.clean(aws, cleaning.find(aws, mine))


def test_what_aws_refuses_to_delete_is_named_and_the_rest_goes(mine: str, aws: Any, restricted: Any) -> None:
    leave(aws, mine)
    restricted("events:RemoveTargets", "iam:DetachRolePolicy")
    failed = cleaning.clean(as_reader(aws.region), cleaning.find(aws, mine))
    assert kinds(list(failed)) == ["role", "rule", "rule"]
    assert all("is not authorized to perform" in why and "AccessDenied" in why for why in failed.values())
    assert kinds(cleaning.find(aws, mine)) == ["role", "rule", "rule"]
    assert cleaning.clean(aws, cleaning.find(aws, mine)) == {}


def test_a_stack_that_may_not_be_looked_into_keeps_what_could_be_in_it(mine: str, aws: Any, restricted: Any) -> None:
    lesson.deploy("demo_lambdas/hello_world", quiet=True)
    restricted("cloudformation:ListStackResources")
    found = cleaning.look(as_reader(aws.region), mine)
    assert kinds(found.things) == ["stack"] and list(found.unseen) == [f"what is in hello-world-dev-{mine}"]
    cleaning.clean(aws, found.things)


def test_without_a_look_at_stacks_nothing_is_removed(
    mine: str, cloud: Any, aws: Any, restricted: Any, capsys: Any, monkeypatch: Any
) -> None:
    """What is in one could not be told from what is beside it."""
    monkeypatch.setenv("WORKSHOP_CLOUD", cloud.endpoint)
    role(aws, f"shop-dev-{mine}-x")
    restricted("cloudformation:DescribeStacks")
    assert main(["clean", "--yes"]) == 1
    said = capsys.readouterr().err.strip()
    assert "AWS refused DescribeStacks" in said and "workshop-policy.json" in said and "\n" not in said
    assert kinds(cleaning.find(aws, mine)) == ["role"]
    assert cleaning.clean(aws, cleaning.find(aws, mine)) == {}
