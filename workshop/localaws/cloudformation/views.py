"""What the API tells of stacks: AWS's shapes."""

from __future__ import annotations

import base64
from typing import Any

from workshop.localaws.cloudformation.model import ChangeSet, Event, Made, Plan, Stack
from workshop.localaws.cloudformation.template import invalid


def parameters(stack_or_set: Any) -> list[dict[str, Any]]:
    """Parameters as they were given; NoEcho ones hidden."""
    plan = stack_or_set.plan
    declared = plan.template.get("Parameters") or {}
    answer = []
    for name, text in plan.texts.items():
        about = declared.get(name, {})
        hidden = str(about.get("NoEcho", "")).lower() == "true"
        one = {"ParameterKey": name, "ParameterValue": "****" if hidden else text}
        if str(about.get("Type", "")).startswith("AWS::SSM::Parameter::Value"):
            one["ResolvedValue"] = str(plan.values.get(name))
        answer.append(one)
    return answer


def masked(value: Any, plan: Plan) -> Any:
    """A value without what NoEcho parameters are worth, all the way down; the names of members stay.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html: masked in "any
    calls that describe the stack or stack events".
    """
    secrets = [
        plan.texts[name]
        for name, about in (plan.template.get("Parameters") or {}).items()
        if plan.texts.get(name) and str(about.get("NoEcho", "")).lower() == "true"
    ]
    return _without(value, sorted(secrets, key=len, reverse=True)) if secrets else value


def _without(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(each, secrets) for name, each in value.items()}
    if isinstance(value, list):
        return [_without(each, secrets) for each in value]
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "****")
    return value


def tags(given: dict[str, str]) -> list[dict[str, str]]:
    """Tags as a list."""
    return [{"Key": key, "Value": value} for key, value in given.items()]


def stack(found: Stack) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html"""
    answer: dict[str, Any] = {
        "StackId": found.id,
        "StackName": found.name,
        "Description": found.plan.template.get("Description"),
        "Parameters": parameters(found),
        "CreationTime": found.created,
        "LastUpdatedTime": found.updated,
        "DeletionTime": found.deleted,
        "RollbackConfiguration": {},
        "StackStatus": found.status,
        "StackStatusReason": found.reason or None,
        "DisableRollback": found.on_failure == "DO_NOTHING",
        "NotificationARNs": found.notifications,
        "TimeoutInMinutes": found.timeout,
        "Capabilities": found.plan.capabilities,
        "Outputs": found.outputs,
        "RoleARN": found.role or None,
        "Tags": tags(found.plan.tags),
        "EnableTerminationProtection": found.protected,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }
    return {name: value for name, value in answer.items() if value is not None}


def summary(found: Stack) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSummary.html"""
    answer = {
        "StackId": found.id,
        "StackName": found.name,
        "TemplateDescription": found.plan.template.get("Description"),
        "CreationTime": found.created,
        "LastUpdatedTime": found.updated,
        "DeletionTime": found.deleted,
        "StackStatus": found.status,
        "StackStatusReason": found.reason or None,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }
    return {name: value for name, value in answer.items() if value is not None}


def event(found: Stack, one: Event) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html"""
    answer = {
        "StackId": found.id,
        "EventId": one.id,
        "StackName": found.name,
        "LogicalResourceId": one.logical,
        "PhysicalResourceId": one.physical,
        "ResourceType": one.type,
        "Timestamp": one.at,
        "ResourceStatus": one.status,
        "ResourceStatusReason": one.reason or None,
        "ResourceProperties": one.properties or None,
        "ClientRequestToken": one.token or None,
    }
    return {name: value for name, value in answer.items() if value is not None}


def resource(found: Stack, made: Made, *, detail: bool = False) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResource.html"""
    when = made.updated or found.created
    answer: dict[str, Any] = {
        "StackName": found.name,
        "StackId": found.id,
        "LogicalResourceId": made.logical,
        "PhysicalResourceId": made.physical,
        "ResourceType": made.type,
        "ResourceStatus": made.status,
        "ResourceStatusReason": made.reason or None,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }
    answer |= (
        {"LastUpdatedTimestamp": when, "Metadata": "{}"}
        if detail
        else {"Timestamp": when, "LastUpdatedTimestamp": when}
    )
    return {name: value for name, value in answer.items() if value is not None}


def change_set(found: Stack, one: ChangeSet) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html"""
    answer: dict[str, Any] = {
        "ChangeSetName": one.name,
        "ChangeSetId": one.id,
        "StackId": found.id,
        "StackName": found.name,
        "Description": one.description or None,
        "Parameters": parameters(one),
        "CreationTime": one.at,
        "ExecutionStatus": one.execution,
        "Status": one.status,
        "StatusReason": one.reason or None,
        "NotificationARNs": found.notifications,
        "Capabilities": one.plan.capabilities,
        "Tags": tags(one.plan.tags),
        "Changes": one.changes,
        "RollbackConfiguration": {},
        "IncludeNestedStacks": False,
        "OnStackFailure": one.on_failure or None,
    }
    return {name: value for name, value in answer.items() if value is not None}


def page(rows: list[Any], given: dict[str, Any], size: int = 100) -> dict[str, Any]:
    """One page: {"rows", "NextToken"}.

    Raises:
        AwsError: the token is nonsense.
    """
    try:
        start = int(base64.b64decode(given["NextToken"])) if given.get("NextToken") else 0
    except ValueError:
        raise invalid("NextToken is not valid.") from None
    more = start + size < len(rows)
    return {
        "rows": rows[start : start + size],
        "NextToken": base64.b64encode(str(start + size).encode()).decode() if more else None,
    }


def listing(member: str, rows: list[Any], given: dict[str, Any], **extra: Any) -> dict[str, Any]:
    """A page under its member's name."""
    found = page(rows, given)
    answer = {member: found["rows"], **extra}
    return answer | ({"NextToken": found["NextToken"]} if found["NextToken"] else {})
