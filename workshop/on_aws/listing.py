"""What there is in an account and region, kind by kind: the lists that AWS gives, whoever's the things are.

Whose each one is stands in `leftovers`; how each goes away in `deleting`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workshop.on_aws.names import FOLDER, TAG
from workshop.serverless.aws import Clients, error_code

REGION = re.compile(r"(?<![a-z0-9])[a-z]{2}(?:-[a-z]+){1,3}-\d(?![a-z0-9])")


@dataclass(frozen=True)
class Item:
    """One thing of a list.

    Attributes:
        name: what it is deleted by.
        words: the name somebody gave it, where that is another: an API's, or the function of a mapping.
        resource: service and resource as its ARN ends, such as `sns:orders`: its tags are looked up by that.
        tags: its tags, where the list itself has them.
        physical: CloudFormation's id of it, where that is not its name.
    """

    name: str
    words: str = ""
    resource: str = ""
    tags: Mapping[str, str] = field(default_factory=dict, compare=False)
    physical: str = ""


# Says of a name whether it may be somebody's of the workshop: lists that need a further question ask it for those only.
Asked = Callable[[str], bool]


def mappings(aws: Clients, asked: Asked) -> Iterator[Item]:
    """Event source mappings. Lambda keeps them when their function is deleted.

    https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
    """
    for one in _pages(aws, "lambda", "list_event_source_mappings", "EventSourceMappings"):
        if one.get("State") != "Deleting":
            function = one.get("FunctionArn", "").partition(":function:")[2].partition(":")[0]
            yield Item(one["UUID"], function, f"lambda:event-source-mapping:{one['UUID']}")


def schedules(aws: Clients, asked: Asked) -> Iterator[Item]:
    """EventBridge Scheduler's, of every group; those of the group `default` go by their name alone."""
    for one in _pages(aws, "scheduler", "list_schedules", "Schedules"):
        group = one.get("GroupName", "default")
        yield Item(one["Name"] if group == "default" else f"{group}/{one['Name']}", one["Name"])


def rules(aws: Clients, asked: Asked) -> Iterator[Item]:
    """EventBridge's, of every bus; `bus|rule` as CloudFormation has it, where the bus is not the default one.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
    """
    api = aws.get("events")
    for bus in _by_token(api.list_event_buses, "EventBuses"):
        for one in _by_token(api.list_rules, "Rules", EventBusName=bus["Name"]):
            if one.get("ManagedBy"):  # made by a service of AWS, which removes it
                continue
            whole = one["Name"] if bus["Name"] == "default" else f"{bus['Name']}|{one['Name']}"
            yield Item(whole, one["Name"], f"events:rule/{whole.replace('|', '/')}")


def rest_apis(aws: Clients, asked: Asked) -> Iterator[Item]:
    """API Gateway's of the first kind; the list has their tags."""
    for one in _pages(aws, "apigateway", "get_rest_apis", "items"):
        yield Item(one["id"], one["name"], f"apigateway:/restapis/{one['id']}", one.get("tags") or {})


def http_apis(aws: Clients, asked: Asked) -> Iterator[Item]:
    """API Gateway's of the second kind; the list has their tags."""
    for one in _pages(aws, "apigatewayv2", "get_apis", "Items"):
        yield Item(one["ApiId"], one["Name"], f"apigateway:/apis/{one['ApiId']}", one.get("Tags") or {})


def functions(aws: Clients, asked: Asked) -> Iterator[Item]:
    """Lambda's functions."""
    for one in _pages(aws, "lambda", "list_functions", "Functions"):
        yield Item(one["FunctionName"], resource=f"lambda:function:{one['FunctionName']}")


def layer_versions(aws: Clients, asked: Asked) -> Iterator[Item]:
    """Every version of the layers that are asked for. Layers carry no tags."""
    for layer in _pages(aws, "lambda", "list_layers", "Layers"):
        name = layer["LayerName"]
        if asked(name):
            for one in _pages(aws, "lambda", "list_layer_versions", "LayerVersions", LayerName=name):
                yield Item(f"{name}:{one['Version']}", name, physical=one["LayerVersionArn"])


def topics(aws: Clients, asked: Asked) -> Iterator[Item]:
    """SNS's."""
    for one in _pages(aws, "sns", "list_topics", "Topics"):
        name = one["TopicArn"].rpartition(":")[2]
        yield Item(one["TopicArn"], name, f"sns:{name}")


