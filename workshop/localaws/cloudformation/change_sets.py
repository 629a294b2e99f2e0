"""Change sets: what an update would do, worked out ahead of it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from workshop.localaws.cloudformation import graph
from workshop.localaws.cloudformation.model import ChangeSet, Plan, Stack, settle
from workshop.localaws.cloudformation.resources import REGISTRY
from workshop.localaws.cloudformation.service import Stacks, updatable
from workshop.localaws.cloudformation.template import invalid
from workshop.localaws.faults import AwsError

NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
NOTHING = "The submitted information didn't contain changes. Submit different information to create a change set."


def create(stacks: Stacks, region: str, request: dict[str, Any]) -> tuple[Stack, ChangeSet]:
    """A change set, worked out at once.

    Raises:
        AwsError: ValidationError, AlreadyExistsException.
    """
    name, kind = request.get("ChangeSetName") or "", request.get("ChangeSetType") or "UPDATE"
    if not NAME.fullmatch(name):
        raise invalid(
            f"1 validation error detected: Value '{name}' at 'changeSetName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    if kind not in ("CREATE", "UPDATE"):
        raise invalid(f"Change sets of type {kind} are not supported offline.")
    stack = stacks.named(request["StackName"], region)
    if kind == "UPDATE" and stack is None:
        raise invalid(f"Stack [{request['StackName']}] does not exist")
    if kind == "UPDATE" and stack is not None:
        updatable(stack)
    if kind == "CREATE" and stack is not None and stack.status != "REVIEW_IN_PROGRESS":
        raise invalid(f"Stack [{stack.name}] already exists and cannot be created again with the changeSet [{name}].")
    plan = stacks.plans(region).make(request, stack if kind == "UPDATE" else None)
    if stack is None:
        stack = stacks.new(request["StackName"], region, plan, "REVIEW_IN_PROGRESS")
        stacks.status(stack, "REVIEW_IN_PROGRESS", "User Initiated")
    if name in stack.change_sets:
        raise AwsError("AlreadyExistsException", f"ChangeSet {name} already exists")
    arn = f"arn:aws:cloudformation:{region}:{stacks.account}:changeSet/{name}/{uuid4()}"
    made = ChangeSet(
        arn,
        name,
        kind,
        plan,
        stacks.now(),
        description=request.get("Description") or "",
        on_failure=request.get("OnStackFailure") or "",
    )
    made.changes = changes(stacks, stack, plan, new=kind == "CREATE")
    if kind == "UPDATE" and plan.same(stack.plan):
        made.status, made.reason, made.execution = "FAILED", NOTHING, "UNAVAILABLE"
    stack.change_sets[name] = made
    return stack, made


def find(stacks: Stacks, region: str, name: str, stack_name: str | None) -> tuple[Stack, ChangeSet]:
    """A change set by its name and stack, or by its ARN.

    Raises:
        AwsError: ChangeSetNotFound.
    """
    candidates = [stacks.find(stack_name, region)] if stack_name else stacks.of_region(region)
    for stack in candidates:
        for found in stack.change_sets.values():
            if name in (found.id, found.name):
                return stack, found
    raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)


def execute(stacks: Stacks, stack: Stack, found: ChangeSet, given: dict[str, Any]) -> None:
    """Carry a change set out.

    Args:
        given: the request's parameters.

    Raises:
        AwsError: InvalidChangeSetStatus.
    """

    def executable(stack: Stack) -> None:
        if found.execution != "AVAILABLE" or found.status != "CREATE_COMPLETE":
            raise AwsError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{found.id}] cannot be executed in its current status of [{found.status}]",
            )
        if found.kind == "UPDATE":
            updatable(stack)

    disable_rollback = bool(given.get("DisableRollback"))
    with stacks.begins(stack, f"{found.kind}_IN_PROGRESS", executable):
        found.execution = "EXECUTE_COMPLETE"
        stack.change_sets.clear()
        settle(stack, given)
    if found.kind == "CREATE":
        actions = {"DELETE": "DELETE", "DO_NOTHING": "DO_NOTHING"}
        stack.on_failure = "DO_NOTHING" if disable_rollback else actions.get(found.on_failure, "ROLLBACK")
        stacks.create(stack, found.plan)
    else:
        stacks.update(stack, found.plan, disable_rollback=disable_rollback)


def changes(stacks: Stacks, stack: Stack, plan: Plan, *, new: bool) -> list[dict[str, Any]]:
    """The changes by resource, as far as they can be told before anything is made."""
    scope = stacks.scope(plan, stack)
    wanted = graph.wanted(plan.template, scope.condition)
    found = []
    for logical in graph.ordered(wanted):
        body, known = wanted[logical], None if new else stack.resources.get(logical)
        if known is None:
            found.append(_change("Add", logical, body["Type"]))
        elif known.body != body or plan.values != stack.plan.values:
            names = _differing(body.get("Properties") or {}, known.body.get("Properties") or {})
            if names:
                kind = REGISTRY[body["Type"]]
                replaces = set(names) & {*kind.schema.create_only, *kind.replaces}
                found.append(
                    _change("Modify", logical, body["Type"], known.physical, "True" if replaces else "False", names)
                )
    for logical, made in () if new else stack.resources.items():
        if logical not in wanted:
            found.append(_change("Remove", logical, made.type, made.physical))
    return found


def _differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return [name for name in sorted(set(one) | set(other)) if one.get(name) != other.get(name)]


def _change(
    action: str, logical: str, kind: str, physical: str = "", replacement: str = "", names: list[str] | None = None
) -> dict[str, Any]:
    change: dict[str, Any] = {
        "Action": action,
        "LogicalResourceId": logical,
        "ResourceType": kind,
        "Scope": [],
        "Details": [],
    }
    if physical:
        change["PhysicalResourceId"] = physical
    if replacement:
        change |= {
            "Replacement": replacement,
            "Scope": ["Properties"],
            "Details": [
                {
                    "Target": {"Attribute": "Properties", "Name": name},
                    "Evaluation": "Static",
                    "ChangeSource": "DirectModification",
                }
                for name in names or []
            ],
        }
    return {"Type": "Resource", "ResourceChange": change}
