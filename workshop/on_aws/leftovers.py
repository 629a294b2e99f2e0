"""What can be left beside stacks, and whose it is: its tag says so. Without the tag a name can only say "perhaps".

Log groups that Lambda made again after its stack had gone, parameters that lessons put, older versions of layers, and
whatever a stack lost track of: its own deletion was stopped half-way, or a template said `Retain`. What lies in a stack
that exists belongs to that stack, whatever it is called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workshop.on_aws import listing
from workshop.on_aws.listing import Item
from workshop.on_aws.names import NOBODY, TAG, is_suffix, is_word
from workshop.serverless.aws import Clients, error_code
from workshop.serverless.stacks import Stack
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


DATA = ("table", "bucket")  # what holds data: where it does not go with its stack, it is asked for by itself
STACK_NAME, STACK_ID = "aws:cloudformation:stack-name", "aws:cloudformation:stack-id"
# Of what is tagged and not removed here: what costs something while nobody uses it, the dearest first.
# https://aws.amazon.com/kms/pricing/, https://aws.amazon.com/secrets-manager/pricing/ and those of the others
COSTLY = (
    "rds:",
    "redshift:",
    "es:",
    "elasticache:",
    "eks:",
    "ecs:",
    "ec2:",
    "elasticloadbalancing:",
    "kinesis:",
    "firehose:",
    "kafka:",
    "sagemaker:",
    "elasticfilesystem:",
    "fsx:",
    "cloudwatch:dashboard",
    "kms:key",
    "route53:",
    "secretsmanager:",
    "ecr:",
    "logs:",
    "backup:",
)
Owned = tuple[str, Item, str]  # kind, thing, whose


@dataclass
class Beside:
    """What is in none of the workshop's stacks.

    Attributes:
        tagged: it carries the workshop's tag.
        named: only its name says whose it could be.
        others: tagged, of kinds that `workshop clean` does not remove; those that cost something first.
    """

    tagged: list[Owned] = field(default_factory=list)
    named: list[Owned] = field(default_factory=list)
    others: list[Owned] = field(default_factory=list)


class Stacks:
    """Which stack a thing lies in, as CloudFormation says.

    Args:
        aws: clients of one region.
        existing: the ids of the stacks that exist there.
    """

    def __init__(self, aws: Clients, existing: Iterable[str]) -> None:
        self.aws, self.existing = aws, set(existing)

    def holding(self, item: Item, tags: Mapping[str, str]) -> str:
        """The name of the existing stack that holds a thing; empty when there is none.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html: the tags that
        CloudFormation gives by itself.
        https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html

        Raises:
            botocore.exceptions.ClientError: AWS does not say.
        """
        stack_id = tags.get(STACK_ID, "")
        elsewhere = stack_id.split(":")[3:4] not in ([], [self.aws.region])  # of a stack that cannot be looked at here
        if stack_id in self.existing or elsewhere:
            return tags.get(STACK_NAME, stack_id)
        api = self.aws.get("cloudformation")
        try:
            found = api.describe_stack_resources(PhysicalResourceId=item.physical or item.name)["StackResources"]
        except api.exceptions.ClientError as error:
            if error_code(error) == "ValidationError":  # "Stack for … does not exist"
                return ""
            raise
        alive = [one for one in found if one["ResourceStatus"] != "DELETE_COMPLETE" and one["StackId"] in self.existing]
        return str(alive[0]["StackName"]) if alive else ""


def of_stack(aws: Clients, stack: str, status: str = "") -> set[tuple[str, str]]:
    """Kind and name of what a stack still holds; with a status, of what is in that status."""
    return {_known(one) for one in _held(aws, stack) if status in ("", one["ResourceStatus"])}


def contents(aws: Clients, stack: str) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """What a stack holds: what goes with it, and what its template retains.

    A template that cannot be read, as one in YAML, is taken to retain everything that holds data.
    """
    held = _held(aws, stack)
    kept = _kept(aws, stack) if held else set()
    retained = {
        _known(one)
        for one in held
        if (_TYPES[one["ResourceType"]] in DATA if kept is None else one["LogicalResourceId"] in kept)
    }
    return {_known(one) for one in held} - retained, retained


def _held(aws: Clients, stack: str) -> list[dict[str, Any]]:
    """A stack's resources of the kinds that are known here; none when there is no such stack."""
    api = aws.get("cloudformation")
    try:
        pages = list(api.get_paginator("list_stack_resources").paginate(StackName=stack))
    except api.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return []
        raise
    return [
        one
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] in _TYPES
        and one.get("PhysicalResourceId")
        and one["ResourceStatus"] != "DELETE_COMPLETE"
    ]


def _known(one: dict[str, Any]) -> tuple[str, str]:
    return _TYPES[one["ResourceType"]], _name(one["ResourceType"], one["PhysicalResourceId"])


def _kept(aws: Clients, stack: str) -> set[str] | None:
    """The logical ids that a stack's template retains; None when the template cannot be read, as YAML cannot."""
    try:
        resources = Stack(aws, stack).template().get("Resources") or {}
    except (ValueError, AttributeError):
        return None
    return {
        name for name, one in resources.items() if str(one.get("DeletionPolicy", "")).startswith(("Retain", "Snap"))
    }


