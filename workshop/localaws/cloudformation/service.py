"""All stacks, and the operations on them: accepted at once, carried out in a thread, as on AWS."""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from workshop.localaws.cloudformation import views
from workshop.localaws.cloudformation.engine import Run
from workshop.localaws.cloudformation.intrinsics import Scope
from workshop.localaws.cloudformation.model import Event, Plan, Stack
from workshop.localaws.cloudformation.plans import Plans, scope_for
from workshop.localaws.cloudformation.registry import Registry
from workshop.localaws.cloudformation.resources.base import Call, Failed
from workshop.localaws.cloudformation.sources import Sources
from workshop.localaws.cloudformation.template import invalid
from workshop.localaws.faults import AwsError

log = logging.getLogger(__name__)
NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
TYPE = "AWS::CloudFormation::Stack"
EVENTS_KEPT = 5000
SETTLE = 0.25  # seconds
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-data-resources-status-codes
UPDATABLE = {
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "CREATE_FAILED",
    "UPDATE_FAILED",
}


def updatable(stack: Stack) -> None:
    """Refuse a stack that cannot be updated in its state."""
    if stack.status not in UPDATABLE:
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def deletable(stack: Stack) -> None:
    """Refuse a stack that cannot be deleted in its state."""
    if stack.busy:
        raise invalid(f"Stack [{stack.name}] cannot be deleted while in status {stack.status}")


