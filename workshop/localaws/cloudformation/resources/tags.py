"""Tags of resources that stay: brought in line with the template's and the stack's own when either changes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workshop.localaws.cloudformation.resources.base import Call, Properties, listed, pairs


@dataclass(frozen=True)
class Way:
    """How one service tags: its operations, the parameter that names a resource, and what that is made of.

    `name` may use {region}, {account} and {physical}; `maps` says that tags travel as a map, not as a list.
    """

    service: str
    tag: str
    untag: str
    parameter: str
    name: str = "{physical}"
    maps: bool = False
    tags: str = "Tags"
    keys: str = "TagKeys"


WAYS = {
    "AWS::IAM::Role": Way("iam", "tag_role", "untag_role", "RoleName"),
    "AWS::IAM::User": Way("iam", "tag_user", "untag_user", "UserName"),
    "AWS::Lambda::Function": Way(
        "lambda",
        "tag_resource",
        "untag_resource",
        "Resource",
        "arn:aws:lambda:{region}:{account}:function:{physical}",
        maps=True,
    ),
    "AWS::ApiGatewayV2::Api": Way(
        "apigatewayv2",
        "tag_resource",
        "untag_resource",
        "ResourceArn",
        "arn:aws:apigateway:{region}::/apis/{physical}",
        maps=True,
    ),
    "AWS::CloudWatch::Alarm": Way(
        "cloudwatch",
        "tag_resource",
        "untag_resource",
        "ResourceARN",
        "arn:aws:cloudwatch:{region}:{account}:alarm:{physical}",
    ),
    "AWS::Events::EventBus": Way(
        "events",
        "tag_resource",
        "untag_resource",
        "ResourceARN",
        "arn:aws:events:{region}:{account}:event-bus/{physical}",
    ),
    "AWS::Lambda::EventSourceMapping": Way(
        "lambda",
        "tag_resource",
        "untag_resource",
        "Resource",
        "arn:aws:lambda:{region}:{account}:event-source-mapping:{physical}",
        maps=True,
    ),
    "AWS::SQS::Queue": Way("sqs", "tag_queue", "untag_queue", "QueueUrl", maps=True),
    "AWS::SNS::Topic": Way("sns", "tag_resource", "untag_resource", "ResourceArn"),
    "AWS::DynamoDB::Table": Way(
        "dynamodb",
        "tag_resource",
        "untag_resource",
        "ResourceArn",
        "arn:aws:dynamodb:{region}:{account}:table/{physical}",
    ),
    "AWS::Logs::LogGroup": Way(
        "logs", "tag_log_group", "untag_log_group", "logGroupName", maps=True, tags="tags", keys="tags"
    ),
    "AWS::Scheduler::ScheduleGroup": Way(
        "scheduler",
        "tag_resource",
        "untag_resource",
        "ResourceArn",
        "arn:aws:scheduler:{region}:{account}:schedule-group/{physical}",
    ),
    "AWS::SSM::Parameter": Way("ssm", "add_tags_to_resource", "remove_tags_from_resource", "ResourceId"),
    "AWS::SecretsManager::Secret": Way("secretsmanager", "tag_resource", "untag_resource", "SecretId"),
}


def worth(stack_tags: dict[str, str], given: Properties) -> dict[str, str]:
    """The tags a resource has of its stack and its template; AWS's own are not among them."""
    return stack_tags | pairs(given.get("Tags"))


def follow(call: Call, kind: str, physical: str, wanted: dict[str, str], had: dict[str, str]) -> None:
    """Tag and untag what differs.

    Raises:
        Failed: the service refused.
    """
    way = WAYS.get(kind)
    if way is None or wanted == had:
        return
    name = way.name.format(region=call.region, account=call.account, physical=physical)
    where: dict[str, Any] = {way.parameter: name}
    if way.service == "ssm":
        where["ResourceType"] = "Parameter"
    gone = [key for key in had if key not in wanted]
    new = {key: value for key, value in wanted.items() if had.get(key) != value}
    if gone:
        call(way.service, way.untag, **where, **{way.keys: gone})
    if new:
        call(way.service, way.tag, **where, **{way.tags: new if way.maps else listed(new)})
