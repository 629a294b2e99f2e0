"""`workshop clean` and what is in no stack: what has the tag is found and goes; what has only a name is "perhaps"."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import zipped
from workshop import lesson
from workshop.cli import main
from workshop.on_aws import cleaning, names
from workshop.on_aws.orphans import leave

TAG = names.TAG
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
NO_TAGS = ["layer version", "layer version", "schedule", "schedule"]  # of kinds that carry none
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
    suffix = "u7" + secrets.token_hex(2)
    leave(aws, suffix, tag=suffix)
    yield suffix
    away(aws, suffix)
    assert cleaning.find(aws, suffix) == []


def away(aws: Any, suffix: str) -> None:
    """Everything that could be one reader's, named one by one."""
    found = cleaning.look(aws, suffix)
    assert cleaning.clean(aws, found.things + found.retained + found.perhaps) == {}


def tagged(*every: str) -> list[str]:
    return sorted(kind for kind in every if kind not in NO_TAGS)


def kinds(things: list[cleaning.Thing]) -> list[str]:
    return sorted(one.kind for one in things)


def test_every_kind_is_found_by_its_tag_and_goes(mine: str, aws: Any, other: str) -> None:
    leave(aws, mine, tag=mine)
    found = cleaning.look(aws, mine)
    assert kinds(found.things) == tagged(*KINDS) and found.unseen == {}
    assert kinds(found.perhaps) == NO_TAGS
    theirs = cleaning.find(aws, other)
    assert cleaning.clean(aws, found.things) == {}
    assert cleaning.find(aws, mine) == []
    assert kinds(cleaning.look(aws, mine).perhaps) == NO_TAGS  # what was removed is what was listed
    assert cleaning.clean(aws, found.things) == {}  # what is gone already is fine
    assert cleaning.find(aws, other) == theirs and kinds(theirs) == tagged(*KINDS)
    away(aws, mine)


def test_a_name_alone_is_only_perhaps(mine: str, aws: Any) -> None:
    leave(aws, mine)
    found = cleaning.look(aws, mine)
    assert found.things == [] and kinds(found.perhaps) == KINDS
    assert cleaning.clean(aws, found.things) == {}
    assert kinds(cleaning.look(aws, mine).perhaps) == KINDS
    away(aws, mine)


def test_all_finds_readers_of_whom_no_stack_is_left(mine: str, aws: Any, other: str) -> None:
    leave(aws, mine, tag=mine)
    aws.get("ssm").put_parameter(Name=f"/workshop-{other}/key", Value="x", Type="SecureString")
    found = cleaning.look(aws, "t0000", everyone=True)
    for whose in (mine, other):
        assert tagged(*KINDS) == kinds([one for one in found.things if one.owner == whose]), whose
    assert f"/workshop-{other}/key" in [one.name for one in found.perhaps if one.owner == other]
    assert cleaning.clean(aws, [one for one in found.things if one.owner == mine]) == {}
    assert cleaning.find(aws, mine) == []
    away(aws, mine)


def test_a_tag_says_more_than_a_name(mine: str, aws: Any) -> None:
    """A name that was spelled out has no suffix, but what CloudFormation made has the tag; and the other way round."""
    sns = aws.get("sns")
    ours = sns.create_topic(Name="orders", Tags=[{"Key": TAG, "Value": mine}])["TopicArn"]
    theirs = sns.create_topic(Name=f"shop-dev-{mine}-x", Tags=[{"Key": TAG, "Value": "t0000"}])["TopicArn"]
    role(aws, f"spelled-{secrets.token_hex(6)}", Tags=[{"Key": TAG, "Value": mine}])
    found = cleaning.look(aws, mine)
    assert kinds(found.things) == ["role", "topic"] and ours in [one.name for one in found.things]
    assert found.perhaps == []
    assert cleaning.clean(aws, found.things) == {}
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
        ("shop-prod-team1-orders", "team1"),
    ],
)
def test_a_suffix_that_is_part_of_another_name_is_not_a_suffix(aws: Any, name: str, suffix: str) -> None:
    arn = aws.get("sns").create_topic(Name=name)["TopicArn"]
    try:
        found = cleaning.look(aws, suffix)
        assert arn not in [one.name for one in found.things + found.perhaps]
    finally:
        aws.get("sns").delete_topic(TopicArn=arn)


