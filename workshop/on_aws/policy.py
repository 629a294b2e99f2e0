"""The least policy that runs the workshop: what the kit was seen to call, on what.

`docs/workshop-policy.json` is made of recorded calls by `python -m workshop.on_aws.recording`, never by hand.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.on_aws.names import TAG

FILE = Path(__file__).resolve().parent.parent.parent / "docs" / "workshop-policy.json"


def read(file: Path = FILE) -> dict[str, Any]:
    """The policy.

    Raises:
        WorkshopError: the file is gone or is not JSON.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WorkshopError(
            f"{file.name} cannot be read ({type(error).__name__}).",
            fix="Make it again: python -m workshop.on_aws.recording",
        ) from None


def actions(document: dict[str, Any] | None = None) -> list[str]:
    """Every action that the policy allows, sorted."""
    statements = (document or read())["Statement"]
    return sorted({action for one in statements for action in one["Action"]})


def by_resource(document: dict[str, Any] | None = None) -> dict[tuple[str, ...], list[str]]:
    """The actions that the policy allows, by the patterns of what it allows them on."""
    statements = (document or read())["Statement"]
    return {tuple(one["Resource"]): list(one["Action"]) for one in statements}


def example(pattern: str, region: str, account: str) -> str:
    """A thing that a pattern is for, by the names that the workshop gives: what IAM's simulator is asked about."""
    _, partition, service, its_region, its_account, name = pattern.split(":", 5)
    name = name.replace("*-dev-*", "hello-world-dev-k3f9-hello").replace("workshop-*", "workshop-k3f9/key")
    name = name.replace("local-*", "local-hello-prod-k3f9-hello")
    return ":".join(
        [
            "arn",
            partition,
            service,
            its_region.replace("*", region),
            its_account.replace("*", account),
            name.replace("*", "example"),
        ]
    )


