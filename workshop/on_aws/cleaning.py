"""`workshop clean`: finds what the workshop made, by the tag of stacks and by names, and removes it.

Nothing is remembered on this machine, so it works after a crash, from another checkout and any number of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.on_aws import deleting, leftovers
from workshop.on_aws.names import TAG
from workshop.serverless.aws import Clients, error_code
from workshop.serverless.stacks import Stack
from workshop.serverless.steps import OnStep, Step, silent


@dataclass(frozen=True)
class Thing:
    """Something the workshop made: `kind` such as `stack`, its name, whose it is, and what state it is in.

    Where a name is only an id, `state` is the name that the thing was given.
    """

    kind: str
    name: str
    owner: str
    state: str = ""

    def __str__(self) -> str:
        return f"{self.kind:<20} {self.name}" + (f"  ({self.state})" if self.state else "")


@dataclass(frozen=True)
class Found:
    """What is there, and what could not be looked at: such as `roles`, with AWS's reason."""

    things: list[Thing]
    unseen: dict[str, str]

    def __str__(self) -> str:
        """One paragraph on what could not be looked at; empty when everything could."""
        if not self.unseen:
            return ""
        listed = "; ".join(f"{what} ({why})" for what, why in self.unseen.items())
        return (
            f"Not looked at, so something may be left there: {listed}. To have these looked at too, have "
            "docs/workshop-policy.json attached to this user or role, then: workshop clean"
        )


def find(aws: Clients, owner: str, *, everyone: bool = False) -> list[Thing]:
    """What is there of the workshop, as `look` finds it."""
    return look(aws, owner, everyone=everyone).things


def look(aws: Clients, owner: str, *, everyone: bool = False) -> Found:
    """What is there of the workshop: stacks, and what is in none of them.

    Args:
        aws: clients of one region.
        owner: the suffix to look for, or `shared` where names have none.
        everyone: whatever the suffix.

    Raises:
        botocore.exceptions.ClientError: AWS does not let these credentials look at stacks. What is in a stack and what
            is beside it cannot be told apart then.
    """
    stacks = [Thing("stack", stack["StackName"], whose, stack["StackStatus"]) for stack, whose in tagged(aws)]
    unseen: leftovers.Unseen = {}
    beside = leftovers.find(aws, owner, [(one.name, one.owner) for one in stacks], unseen, everyone=everyone)
    owners = {whose for _, _, whose in beside}
    wanted = [one for one in stacks if one.owner == owner or (everyone and leftovers.is_reader(one.name, one.owner))]
    inside: set[tuple[str, str]] = set()
    for one in stacks:
        if one in wanted or one.owner in owners:
            try:
                inside |= {leftovers.same(*pair) for pair in leftovers.of_stack(aws, one.name)}
            except aws.get("cloudformation").exceptions.ClientError as error:
                # What is in it must not be taken for a leftover.
                unseen[f"what is in {one.name}"] = f"{error.operation_name}: {error_code(error)}"
                beside = [found for found in beside if found[2] != one.owner]
    things = [
        Thing(kind, item.name, whose, "" if item.words in item.name else item.words)
        for kind, item, whose in beside
        if leftovers.same(kind, item.name) not in inside
    ]
    return Found(wanted + things, unseen)


def tagged(aws: Clients) -> Iterator[tuple[dict[str, Any], str]]:
    """Every stack with the workshop's tag, and the tag's value.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
    """
    for page in aws.get("cloudformation").get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            whose = next((tag["Value"] for tag in stack.get("Tags", []) if tag["Key"] == TAG), None)
            if whose and stack["StackStatus"] != "DELETE_COMPLETE":
                yield stack, whose


def clean(aws: Clients, things: list[Thing], on_step: OnStep | None = None) -> dict[Thing, str]:
    """Removes things, stacks first. Goes on when one cannot be removed.

    Returns:
        What could not be removed, and why.
    """
    tell = on_step or silent
    failed: dict[Thing, str] = {}
    stacks = [thing for thing in things if thing.kind == "stack"]
    # A stack whose exports another one imports goes after it, whatever order they were found in.
    for _ in range(3):
        failed = {}
        for thing in stacks:
            why = _stack(aws, thing.name, tell)
            if why:
                failed[thing] = why
        if not failed or len(failed) == len(stacks):
            break
        stacks = list(failed)
    rest = [thing for thing in things if thing.kind != "stack"]
    # Deleting a stack can leave something that was not seen before: what its template retains, or a log group that a
    # late request made again. What is still in a stack that did not go stays.
    for whose in sorted({thing.owner for thing in things if thing.kind == "stack"}):
        rest += [one for one in find(aws, whose) if one.kind != "stack" and one not in rest]
    order = [*leftovers.LISTS, "parameter"]
    rest.sort(key=lambda thing: order.index(thing.kind))
    for thing in rest:
        shown = thing.state or thing.name
        tell(Step("remove", shown, thing.kind, "DELETE_IN_PROGRESS"))
        try:
            deleting.delete(aws, thing.kind, thing.name)
        except Exception as error:  # whatever AWS answers, the other things are still to be removed
            if not error_code(error):
                raise
            failed[thing] = _words(error)
            tell(Step("remove", shown, thing.kind, "DELETE_FAILED", failed[thing]))
        else:
            tell(Step("remove", shown, thing.kind, "DELETE_COMPLETE"))
    return failed


def _stack(aws: Clients, name: str, tell: OnStep) -> str:
    """Removes one stack, whatever state it is in. Returns why not; empty when it is gone."""
    stack = Stack(aws, name)
    try:
        now = stack.describe()
        if now is None:
            return ""
        if now["StackStatus"].endswith("_IN_PROGRESS") and now["StackStatus"] != "REVIEW_IN_PROGRESS":
            # Somebody pressed Ctrl-C: CloudFormation went on by itself. What it does is waited for.
            stack.follow("wait", now["StackId"], tell, set())
            if stack.describe() is None:
                return ""
        for bucket in (name for kind, name in leftovers.of_stack(aws, name) if kind == "bucket"):
            deleting.empty(aws, bucket)
        outcome = stack.delete(tell)
        if outcome.status == "DELETE_FAILED" and _stuck(aws, name):
            outcome = stack.delete(tell)
    except KeyboardInterrupt:
        raise
    except Exception as error:
        if isinstance(error, WorkshopError) or not error_code(error):
            raise
        return _words(error)
    if outcome.ok:
        return ""
    first = outcome.failures[0] if outcome.failures else None
    return f"{first.logical_id}: {first.reason}" if first else outcome.status


def _stuck(aws: Clients, name: str) -> int:
    """Deletes by itself what CloudFormation could not: a role that somebody attached a policy to, a rule with another
    target, a bucket that something was put in meanwhile. Returns how many went.
    """
    gone = 0
    for kind, thing in sorted(leftovers.of_stack(aws, name, "DELETE_FAILED")):
        try:
            deleting.delete(aws, kind, thing)
            gone += 1
        except aws.get("cloudformation").exceptions.ClientError:
            continue  # the stack's next try says why
    return gone


def _words(error: Any) -> str:
    details = error.response["Error"]
    return f"{details.get('Message') or details.get('Code')} ({details.get('Code')})"