def test_another_stage_than_dev_has_a_suffix_too(aws: Any) -> None:
    """Lesson 02 deploys a service to `prod`."""
    arn = aws.get("sns").create_topic(Name="local-hello-prod-k7f9-x")["TopicArn"]
    things = cleaning.look(aws, "k7f9").perhaps
    assert [one.name for one in things] == [arn] and cleaning.clean(aws, things) == {}


@pytest.mark.parametrize("value", ["eks", "data", "prod", "yes"])
def test_all_leaves_what_has_a_tag_called_workshop_for_something_else(aws: Any, value: str) -> None:
    """`workshop` is a key that other teams use. Ours is nobody else's, and its value can be a suffix."""
    api, name = aws.get("cloudformation"), f"acme-{value}"
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    api.create_stack(StackName=name, TemplateBody=template, Tags=[{"Key": "workshop", "Value": value}])
    api.get_waiter("stack_create_complete").wait(StackName=name)
    found = cleaning.look(aws, "t0000", everyone=True)
    assert name not in [one.name for one in found.things + found.perhaps]
    api.delete_stack(StackName=name)
    api.get_waiter("stack_delete_complete").wait(StackName=name)


COMPANY = {
    "Resources": {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": "crm-dev-anna-customers",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
            },
        },
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "crm-dev-anna-files"}},
        "Layer": {
            "Type": "AWS::Lambda::LayerVersion",
            "Properties": {"LayerName": "tools-anna", "Content": {"S3Bucket": "crm-dev-code", "S3Key": "x.zip"}},
        },
        "Key": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/workshop-anna/key", "Type": "String", "Value": "x"},
        },
    }
}


@pytest.mark.parametrize("tags", [[], [{"Key": TAG, "Value": "t0000"}]], ids=["untagged", "another reader's"])
def test_what_lies_in_another_stack_that_exists_is_never_touched(aws: Any, tags: list[dict[str, str]]) -> None:
    """A company's stack with a name that a reader's suffix stands in keeps its table, its bucket and its layer. A thing
    in it that somebody gave the workshop's tag is the stack's all the same.
    """
    api, s3 = aws.get("cloudformation"), aws.get("s3")
    where = {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    s3.create_bucket(Bucket="crm-dev-code", **where)
    s3.put_object(Bucket="crm-dev-code", Key="x.zip", Body=zipped({"x.py": ""}))
    api.create_stack(StackName="crm-dev-anna", TemplateBody=json.dumps(COMPANY), Tags=tags)
    api.get_waiter("stack_create_complete").wait(StackName="crm-dev-anna")
    arn = aws.get("dynamodb").describe_table(TableName="crm-dev-anna-customers")["Table"]["TableArn"]
    aws.get("dynamodb").tag_resource(ResourceArn=arn, Tags=[{"Key": TAG, "Value": "anna"}])
    s3.put_object(Bucket="crm-dev-anna-files", Key="a", Body=b"1")
    found = cleaning.look(aws, "anna")
    assert (found.things, found.retained, found.perhaps, found.unseen) == ([], [], [], {})
    held = {"Bucket": "crm-dev-anna-files", "Key": "a"}
    assert cleaning.clean(aws, found.things + found.retained) == {} and s3.get_object(**held)["Body"].read() == b"1"
    s3.delete_object(**held)
    api.delete_stack(StackName="crm-dev-anna")
    api.get_waiter("stack_delete_complete").wait(StackName="crm-dev-anna")
    s3.delete_object(Bucket="crm-dev-code", Key="x.zip")
    s3.delete_bucket(Bucket="crm-dev-code")


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
    role(aws, name, Tags=[{"Key": TAG, "Value": mine}])
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


KEPT = {
    "Resources": {
        "Topic": {"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain"},
        "Ledger": COMPANY["Resources"]["Table"] | {"DeletionPolicy": "Retain"},
        "Receipts": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "RetainExceptOnCreate"},
        "Queue": {"Type": "AWS::SQS::Queue"},
    }
}


