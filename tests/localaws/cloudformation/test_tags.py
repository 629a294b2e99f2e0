"""Tags follow the template and the stack's own tags.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html
"""

from __future__ import annotations

from typing import Any

from tests.localaws.bench import Bench, unique
from tests.localaws.cloudformation.conftest import ROLE, Stacks, inline


def resources(**tags: str) -> dict[str, Any]:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    table = {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return {
        "Role": {**ROLE, "Properties": {**ROLE["Properties"], "Tags": listed}},
        "Function": inline(Tags=listed),
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": listed}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Tags": listed}},
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {**table, "Tags": listed}},
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"Tags": listed}},
        "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x", "Tags": tags}},
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "x", "Tags": listed}},
    }


def tags_of(bench: Bench, names: dict[str, str]) -> dict[str, dict[str, str]]:
    """What each service says, AWS's own tags left out."""
    client = bench.client
    table = client("dynamodb").describe_table(TableName=names["Table"])["Table"]["TableArn"]
    parameter = {"ResourceType": "Parameter", "ResourceId": names["Parameter"]}
    found: dict[str, Any] = {
        "Role": client("iam").list_role_tags(RoleName=names["Role"])["Tags"],
        "Function": client("lambda").get_function(FunctionName=names["Function"])["Tags"],
        "Queue": client("sqs").list_queue_tags(QueueUrl=names["Queue"]).get("Tags", {}),
        "Topic": client("sns").list_tags_for_resource(ResourceArn=names["Topic"])["Tags"],
        "Table": client("dynamodb").list_tags_of_resource(ResourceArn=table)["Tags"],
        "Group": client("logs").list_tags_log_group(logGroupName=names["Group"])["tags"],
        "Parameter": client("ssm").list_tags_for_resource(**parameter)["TagList"],
        "Secret": client("secretsmanager").describe_secret(SecretId=names["Secret"]).get("Tags", []),
    }
    plain = {
        name: tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
        for name, tags in found.items()
    }
    return {name: {key: tags[key] for key in tags if not key.startswith("aws:")} for name, tags in plain.items()}


def each(tags: dict[str, str]) -> dict[str, dict[str, str]]:
    """The same tags on every resource."""
    return dict.fromkeys(resources(), tags)


def test_tags_follow(stacks: Stacks, bench: Bench) -> None:
    def own(value: str) -> dict[str, Any]:
        return {"Tags": [{"Key": "team", "Value": value}]}

    stack = stacks.create(resources(a="1", b="1"), **own("red"))["StackId"]
    names = stacks.physical(stack)
    assert tags_of(bench, names) == each({"a": "1", "b": "1", "team": "red"})
    stacks.update(stack, resources(b="2", c="3"), **own("red"))
    assert tags_of(bench, names) == each({"b": "2", "c": "3", "team": "red"})
    stacks.update(stack, resources(b="2", c="3"), **own("blue"))  # the template stays
    assert tags_of(bench, names) == each({"b": "2", "c": "3", "team": "blue"})
    lost = {
        "Type": "AWS::SSM::Parameter",
        "DependsOn": list(names),
        "Properties": {"Type": "String", "Value": {"Fn::ImportValue": unique("nobody")}},
    }
    failed = stacks.update(stack, {**resources(d="4"), "Lost": lost}, **own("green"))
    assert failed["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert tags_of(bench, names) == each({"b": "2", "c": "3", "team": "blue"})
    assert stacks.physical(stack) == names