def queues(aws: Clients, asked: Asked) -> Iterator[Item]:
    """SQS's."""
    for url in _pages(aws, "sqs", "list_queues", "QueueUrls"):
        name = url.rpartition("/")[2]
        yield Item(url, name, f"sqs:{name}")


def tables(aws: Clients, asked: Asked) -> Iterator[Item]:
    """DynamoDB's."""
    for name in _pages(aws, "dynamodb", "list_tables", "TableNames"):
        yield Item(name, resource=f"dynamodb:table/{name}")


def alarms(aws: Clients, asked: Asked) -> Iterator[Item]:
    """CloudWatch's, on metrics."""
    for one in _pages(aws, "cloudwatch", "describe_alarms", "MetricAlarms"):
        yield Item(one["AlarmName"], resource=f"cloudwatch:alarm:{one['AlarmName']}")


def buckets(aws: Clients, asked: Asked) -> Iterator[Item]:
    """S3's in this region: one elsewhere is a part of another stack.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html: BucketRegion, and the same in the answer
    """
    for one in _pages(aws, "s3", "list_buckets", "Buckets", BucketRegion=aws.region):
        if one.get("BucketRegion", aws.region) == aws.region:
            yield Item(one["Name"], resource=f"s3:{one['Name']}")


def log_groups(aws: Clients, asked: Asked) -> Iterator[Item]:
    """CloudWatch Logs' groups of functions."""
    for one in _pages(aws, "logs", "describe_log_groups", "logGroups", logGroupNamePrefix="/aws/lambda/"):
        name = one["logGroupName"]
        yield Item(name, name.rpartition("/")[2], f"logs:log-group:{name}")


def roles(aws: Clients, asked: Asked) -> Iterator[Item]:
    """IAM's, which knows no regions: one whose name or last use says another region belongs there.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html: tags and last use, which the list has not
    """
    api = aws.get("iam")
    for one in _pages(aws, "iam", "list_roles", "Roles"):
        name = one["RoleName"]
        said = REGION.search(name)
        if one["Path"].startswith(("/aws-service-role/", "/aws-reserved/")) or (said and said[0] != aws.region):
            continue
        if not asked(name):
            continue
        try:
            role = api.get_role(RoleName=name)["Role"]
        except api.exceptions.ClientError as error:
            if error_code(error) == "NoSuchEntity":  # somebody else was quicker
                continue
            raise
        used = role.get("RoleLastUsed", {}).get("Region", "")
        if said or used in ("", aws.region):
            yield Item(name, tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])})


def tags(aws: Clients) -> dict[str, dict[str, str]]:
    """The tags of everything in the region that has the workshop's, by `Item.resource`.

    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html: roles, layers and
    schedules are not in it; what was deleted a moment ago may be, so that lists decide what there is.
    """
    found = {}
    wanted = [{"Key": TAG}]
    for one in _pages(aws, "resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", TagFilters=wanted):
        _, _, service, _, _, resource = one["ResourceARN"].split(":", 5)
        found[f"{service}:{resource.removesuffix(':*')}"] = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    return found


def parameters(aws: Clients, owner: str) -> Iterator[Item]:
    """The Parameter Store's below one reader's prefix."""
    for one in _pages(aws, "ssm", "get_parameters_by_path", "Parameters", Path=f"/{FOLDER}-{owner}", Recursive=True):
        yield Item(one["Name"], resource=f"ssm:parameter{one['Name']}")


def prefixes(aws: Clients) -> set[str]:
    """Which readers have parameters: the `k3f9` of `/workshop-k3f9/…`."""
    filters = [{"Key": "Name", "Option": "BeginsWith", "Values": [f"/{FOLDER}-"]}]
    names = (one["Name"] for one in _pages(aws, "ssm", "describe_parameters", "Parameters", ParameterFilters=filters))
    return {found[1] for name in names if (found := re.match(rf"/{FOLDER}-([a-z][a-z0-9]{{1,7}})/", name))}


def _pages(aws: Clients, service: str, operation: str, key: str, **more: Any) -> Iterator[Any]:
    for page in aws.get(service).get_paginator(operation).paginate(**more):
        yield from page.get(key) or []


def _by_token(operation: Any, key: str, **more: Any) -> Iterator[Any]:
    """Pages of an operation for which boto3 has no paginator, or not in every version."""
    while True:
        page = operation(**more)
        yield from page[key]
        if not page.get("NextToken"):
            return
        more["NextToken"] = page["NextToken"]