def with_a_ledger(mine: str, aws: Any) -> tuple[str, str]:
    """A stack whose template retains a topic, a table and a bucket with something in it. Returns table and bucket."""
    name, template = f"shop-dev-{mine}", json.dumps(KEPT).replace("crm-dev-anna-customers", f"ledger-dev-{mine}")
    api = aws.get("cloudformation")
    api.create_stack(StackName=name, TemplateBody=template, Tags=[{"Key": TAG, "Value": mine}])
    api.get_waiter("stack_create_complete").wait(StackName=name)
    held = {one["LogicalResourceId"]: one for one in api.list_stack_resources(StackName=name)["StackResourceSummaries"]}
    bucket = held["Receipts"]["PhysicalResourceId"]
    aws.get("s3").put_object(Bucket=bucket, Key="receipt", Body=b"1")
    return f"ledger-dev-{mine}", bucket


def test_what_a_template_retains_is_listed_before_and_data_is_kept_apart(mine: str, aws: Any) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"""
    table, bucket = with_a_ledger(mine, aws)
    found = cleaning.look(aws, mine)
    assert kinds(found.things) == ["stack", "topic"]
    assert [(one.kind, one.name, one.stack) for one in found.retained] == [
        ("bucket", bucket, f"shop-dev-{mine}"),
        ("table", table, f"shop-dev-{mine}"),
    ]
    assert cleaning.clean(aws, found.things) == {}
    assert aws.get("s3").get_object(Bucket=bucket, Key="receipt")["Body"].read() == b"1"
    left = cleaning.look(aws, mine)  # the tag still says whose they are
    assert left.things == [] and sorted(one.name for one in left.retained) == sorted([bucket, table])
    assert cleaning.clean(aws, left.retained) == {} and cleaning.find(aws, mine) == []


def test_data_goes_only_after_a_question_of_its_own(
    mine: str, cloud: Any, aws: Any, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("WORKSHOP_CLOUD", cloud.endpoint)
    table, bucket = with_a_ledger(mine, aws)
    assert main(["clean", "--yes"]) == 0
    said = capsys.readouterr().out
    assert f"Kept: bucket {bucket}, table {table}. To remove that, too: workshop clean --yes --retained" in said
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda words, **_: bool(asked.append(words)))
    assert main(["clean"]) == 0
    assert asked == ["Remove the data in these 2 tables and buckets, too?"]
    assert aws.get("dynamodb").describe_table(TableName=table)
    capsys.readouterr()
    assert main(["clean", "--yes", "--retained", "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert sorted(one["name"] for one in done["removed"]) == sorted([bucket, table]) and done["left"] == []
    assert cleaning.find(aws, mine) == []


def test_one_thing_that_is_perhaps_mine_goes_by_its_name(
    mine: str, cloud: Any, aws: Any, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("WORKSHOP_CLOUD", cloud.endpoint)
    for one in ("a", "b"):
        aws.get("logs").create_log_group(logGroupName=f"/aws/lambda/shop-dev-{mine}-{one}")
    assert main(["clean", "--yes"]) == 0
    assert "Perhaps yours" in capsys.readouterr().out
    assert kinds(cleaning.look(aws, mine).perhaps) == ["log group", "log group"]
    assert main(["clean", "--yes", "--also", "shop-dev-elsewhere"]) == 2
    assert f"/aws/lambda/shop-dev-{mine}-b" in capsys.readouterr().err
    assert main(["clean", "--yes", "--also", f"/aws/lambda/shop-dev-{mine}-a"]) == 0
    assert [one.name for one in cleaning.look(aws, mine).perhaps] == [f"/aws/lambda/shop-dev-{mine}-b"]
    away(aws, mine)


def test_tagged_things_of_other_kinds_are_named_those_that_cost_first(mine: str, aws: Any) -> None:
    tags = [{"Key": TAG, "Value": mine}]
    aws.get("logs").create_log_group(logGroupName=f"/elsewhere/{mine}", tags={TAG: mine})
    aws.get("events").create_event_bus(Name=f"bus-{mine}", Tags=tags)
    secret = aws.get("secretsmanager").create_secret(Name=f"key-{mine}", SecretString="x", Tags=tags)["ARN"]
    key = aws.get("kms").create_key(Tags=[{"TagKey": TAG, "TagValue": mine}])["KeyMetadata"]["KeyId"]
    found = cleaning.look(aws, mine)
    assert found.things == found.retained == found.perhaps == []
    assert [one.kind for one in found.others] == [
        "kms key",
        "secretsmanager secret",
        "logs log-group",
        "events event-bus",
    ]
    assert [bool(one.state) for one in found.others] == [True, True, True, False]
    assert cleaning.clean(aws, cleaning.find(aws, mine)) == {}
    assert aws.get("kms").describe_key(KeyId=key) and aws.get("secretsmanager").describe_secret(SecretId=secret)
    aws.get("logs").delete_log_group(logGroupName=f"/elsewhere/{mine}")
    aws.get("events").delete_event_bus(Name=f"bus-{mine}")
    aws.get("secretsmanager").delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    aws.get("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    aws.get("kms").untag_resource(KeyId=key, TagKeys=[TAG])


def test_a_stack_with_a_secret_takes_it_along_and_does_not_name_it(mine: str, aws: Any) -> None:
    template = {"Resources": {"Key": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "x"}}}}
    api, name = aws.get("cloudformation"), f"shop-dev-{mine}"
    api.create_stack(StackName=name, TemplateBody=json.dumps(template), Tags=[{"Key": TAG, "Value": mine}])
    api.get_waiter("stack_create_complete").wait(StackName=name)
    found = cleaning.look(aws, mine)
    assert kinds(found.things) == ["stack"] and found.others == []
    assert cleaning.clean(aws, found.things) == {}


@pytest.mark.parametrize("suffix", ["anna", "team1", "prod", "v2", "blue"])
def test_a_suffix_that_looks_like_a_word_is_refused_where_others_may_be(suffix: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("WORKSHOP_SUFFIX", suffix)
    monkeypatch.setenv("WORKSHOP_CLOUD", "aws")
    with pytest.raises(Exception, match=r"looks like a word|will not do"):
        names.suffix()


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
    leave(aws, mine, tag=mine)
    restricted("iam:ListRoles", "sns:ListTopics", "scheduler:ListSchedules")
    found = cleaning.look(as_reader(aws.region), mine)
    assert set(found.unseen) == {"roles", "topics", "schedules"}
    assert kinds(found.things) == tagged(*[kind for kind in KINDS if kind not in ("role", "topic")])
    words = str(found)
    assert "\n" not in words and "roles (ListRoles: AccessDenied)" in words and "workshop policy" in words
    assert cleaning.clean(as_reader(aws.region), found.things) == {}
    assert kinds(cleaning.find(aws, mine)) == ["role", "topic"]
    away(aws, mine)


def test_without_the_tags_nothing_is_certain(mine: str, aws: Any, restricted: Any) -> None:
    """APIs and roles tell their tags themselves; of the others only the name is known, which is not enough."""
    leave(aws, mine, tag=mine)
    restricted("tag:GetResources", "cloudformation:DescribeStackResources")
    found = cleaning.look(as_reader(aws.region), mine)
    assert found.things == found.perhaps == []
    assert "tags" in found.unseen and any(what.startswith("which stack holds") for what in found.unseen)
    restricted("tag:GetResources")
    found = cleaning.look(as_reader(aws.region), mine)
    assert kinds(found.things) == ["HTTP API", "REST API", "role"]
    away(aws, mine)


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
    away(aws, mine)


def test_what_aws_refuses_to_delete_is_named_and_the_rest_goes(mine: str, aws: Any, restricted: Any) -> None:
    leave(aws, mine, tag=mine)
    restricted("events:RemoveTargets", "iam:DetachRolePolicy")
    failed = cleaning.clean(as_reader(aws.region), cleaning.find(aws, mine))
    assert kinds(list(failed)) == ["role", "rule", "rule"]
    assert all("is not authorized to perform" in why and "AccessDenied" in why for why in failed.values())
    assert kinds(cleaning.find(aws, mine)) == ["role", "rule", "rule"]
    away(aws, mine)


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
    assert "AWS refused DescribeStacks" in said and "\n" not in said
    assert kinds(cleaning.look(aws, mine).perhaps) == ["role"]
    away(aws, mine)
