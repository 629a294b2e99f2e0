"""Condition blocks of policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Context = Mapping[str, str | Sequence[str]]
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


@lru_cache(maxsize=4096)
def pattern(text: str, ignore_case: bool = False) -> re.Pattern[str]:
    """A policy's wildcard text: `*` any run of characters, `?` exactly one."""
    parts = (".*" if letter == "*" else "." if letter == "?" else re.escape(letter) for letter in text)
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def matches(text: str, value: str, *, ignore_case: bool = False) -> bool:
    """Whether a value fits a wildcard text."""
    return text == "*" or pattern(text, ignore_case).fullmatch(value) is not None


def arn_matches(text: str, value: str) -> bool:
    """Whether an ARN fits: each of the six parts on its own, so that `*` never reaches over a colon before the last."""
    wanted, given = text.split(":", 5), value.split(":", 5)
    if len(wanted) != 6 or len(given) != 6:
        return matches(text, value)
    return all(matches(one, other) for one, other in zip(wanted, given, strict=True))


def filled(text: str, context: Context) -> str | None:
    """A policy text with its variables replaced; None when one of them is not in the context.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    if "${" not in text:
        return text
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        name, comma, default = match[1].partition(",")
        if name in ("*", "?", "$"):
            return name
        found = _lookup(context, name.strip())
        if found:
            return found[0]
        if comma:
            return default.strip().strip("'")
        missing = True
        return ""

    result = _VARIABLE.sub(value, text)
    return None if missing else result


def _lookup(context: Context, key: str) -> list[str] | None:
    """A context key's values; keys are compared without regard to case."""
    found = context.get(key)
    if found is None:
        lower = key.lower()
        found = next((value for name, value in context.items() if name.lower() == lower), None)
    if found is None:
        return None
    return [found] if isinstance(found, str) else list(found)


def _number(text: str) -> float:
    return float(text)


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _ordered(kind: Callable[[str], float], compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def test(value: str, wanted: str) -> bool:
        try:
            return compare(kind(value), kind(wanted))
        except ValueError:
            return False

    return test


def _in_network(value: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _comparisons(prefix: str, kind: Callable[[str], float]) -> dict[str, Callable[[str, str], bool]]:
    return {
        f"{prefix}equals": _ordered(kind, lambda one, other: one == other),
        f"{prefix}lessthan": _ordered(kind, lambda one, other: one < other),
        f"{prefix}lessthanequals": _ordered(kind, lambda one, other: one <= other),
        f"{prefix}greaterthan": _ordered(kind, lambda one, other: one > other),
        f"{prefix}greaterthanequals": _ordered(kind, lambda one, other: one >= other),
    }


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "stringequals": lambda value, wanted: value == wanted,
    "stringequalsignorecase": lambda value, wanted: value.lower() == wanted.lower(),
    "stringlike": lambda value, wanted: matches(wanted, value),
    "arnequals": lambda value, wanted: arn_matches(wanted, value),
    "arnlike": lambda value, wanted: arn_matches(wanted, value),
    "bool": lambda value, wanted: value.lower() == wanted.lower(),
    "binaryequals": lambda value, wanted: value == wanted,
    "ipaddress": _in_network,
    **_comparisons("numeric", _number),
    **_comparisons("date", _moment),
}
# A negated operator holds when none of the wanted values fits.
_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}


def holds(conditions: Mapping[str, Any], context: Context) -> bool:
    """Whether every operator and every key of a Condition block is satisfied."""
    return all(
        _holds(operator, key, wanted, context) for operator, keys in conditions.items() for key, wanted in keys.items()
    )


def _holds(operator: str, key: str, wanted: Any, context: Context) -> bool:
    name = operator.lower()
    quantifier, colon, rest = name.partition(":")
    if colon:
        name = rest
    else:
        quantifier = ""
    values = _lookup(context, key)
    if_exists = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in _listed(wanted)]
    if name == "null":
        return (values is None) == (texts[:1] == ["true"])
    if values is None:
        return if_exists or quantifier == "forallvalues" or name in _NEGATED
    fits = _TESTS.get(_NEGATED.get(name, name))
    if fits is None:
        return False  # an operator nobody knows satisfies nothing
    expected = [text for text in (filled(text, context) for text in texts) if text is not None]

    def one(value: str) -> bool:
        return any(fits(value, text) for text in expected) != (name in _NEGATED)

    if quantifier == "forallvalues" or (name in _NEGATED and quantifier != "foranyvalue"):
        return all(one(value) for value in values)
    return any(one(value) for value in values)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
