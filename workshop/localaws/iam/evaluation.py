"""Policy evaluation: what is allowed, and by the absence of what it is not.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from workshop.localaws.iam.conditions import Context
from workshop.localaws.iam.policy import Statement, compiled
from workshop.localaws.iam.principals import Principal, boundary, identity_policies

UNKNOWN = "*"  # the resource of an operation whose resources are not known here


@dataclass(frozen=True, slots=True)
class Need:
    """One permission that a request needs.

    `resource_policy` is the policy attached to the resource, if it has one; `delegates` is True when that policy must
    let the account in for IAM policies to count at all (KMS keys, roles to be assumed).
    """

    action: str
    resource: str = UNKNOWN
    context: Context = field(default_factory=dict)
    resource_policy: tuple[Statement, ...] = ()
    delegates: bool = False


class Denied(Exception):
    """A need that is not met; `reason` is the end of AWS's sentence, with `{action}` in it."""

    def __init__(self, need: Need, reason: str) -> None:
        self.need, self.reason = need, reason
        super().__init__(reason)

    def sentence(self, arn: str, *, action: str = "", resource: str = "") -> str:
        """AWS's message.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html

        Args:
            arn: of whoever asked.
            action, resource: as the service spells them; default as the need has them.
        """
        action = action or self.need.action
        reason = self.reason.replace("{action}", action)
        return (
            f"User: {arn} is not authorized to perform: {action} on resource: {resource or self.need.resource} {reason}"
        )


def decide(principal: Principal, need: Need) -> None:
    """Hold one need against all policies that count.

    Raises:
        Denied: an explicit deny, or nothing that allows it.
    """
    action, context = need.action.lower(), need.context
    identity = [statement for policy in identity_policies(principal) for statement in policy]
    fence = boundary(principal)
    session = compiled(principal.session_policy) if principal.session_policy else None
    attached = [one for one in need.resource_policy if one.names_principal(principal.identities())]
    for kind, statements in (
        ("an identity-based policy", identity),
        ("a resource-based policy", attached),
        ("a permissions boundary", fence or ()),
        ("a session policy", session or ()),
    ):
        if _any(statements, False, action, need.resource, context):
            raise Denied(need, f"with an explicit deny in {kind}")
    # In one account, a resource's policy that names a user or a role's session (or everybody) is enough by itself. One
    # that names the role is limited by the role's boundary and the session's policy, as identity policies are.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
    if _any(_naming(attached, principal.arn), True, action, need.resource, context):
        return
    by_role = _any(_naming(attached, principal.owner), True, action, need.resource, context)
    if need.delegates and not _any(attached, True, action, need.resource, context):
        raise Denied(need, "because no resource-based policy allows the {action} action")
    for kind, statements in (
        ("identity-based policy", None if by_role else identity),
        ("permissions boundary", fence),
        ("session policy", session),
    ):
        if statements is not None and not _any(statements, True, action, need.resource, context):
            raise Denied(need, f"because no {kind} allows the {{action}} action")


def _any(statements: Iterable[Statement], allow: bool, action: str, resource: str, context: Context) -> bool:
    """Whether a statement with this effect speaks about the action on the resource."""
    for statement in statements:
        if statement.allow != allow:
            continue
        about = resource
        if resource == UNKNOWN and allow and statement.resources:
            about = statement.resources[0].replace("*", "x")  # which resource it is about is not known: any will do
        if statement.applies(action, about, context):
            return True
    return False


def _naming(statements: Sequence[Statement], arn: str) -> list[Statement]:
    """Those that name this principal (or everybody), not just its account, which merely delegates to IAM."""
    return [one for one in statements if one.names_principal([("AWS", arn)])]
