"""What can be left beside stacks, found by the suffix in its name, and how each kind is deleted.

Log groups that Lambda made again after its stack had gone, parameters that lessons put, functions and buckets of a
stack that lost track of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from workshop.on_aws.names import TAG, prefix
from workshop.serverless.aws import Clients, error_code

_KINDS = {
    "AWS::S3::Bucket": "bucket",
    "AWS::Lambda::Function": "function",
    "AWS::Logs::LogGroup": "log group",
    "AWS::DynamoDB::Table": "table",
    "AWS::SQS::Queue": "queue",
    "AWS::SSM::Parameter": "parameter",
}
_GONE = ("ResourceNotFoundException", "ResourceNotFound", "NoSuchBucket", "ParameterNotFound",
         "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "404")  # fmt: skip


def of_stack(aws: Clients, stack: str) -> set[tuple[str, str]]:
    """Kind and name of what a stack still holds."""
    api = aws.get("cloudformation")
    try:
        pages = list(api.get_paginator("list_stack_resources").paginate(StackName=stack))
    except api.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return set()
        raise
    return {
        (_KINDS[one["ResourceType"]], one["PhysicalResourceId"])
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] in _KINDS
        and one.get("PhysicalResourceId")
        and one["ResourceStatus"] != "DELETE_COMPLETE"
    }


def find(aws: Clients, owner: str) -> list[tuple[str, str]]:
    """Kind and name of everything whose name or tag carries a suffix.

    Args:
        owner: the suffix.
    """
    part = re.compile(rf"-{re.escape(owner)}(-|$)")
    found: list[tuple[str, str]] = []
    for kind, names in _LISTS.items():
        found += [(kind, name) for name in names(aws) if part.search(name)]
    found += [("parameter", name) for name in _parameters(aws, owner)]
    found += [("bucket", name) for name in _buckets(aws, owner, part)]
    return found


def _functions(aws: Clients) -> Iterator[str]:
    for page in aws.get("lambda").get_paginator("list_functions").paginate():
        yield from (one["FunctionName"] for one in page["Functions"])


def _log_groups(aws: Clients) -> Iterator[str]:
    pages = aws.get("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/lambda/")
    for page in pages:
        yield from (one["logGroupName"] for one in page["logGroups"])


def _tables(aws: Clients) -> Iterator[str]:
    for page in aws.get("dynamodb").get_paginator("list_tables").paginate():
        yield from page["TableNames"]


def _queues(aws: Clients) -> Iterator[str]:
    for page in aws.get("sqs").get_paginator("list_queues").paginate():
        yield from page.get("QueueUrls", [])


def _parameters(aws: Clients, owner: str) -> Iterator[str]:
    pages = aws.get("ssm").get_paginator("get_parameters_by_path").paginate(
        Path=prefix(owner).rstrip("/"), Recursive=True
    )
    for page in pages:
        yield from (one["Name"] for one in page["Parameters"])


def _buckets(aws: Clients, owner: str, part: re.Pattern[str]) -> Iterator[str]:
    """Buckets by their name; one whose long name was cut short by its tag."""
    api = aws.get("s3")
    for bucket in api.list_buckets()["Buckets"]:
        name = bucket["Name"]
        if part.search(name) or ("serverless" in name and _tag(api, name) == owner):
            yield name


def _tag(api: Any, bucket: str) -> str:
    try:
        tags = api.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except api.exceptions.ClientError:  # it has none, or is somebody else's
        return ""
    return next((tag["Value"] for tag in tags if tag["Key"] == TAG), "")


_LISTS: dict[str, Callable[[Clients], Iterator[str]]] = {
    "function": _functions,
    "log group": _log_groups,
    "table": _tables,
    "queue": _queues,
}


def delete(aws: Clients, kind: str, name: str) -> None:
    """Deletes one thing; one that is gone already is fine.

    Raises:
        botocore.exceptions.ClientError: AWS refused.
    """
    if kind == "bucket":
        empty(aws, name)
    service, operation, argument = _DELETES[kind]
    api = aws.get(service)
    try:
        getattr(api, operation)(**{argument: name})
    except api.exceptions.ClientError as error:
        if error_code(error) not in _GONE:
            raise


_DELETES = {
    "bucket": ("s3", "delete_bucket", "Bucket"),
    "function": ("lambda", "delete_function", "FunctionName"),
    "log group": ("logs", "delete_log_group", "logGroupName"),
    "table": ("dynamodb", "delete_table", "TableName"),
    "queue": ("sqs", "delete_queue", "QueueUrl"),
    "parameter": ("ssm", "delete_parameter", "Name"),
}


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
        if error_code(error) not in _GONE:
            raise
