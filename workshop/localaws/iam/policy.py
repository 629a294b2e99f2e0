"""Policy documents, compiled: which statements speak about an action on a resource.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from workshop.localaws.iam.conditions import Context, filled, holds, matches


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `actions` are lower case; an empty `principals` means the policy is an identity's."""

    allow: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    not_principals: tuple[tuple[str, str], ...]
    conditions: Mapping[str, Any] | None

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Whether it speaks about this action (lower case) on this resource, conditions included."""
        return (
            self._names_action(action)
            and self._names_resource(resource, context)
            and (self.conditions is None or holds(self.conditions, context))
        )

    def _names_action(self, action: str) -> bool:
        if self.not_actions:
            return not any(matches(wanted, action) for wanted in self.not_actions)
        return any(matches(wanted, action) for wanted in self.actions)

    def _names_resource(self, resource: str, context: Context) -> bool:
        if self.not_resources:
            return not any(_fits(wanted, resource, context) for wanted in self.not_resources)
        # A resource-based policy may leave its resource out: it means what it is attached to.
        return not self.resources or any(_fits(wanted, resource, context) for wanted in self.resources)

    def names_principal(self, identities: Iterable[tuple[str, str]]) -> bool:
        """Whether a resource-based statement is about one of these (type, value) identities."""
        given = list(identities)
        if self.not_principals:
            return not any(_is(wanted, one) for wanted in self.not_principals for one in given)
        return any(_is(wanted, one) for wanted in self.principals for one in given)


def _fits(wanted: str, resource: str, context: Context) -> bool:
    text = filled(wanted, context)
    return text is not None and matches(text, resource)


def _is(wanted: tuple[str, str], given: tuple[str, str]) -> bool:
    if wanted == ("AWS", "*") or wanted[1] == "*" == wanted[0]:
        return True
    return wanted[0] == given[0] and wanted[1] == given[1]


def compiled(document: str | Mapping[str, Any] | None) -> tuple[Statement, ...]:
    """The statements of a policy document, as text or parsed; () for one that cannot be read.

    Text is compiled once and remembered, so nothing has to be told when a policy changes.
    """
    if not document:
        return ()
    if isinstance(document, str):
        return _from_text(document)
    return statements(document.get("Statement", ()))


@lru_cache(maxsize=1024)
def _from_text(text: str) -> tuple[Statement, ...]:
    if text.startswith("%7B"):
        text = unquote(text)
    try:
        document = json.loads(text)
    except ValueError:
        return ()
    return statements(document.get("Statement", ())) if isinstance(document, dict) else ()


def statements(listed: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> tuple[Statement, ...]:
    """Compile parsed statements."""
    return tuple(_statement(one) for one in ([listed] if isinstance(listed, Mapping) else listed))


def _statement(raw: Mapping[str, Any]) -> Statement:
    return Statement(
        allow=raw.get("Effect") == "Allow",
        actions=tuple(one.lower() for one in _listed(raw.get("Action"))),
        not_actions=tuple(one.lower() for one in _listed(raw.get("NotAction"))),
        resources=tuple(_listed(raw.get("Resource"))),
        not_resources=tuple(_listed(raw.get("NotResource"))),
        principals=tuple(_principals(raw.get("Principal"))),
        not_principals=tuple(_principals(raw.get("NotPrincipal"))),
        conditions=raw.get("Condition") or None,
    )


def _principals(raw: Any) -> Iterable[tuple[str, str]]:
    if isinstance(raw, str):
        yield ("AWS", raw) if raw == "*" or not raw.endswith(".amazonaws.com") else ("Service", raw)
    elif isinstance(raw, Mapping):
        for kind, values in raw.items():
            for value in _listed(values):
                yield kind, value


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value)]


def may_invoke(
    policy: Sequence[Mapping[str, Any]],
    service: str,
    source_arn: str,
    *,
    resource: str = "",
    action: str = "lambda:InvokeFunction",
    account: str = "",
) -> bool:
    """Whether a function's resource-based policy lets an AWS service call it.

    https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html

    Args:
        policy: the statements of the policy.
        service: such as `apigateway.amazonaws.com`.
        source_arn: what asks: an API's method, a rule, a topic, a bucket.
        resource: the function's ARN; empty takes every statement to be about it.
        action: the action asked for.
        account: of the source; default the one in its ARN.
    """
    parts = source_arn.split(":")
    context: dict[str, str] = {"aws:PrincipalServiceName": service, "aws:PrincipalIsAWSService": "true"}
    if source_arn:
        context["aws:SourceArn"] = source_arn
    if account or (len(parts) > 4 and parts[4]):
        context["aws:SourceAccount"] = account or parts[4]
    return resource_allows(statements(policy), action, resource, (("Service", service),), context)


def resource_allows(
    listed: Iterable[Statement], action: str, resource: str, identities: Iterable[tuple[str, str]], context: Context
) -> bool:
    """Whether a resource-based policy allows, and does not deny, an action to one of these identities."""
    allowed, given, lower = False, list(identities), action.lower()
    for statement in listed:
        if not statement.names_principal(given):
            continue
        about = resource or (statement.resources[0] if statement.resources else "")
        if statement.applies(lower, about, context):
            if not statement.allow:
                return False
            allowed = True
    return allowed
