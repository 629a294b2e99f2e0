"""A plan's values worked out before anything is made, as far as they can be.

CloudFormation refuses at once what it can see from a template and its parameters: a key that a mapping has not, an
item that a list has not, a reference to a resource whose condition does not hold. What only a made resource tells
(its name, its ARN) is left for later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workshop.localaws.cloudformation import graph
from workshop.localaws.cloudformation.intrinsics import Scope
from workshop.localaws.cloudformation.resources import REGISTRY
from workshop.localaws.cloudformation.template import FUNCTIONS, invalid
from workshop.localaws.faults import AwsError


class Later(Exception):
    """This value is known only when a resource is there."""


class _Physical(dict[str, str]):
    """The names of resources to come: which there will be is known, what they will be is not."""

    def __getitem__(self, logical: str) -> str:
        raise Later(logical)


def rehearse(template: Mapping[str, Any], scope: Scope) -> None:
    """Work out what can be.

    Args:
        template: after its transforms, checked.
        scope: of its values, with no resources in it; it is changed.

    Raises:
        AwsError: ValidationError.
    """
    bodies = graph.wanted(dict(template), scope.condition)
    scope.physical = _Physical.fromkeys(bodies, "")
    scope.imported = scope.dynamic = _later

    def attribute(logical: str, _: str) -> Any:
        if logical not in bodies:
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{logical}] in the Resources block of the "
                "template"
            )
        raise Later(logical)

    scope.attribute = attribute
    for logical, body in bodies.items():
        _try(scope, body.get("Properties"))
        _refuse_what_is_not_done(scope, logical, body)
    for output in (template.get("Outputs") or {}).values():
        if output.get("Condition") and not scope.condition(output["Condition"]):
            continue
        try:
            _try(scope, output["Value"])
            if not _may_be_text(output["Value"]):
                raise invalid(
                    "Template format error: The Value field of every Outputs member must evaluate to a String."
                )
            _try(scope, (output.get("Export") or {}).get("Name"))
        except AwsError as error:
            raise invalid(error.message.replace("the Resources block", "the Outputs block")) from None


def _refuse_what_is_not_done(scope: Scope, logical: str, body: Mapping[str, Any]) -> None:
    """Properties that AWS has and the offline cloud does not do are refused before anything is made."""
    kind, given = REGISTRY[body["Type"]], body.get("Properties") or {}
    for name in kind.lacks:
        if name not in given:
            continue
        try:
            value = scope.resolve({name: given[name]})
        except Later:
            value = {name: given[name]}
        if kind.lacking(value):
            raise invalid(
                f"{name} of resource {logical} ({kind.type}) is known to AWS, but the offline cloud does not do it. "
                "Leave it out here, or deploy to AWS."
            )


def _may_be_text(value: Any) -> bool:
    if isinstance(value, dict):
        return len(value) == 1 and next(iter(value)) in FUNCTIONS
    return not isinstance(value, list)


def _later(*_: Any) -> Any:
    raise Later


def _try(scope: Scope, value: Any) -> None:
    """Work a value out; where it has to wait for a resource, its parts."""
    if isinstance(value, list):
        for each in value:
            _try(scope, each)
        return
    if not isinstance(value, dict):
        return
    name, argument = next(iter(value.items())) if len(value) == 1 else ("", None)
    if name == "Fn::If" and isinstance(argument, list) and len(argument) == 3 and isinstance(argument[0], str):
        _try(scope, argument[1 if scope.condition(argument[0]) else 2])  # the other branch may name what is not there
    elif name in FUNCTIONS:
        try:
            scope.resolve(value)
        except Later:
            _try(scope, argument)
    else:
        for each in value.values():
            _try(scope, each)
