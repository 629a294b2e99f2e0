"""Stacks, their resources, events and change sets: plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class Made:
    """One resource of a stack, as it is."""

    logical: str
    type: str
    physical: str
    properties: dict[str, Any]
    body: dict[str, Any]  # its part of the template
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    updated: datetime | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """One stack event."""

    id: str
    logical: str
    physical: str
    type: str
    status: str
    reason: str
    at: datetime
    properties: str
    token: str = ""


@dataclass
class Plan:
    """What a stack is to become: a template with its parameters."""

    body: str
    template: dict[str, Any]  # after transforms
    parameters: list[dict[str, Any]]
    texts: dict[str, str]
    values: dict[str, Any]
    tags: dict[str, str]
    capabilities: list[str]

    def same(self, other: Plan) -> bool:
        """True when nothing that counts differs."""

        def counted(plan: Plan) -> Any:
            sections = ("Resources", "Outputs", "Conditions", "Mappings")
            return [plan.template.get(name) or {} for name in sections], plan.values, plan.tags

        return bool(counted(self) == counted(other))


@dataclass
class ChangeSet:
    """A change set."""

    id: str
    name: str
    kind: str
    plan: Plan
    at: datetime
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    execution: str = "AVAILABLE"
    changes: list[dict[str, Any]] = field(default_factory=list)
    description: str = ""
    on_failure: str = ""


@dataclass
class Stack:
    """A stack."""

    id: str
    name: str
    region: str
    created: datetime
    plan: Plan
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    resources: dict[str, Made] = field(default_factory=dict)  # in the order in which they were made
    events: list[Event] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    updated: datetime | None = None
    deleted: datetime | None = None
    on_failure: str = "ROLLBACK"
    protected: bool = False
    policy: str = ""
    role: str = ""
    notifications: list[str] = field(default_factory=list)
    timeout: int | None = None
    imports: set[str] = field(default_factory=set)
    token: str = ""
    last_operation: str = ""

    @property
    def busy(self) -> bool:
        """True while something goes on; a stack in review is not busy."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


def settle(stack: Stack, given: dict[str, Any]) -> None:
    """Take over what a request says of the stack itself."""
    stack.notifications = list(given.get("NotificationARNs") or stack.notifications)
    stack.role = given.get("RoleARN") or stack.role
    stack.token = given.get("ClientRequestToken") or ""
