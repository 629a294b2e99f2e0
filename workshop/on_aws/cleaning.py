"""`workshop clean`: finds what the workshop made, by its tag, and removes it. What is removed is what was listed.

Nothing is remembered on this machine, so it works after a crash, from another checkout and any number of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.on_aws import deleting, leftovers
from workshop.on_aws.leftovers import DATA, Owned, Stacks
from workshop.on_aws.names import TAG
from workshop.serverless.aws import Clients, error_code
from workshop.serverless.stacks import Stack
from workshop.serverless.steps import OnStep, Step, silent


@dataclass(frozen=True)
class Thing:
    """Something the workshop made: `kind` such as `stack`, its name, whose it is, and what state it is in.

    Where a name is only an id, `state` is the name that the thing was given. `stack` is the one whose template retains
    it: it goes after that one.
    """

    kind: str
    name: str
    owner: str
    state: str = ""
    stack: str = ""

    def __str__(self) -> str:
        words = "; ".join(one for one in (self.state, self.stack and f"retained by {self.stack}") if one)
        return f"{self.kind:<20} {self.name}" + (f"  ({words})" if words else "")


@dataclass(frozen=True)
class Found:
    """What is there.

    Attributes:
        things: the reader's, by the workshop's tag: stacks, and what lies in none.
        unseen: what could not be looked at: such as `roles`, with AWS's reason.
        retained: the reader's tables and buckets that do not go with a stack. They may hold a ledger.
        perhaps: no tag says whose they are; their names could be the reader's.
        others: tagged as the reader's, of kinds that are not removed here; those that cost something first.
    """

    things: list[Thing]
    unseen: dict[str, str]
    retained: list[Thing] = field(default_factory=list)
    perhaps: list[Thing] = field(default_factory=list)
    others: list[Thing] = field(default_factory=list)

    def __str__(self) -> str:
        """One paragraph on what could not be looked at; empty when everything could."""
        if not self.unseen:
            return ""
        listed = "; ".join(f"{what} ({why})" for what, why in self.unseen.items())
        return (
            f"Not looked at, so something may be left there: {listed}. To have these looked at too, have the policy "
            "of `workshop policy` attached to this user or role, then: workshop clean"
        )


def find(aws: Clients, owner: str, *, everyone: bool = False) -> list[Thing]:
    """What is there of the workshop, by its tag, as `look` finds it: what holds data included."""
    found = look(aws, owner, everyone=everyone)
    return found.things + found.retained


def look(aws: Clients, owner: str, *, everyone: bool = False) -> Found:
    """What is there of the workshop: stacks with its tag, and what lies in no stack.

    What lies in another stack that exists is not listed, whatever its name or tags: it belongs to that stack.

    Args:
        aws: clients of one region.
        owner: the suffix to look for, or `shared` where names have none.
        everyone: whatever the suffix.

    Raises:
        botocore.exceptions.ClientError: AWS does not let these credentials look at stacks. What is in a stack and what
            is beside it cannot be told apart then.
    """
    every = list(_stacks(aws))
    tagged = [(stack, whose) for stack in every if (whose := _owner(stack))]
    wanted = [
        Thing("stack", stack["StackName"], whose, stack["StackStatus"])
        for stack, whose in tagged
        if whose == owner or (everyone and leftovers.is_reader(whose))
    ]
    unseen: leftovers.Unseen = {}
    names = [(stack["StackName"], whose) for stack, whose in tagged]
    beside = leftovers.find(aws, owner, names, unseen, everyone=everyone)
    inside: set[tuple[str, str]] = set()
    kept: list[Thing] = []
    for one in wanted:
        try:
            goes, retained = leftovers.contents(aws, one.name)
        except aws.get("cloudformation").exceptions.ClientError as error:
            # What is in it must not be taken for a leftover.
            unseen[f"what is in {one.name}"] = f"{error.operation_name}: {error_code(error)}"
            beside.tagged = [found for found in beside.tagged if found[2] != one.owner]
            beside.named = [found for found in beside.named if found[2] != one.owner]
            continue
        inside |= {leftovers.same(*pair) for pair in goes | retained}
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
        kept += [Thing(kind, name, one.owner, stack=one.name) for kind, name in sorted(retained)]
    stacks = Stacks(aws, [stack["StackId"] for stack in every])

    def alone(found: list[Owned]) -> Iterator[Thing]:
        for kind, item, whose in found:
            if leftovers.same(kind, item.name) in inside:
                continue
            try:
                if stacks.holding(item, item.tags):
                    continue
            except aws.get("cloudformation").exceptions.ClientError as error:
                unseen[f"which stack holds {item.words or item.name}"] = f"{error.operation_name}: {error_code(error)}"
                continue
            yield Thing(kind, item.name, whose, "" if item.words in item.name else item.words)

    by_tag = list(alone(beside.tagged))
    ours = {stack["StackId"] for stack, _ in tagged}
    others = [
        Thing(kind, item.name, whose, "costs something while nobody uses it" if leftovers.costs(item) else "")
        for kind, item, whose in beside.others
        if item.tags.get(leftovers.STACK_ID) not in ours  # it goes with its stack
    ]
    return Found(
        wanted + [one for one in by_tag + kept if one.kind not in DATA],
        unseen,
        [one for one in kept + by_tag if one.kind in DATA],
        list(alone(beside.named)),
        others,
    )


def _stacks(aws: Clients) -> Iterator[dict[str, Any]]:
    """Every stack that exists, whoever's.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
    """
    for page in aws.get("cloudformation").get_paginator("describe_stacks").paginate():
        yield from (stack for stack in page["Stacks"] if stack["StackStatus"] != "DELETE_COMPLETE")


def _owner(stack: dict[str, Any]) -> str:
    """The value of a stack's tag `serverless-payments-workshop`; empty without one."""
    return next((str(tag["Value"]) for tag in stack.get("Tags", []) if tag["Key"] == TAG), "")


def tagged(aws: Clients) -> Iterator[tuple[dict[str, Any], str]]:
    """Every stack with the workshop's tag, and the tag's value."""
    return ((stack, whose) for stack in _stacks(aws) if (whose := _owner(stack)))


def clean(aws: Clients, things: list[Thing], on_step: OnStep | None = None) -> dict[Thing, str]:
    """Removes these things and no others, stacks first. Goes on when one cannot be removed.

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
    standing = {thing.name for thing in failed}
    order = [*leftovers.LISTS, "parameter"]
    for thing in sorted((one for one in things if one.kind != "stack"), key=lambda one: order.index(one.kind)):
        if thing.stack in standing:
            failed[thing] = f"its stack {thing.stack} is still there"
            continue
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
        held, _ = leftovers.contents(aws, name)
        for bucket in (name for kind, name in held if kind == "bucket"):
            deleting.empty(aws, bucket)
        outcome = stack.delete(tell)
        if outcome.status == "DELETE_FAILED" and _stuck(aws, name):
            outcome = stack.delete(tell)
        if outcome.ok:
            for group in (name for kind, name in held if kind == "log group"):
                deleting.delete(aws, "log group", group)  # a late request may have made it again
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
