"""Filter patterns of CloudWatch Logs: terms, phrases, exclusions, alternatives, regular expressions, JSON.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable
from typing import Any

from workshop.localaws.faults import AwsError

Matches = Callable[[str], bool]
TERM = re.compile(r'(?P<mark>[-?]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|%(?P<regex>[^%]+)%|(?P<word>[^\s"%]+))\s*')
COMPARISON = re.compile(
    r"\s*\(?\s*\$\.(?P<path>[\w.\[\]-]+)\s*(?:(?P<is>IS\s+(?:NULL|TRUE|FALSE)|NOT\s+EXISTS)|(?P<operator>=|!=|<=|>=|<|>)\s*"
    r'(?P<value>"(?:[^"\\]|\\.)*"|%[^%]+%|[^\s&|()]+))\s*\)?\s*',
    re.IGNORECASE,
)
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
}


def compiled(pattern: str) -> Matches:
    """A function that says whether a message matches.

    Raises:
        AwsError: InvalidParameterException for a pattern that is wrong or not known here.
    """
    text = pattern.strip()
    if not text:
        return lambda _: True
    if text.startswith("{"):
        if not text.endswith("}"):
            raise wrong("a condition on JSON ends with }")
        return _json(text[1:-1])
    if text.startswith("["):
        raise wrong("patterns for space-delimited events ([…]) are not available offline")
    return _terms(text)


def wrong(why: str) -> AwsError:
    """The refusal of a pattern."""
    return AwsError("InvalidParameterException", f"Invalid filter pattern: {why}.")


def _terms(text: str) -> Matches:
    needed: list[Matches] = []
    banned: list[Matches] = []
    either: list[Matches] = []
    at = 0
    while at < len(text):
        found = TERM.match(text, at)
        if not found or found.end() == at:
            raise wrong(f"cannot read it from {text[at : at + 20]!r}")
        {"-": banned, "?": either}.get(found["mark"], needed).append(_term(found))
        at = found.end()
    return lambda message: (
        all(term(message) for term in needed)
        and not any(term(message) for term in banned)
        and (not either or bool(needed) or any(term(message) for term in either))
    )


def _term(found: re.Match[str]) -> Matches:
    if found["regex"] is not None:
        return _regex(found["regex"])
    word = found["word"] if found["phrase"] is None else found["phrase"].replace('\\"', '"').replace("\\\\", "\\")
    return lambda message: word in message


def _regex(text: str) -> Matches:
    try:
        expression = re.compile(text)
    except re.error as error:
        raise wrong(f"the regular expression {text!r} is wrong: {error}") from None
    return lambda message: expression.search(message) is not None


def _json(text: str) -> Matches:
    """Comparisons joined by && and ||; && binds tighter."""
    alternatives = [[_comparison(part) for part in every.split("&&")] for every in text.split("||")]

    def matches(message: str) -> bool:
        try:
            value = json.loads(message)
        except ValueError:
            return False
        return isinstance(value, dict) and any(all(test(value) for test in every) for every in alternatives)

    return matches


def _comparison(text: str) -> Callable[[dict[str, Any]], bool]:
    found = COMPARISON.fullmatch(text)
    if not found:
        raise wrong(f"cannot read the condition {text.strip()!r}")
    path = found["path"]
    if found["is"]:
        kind = " ".join(found["is"].upper().split())
        wanted = {"IS NULL": None, "IS TRUE": True, "IS FALSE": False}
        if kind == "NOT EXISTS":
            return lambda value: _at(value, path) is MISSING
        return lambda value: _at(value, path) is wanted[kind]
    return _held(path, found["operator"], found["value"])


def _held(path: str, operator: str, text: str) -> Callable[[dict[str, Any]], bool]:
    if text.startswith("%"):
        search = _regex(text[1:-1])
        return lambda value: isinstance(_at(value, path), str) and search(_at(value, path)) == (operator == "=")
    try:
        number = float(text)
    except ValueError:
        plain = text[1:-1] if text.startswith('"') else text

        def same(value: dict[str, Any]) -> bool:
            found = _at(value, path)
            if not isinstance(found, str):
                return found is not MISSING and operator == "!="
            return fnmatch.fnmatchcase(found, plain) == (operator == "=")

        return same
    return lambda value: (
        isinstance(_at(value, path), (int, float))
        and not isinstance(_at(value, path), bool)
        and OPERATORS[operator](_at(value, path), number)
    )


MISSING = object()


def _at(value: Any, path: str) -> Any:
    for name in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return MISSING
    return value
