"""Event patterns: which events a rule, or an event source mapping's filter, is about.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_MISSING = object()
_COMPARE = {"<": operator.lt, "<=": operator.le, "=": operator.eq, ">=": operator.ge, ">": operator.gt}


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether every field of a pattern is satisfied by the event.

    Args:
        pattern: parsed JSON: nested objects whose leaves are lists of values and operators; `$or` takes a list of
            patterns, one of which must be satisfied.
        event: parsed JSON.
    """
    for name, wanted in pattern.items():
        if name == "$or" and isinstance(wanted, list):
            if not any(matches(one, event) for one in wanted):
                return False
            continue
        if not _field(wanted, _get(event, name)):
            return False
    return True


def _get(event: Any, name: str) -> Any:
    if isinstance(event, Mapping):
        return event.get(name, _MISSING)
    if isinstance(event, list):  # a list of objects satisfies what one of them satisfies
        found = [one[name] for one in event if isinstance(one, Mapping) and name in one]
        return found or _MISSING
    return _MISSING


def _field(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, Mapping):
        if value is _MISSING:
            return matches(wanted, {})
        if isinstance(value, list):
            return any(matches(wanted, one) for one in value)
        return matches(wanted, value)
    if not isinstance(wanted, list):
        return False
    return any(_leaf(one, value) for one in wanted)


def _leaf(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, Mapping) and "exists" in wanted:
        leaf = value is not _MISSING and not isinstance(value, Mapping)
        return leaf == bool(wanted["exists"])
    if value is _MISSING:
        return False
    if isinstance(value, list):
        if isinstance(wanted, Mapping) and "anything-but" in wanted:
            return bool(value) and all(_value(wanted, one) for one in value)
        return any(_value(wanted, one) for one in value)
    return _value(wanted, value)


def _value(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return (type(wanted) is type(value) and wanted == value) or _same_number(wanted, value)
    return all(_operator(name, argument, value) for name, argument in wanted.items())


def _same_number(wanted: Any, value: Any) -> bool:
    numbers = (int, float)
    if isinstance(wanted, bool) or isinstance(value, bool):
        return False
    return isinstance(wanted, numbers) and isinstance(value, numbers) and wanted == value


def _operator(name: str, argument: Any, value: Any) -> bool:
    if name == "anything-but":
        return _anything_but(argument, value)
    if name == "numeric":
        return _numeric(argument, value)
    if not isinstance(value, str):
        return False
    if name in ("prefix", "suffix"):
        text, wanted = value, argument
        if isinstance(argument, Mapping):
            text, wanted = value.lower(), str(argument.get("equals-ignore-case", "")).lower()
        return text.startswith(wanted) if name == "prefix" else text.endswith(wanted)
    if name == "equals-ignore-case":
        return value.lower() == str(argument).lower()
    if name == "wildcard":
        return wildcard(str(argument)).fullmatch(value) is not None
    if name == "cidr":
        try:
            return ipaddress.ip_address(value) in ipaddress.ip_network(argument, strict=False)
        except ValueError:
            return False
    return False


def _anything_but(argument: Any, value: Any) -> bool:
    if isinstance(argument, Mapping):
        return not any(
            _operator(name, one, value)
            for name, wanted in argument.items()
            for one in (wanted if isinstance(wanted, list) else [wanted])
        )
    return not any(_value(one, value) for one in (argument if isinstance(argument, list) else [argument]))


def _numeric(argument: Any, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isinstance(argument, list):
        return False
    pairs = list(zip(argument[::2], argument[1::2], strict=False))
    return bool(pairs) and all(sign in _COMPARE and _COMPARE[sign](value, wanted) for sign, wanted in pairs)


@lru_cache(maxsize=256)
def wildcard(text: str) -> re.Pattern[str]:
    """`*` is any run of characters; a backslash takes the meaning away from `*` and itself."""
    parts, at = [], 0
    while at < len(text):
        if text[at] == "\\" and text[at + 1 : at + 2] in ("*", "\\"):
            parts.append(re.escape(text[at + 1]))
            at += 2
            continue
        parts.append(".*" if text[at] == "*" else re.escape(text[at]))
        at += 1
    return re.compile("".join(parts), re.DOTALL)


def invalid(pattern: Any, *, top: bool = True) -> str:
    """Why AWS would refuse a pattern, as it follows `Event pattern is not valid. Reason:`; empty when it is valid."""
    if not isinstance(pattern, Mapping):
        return "Filter is not an object"
    if not pattern:
        return "Empty objects are not allowed" if not top else "Filter is not an object"
    for name, wanted in pattern.items():
        if name == "$or":
            if not isinstance(wanted, list) or len(wanted) < 2:
                return "There must have at least 2 Objects in $or relationship."
            reasons = [invalid(one, top=False) for one in wanted]
            reason = next((one for one in reasons if one), "")
        elif isinstance(wanted, Mapping):
            reason = invalid(wanted, top=False)
        elif not isinstance(wanted, list):
            reason = f'"{name}" must be an object or an array'
        else:
            reason = "Empty arrays are not allowed" if not wanted else ""
            reason = reason or next((why for one in wanted if (why := _invalid_leaf(one))), "")
        if reason:
            return reason
    return ""


_OPERATORS = frozenset(
    {"prefix", "suffix", "anything-but", "numeric", "exists", "wildcard", "equals-ignore-case", "cidr"}
)


def _invalid_leaf(leaf: Any) -> str:
    if isinstance(leaf, list):
        return "Match value must be String, number, true, false, or null"
    if not isinstance(leaf, Mapping):
        return ""
    if len(leaf) != 1:
        return "Only one key allowed in match expression"
    name, argument = next(iter(leaf.items()))
    if name not in _OPERATORS:
        return f"Unrecognized match type {name}"
    if name == "exists" and not isinstance(argument, bool):
        return "exists match pattern must be either true or false."
    if name == "numeric" and (not isinstance(argument, list) or len(argument) not in (2, 4)):
        return "Value of numeric must be an array."
    return ""
