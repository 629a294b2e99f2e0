"""CloudFormation stacks: made, changed and removed, followed event by event.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

import contextlib
import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.serverless.aws import Clients, error_code
from workshop.serverless.steps import Interrupted, OnStep, Step

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_LONGEST_BODY = (
    51_200  # bytes: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
)
# A stack that never came up, or did not go away: it can only be removed.
DEAD = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS")
_SHORTEST_WAIT, _LONGEST_WAIT = 0.004, 5.0  # seconds between two looks


@dataclass
class Outcome:
    """How an operation on a stack ended."""

    status: str
    failures: list[Step] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE")


def _token() -> str:
    """A name for one operation: its events carry it, and the same request sent again does nothing twice.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html
    """
    return f"workshop-{uuid.uuid4()}"


def _has_ended(status: str) -> bool:
    return not status.endswith("_IN_PROGRESS") or status.endswith("_COMPLETE_CLEANUP_IN_PROGRESS")


class UnderWay(WorkshopError):
    """Somebody else changes the same stack at the same moment. Nothing was changed by who was told so."""

    def __init__(self, stack: str, status: str = "") -> None:
        state = f" ({status})" if status else ""
        super().__init__(f"Another deploy of {stack} is under way{state}.", fix="Try again when it is over.")


def removed_meanwhile(stack: str) -> WorkshopError:
    """What is said of a stack that was there at the first look."""
    return WorkshopError(f"{stack} was removed while it was being deployed.", fix="Deploy again.")


_TAKEN = ("AlreadyExistsException", "ChangeSetNotFound", "InvalidChangeSetStatus")
_BUSY = re.compile(r"\b([A-Z]+(?:_[A-Z]+)*_IN_PROGRESS)\b")  # the state that CloudFormation's refusal names


def _source(template: dict[str, Any], url: str) -> dict[str, str]:
    """A template as CloudFormation is given it: itself, or where it lies when it is too long."""
    body = json.dumps(template)
    return {"TemplateBody": body} if not url or len(body.encode()) <= _LONGEST_BODY else {"TemplateURL": url}


class Stack:
    """One stack.

    Args:
        clients: of its region.
        name: its name.
        stack_id: its ARN, when only that one is meant: somebody else may have made a new one of the same name.
    """

    def __init__(self, clients: Clients, name: str, stack_id: str = "") -> None:
        self.clients, self.name, self.key = clients, name, stack_id or name
        self.api = clients.get("cloudformation")
        self.asked = False  # for a change; from then on CloudFormation works by itself

    def describe(self) -> dict[str, Any] | None:
        """The stack as CloudFormation describes it; None when there is none."""
        try:
            return self.api.describe_stacks(StackName=self.key)["Stacks"][0]
        except self.api.exceptions.ClientError as error:
            if "does not exist" in str(error):
                return None
            raise

    def create(self, template: dict[str, Any], tags: list[dict[str, str]], on_step: OnStep, url: str = "") -> Outcome:
        """Creates the stack and follows it to its end; `url` is for a template too long to be sent."""
        self.asked, token = True, _token()
        with self._refusals():
            found = self.api.create_stack(
                StackName=self.name,
                Capabilities=CAPABILITIES,
                OnFailure="DELETE",
                Tags=tags,
                ClientRequestToken=token,
                **_source(template, url),
            )
        outcome = self.follow("create", found["StackId"], on_step, set(), token)
        if outcome.status == "DELETE_COMPLETE":  # what OnFailure asks for; gone is not made
            outcome.status = "CREATE_FAILED"
        return outcome

    def update(self, template: dict[str, Any], url: str, tags: list[dict[str, str]], on_step: OnStep) -> Outcome | None:
        """Updates the stack and follows it; None when CloudFormation finds nothing to change.

        Args:
            template: the template.
            url: the same, in the bucket, for those too long to be sent.
        """
        source = _source(template, url)
        seen = self._event_ids(self.name)
        self.asked, token = True, _token()
        try:
            with self._refusals():
                found = self.api.update_stack(
                    StackName=self.name, Capabilities=CAPABILITIES, Tags=tags, ClientRequestToken=token, **source
                )
        except self.api.exceptions.ClientError as error:
            if "No updates are to be performed" in str(error):
                return None
            raise
        return self.follow("update", found["StackId"], on_step, seen, token)

    def update_by_change_set(self, url: str, tags: list[dict[str, str]], on_step: OnStep) -> Outcome | None:
        """The same by a change set (`deploymentMethod: changesets`).

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
        """
        name = f"{self.name}-change-set"
        with self._refusals():
            self.api.delete_change_set(StackName=self.name, ChangeSetName=name)
            seen = self._event_ids(self.name)
            made = self.api.create_change_set(
                StackName=self.name,
                ChangeSetName=name,
                ChangeSetType="UPDATE",
                TemplateURL=url,
                Capabilities=CAPABILITIES,
                Tags=tags,
            )
            mine = made["Id"]  # from here on by its ARN: another deploy makes one of the same name
            wait = _SHORTEST_WAIT
            while True:
                found = self.api.describe_change_set(StackName=self.name, ChangeSetName=mine)
                if found["Status"] == "CREATE_COMPLETE":
                    break
                if found["Status"] == "FAILED":
                    self.api.delete_change_set(StackName=self.name, ChangeSetName=mine)
                    reason = found.get("StatusReason", "")
                    if "No updates" in reason or "didn't contain changes" in reason:
                        return None
                    raise WorkshopError(f"CloudFormation refused the change set: {reason}")
                time.sleep(wait)
                wait = min(wait * 1.6, 2.0)
            self.asked, token = True, _token()
            self.api.execute_change_set(StackName=self.name, ChangeSetName=mine, ClientRequestToken=token)
        return self.follow("update", made.get("StackId", self.name), on_step, seen, token)

    def delete(self, on_step: OnStep, keep: list[str] | None = None) -> Outcome:
        """Deletes the stack and follows it.

        Args:
            keep: logical ids to leave (only for a stack whose deletion failed).
        """
        stack = self.describe()
        if stack is None:
            return Outcome("DELETE_COMPLETE")
        seen = self._event_ids(stack["StackId"])
        more = {"RetainResources": keep} if keep else {}
        with self._refusals():
            self.api.delete_stack(StackName=self.key, **more)
        return self.follow("remove", stack["StackId"], on_step, seen)

    def resources(self) -> list[dict[str, Any]]:
        """The stack's resources."""
        pages = self.api.get_paginator("list_stack_resources").paginate(StackName=self.key)
        return [one for page in pages for one in page["StackResourceSummaries"]]

    def template(self) -> dict[str, Any]:
        """The template the stack was made from."""
        body = self.api.get_template(StackName=self.name)["TemplateBody"]
        return json.loads(body) if isinstance(body, str) else json.loads(json.dumps(body))

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        """Tells CloudFormation's refusals that mean somebody else was quicker from those that mean a fault.

        Raises:
            UnderWay: another operation has begun since this one looked.
            WorkshopError: the stack has gone since then.
        """
        try:
            yield
        except self.api.exceptions.ClientError as error:
            code, busy = error_code(error), _BUSY.search(str(error))
            if code in _TAKEN or (code == "ValidationError" and busy):
                raise UnderWay(self.name, busy[1] if busy else "") from None
            if code == "ValidationError" and "does not exist" in str(error):
                raise removed_meanwhile(self.name) from None
            raise

    def follow(self, phase: str, stack_id: str, on_step: OnStep, seen: set[str], token: str = "") -> Outcome:
        """Waits for an operation to end; tells every event once.

        Looks often at first, then less and less: an offline stack takes milliseconds, AWS minutes. The events of an
        operation carry its token. So one that somebody else begins right after it is not taken for it.

        Args:
            phase: the `Step`'s.
            stack_id: its ARN.
            on_step: told every event.
            seen: ids of events from before it; added to.
            token: the `ClientRequestToken` that it was asked with.
        """
        began: dict[str, float] = {}
        failures: list[Step] = []
        marked = others = False  # do events carry tokens here? has another operation begun since?
        ended = ""  # how this operation ended, once its own event has said so
        wait = 0.5 if self.clients.is_aws else _SHORTEST_WAIT
        try:
            while True:
                status = self._status(stack_id)
                fresh = self._new_events(stack_id, seen)
                marked = marked or any(event.get("ClientRequestToken") == token for event in fresh if token)
                for event in fresh:
                    if marked and event.get("ClientRequestToken") != token:
                        others = bool(ended)
                        continue
                    self._tell(phase, event, on_step, began, failures)
                    if self._is_whole(event):
                        ended = event["ResourceStatus"] if _has_ended(event["ResourceStatus"]) else ""
                if ended and (others or _has_ended(status)):
                    status = ended
                if _has_ended(status):
                    # What is cleaned up after a success does not concern the caller any more.
                    return Outcome(status.removesuffix("_CLEANUP_IN_PROGRESS"), failures)
                time.sleep(wait)
                wait = min(wait * 1.3, _LONGEST_WAIT)
        except KeyboardInterrupt:
            raise self.left_alone(phase) from None

    def left_alone(self, phase: str) -> Interrupted:
        """What Ctrl-C means once CloudFormation has been asked."""
        return Interrupted(
            f"Stopped looking; CloudFormation goes on with the {phase} of {self.name} by itself. "
            "See how it ended with: workshop info. Then deploy or remove again."
        )

    def _status(self, stack_id: str) -> str:
        try:
            return self.api.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
        except self.api.exceptions.ClientError as error:
            if "does not exist" in str(error):
                return "DELETE_COMPLETE"
            raise

    def _is_whole(self, event: dict[str, Any]) -> bool:
        """True for an event of the stack itself."""
        return event.get("ResourceType") == "AWS::CloudFormation::Stack" and event["LogicalResourceId"] == self.name

    def _event_ids(self, stack_id: str) -> set[str]:
        return {event["EventId"] for event in self._events(stack_id)}

    def _events(self, stack_id: str) -> list[dict[str, Any]]:
        """The newest hundred or so events, oldest first."""
        try:
            found = self.api.describe_stack_events(StackName=stack_id)["StackEvents"]
        except self.api.exceptions.ClientError as error:
            if error_code(error) == "ValidationError":
                return []
            raise
        return found[::-1]

    def _new_events(self, stack_id: str, seen: set[str]) -> list[dict[str, Any]]:
        fresh = [event for event in self._events(stack_id) if event["EventId"] not in seen]
        seen.update(event["EventId"] for event in fresh)
        return fresh

    def _tell(
        self, phase: str, event: dict[str, Any], on_step: OnStep, began: dict[str, float], failures: list[Step]
    ) -> None:
        logical_id, status = event["LogicalResourceId"], event.get("ResourceStatus", "")
        when = event["Timestamp"].timestamp()
        seconds = None
        if status.endswith("_IN_PROGRESS"):
            if logical_id in began:
                return  # CloudFormation says it twice: asked for, and begun
            began[logical_id] = when
        elif logical_id in began:
            seconds = max(when - began.pop(logical_id), 0.0)
        whole = self._is_whole(event)
        step = Step(
            phase, logical_id, event.get("ResourceType", ""), status, event.get("ResourceStatusReason", ""), seconds
        )
        if status.endswith("_FAILED") and not whole and "cancelled" not in step.reason.lower():
            failures.append(step)
        if status.endswith("_FAILED") or (not whole and status):
            on_step(step)
