"""A picture of an account: everything that is there, listed by service, to be held against another one.

Taken by plain boto3 with the rights of whoever may do anything, so that nothing is left out for want of a permission.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
Picture = dict[str, dict[str, str]]  # service -> name -> what it is like


def picture(endpoint: str, region: str = "eu-west-1") -> Picture:
    """What is in an account and region now."""
    import boto3

    session = boto3.session.Session(**KEYS, region_name=region)

    def client(name: str) -> Any:
        return session.client(name, endpoint_url=endpoint)

    def pages(service: str, operation: str, key: str, **more: Any) -> list[Any]:
        api = client(service)
        if not api.can_paginate(operation):
            return list(getattr(api, operation)(**more).get(key) or [])
        return [one for page in api.get_paginator(operation).paginate(**more) for one in page.get(key) or []]

    s3, sqs, events, iam = client("s3"), client("sqs"), client("events"), client("iam")
    found: Picture = {
        "cloudformation": {
            one["StackName"]: _of(one["StackStatus"], one.get("Tags"), one.get("LastUpdatedTime"))
            for one in pages("cloudformation", "describe_stacks", "Stacks")
        },
        "lambda": {
            one["FunctionName"]: _of({key: one.get(key) for key in ("CodeSha256", "Environment", "Role", "Timeout")})
            for one in pages("lambda", "list_functions", "Functions")
        },
        "lambda layers": {
            one["LayerName"]: _of(one["LatestMatchingVersion"]["Version"])
            for one in pages("lambda", "list_layers", "Layers")
        },
        "lambda mappings": {
            one["UUID"]: _of(one.get("FunctionArn"), one.get("BatchSize"))
            for one in pages("lambda", "list_event_source_mappings", "EventSourceMappings")
        },
        "rest apis": {one["id"]: _of(one["name"]) for one in pages("apigateway", "get_rest_apis", "items")},
        "http apis": {one["ApiId"]: _of(one["Name"]) for one in pages("apigatewayv2", "get_apis", "Items")},
        "dynamodb": {
            name: _of(client("dynamodb").scan(TableName=name)["Items"])
            for name in pages("dynamodb", "list_tables", "TableNames")
        },
        "s3": {
            name: _of([(one["Key"], one["ETag"]) for one in s3.list_objects_v2(Bucket=name).get("Contents", [])])
            for name in [one["Name"] for one in s3.list_buckets()["Buckets"]]
        },
        "sqs": {
            url: _of(_without(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]))
            for url in sqs.list_queues().get("QueueUrls", [])
        },
        "sns": {one["TopicArn"]: "" for one in pages("sns", "list_topics", "Topics")},
        "ssm": {one["Name"]: _of(one["Version"]) for one in pages("ssm", "describe_parameters", "Parameters")},
        "secretsmanager": {
            one["ARN"]: _of(one.get("Tags")) for one in pages("secretsmanager", "list_secrets", "SecretList")
        },
        "kms": {one["KeyId"]: "" for one in pages("kms", "list_keys", "Keys")},
        "logs": {
            one["logGroupName"]: _of(one.get("retentionInDays"))
            for one in pages("logs", "describe_log_groups", "logGroups")
        },
        "events": {
            f"{bus['Name']}|{one['Name']}": _of(one.get("State"), one.get("ScheduleExpression"))
            for bus in events.list_event_buses()["EventBuses"]
            for one in events.list_rules(EventBusName=bus["Name"])["Rules"]
        },
        "buses": {one["Name"]: "" for one in events.list_event_buses()["EventBuses"]},
        "scheduler": {one["Arn"]: _of(one["State"]) for one in pages("scheduler", "list_schedules", "Schedules")},
        "cloudwatch": {one["AlarmName"]: "" for one in pages("cloudwatch", "describe_alarms", "MetricAlarms")},
        "iam roles": {
            one["RoleName"]: _of(
                iam.list_role_policies(RoleName=one["RoleName"])["PolicyNames"],
                iam.list_attached_role_policies(RoleName=one["RoleName"])["AttachedPolicies"],
                one["AssumeRolePolicyDocument"],
            )
            for one in pages("iam", "list_roles", "Roles")
        },
        "iam policies": {one["Arn"]: "" for one in pages("iam", "list_policies", "Policies", Scope="Local")},
        "iam users": {one["UserName"]: "" for one in pages("iam", "list_users", "Users")},
    }
    return found


def difference(before: Picture, after: Picture) -> dict[str, list[str]]:
    """What came, went or is not as it was, by service: `+ name`, `- name`, `~ name`."""
    found: dict[str, list[str]] = {}
    for service in before:
        one, other = before[service], after[service]
        signs = [f"+ {name}" for name in sorted(other.keys() - one.keys())]
        signs += [f"- {name}" for name in sorted(one.keys() - other.keys())]
        signs += [f"~ {name}" for name in sorted(one.keys() & other.keys()) if one[name] != other[name]]
        if signs:
            found[service] = signs
    return found


def _of(*what: Any) -> str:
    text = json.dumps(what, sort_keys=True, default=str)
    return text if len(text) < 200 else hashlib.sha256(text.encode()).hexdigest()


def _without(attributes: dict[str, str]) -> dict[str, str]:
    """A queue's settings, without how many messages there are just now."""
    return {name: value for name, value in attributes.items() if not name.startswith("Approximate")}
