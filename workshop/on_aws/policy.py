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