class Stacks(Registry):
    """The stacks of all regions.

    Args:
        client: `client(service, region)`, in the process.
        account: whose.
        url: the cloud's address.
        clock: epoch seconds.
    """

    def __init__(
        self, client: Callable[[str, str], Any], account: str, url: Callable[[], str], clock: Callable[[], float]
    ) -> None:
        self.client, self.account, self.url, self.clock = client, account, url, clock
        super().__init__()
        self.threads = ThreadPoolExecutor(4, "stack")

    def now(self) -> datetime:
        """The cloud's time."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def close(self) -> None:
        """Start nothing more."""
        self.threads.shutdown(wait=False, cancel_futures=True)

    # Working.

    def plans(self, region: str) -> Plans:
        """Makes plans for a region."""
        sources = Sources(self.client, region)
        return Plans(sources.stored, sources.parameter, region, self.account)

    def scope(self, plan: Plan, stack: Stack) -> Scope:
        """The scope of a plan's values for a stack."""

        def imported(name: str) -> str:
            exports = self.exports(stack.region)
            if name not in exports:
                raise invalid(f"No export named {name} found.")
            stack.imports.add(name)
            return exports[name][1]

        return scope_for(plan, stack, self.account, imported, Sources(self.client, stack.region).dynamic)

    def run(self, stack: Stack, plan: Plan, policy: str = "") -> Run:
        """A run on a stack, under a stack policy."""

        def call_for(logical: str) -> Call:
            return Call(self.client, stack.region, self.account, self.url(), stack.name, stack.id, logical, plan.tags)

        def event(logical: str, physical: str, kind: str, status: str, reason: str, properties: Any = None) -> None:
            self.event(stack, logical, physical, kind, status, reason, properties, plan)

        return Run(stack, lambda each: self.scope(each, stack), call_for, event, self.now, policy)

    def event(
        self,
        stack: Stack,
        logical: str,
        physical: str,
        kind: str,
        status: str,
        reason: str = "",
        properties: Any = None,
        plan: Plan | None = None,
    ) -> None:
        """Add an event to a stack's list; what NoEcho parameters of the plan are worth is masked."""
        plan = plan or stack.plan
        told = json.dumps(views.masked(properties, plan)) if properties is not None else ""
        reason = views.masked(reason, plan) if logical != stack.name else reason
        stack.events.append(
            Event(
                f"{logical}-{status}-{uuid4()}", logical, physical, kind, status, reason, self.now(), told, stack.token
            )
        )
        if len(stack.events) > EVENTS_KEPT:
            del stack.events[:1000]

    def status(self, stack: Stack, status: str, reason: str = "") -> None:
        """Set a stack's status, with its event."""
        stack.status, stack.reason = status, reason
        self.event(stack, stack.name, stack.id, TYPE, status, reason)

    @contextlib.contextmanager
    def begins(self, stack: Stack, status: str, check: Callable[[Stack], None]) -> Iterator[None]:
        """Begin an operation: checked and marked in one step, so that of two at the same moment one is refused.

        Args:
            stack: what it works on.
            status: the stack's status from now on.
            check: raises when the stack's state does not allow it.

        What the block does belongs to the same step; when it raises, nothing has begun.
        """
        with self.lock:
            check(stack)
            yield
            self.status(stack, status, "User Initiated")

    def in_thread(self, stack: Stack, work: Callable[[], None]) -> None:
        """Carry an operation out; a fault of ours ends it as a failure rather than never.

        Most stacks are done within the moment that the answer waits here, so that a tool whose waiter looks first and
        then sleeps for half a minute finds them complete at its first look.
        """

        def guarded() -> None:
            try:
                work()
            except Exception as error:
                log.exception("an operation on %s failed", stack.name)
                ended = {"CREATE": "CREATE_FAILED", "DELETE": "DELETE_FAILED"}.get(
                    stack.status.partition("_")[0], "UPDATE_FAILED"
                )
                self.status(stack, ended, f"Internal Failure: {error}")

        wait([self.threads.submit(guarded)], timeout=SETTLE)

    # Creating.

    def new(self, name: str, region: str, plan: Plan, status: str) -> Stack:
        """A stack that nothing was done for yet.

        Raises:
            AwsError: the name is taken or none.
        """
        if not NAME.fullmatch(name or ""):
            raise invalid(
                f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must "
                "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
            )
        with self.lock:
            if self.named(name, region) is not None:
                raise AwsError("AlreadyExistsException", f"Stack [{name}] already exists")
            stack_id = f"arn:aws:cloudformation:{region}:{self.account}:stack/{name}/{uuid4()}"
            stack = self.stacks[stack_id] = Stack(stack_id, name, region, self.now(), plan, status)
        return stack

    def create(self, stack: Stack, plan: Plan) -> None:
        """Start making a stack that has begun."""
        stack.plan = plan
        self.in_thread(stack, lambda: self._create(stack, plan))

    def _create(self, stack: Stack, plan: Plan) -> None:
        run = self.run(stack, plan)
        try:
            run.apply(plan)
            self._check_exports(stack)
        except Failed as error:
            failed = [
                event.logical
                for event in stack.events
                if event.status == "CREATE_FAILED" and event.logical != stack.name
            ]
            reason = f"The following resource(s) failed to create: [{', '.join(failed)}]. " if failed else f"{error} "
            self._give_up(stack, run, reason)
            return
        self.status(stack, "CREATE_COMPLETE")

    def _give_up(self, stack: Stack, run: Run, reason: str) -> None:
        stack.outputs = []
        if stack.on_failure == "DO_NOTHING":
            self.status(stack, "CREATE_FAILED", reason.strip())
            return
        if stack.on_failure == "DELETE":
            self.status(stack, "DELETE_IN_PROGRESS", reason + "Delete requested by user.")
            clean = run.roll_back()
            self._deleted(stack) if clean else self.status(stack, "DELETE_FAILED", stack.reason)
            return
        self.status(stack, "ROLLBACK_IN_PROGRESS", reason + "Rollback requested by user.")
        clean = run.roll_back()
        if clean:
            stack.resources.clear()
        self.status(stack, "ROLLBACK_COMPLETE" if clean else "ROLLBACK_FAILED", "" if clean else stack.reason)

    def _check_exports(self, stack: Stack) -> None:
        for name, (other, _) in {**self.exports(stack.region)}.items():
            mine = [output for output in stack.outputs if output.get("ExportName") == name]
            if mine and other is not stack:
                raise Failed(f"Export with name {name} is already exported by stack {other.name}.")

    # Updating.

    def update(self, stack: Stack, plan: Plan, *, disable_rollback: bool = False, policy: str = "") -> None:
        """Start updating a stack that has begun; `policy` holds instead of its own for this once."""
        policy = policy or stack.policy
        self.in_thread(stack, lambda: self._update(stack, plan, disable_rollback, policy))

    def _update(self, stack: Stack, plan: Plan, disable_rollback: bool, policy: str) -> None:
        run, outputs, before = self.run(stack, plan, policy), stack.outputs, len(stack.events)
        stack.updated = self.now()
        try:
            run.apply(plan)
            self._check_exports(stack)
            self._check_imports(stack, outputs)
        except Failed as error:
            stack.outputs = outputs
            failed = [event.logical for event in stack.events[before:] if event.status.endswith("_FAILED")]
            reason = f"The following resource(s) failed to update: [{', '.join(failed)}]. " if failed else f"{error} "
            if any(event.status == "CREATE_FAILED" for event in stack.events[before:]):
                reason = f"The following resource(s) failed to create: [{', '.join(failed)}]. "
            if disable_rollback:
                self.status(stack, "UPDATE_FAILED", reason.strip())
                return
            self.status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
            clean = run.roll_back()
            self.status(
                stack,
                "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS" if clean else "UPDATE_ROLLBACK_FAILED",
                "" if clean else stack.reason,
            )
            if clean:
                self.status(stack, "UPDATE_ROLLBACK_COMPLETE")
            return
        stack.plan = plan
        self.status(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        run.clean_up(plan)
        self.status(stack, "UPDATE_COMPLETE")

    def _check_imports(self, stack: Stack, before: list[dict[str, Any]]) -> None:
        kept = {output.get("ExportName"): output["OutputValue"] for output in stack.outputs}
        for output in before:
            name = output.get("ExportName")
            if name and kept.get(name) != output["OutputValue"]:
                users = self.importers(stack.region, name)
                if users:
                    action = "deleted" if name not in kept else "updated"
                    raise Failed(f"Export {name} cannot be {action} as it is in use by {', '.join(users)}")

    # Deleting.

    def check_deletion(self, stack: Stack) -> None:
        """Refuse to delete what others need.

        Raises:
            AwsError: it is protected, or another stack imports what it exports.
        """
        if stack.protected:
            raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        for output in stack.outputs:
            users = self.importers(stack.region, output.get("ExportName", "")) if output.get("ExportName") else []
            if users:
                raise invalid(f"Export {output['ExportName']} cannot be deleted as it is in use by {', '.join(users)}")

    def delete(self, stack: Stack, retain: list[str]) -> None:
        """Start removing a stack that has begun."""
        self.in_thread(stack, lambda: self._delete(stack, retain))

    def _delete(self, stack: Stack, retain: list[str]) -> None:
        stuck = self.run(stack, stack.plan).remove_all(retain)
        if stuck:
            self.status(stack, "DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(stuck)}]. ")
            return
        self._deleted(stack)

    def _deleted(self, stack: Stack) -> None:
        stack.resources.clear()
        stack.outputs, stack.imports = [], set()
        self.event(stack, stack.name, stack.id, TYPE, "DELETE_COMPLETE")
        stack.deleted, stack.status, stack.reason = self.now(), "DELETE_COMPLETE", ""
