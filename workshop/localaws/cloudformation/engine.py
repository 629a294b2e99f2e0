"""Carrying a plan out: resource by resource, with events, and back again when one fails.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from workshop.localaws.cloudformation import graph, stack_policy
from workshop.localaws.cloudformation.intrinsics import Scope
from workshop.localaws.cloudformation.model import Made, Plan, Stack
from workshop.localaws.cloudformation.resources import REGISTRY, tags
from workshop.localaws.cloudformation.resources.base import Call, Failed, Properties, Refused, reason_of
from workshop.localaws.faults import AwsError

log = logging.getLogger(__name__)
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
RETAIN = ("Retain", "RetainExceptOnCreate")


class Run:
    """One operation on one stack.

    Args:
        stack: which.
        scope_of: gives the scope of a plan's values.
        call_for: gives the `Call` for a logical id.
        event: `event(logical, physical, type, status, reason, properties)`.
        now: the time.
        policy: the stack policy that holds meanwhile.
    """

    def __init__(
        self,
        stack: Stack,
        scope_of: Callable[[Plan], Scope],
        call_for: Callable[[str], Call],
        event: Callable[..., None],
        now: Callable[[], Any],
        policy: str = "",
    ) -> None:
        self.policy = policy
        self.stack, self.scope_of, self.call_for, self.event, self.now = stack, scope_of, call_for, event, now
        self.undo: list[Callable[[], None]] = []
        self.replaced: list[Made] = []

    # Making and changing.

    def apply(self, plan: Plan) -> None:
        """Make and change what the plan says; leaves removals to `clean_up`.

        Raises:
            Failed: one resource could not be made or changed, or an output not worked out.
        """
        scope = self.scope_of(plan)
        bodies = graph.wanted(plan.template, scope.condition)
        scope.attribute = self._attribute
        for logical, made in self.stack.resources.items():
            if logical in bodies:
                scope.physical[logical] = REGISTRY[made.type].reference(made.physical)
        for logical, made in self.stack.resources.items():
            if logical not in bodies:
                self._let(stack_policy.DELETE, made)
        for logical in graph.ordered(bodies):
            self._one(logical, bodies[logical], scope)
        self.stack.outputs = self._outputs(plan, scope)

    def _attribute(self, logical: str, name: str) -> Any:
        made = self.stack.resources.get(logical)
        if made is None:
            raise AwsError(
                "ValidationError", f"Template error: instance of Fn::GetAtt references undefined resource {logical}"
            )
        if name not in made.attributes:
            made.attributes = REGISTRY[made.type].attributes(self.call_for(logical), made.physical, made.properties)
        if name not in made.attributes:
            raise AwsError(
                "ValidationError",
                f"Template error: resource {logical} does not support attribute type {name} in Fn::GetAtt",
            )
        return made.attributes[name]

    def _one(self, logical: str, body: dict[str, Any], scope: Scope) -> None:
        kind = REGISTRY[body["Type"]]
        known = self.stack.resources.get(logical)
        try:
            given = scope.resolve(body.get("Properties") or {})
            if known is None or known.type != body["Type"]:
                made = self._create(logical, body, given, None if known is None else known)
            elif given == known.properties and not self._retagged(known, given):
                known.body = body
                made = known
            elif kind.must_replace(given, known.properties):
                made = self._replace(logical, body, given, known)
            else:
                made = self._update(logical, body, given, known)
        except AwsError as error:
            action = "CREATE" if known is None else "UPDATE"
            self._failed(logical, known.physical if known else "", body["Type"], action, error.message)
            raise Failed(error.message) from None
        scope.physical[logical] = kind.reference(made.physical)

    def _retagged(self, known: Made, given: Properties) -> bool:
        now, was = self.call_for(known.logical).tags, self.stack.plan.tags
        return known.type in tags.WAYS and tags.worth(now, given) != tags.worth(was, known.properties)

    def _let(self, action: str, made: Made) -> None:
        reason = stack_policy.refusal(self.policy, action, made.logical, made.type)
        if reason:
            self._failed(made.logical, made.physical, made.type, "UPDATE", reason)
            raise Failed(reason)

    def _failed(self, logical: str, physical: str, kind: str, action: str, reason: str) -> None:
        self.event(logical, physical, kind, f"{action}_FAILED", reason)

    def _create(self, logical: str, body: dict[str, Any], given: Properties, old: Made | None) -> Made:
        kind, call = REGISTRY[body["Type"]], self.call_for(logical)
        action = "CREATE" if old is None else "UPDATE"
        self.event(
            logical,
            old.physical if old else "",
            body["Type"],
            f"{action}_IN_PROGRESS",
            ""
            if old is None
            else "Requested update requires the creation of a new physical resource; hence creating one.",
            given,
        )
        try:
            kind.check(given)
            physical = kind.create(call, given)
        except Exception as error:
            reason = reason_of(error, body["Type"], given.get(kind.name_property))
            self._failed(logical, old.physical if old else "", body["Type"], action, reason)
            raise Failed(reason) from None
        made = Made(logical, body["Type"], physical, given, body, f"{action}_COMPLETE", updated=self.now())
        self.undo.append(lambda: self._uncreate(made, old))
        if old is not None:
            self.replaced.append(old)
        self.stack.resources[logical] = made
        self.event(logical, physical, body["Type"], f"{action}_IN_PROGRESS", "Resource creation Initiated", given)
        self.event(logical, physical, body["Type"], f"{action}_COMPLETE", "", given)
        return made

    def _replace(self, logical: str, body: dict[str, Any], given: Properties, known: Made) -> Made:
        self._let(stack_policy.REPLACE, known)
        kind = REGISTRY[body["Type"]]
        name = kind.name_property
        if name and given.get(name) is not None and given.get(name) == known.properties.get(name):
            reason = (
                f"CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
                f"{given[name]} and update the stack again."
            )
            self.event(logical, known.physical, body["Type"], "UPDATE_FAILED", reason, given)
            raise Failed(reason)
        return self._create(logical, body, given, known)

    def _update(self, logical: str, body: dict[str, Any], given: Properties, known: Made) -> Made:
        self._let(stack_policy.MODIFY, known)
        kind, call, old = REGISTRY[body["Type"]], self.call_for(logical), known.properties
        self.event(logical, known.physical, body["Type"], "UPDATE_IN_PROGRESS", "", given)
        before = known.body
        self.undo.append(lambda: self._unupdate(known, old, before))
        try:
            kind.check(given)
            kind.check_change(given, old)
            kind.update(call, known.physical, given, old)
            tags.follow(
                call, known.type, known.physical, tags.worth(call.tags, given), tags.worth(self.stack.plan.tags, old)
            )
        except Exception as error:
            reason = reason_of(error, body["Type"], known.physical)
            self._failed(logical, known.physical, body["Type"], "UPDATE", reason)
            raise Failed(reason) from None
        known.properties, known.body, known.attributes = given, body, {}
        known.status, known.updated = "UPDATE_COMPLETE", self.now()
        self.event(logical, known.physical, body["Type"], "UPDATE_COMPLETE", "", given)
        return known

    def _outputs(self, plan: Plan, scope: Scope) -> list[dict[str, Any]]:
        found = []
        try:
            for name, body in (plan.template.get("Outputs") or {}).items():
                if body.get("Condition") and not scope.condition(body["Condition"]):
                    continue
                output: dict[str, Any] = {"OutputKey": name, "OutputValue": scope.text(body["Value"], "Output")}
                if body.get("Description"):
                    output["Description"] = body["Description"]
                if body.get("Export"):
                    output["ExportName"] = scope.text(body["Export"].get("Name"), "Export")
                found.append(output)
        except AwsError as error:
            raise Failed(error.message) from None
        return found

    # Going back.

    def roll_back(self) -> bool:
        """Undo everything, last first; False when something could not be undone."""
        clean = True
        for step in reversed(self.undo):
            try:
                step()
            except Exception as error:
                log.debug("rolling back %s", self.stack.name, exc_info=True)
                clean = False
                self.stack.reason = reason_of(error, "", "")
        self.undo, self.replaced = [], []
        return clean

    def _uncreate(self, made: Made, old: Made | None) -> None:
        if old is not None:
            self.stack.resources[made.logical] = old
        elif made.body.get("DeletionPolicy") == "Retain":  # RetainExceptOnCreate is what its name says
            self.event(made.logical, made.physical, made.type, "DELETE_SKIPPED", "")
            del self.stack.resources[made.logical]
            return
        self.remove(made, forget=old is None)

    def _unupdate(self, made: Made, old: Properties, body: dict[str, Any]) -> None:
        current, made.properties, made.body, made.attributes = made.properties, old, body, {}
        self.event(made.logical, made.physical, made.type, "UPDATE_IN_PROGRESS", "", old)
        call = self.call_for(made.logical)
        REGISTRY[made.type].update(call, made.physical, old, current)
        was, now = tags.worth(self.stack.plan.tags, old), tags.worth(call.tags, current)
        tags.follow(call, made.type, made.physical, was, now)
        self.event(made.logical, made.physical, made.type, "UPDATE_COMPLETE", "", old)

    # Removing.

    def clean_up(self, plan: Plan) -> None:
        """Remove what the plan no longer has and what was replaced; a failure leaves it behind, as on AWS."""
        keep = graph.wanted(plan.template, self.scope_of(plan).condition)
        gone = [made for logical, made in self.stack.resources.items() if logical not in keep]
        for made in reversed(gone + self.replaced):
            forget = made in gone
            if made.body.get("DeletionPolicy" if forget else "UpdateReplacePolicy") in RETAIN:
                self.event(made.logical, made.physical, made.type, "DELETE_SKIPPED", "")
                if forget:
                    del self.stack.resources[made.logical]
                continue
            try:
                self.remove(made, forget=forget)
            except Failed as error:
                log.debug("%s stays behind: %s", made.logical, error)
                if forget:
                    del self.stack.resources[made.logical]

    def remove(self, made: Made, *, forget: bool) -> None:
        """Remove one resource.

        Raises:
            Failed: it cannot be removed.
        """
        self.event(made.logical, made.physical, made.type, "DELETE_IN_PROGRESS", "")
        try:
            REGISTRY[made.type].delete(self.call_for(made.logical), made.physical, made.properties)
        except Refused as refused:
            if not refused.gone:
                self._undeleted(made, str(refused))
        except Exception as error:
            self._undeleted(made, reason_of(error, made.type, made.physical))
        self.event(made.logical, made.physical, made.type, "DELETE_COMPLETE", "")
        if forget:
            self.stack.resources.pop(made.logical, None)

    def _undeleted(self, made: Made, reason: str) -> None:
        made.status, made.reason = "DELETE_FAILED", reason
        self.event(made.logical, made.physical, made.type, "DELETE_FAILED", reason)
        raise Failed(reason)

    def remove_all(self, retain: list[str]) -> list[str]:
        """Remove every resource, last made first; the logical ids of those that could not be removed."""
        order = self._removal_order()
        stuck: list[str] = []
        for logical in order:
            made = self.stack.resources[logical]
            if logical in retain or made.body.get("DeletionPolicy") in RETAIN:
                self.event(logical, made.physical, made.type, "DELETE_SKIPPED", "")
                del self.stack.resources[logical]
                continue
            if any(logical in graph.needed(self.stack.resources[other].body, self.stack.resources) for other in stuck):
                continue  # something that needs it is still there
            try:
                self.remove(made, forget=True)
            except Failed:
                stuck.append(logical)
        return stuck

    def _removal_order(self) -> list[str]:
        bodies = {logical: made.body for logical, made in self.stack.resources.items()}
        return list(reversed(graph.ordered(bodies)))
