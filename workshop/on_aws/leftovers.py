"""What can be left beside stacks, and whose it is: by its tag `workshop`, else by the suffix in its name.

Log groups that Lambda made again after its stack had gone, parameters that lessons put, older versions of layers, and
whatever a stack lost track of: its own deletion was stopped half-way, or a template said `Retain`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from workshop.on_aws import listing
from workshop.on_aws.listing import Item
from workshop.on_aws.names import NOBODY
from workshop.serverless.aws import Clients, error_code
from workshop.serverless.store import in_parallel

# In the order in which they are deleted: what calls a function before the function, what writes a log before the log,
# and a role when nothing works with it any more.
LISTS: dict[str, Callable[[Clients, listing.Asked], Iterator[Item]]] = {
    "event source mapping": listing.mappings,
    "schedule": listing.schedules,
    "rule": listing.rules,
    "REST API": listing.rest_apis,
    "HTTP API": listing.http_apis,
    "function": listing.functions,
    "layer version": listing.layer_versions,
    "topic": listing.topics,
    "queue": listing.queues,
    "table": listing.tables,
    "alarm": listing.alarms,
    "bucket": listing.buckets,
    "log group": listing.log_groups,
    "role": listing.roles,
}
_TYPES = {
    "AWS::ApiGateway::RestApi": "REST API",
    "AWS::ApiGatewayV2::Api": "HTTP API",
    "AWS::CloudWatch::Alarm": "alarm",
    "AWS::DynamoDB::Table": "table",
    "AWS::Events::Rule": "rule",
    "AWS::IAM::Role": "role",
    "AWS::Lambda::EventSourceMapping": "event source mapping",
    "AWS::Lambda::Function": "function",
    "AWS::Lambda::LayerVersion": "layer version",
    "AWS::Logs::LogGroup": "log group",
    "AWS::S3::Bucket": "bucket",
    "AWS::SNS::Topic": "topic",
    "AWS::SQS::Queue": "queue",
    "AWS::SSM::Parameter": "parameter",
    "AWS::Scheduler::Schedule": "schedule",
}
Unseen = dict[str, str]  # what AWS did not let us look at, and its reason


def of_stack(aws: Clients, stack: str, status: str = "") -> set[tuple[str, str]]:
    """Kind and name of what a stack still holds; with a status, of what is in that status."""
    api = aws.get("cloudformation")
    try:
        pages = list(api.get_paginator("list_stack_resources").paginate(StackName=stack))
    except api.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return set()
        raise
    return {
        (_TYPES[one["ResourceType"]], _name(one["ResourceType"], one["PhysicalResourceId"]))
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] in _TYPES
        and one.get("PhysicalResourceId")
        and one["ResourceStatus"] != "DELETE_COMPLETE"
        and status in ("", one["ResourceStatus"])
    }


def _name(kind: str, physical: str) -> str:
    """A thing's name in our lists, from CloudFormation's id of it."""
    return physical.partition(":layer:")[2] if kind == "AWS::Lambda::LayerVersion" else physical


def same(kind: str, name: str) -> tuple[str, str]:
    """What a thing is compared by. CloudFormation says of a schedule no group, and of a queue another host perhaps."""
    return kind, name.rpartition("/")[2] if kind in ("queue", "schedule") else name


def find(
    aws: Clients, owner: str, stacks: Iterable[tuple[str, str]], unseen: Unseen, *, everyone: bool = False
) -> list[tuple[str, Item, str]]:
    """Everything that is somebody's of the workshop: kind, thing, whose.

    Args:
        owner: the suffix.
        stacks: names of stacks with the workshop's tag, each with whose it is.
        unseen: is told what these credentials may not look at; the other kinds are looked at all the same.
        everyone: whatever the suffix.
    """
    tags = _or(unseen, "tags", lambda: listing.tags(aws), {})
    prefixes = _or(unseen, "parameters", lambda: listing.prefixes(aws), set()) if everyone else set()
    readers = ({owner} if owner else set()) | (_readers(stacks, tags) | prefixes if everyone else set())

    def asked(name: str) -> bool:
        return any(carries(name, one, distinct=True) for one in readers) or bool(_MADE.search(name))

    def whose(kind: str, item: Item) -> str:
        name, tag = item.words or item.name, item.tag or tags.get(item.resource, "")
        if tag:
            return tag if tag in readers or (everyone and is_reader(name, tag)) else ""
        return next((one for one in sorted(readers) if carries(name, one, distinct=kind == "layer version")), "")

    def one_kind(kind: str) -> list[tuple[str, Item, str]]:
        every = _or(unseen, f"{kind}s", lambda: list(LISTS[kind](aws, asked)), [])
        return [(kind, item, one) for item in every if (one := whose(kind, item))]

    def put_by(reader: str) -> list[tuple[str, Item, str]]:
        every = _or(unseen, "parameters", lambda: list(listing.parameters(aws, reader)), [])
        return [("parameter", item, reader) for item in every]

    looks = [lambda kind=kind: one_kind(kind) for kind in LISTS]
    looks += [lambda reader=reader: put_by(reader) for reader in sorted(readers - {NOBODY})]
    return [one for found in in_parallel(looks) for one in found]


# Names that CloudFormation makes up end like this, and may be cut short before the suffix; roles of ours end in this.
_MADE = re.compile(r"-[A-Za-z0-9]{12,13}$|-lambdaRole$")


def carries(name: str, owner: str, *, distinct: bool = False) -> bool:
    """True when a name without a tag is that reader's.

    Names are `service-stage-suffix…`. The stage `dev` is the workshop's own; after any other word the suffix must
    itself be one that nobody has in a name by chance, such as `k3f9`: `blue` might be a stage. And the first suffix
    counts: `hello-world-dev-m2p7-hello` is not of the reader `hello`.

    Args:
        name: without the path before it.
        owner: the suffix.
        distinct: the suffix at the end is enough: layers are named `access-ssm-k3f9`, without a stage.
    """
    if owner == NOBODY or not re.search(rf"-{re.escape(owner)}(-|$)", name):
        return False
    staged = re.search(r"-dev-(?!dev-)([a-z][a-z0-9]{1,7})(?=-|$)", name)
    if staged:
        return staged[1] == owner
    if distinct and name.endswith(f"-{owner}"):
        return True
    return len(owner) > 3 and bool(re.search(r"\d", owner))


def _readers(stacks: Iterable[tuple[str, str]], tags: dict[str, str]) -> set[str]:
    """Whose tags there are. Others may use such a tag too; a suffix of ours stands in some tagged name as well."""
    return {value for name, value in [*stacks, *tags.items()] if is_reader(name, value)}


def is_reader(name: str, value: str) -> bool:
    """True when the value of a tag `workshop` is a reader's: the tagged name has it too, unless names have none."""
    return value == NOBODY or bool(re.search(rf"-{re.escape(value)}(-|$)", name))


def _or(unseen: Unseen, what: str, look: Callable[[], Any], otherwise: Any) -> Any:
    """What a look gives; when AWS refuses it, that is noted and the others go on."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return look()
    except ClientError as error:
        details = error.response.get("Error", {})
        unseen[what] = f"{error.operation_name}: {error_code(error) or details.get('Message', '')}"
    except BotoCoreError as error:  # such as: the region has no such service
        unseen[what] = type(error).__name__
    return otherwise
