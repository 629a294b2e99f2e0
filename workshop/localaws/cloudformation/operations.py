"""CloudFormation's operations, each from its parameters to its result."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from workshop.localaws.cloudformation import change_sets, sections, stack_policy, views
from workshop.localaws.cloudformation import template as templates
from workshop.localaws.cloudformation.model import settle
from workshop.localaws.cloudformation.plans import capability_needed
from workshop.localaws.cloudformation.service import Stacks, deletable, updatable
from workshop.localaws.cloudformation.template import invalid
from workshop.localaws.cloudformation.views import listing
from workshop.localaws.faults import AwsError

Given = dict[str, Any]


def policy_of(stacks: Stacks, region: str, given: Given, member: str = "StackPolicy") -> str:
    """The stack policy that a request brings, in its text or at an address; empty when it brings none."""
    text = given.get(f"{member}Body")
    if given.get(f"{member}URL"):
        text = stacks.plans(region).stored(given[f"{member}URL"])
    return stack_policy.checked(text) if text else ""


def create_stack(stacks: Stacks, region: str, given: Given) -> Given:
    before = stacks.named(given["StackName"], region)
    if before is not None:
        if before.token and before.token == given.get("ClientRequestToken"):
            return {"StackId": before.id}  # the same request, sent again because its answer was lost
        raise AwsError("AlreadyExistsException", f"Stack [{given['StackName']}] already exists")
    if given.get("OnFailure") and given.get("DisableRollback") is not None:
        raise invalid("You can specify either DisableRollback or OnFailure, but not both.")
    plan, policy = stacks.plans(region).make(given), policy_of(stacks, region, given)
    with stacks.lock:  # nobody meets a half-made one
        stack = stacks.new(given["StackName"], region, plan, "CREATE_IN_PROGRESS")
        settle(stack, given)
        stack.on_failure = "DO_NOTHING" if given.get("DisableRollback") else given.get("OnFailure") or "ROLLBACK"
        stack.protected, stack.timeout = bool(given.get("EnableTerminationProtection")), given.get("TimeoutInMinutes")
        stack.policy = policy
        stacks.status(stack, "CREATE_IN_PROGRESS", "User Initiated")
    stacks.create(stack, plan)
    return {"StackId": stack.id}


def update_stack(stacks: Stacks, region: str, given: Given) -> Given:
    stack = stacks.find(given["StackName"], region)
    updatable(stack)  # before the template is read: what is wrong with the stack is said first
    plan = stacks.plans(region).make(given, stack)
    meanwhile = policy_of(stacks, region, given, "StackPolicyDuringUpdate")
    own = policy_of(stacks, region, given)
    with stacks.begins(stack, "UPDATE_IN_PROGRESS", updatable):
        if plan.same(stack.plan) and stack.status not in ("CREATE_FAILED", "UPDATE_FAILED"):
            raise invalid("No updates are to be performed.")
        settle(stack, given)
        stack.policy = own or stack.policy
    stacks.update(stack, plan, disable_rollback=bool(given.get("DisableRollback")), policy=meanwhile)
    return {"StackId": stack.id}


def delete_stack(stacks: Stacks, region: str, given: Given) -> None:
    stack = stacks.named(given["StackName"], region)
    if stack is None:
        return
    if given.get("RetainResources") and stack.status != "DELETE_FAILED":
        raise invalid(
            f"Invalid operation on stack [{stack.id}]. Specify which resources to retain only when the stack is in the "
            "DELETE_FAILED state."
        )
    with stacks.lock:
        if stack.status in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE"):
            return  # somebody else asked a moment earlier: it is being done
        with stacks.begins(stack, "DELETE_IN_PROGRESS", deletable):
            stacks.check_deletion(stack)
            settle(stack, given)
    stacks.delete(stack, list(given.get("RetainResources") or []))


def describe_stacks(stacks: Stacks, region: str, given: Given) -> Given:
    if given.get("StackName"):
        return {"Stacks": [views.stack(stacks.find(given["StackName"], region, deleted=True))]}
    return listing("Stacks", [views.stack(stack) for stack in stacks.of_region(region) if stack.deleted is None], given)


def list_stacks(stacks: Stacks, region: str, given: Given) -> Given:
    wanted = given.get("StackStatusFilter")
    rows = [views.summary(stack) for stack in stacks.of_region(region) if not wanted or stack.status in wanted]
    return listing("StackSummaries", rows, given)


def describe_stack_events(stacks: Stacks, region: str, given: Given) -> Given:
    stack = stacks.find(given["StackName"], region, deleted=True)
    return listing("StackEvents", [views.event(stack, one) for one in reversed(stack.events)], given)


def list_stack_resources(stacks: Stacks, region: str, given: Given) -> Given:
    stack = stacks.find(given["StackName"], region, deleted=True)
    rows = [views.resource(stack, made) for made in list(stack.resources.values())]
    return listing("StackResourceSummaries", rows, given)


def describe_stack_resources(stacks: Stacks, region: str, given: Given) -> Given:
    stack = None
    if given.get("StackName"):
        stack = stacks.find(given["StackName"], region, deleted=True)
    elif given.get("PhysicalResourceId"):
        stack = next(
            (
                each
                for each in stacks.of_region(region)
                for made in each.resources.values()
                if made.physical == given["PhysicalResourceId"]
            ),
            None,
        )
    if stack is None:
        raise invalid(f"Stack for {given.get('PhysicalResourceId')} does not exist")
    rows = [
        made
        for made in list(stack.resources.values())
        if given.get("LogicalResourceId") in (None, made.logical)
        and (given.get("StackName") or given.get("PhysicalResourceId") in (None, made.physical))
    ]
    return {"StackResources": [views.resource(stack, made) for made in rows]}


def describe_stack_resource(stacks: Stacks, region: str, given: Given) -> Given:
    stack = stacks.find(given["StackName"], region, deleted=True)
    made = stack.resources.get(given["LogicalResourceId"])
    if made is None:
        raise invalid(f"Resource {given['LogicalResourceId']} does not exist for stack {stack.name}")
    return {"StackResourceDetail": views.resource(stack, made, detail=True)}


def get_template(stacks: Stacks, region: str, given: Given) -> Given:
    if given.get("ChangeSetName"):
        _, found = change_sets.find(stacks, region, given["ChangeSetName"], given.get("StackName"))
        plan = found.plan
    else:
        plan = stacks.find(given["StackName"], region, deleted=True).plan
    body = json.dumps(plan.template) if given.get("TemplateStage") == "Processed" else plan.body
    return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}


def validate_template(stacks: Stacks, region: str, given: Given) -> Given:
    found = _summary(stacks, region, given)
    return {
        name: found[name]
        for name in ("Parameters", "Description", "Capabilities", "CapabilitiesReason", "DeclaredTransforms")
        if name in found
    }


def get_template_summary(stacks: Stacks, region: str, given: Given) -> Given:
    return _summary(stacks, region, given)


def _summary(stacks: Stacks, region: str, given: Given) -> Given:
    from workshop.localaws.cloudformation.resources import REGISTRY

    stack = stacks.find(given["StackName"], region) if given.get("StackName") else None
    text = stack.plan.body if stack else stacks.plans(region).text(given, None)
    parsed = templates.parse(text)
    transforms = parsed.pop("Transform", None)
    declared = [] if not transforms else [transforms] if isinstance(transforms, str) else list(transforms)
    if not declared:
        sections.check(parsed)
        templates.check(parsed, REGISTRY)
    rows = []
    for name, about in (parsed.get("Parameters") or {}).items():
        row = {
            "ParameterKey": name,
            "ParameterType": about.get("Type"),
            "NoEcho": str(about.get("NoEcho", "")).lower() == "true",
            "Description": about.get("Description"),
            "DefaultValue": str(about["Default"]) if "Default" in about else None,
        }
        rows.append({key: value for key, value in row.items() if value is not None})
    needed = "" if declared else capability_needed(parsed)
    kinds = list(dict.fromkeys(body.get("Type") for body in (parsed.get("Resources") or {}).values()))
    answer: Given = {
        "Parameters": rows,
        "Description": parsed.get("Description"),
        "ResourceTypes": kinds,
        "DeclaredTransforms": declared,
    }
    if needed:
        named = [kind for kind in kinds if kind.startswith("AWS::IAM::")]
        answer |= {
            "Capabilities": [needed],
            "CapabilitiesReason": f"The following resource(s) require capabilities: {named}",
        }
    return {name: value for name, value in answer.items() if value is not None}


def create_change_set(stacks: Stacks, region: str, given: Given) -> Given:
    stack, made = change_sets.create(stacks, region, given)
    settle(stack, given | {"ClientRequestToken": stack.token})
    return {"Id": made.id, "StackId": stack.id}


def describe_change_set(stacks: Stacks, region: str, given: Given) -> Given:
    return views.change_set(*change_sets.find(stacks, region, given["ChangeSetName"], given.get("StackName")))


def list_change_sets(stacks: Stacks, region: str, given: Given) -> Given:
    stack = stacks.find(given["StackName"], region)
    names = (
        "StackId",
        "StackName",
        "ChangeSetId",
        "ChangeSetName",
        "ExecutionStatus",
        "Status",
        "StatusReason",
        "CreationTime",
        "Description",
    )
    rows = [
        {name: value for name, value in views.change_set(stack, one).items() if name in names}
        for one in stack.change_sets.values()
    ]
    return listing("Summaries", rows, given)


def delete_change_set(stacks: Stacks, region: str, given: Given) -> None:
    try:
        stack, found = change_sets.find(stacks, region, given["ChangeSetName"], given.get("StackName"))
    except AwsError as error:
        if error.code == "ChangeSetNotFound":
            return
        raise
    del stack.change_sets[found.name]


def execute_change_set(stacks: Stacks, region: str, given: Given) -> None:
    stack, found = change_sets.find(stacks, region, given["ChangeSetName"], given.get("StackName"))
    change_sets.execute(stacks, stack, found, given)


def list_exports(stacks: Stacks, region: str, given: Given) -> Given:
    rows = [
        {"ExportingStackId": stack.id, "Name": name, "Value": value}
        for name, (stack, value) in sorted(stacks.exports(region).items())
    ]
    return listing("Exports", rows, given)


def list_imports(stacks: Stacks, region: str, given: Given) -> Given:
    users = stacks.importers(region, given["ExportName"])
    if not users:
        raise invalid(f"Export '{given['ExportName']}' is not imported by any stack.")
    return listing("Imports", users, given)


def set_stack_policy(stacks: Stacks, region: str, given: Given) -> None:
    stacks.find(given["StackName"], region).policy = policy_of(stacks, region, given)


def get_stack_policy(stacks: Stacks, region: str, given: Given) -> Given:
    policy = stacks.find(given["StackName"], region).policy
    return {"StackPolicyBody": policy} if policy else {}


def update_termination_protection(stacks: Stacks, region: str, given: Given) -> Given:
    stack = stacks.find(given["StackName"], region)
    stack.protected = bool(given.get("EnableTerminationProtection"))
    return {"StackId": stack.id}


def describe_account_limits(stacks: Stacks, region: str, given: Given) -> Given:
    return {"AccountLimits": [{"Name": "StackLimit", "Value": 2000}, {"Name": "StackOutputsLimit", "Value": 200}]}


TABLE: dict[str, Callable[[Stacks, str, Given], Any]] = {
    "CreateStack": create_stack,
    "UpdateStack": update_stack,
    "DeleteStack": delete_stack,
    "DescribeStacks": describe_stacks,
    "ListStacks": list_stacks,
    "DescribeStackEvents": describe_stack_events,
    "ListStackResources": list_stack_resources,
    "DescribeStackResources": describe_stack_resources,
    "DescribeStackResource": describe_stack_resource,
    "GetTemplate": get_template,
    "ValidateTemplate": validate_template,
    "GetTemplateSummary": get_template_summary,
    "CreateChangeSet": create_change_set,
    "DescribeChangeSet": describe_change_set,
    "ListChangeSets": list_change_sets,
    "DeleteChangeSet": delete_change_set,
    "ExecuteChangeSet": execute_change_set,
    "ListExports": list_exports,
    "ListImports": list_imports,
    "SetStackPolicy": set_stack_policy,
    "GetStackPolicy": get_stack_policy,
    "UpdateTerminationProtection": update_termination_protection,
    "DescribeAccountLimits": describe_account_limits,
}