def _name(kind: str, physical: str) -> str:
    """A thing's name in our lists, from CloudFormation's id of it."""
    return physical.partition(":layer:")[2] if kind == "AWS::Lambda::LayerVersion" else physical


def same(kind: str, name: str) -> tuple[str, str]:
    """What a thing is compared by. CloudFormation says of a schedule no group, and of a queue another host perhaps."""
    return kind, name.rpartition("/")[2] if kind in ("queue", "schedule") else name


def find(
    aws: Clients, owner: str, stacks: Iterable[tuple[str, str]], unseen: Unseen, *, everyone: bool = False
) -> Beside:
    """Everything that carries the workshop's tag or a reader's suffix, whatever stack it may lie in.

    Args:
        owner: the suffix.
        stacks: names of stacks with the workshop's tag, each with whose it is.
        unseen: is told what these credentials may not look at; the other kinds are looked at all the same.
        everyone: whatever the suffix.
    """
    tags = _or(unseen, "tags", lambda: listing.tags(aws), {})
    prefixes = _or(unseen, "parameters", lambda: listing.prefixes(aws), set()) if everyone else set()
    values = [*(whose for _, whose in stacks), *(one.get(TAG, "") for one in tags.values())]
    readers = {owner} if owner else set()
    if everyone:
        readers |= {one for one in values if is_reader(one)} | prefixes

    def asked(name: str) -> bool:
        return any(carries(name, one, distinct=True) for one in readers) or bool(_MADE.search(name))

    def sorted_in(kind: str, items: Iterable[Item], into: Beside, named: str = "") -> None:
        for item in items:
            whole = {**item.tags, **tags.get(item.resource, {})}
            item, tag = replace(item, tags=whole), whole.get(TAG, "")
            if tag:
                if tag in readers or (everyone and is_reader(tag)):
                    into.tagged.append((kind, item, tag))
                continue
            name, distinct = item.words or item.name, kind == "layer version"
            whose = named or next((one for one in sorted(readers) if carries(name, one, distinct=distinct)), "")
            if whose:
                into.named.append((kind, item, whose))

    def one_kind(kind: str) -> tuple[Beside, set[str]]:
        into = Beside()
        every = _or(unseen, f"{kind}s", lambda: list(LISTS[kind](aws, asked)), [])
        sorted_in(kind, every, into)
        return into, {item.resource for item in every if item.resource}

    def put_by(reader: str) -> tuple[Beside, set[str]]:
        into = Beside()
        every = _or(unseen, "parameters", lambda: list(listing.parameters(aws, reader)), [])
        sorted_in("parameter", every, into, reader)
        return into, {item.resource for item in every}

    looks: list[Callable[[], tuple[Beside, set[str]]]] = [lambda kind=kind: one_kind(kind) for kind in LISTS]  # type: ignore[misc]
    looks += [lambda reader=reader: put_by(reader) for reader in sorted(readers - {NOBODY})]  # type: ignore[misc]
    found, known = Beside(), set()
    for part, listed in in_parallel(looks):
        found.tagged += part.tagged
        found.named += part.named
        known |= listed
    found.others = _others(tags, known, readers)
    return found


# A kind that is looked for is complete in its own list: what the tagging API has besides was deleted a moment ago.
_LISTED = re.compile(
    r"lambda:(event-source-mapping|function):|events:rule/|sns:|sqs:|dynamodb:table/|cloudwatch:alarm:|s3:|"
    r"logs:log-group:/aws/lambda/|apigateway:/(restapis|apis)/|iam:role/|cloudformation:"
)


def _others(tags: Mapping[str, Mapping[str, str]], known: set[str], readers: set[str]) -> list[Owned]:
    """What is tagged and of no kind that is looked for: secrets, keys, buses, other log groups."""
    found = [
        (_kind(resource), Item(resource.partition(":")[2], resource=resource, tags=own), own.get(TAG, ""))
        for resource, own in tags.items()
        if own.get(TAG) in readers and resource not in known and not _LISTED.match(resource)
    ]
    return sorted(found, key=lambda one: (_cost(one[1].resource), one[0], one[1].name))


def _cost(resource: str) -> int:
    return next((place for place, begins in enumerate(COSTLY) if resource.startswith(begins)), len(COSTLY))


def costs(item: Item) -> bool:
    """True for a tagged thing that costs something while nobody uses it."""
    return _cost(item.resource) < len(COSTLY)


def _kind(resource: str) -> str:
    """`secretsmanager secret` for `secretsmanager:secret:key-AbCdEf`."""
    service, _, rest = resource.partition(":")
    return f"{service} {re.split('[:/]', rest.lstrip('/'))[0]}"


# Names that CloudFormation makes up end like this, and may be cut short before the suffix; roles of ours end in this.
_MADE = re.compile(r"-[A-Za-z0-9]{12,13}$|-lambdaRole$")


def carries(name: str, owner: str, *, distinct: bool = False) -> bool:
    """True when a name without a tag could be that reader's.

    Names are `service-stage-suffix…`, and the stage is `dev`; lesson 02 deploys its `local-hello` to others, too. The
    first suffix counts: `hello-world-dev-m2p7-hello` is not of the reader `hello`.

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
    return (distinct and name.endswith(f"-{owner}")) or (name.startswith("local-") and not is_word(owner))


def is_reader(value: str) -> bool:
    """True when the value of the workshop's tag is a reader's."""
    return value == NOBODY or is_suffix(value)


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
