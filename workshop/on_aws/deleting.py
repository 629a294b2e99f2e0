"""How each kind of thing is deleted: what is inside it first, and one that is gone already is fine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from workshop.serverless.aws import Clients, error_code

GONE = (
    "ResourceNotFoundException",
    "ResourceNotFound",
    "NoSuchBucket",
    "ParameterNotFound",
    "NoSuchEntity",
    "NotFoundException",
    "NotFound",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "404",
)

_BETWEEN_REST_APIS = 31.0  # seconds


def delete(aws: Clients, kind: str, name: str) -> None:
    """Deletes one thing; one that is gone already is fine.

    Raises:
        botocore.exceptions.ClientError: AWS refused.
    """
    try:
        if kind in _OWN:
            _OWN[kind](aws, name)
        else:
            service, operation, argument = _PLAIN[kind]
            getattr(aws.get(service), operation)(**{argument: name})
    except Exception as error:
        if error_code(error) not in GONE:
            raise


def empty(aws: Clients, bucket: str) -> None:
    """Deletes every object of a bucket, with all its versions: CloudFormation deletes no bucket that holds something.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html
    """
    api = aws.get("s3")
    try:
        for page in api.get_paginator("list_object_versions").paginate(Bucket=bucket):
            versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if versions:
                objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in versions]
                api.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    except api.exceptions.ClientError as error:
        if error_code(error) not in GONE:
            raise


def _bucket(aws: Clients, name: str) -> None:
    empty(aws, name)
    aws.get("s3").delete_bucket(Bucket=name)


def _role(aws: Clients, name: str) -> None:
    """A role goes when no policy is left on it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
    """
    api = aws.get("iam")
    for page in api.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        for policy in page["AttachedPolicies"]:
            api.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for page in api.get_paginator("list_role_policies").paginate(RoleName=name):
        for policy in page["PolicyNames"]:
            api.delete_role_policy(RoleName=name, PolicyName=policy)
    api.delete_role(RoleName=name)


def _rule(aws: Clients, name: str) -> None:
    """A rule goes when it has no targets.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteRule.html
    """
    api = aws.get("events")
    bus, _, rule = name.rpartition("|")
    which: dict[str, Any] = {"EventBusName": bus} if bus else {}
    # Looked at again after each removal, instead of by token: what is removed moves the pages.
    while targets := api.list_targets_by_rule(Rule=rule, **which)["Targets"]:
        answer = api.remove_targets(Rule=rule, Ids=[one["Id"] for one in targets], **which)
        if answer.get("FailedEntryCount"):
            break  # deleting the rule is refused then, and says why
    api.delete_rule(Name=rule, **which)


def _rest_api(aws: Clients, name: str) -> None:
    """An account may delete one REST API in thirty seconds; that is longer than boto3 tries again by itself.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
    """
    api = aws.get("apigateway")
    for last in (False, False, True):
        try:
            api.delete_rest_api(restApiId=name)
            return
        except api.exceptions.TooManyRequestsException:
            if last:
                raise
            time.sleep(_BETWEEN_REST_APIS)


def _schedule(aws: Clients, name: str) -> None:
    group, _, schedule = name.rpartition("/")
    aws.get("scheduler").delete_schedule(Name=schedule, **({"GroupName": group} if group else {}))


def _layer_version(aws: Clients, name: str) -> None:
    layer, _, version = name.rpartition(":")
    aws.get("lambda").delete_layer_version(LayerName=layer, VersionNumber=int(version))


def _alarm(aws: Clients, name: str) -> None:
    aws.get("cloudwatch").delete_alarms(AlarmNames=[name])


_OWN: dict[str, Callable[[Clients, str], None]] = {
    "REST API": _rest_api,
    "alarm": _alarm,
    "bucket": _bucket,
    "layer version": _layer_version,
    "role": _role,
    "rule": _rule,
    "schedule": _schedule,
}
_PLAIN = {
    "HTTP API": ("apigatewayv2", "delete_api", "ApiId"),
    "event source mapping": ("lambda", "delete_event_source_mapping", "UUID"),
    "function": ("lambda", "delete_function", "FunctionName"),
    "log group": ("logs", "delete_log_group", "logGroupName"),
    "parameter": ("ssm", "delete_parameter", "Name"),
    "queue": ("sqs", "delete_queue", "QueueUrl"),
    "table": ("dynamodb", "delete_table", "TableName"),
    "topic": ("sns", "delete_topic", "TopicArn"),
}