# What AWS's own CloudFormation asks besides the calls that make a thing: it reads back what it made, and tags it.
# From the "handlers" of the published resource schemas:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-type-schemas.html
BESIDES = {
    "lambda:CreateFunction": (
        "lambda:GetFunction",
        "lambda:GetFunctionConfiguration",
        "lambda:GetFunctionCodeSigningConfig",
        "lambda:GetRuntimeManagementConfig",
        "lambda:TagResource",
        "lambda:UntagResource",
        "lambda:ListTags",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:DeleteFunction",
    ),
    "lambda:PublishLayerVersion": ("lambda:GetLayerVersion", "lambda:DeleteLayerVersion"),
    "lambda:AddPermission": ("lambda:RemovePermission", "lambda:GetPolicy"),
    "lambda:CreateEventSourceMapping": (
        "lambda:GetEventSourceMapping",
        "lambda:DeleteEventSourceMapping",
        "lambda:UpdateEventSourceMapping",
        "lambda:ListTags",
        "lambda:TagResource",
    ),
    "iam:CreateRole": (
        "iam:PassRole",
        "iam:GetRole",
        "iam:DeleteRole",
        "iam:PutRolePolicy",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:GetRolePolicy",
        "iam:ListRolePolicies",
        "iam:ListAttachedRolePolicies",
        "iam:TagRole",
        "iam:UntagRole",
    ),
    "logs:CreateLogGroup": (
        "logs:DeleteLogGroup",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
        "logs:ListTagsForResource",
        "logs:DescribeLogGroups",
    ),
    "s3:CreateBucket": (
        "s3:DeleteBucket",
        "s3:PutBucketTagging",
        "s3:GetBucketTagging",
        "s3:PutEncryptionConfiguration",
        "s3:GetEncryptionConfiguration",
        "s3:PutBucketPolicy",
        "s3:GetBucketPolicy",
        "s3:DeleteBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutLifecycleConfiguration",
        "s3:GetLifecycleConfiguration",
    ),
    "dynamodb:CreateTable": (
        "dynamodb:DescribeTable",
        "dynamodb:DeleteTable",
        "dynamodb:TagResource",
        "dynamodb:UntagResource",
        "dynamodb:ListTagsOfResource",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTimeToLive",
    ),
    "sqs:CreateQueue": (
        "sqs:DeleteQueue",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:SetQueueAttributes",
        "sqs:TagQueue",
        "sqs:UntagQueue",
        "sqs:ListQueueTags",
    ),
    "events:PutRule": (
        "events:DescribeRule",
        "events:DeleteRule",
        "events:PutTargets",
        "events:RemoveTargets",
        "events:ListTargetsByRule",
        "events:TagResource",
        "events:UntagResource",
        "events:ListTagsForResource",
    ),
    "scheduler:CreateSchedule": ("scheduler:GetSchedule", "scheduler:DeleteSchedule", "scheduler:UpdateSchedule"),
    "apigateway:POST": (
        "apigateway:GET",
        "apigateway:PUT",
        "apigateway:PATCH",
        "apigateway:DELETE",
    ),
    # The template is read when a service is deployed again: a reader runs a cell twice, a recording does not.
    "cloudformation:CreateStack": (
        "cloudformation:TagResource",
        "cloudformation:UntagResource",
        "cloudformation:GetTemplate",
    ),
}
# Asked by `workshop doctor`, which the offline cloud does not need.
DOCTOR = (("iam:SimulatePrincipalPolicy", "*"), ("lambda:GetAccountSettings", "*"), ("iam:GetRole", "*"))
# On which things, by the names that the workshop gives; the first that fits counts. Stages are `dev-…`, but for lesson
# 02, which deploys its `local-hello` to others too.
_NAMED = (
    (r"arn:aws:lambda:[^:]*:\d+:function:.*-dev-.*", "arn:aws:lambda:*:*:function:*-dev-*"),
    (r"arn:aws:lambda:[^:]*:\d+:layer:.*", "arn:aws:lambda:*:*:layer:*"),
    (r"arn:aws:iam::\d+:role/.*-dev-.*", "arn:aws:iam::*:role/*-dev-*"),
    (r"arn:aws:s3:::[^/]*-dev-[^/]*/.+", "arn:aws:s3:::*-dev-*/*"),
    (r"arn:aws:s3:::[^/]*-dev-[^/]*", "arn:aws:s3:::*-dev-*"),
    (r"arn:aws:ssm:[^:]*:\d+:parameter/workshop-.*", "arn:aws:ssm:*:*:parameter/workshop-*"),
    (r"arn:aws:dynamodb:[^:]*:\d+:table/.*-dev-.*", "arn:aws:dynamodb:*:*:table/*-dev-*"),
    (r"arn:aws:sqs:[^:]*:\d+:.*-dev-.*", "arn:aws:sqs:*:*:*-dev-*"),
    (r"arn:aws:logs:[^:]*:\d+:log-group:/aws/lambda/.*-dev-.*", "arn:aws:logs:*:*:log-group:/aws/lambda/*-dev-*"),
    (r"arn:aws:events:[^:]*:\d+:rule/.*-dev-.*", "arn:aws:events:*:*:rule/*-dev-*"),
    (r"arn:aws:scheduler:[^:]*:\d+:schedule/.*-dev-.*", "arn:aws:scheduler:*:*:schedule/*/*-dev-*"),
    (r"arn:aws:sns:[^:]*:\d+:.*-dev-.*", "arn:aws:sns:*:*:*-dev-*"),
    (r"arn:aws:cloudformation:[^:]*:\d+:stack/.*-dev-.*", "arn:aws:cloudformation:*:*:stack/*-dev-*"),
    (r"arn:aws:apigateway:.*", "arn:aws:apigateway:*::/*"),
)
_LOCAL = ("lambda", "iam", "s3", "logs", "cloudformation")  # what lesson 02's service is made of
_WHERE = (
    *_NAMED,
    *(
        (re.sub(r"(\.\*|\[\^/\]\*)-dev-", "local-[^/]*", form), pattern.replace("*-dev-*", "local-*"))
        for form, pattern in _NAMED
        if "-dev-" in form and form.split(":")[2] in _LOCAL
    ),
)
# Requests that do not name what they are about where the recorder looks; IAM holds them against these all the same.
_BY_ACTION = {
    "cloudwatch:DeleteAlarms": "arn:aws:cloudwatch:*:*:alarm:*-dev-*",
    "lambda:CreateEventSourceMapping": "*",
    "scheduler:ListSchedules": "*",  # every group is looked through for the reader's own
}
LARGEST = 6144  # characters without blanks: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html


