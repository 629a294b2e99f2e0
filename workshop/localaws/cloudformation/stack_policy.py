"""Stack policies: which resources an update may change, replace or delete.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
"""

from __future__ import annotations

import json
from typing import Any

from workshop.localaws.cloudformation.template import invalid
from workshop.localaws.iam.conditions import matches

MODIFY, REPLACE, DELETE = "Update:Modify", "Update:Replace", "Update:Delete"
ACTIONS = (MODIFY, REPLACE, DELETE, "Update:*", "*")
TESTS = ("StringEquals", "StringLike")
Statement = dict[str, Any]


def checked(text: str) -> str:
    """A policy's text, when it is one.

    Raises:
        AwsError: ValidationError that says what is wrong.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _wrong("it is no JSON") from None
    listed = document.get("Statement") if isinstance(document, dict) else None
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        raise _wrong("it has no list of statements")
    for one in listed:
        _check(one)
    return text


def _check(one: Statement) -> None:
    if one.get("Effect") not in ("Allow", "Deny"):
        raise _wrong("Effect is Allow or Deny")
    if one.get("Principal") not in ("*", {"AWS": "*"}):
        raise _wrong("Principal is *")
    actions = _listed(one.get("Action", one.get("NotAction")))
    if not actions or any(action not in ACTIONS for action in actions):
        raise _wrong(f"actions are {', '.join(ACTIONS)}")
    resources = _listed(one.get("Resource", one.get("NotResource")))
    if not resources or any(name != "*" and not name.startswith("LogicalResourceId/") for name in resources):
        raise _wrong("resources are * or LogicalResourceId/ and a name")
    for test, keys in (one.get("Condition") or {}).items():
        if test not in TESTS or not isinstance(keys, dict) or set(keys) != {"ResourceType"}:
            raise _wrong("conditions are StringEquals or StringLike of ResourceType")


def _wrong(why: str) -> Exception:
    return invalid(f"Error validating stack policy: Invalid stack policy ({why}).")


def refusal(policy: str, action: str, logical: str, kind: str) -> str:
    """Why a policy does not let an update do this; empty when it does, or when there is no policy.

    Args:
        policy: its text, checked.
        action: `MODIFY`, `REPLACE` or `DELETE`.
        logical, kind: of the resource.
    """
    if not policy:
        return ""
    allowed = False
    for number, one in enumerate(json.loads(policy)["Statement"], 1):
        if not _speaks_of(one, action, logical, kind):
            continue
        if one["Effect"] == "Deny":
            told = ", ".join(_listed(one.get("Action", one.get("NotAction"))))
            return (
                f"Action denied by stack policy: Statement [#{number}] does not allow [{told}] for resource "
                f"[LogicalResourceId/{logical}]"
            )
        allowed = True
    return "" if allowed else f"Action not allowed by stack policy: no statement allows [{action}] for [{logical}]"


def _speaks_of(one: Statement, action: str, logical: str, kind: str) -> bool:
    name = f"LogicalResourceId/{logical}"
    about = any(matches(wanted, action) for wanted in _listed(one.get("Action", one.get("NotAction"))))
    meant = any(matches(wanted, name) for wanted in _listed(one.get("Resource", one.get("NotResource"))))
    held = all(
        any(_fits(test, wanted, kind) for wanted in _listed(keys["ResourceType"]))
        for test, keys in (one.get("Condition") or {}).items()
    )
    return about == ("Action" in one) and meant == ("Resource" in one) and held


def _fits(test: str, wanted: str, kind: str) -> bool:
    return kind == wanted if test == "StringEquals" else matches(wanted, kind)


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [] if value is None else [str(value)]
