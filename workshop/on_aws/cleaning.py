"""`workshop clean`: finds what the workshop made, by the tag of stacks and by names, and removes it.

Nothing is remembered on this machine, so it works after a crash, from another checkout and any number of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workshop.errors import WorkshopError
from workshop.on_aws import leftovers
from workshop.on_aws.names import NOBODY, TAG
from workshop.serverless.aws import Clients, error_code
from workshop.serverless.stacks import Stack
from workshop.serverless.steps import OnStep, Step, silent


@dataclass(frozen=True)
class Thing:
    """Something the workshop made: `kind` such as `stack`, its name, whose it is, and what state it is in."""

    kind: str
    name: str
    owner: str
    state: str = ""

    def __str__(self) -> str:
        return f"{self.kind:<10} {self.name}" + (f"  ({self.state})" if self.state else "")


def find(aws: Clients, owner: str, *, everyone: bool = False) -> list[Thing]:
    """What is there of the workshop.

    Args:
        aws: clients of one region.
        owner: the suffix to look for, or `shared` where names have none.
        everyone: whatever the suffix.

    Raises:
        botocore.exceptions.ClientError: AWS does not let these credentials look.
    """
    stacks = [Thing("stack", stack["StackName"], whose, stack["StackStatus"]) for stack, whose in tagged(aws)]
    wanted = [one for one in stacks if everyone or one.owner == owner]
    owners = {one.owner for one in wanted} | ({owner} if owner else set())
    found = []
    for whose in sorted(owners - {NOBODY}):
        found += [Thing(kind, name, whose) for kind, name in leftovers.find(aws, whose)]
    inside = {(thing.kind, thing.name) for thing in found} & {
        pair for one in wanted for pair in leftovers.of_stack(aws, one.name)
    }
    return wanted + [thing for thing in found if (thing.kind, thing.name) not in inside]


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
    # Deleting a stack can leave something that was not seen before: a log group that a late request made again.
    for whose in sorted({thing.owner for thing in things} - {NOBODY}):
        seen = {(thing.kind, thing.name) for thing in rest}
        more = [] if failed else leftovers.find(aws, whose)
        rest += [Thing(kind, name, whose) for kind, name in more if (kind, name) not in seen]
    for thing in rest:
        tell(Step("remove", thing.name, thing.kind, "DELETE_IN_PROGRESS"))
        try:
            leftovers.delete(aws, thing.kind, thing.name)
        except Exception as error:  # whatever AWS answers, the other things are still to be removed
            if not error_code(error):
                raise
            failed[thing] = _words(error)
            tell(Step("remove", thing.name, thing.kind, "DELETE_FAILED", failed[thing]))
        else:
            tell(Step("remove", thing.name, thing.kind, "DELETE_COMPLETE"))
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
            leftovers.empty(aws, bucket)
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


def _words(error: Any) -> str:
    details = error.response["Error"]
    return f"{details.get('Message') or details.get('Code')} ({details.get('Code')})"