def where(action: str, resource: str) -> str:
    """The pattern that a resource falls under; `*` where the workshop's names say nothing about it."""
    if action in _BY_ACTION:
        return _BY_ACTION[action]
    return next((pattern for form, pattern in _WHERE if re.fullmatch(form, resource)), "*")


def build(calls: Iterable[tuple[str, str]], onto: dict[str, Any] | None = None) -> dict[str, Any]:
    """A policy that allows calls.

    Args:
        calls: actions, each with the resource it was called on.
        onto: a policy to add to.
    """
    allowed: dict[str, set[str]] = defaultdict(set)
    for statement in (onto or {"Statement": []})["Statement"]:
        for action in statement["Action"]:
            allowed[action].update(statement["Resource"])
    for action, resource in [*calls, *DOCTOR]:
        on = where(action, resource)
        for one in (action, *BESIDES.get(action, ())):
            allowed[one].add(on)
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for action, patterns in allowed.items():
        groups[("*",) if "*" in patterns else tuple(sorted(patterns))].append(action)
    statements = [
        {"Effect": "Allow", "Action": sorted(names), "Resource": list(patterns)}
        for patterns, names in sorted(groups.items())
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def personal(suffix: str, region: str, account: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
    """The policy of one reader: what was recorded, on their own things only.

    Names carry the suffix; APIs, which have ids for names, carry the tag. Roles must carry the reader's boundary and go
    to two services only; nothing is done in another region.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html (lambda:FunctionArn)
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    statements: list[dict[str, Any]] = []

    def allow(names: list[str], resources: list[str], condition: dict[str, Any] | None = None) -> None:
        if names:
            one = {"Effect": "Allow", "Action": sorted(names), "Resource": resources}
            statements.append(one | ({"Condition": condition} if condition else {}))

    fenced = {"StringEquals": {"iam:PermissionsBoundary": boundary_arn(suffix, account, region)}}
    own_function = {"ArnLike": {"lambda:FunctionArn": f"arn:*:lambda:*:*:function:*-dev-{suffix}-*"}}
    for one in (document or read())["Statement"]:
        names = [name for name in one["Action"] if name not in ("lambda:ListFunctions", "iam:PassRole")]
        resources = [own for pattern in one["Resource"] for own in _own(pattern, suffix)]
        if one["Resource"] == ["*"]:
            mappings = [name for name in names if name.endswith("EventSourceMapping")]
            allow(mappings, ["*"], own_function)
            allow([name for name in names if name not in (*mappings, "lambda:TagResource", "lambda:ListTags")], ["*"])
        elif names[0].startswith("apigateway:"):
            tagged = {f"aws:RequestTag/{TAG}": suffix}
            apis = ["arn:*:apigateway:*::/restapis", "arn:*:apigateway:*::/apis", "arn:*:apigateway:*::/v2/apis"]
            allow(["apigateway:POST"], apis, {"StringEquals": tagged})
            allow(["apigateway:GET"], apis)
            below = [f"{where}/*" for where in apis]
            allow(names, below, {"StringEquals": {f"aws:ResourceTag/{TAG}": suffix}})
        elif "iam:CreateRole" in names:
            writes = [name for name in names if name in ("iam:CreateRole", "iam:PutRolePolicy")]
            allow(writes, resources, fenced)
            allow([name for name in names if name not in writes], resources)
            to = {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "scheduler.amazonaws.com"]}}
            allow(["iam:PassRole"], resources, to)
        elif (service := names[0].partition(":")[0]) in _WHOLE:
            allow([f"{service}:*"], resources)
        else:
            allow(names, resources)
    mapping = "arn:*:lambda:*:*:event-source-mapping:*"
    allow(["lambda:ListTags"], [mapping])
    allow(["lambda:TagResource"], [mapping], {"StringEquals": {f"aws:RequestTag/{TAG}": suffix}})
    functions = ("arn:aws:lambda:*:*:function:*-dev-*", "arn:aws:lambda:*:*:function:local-*")
    allow(["lambda:ListTags", "lambda:TagResource"], [own for one in functions for own in _own(one, suffix)])
    allow(["cloudformation:DescribeStackResources"], ["*"])
    allow(["ssm:AddTagsToResource"], _own("arn:aws:ssm:*:*:parameter/workshop-*", suffix))
    return {"Version": "2012-10-17", "Statement": [*statements, _elsewhere(region)]}


# What carries the suffix is the reader's: where all calls are about such things, all are allowed, to be short.
_WHOLE = ("cloudformation", "dynamodb", "events", "logs", "scheduler", "sqs")


def boundary(suffix: str, region: str) -> dict[str, Any]:
    """What no role of one reader can do more than, whatever policy it is given: it works with the reader's own data.

    An administrator makes it once as the managed policy that `boundary_arn` names.
    """

    def own(*patterns: str) -> list[str]:
        return [one for pattern in patterns for one in _own(pattern, suffix)]

    allowed = {
        ("logs:CreateLogStream", "logs:CreateLogGroup", "logs:PutLogEvents", "logs:TagResource"): own(
            "arn:aws:logs:*:*:log-group:/aws/lambda/*-dev-*", "arn:aws:logs:*:*:log-group:/aws/lambda/local-*"
        ),
        ("dynamodb:*Item", "dynamodb:Query", "dynamodb:Scan"): own("arn:aws:dynamodb:*:*:table/*-dev-*"),
        ("lambda:InvokeFunction",): own("arn:aws:lambda:*:*:function:*-dev-*"),
        ("s3:*Object", "s3:ListBucket"): own("arn:aws:s3:::*-dev-*"),
        ("sns:Publish",): own("arn:aws:sns:*:*:*-dev-*"),
        ("sqs:*Message", "sqs:GetQueue*"): own("arn:aws:sqs:*:*:*-dev-*"),
        ("ssm:GetParameter*",): own("arn:aws:ssm:*:*:parameter/workshop-*"),
    }
    statements = [{"Effect": "Allow", "Action": list(names), "Resource": on} for names, on in allowed.items()]
    return {"Version": "2012-10-17", "Statement": [*statements, _elsewhere(region)]}


def boundary_arn(suffix: str, account: str, region: str) -> str:
    """The managed policy that every role of one reader carries."""
    from botocore.session import Session

    return f"arn:{Session().get_partition_for_region(region)}:iam::{account}:policy/workshop-boundary-{suffix}"


def _elsewhere(region: str) -> dict[str, Any]:
    """IAM and the list of buckets have no region of the reader's; everything else is done in one.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-requested-region.html
    """
    return {
        "Effect": "Deny",
        "NotAction": ["iam:*", "s3:*", "sts:*"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": region}},
    }


def _own(pattern: str, suffix: str) -> list[str]:
    """A pattern of `_NAMED`, for one suffix; `-k3f9` ends a name or is followed by a hyphen, so `k3f9x` is another."""
    pattern = pattern.replace("arn:aws:", "arn:*:", 1)
    if pattern.endswith("parameter/workshop-*"):
        return [pattern.replace("workshop-*", f"workshop-{suffix}/*")]
    if pattern.endswith(":layer:*"):
        return [pattern.replace(":layer:*", f":layer:*-{suffix}"), pattern.replace(":layer:*", f":layer:*-{suffix}:*")]
    if ":stack/" in pattern:
        return [pattern.replace("*-dev-*", f"*-dev-{suffix}/*").replace("local-*", f"local-*-{suffix}/*")]
    return [
        pattern.replace("*-dev-*", f"*-dev-{suffix}-*")
        .replace("/local-*", f"/local-*-{suffix}-*")
        .replace(":local-*", f":local-*-{suffix}-*")
    ]


def missing(calls: Iterable[tuple[str, str]], document: dict[str, Any]) -> list[str]:
    """Calls that a policy does not allow, each as `action on resource`."""
    allowed = [
        (action, resource) for one in document["Statement"] for action in one["Action"] for resource in one["Resource"]
    ]
    return sorted(
        f"{action} on {resource}"
        for action, resource in set(calls)
        if not any(action == ours and fnmatchcase(where(action, resource), pattern) for ours, pattern in allowed)
    )


def size(document: dict[str, Any]) -> int:
    """Characters without blanks, as IAM counts them."""
    return len(json.dumps(document, separators=(",", ":")))
