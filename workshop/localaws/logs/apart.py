"""Regular expressions that others wrote, in a process of their own that is ended when it takes too long.

They stand in queries and filter patterns, in deployed APIs and in templates.

Python's expressions backtrack, hold the interpreter meanwhile, and cannot be stopped: one bad pattern over one long
line would keep the whole cloud waiting for hours. Whether a pattern is a bad one cannot be seen in general, so all of
those with a repetition in them are run here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from workshop.localaws.faults import AwsError

SECONDS = 5.0
REPEATS = re.compile(r"[*+{?]")
MOST_STEPS = 100_000  # some milliseconds
ROOT = Path(__file__).resolve().parents[3]


class Unmatched(Exception):
    """Whether a text matches cannot be said; says why."""


def query_needs_it(query: str) -> bool:
    """Whether a query of Logs Insights has an expression that can repeat; `parse` with a glob becomes one."""
    return bool(re.search(r"\bparse\b", query, re.IGNORECASE)) or ("/" in query and bool(REPEATS.search(query)))


def pattern_needs_it(pattern: str) -> bool:
    """Whether a filter pattern has one: they stand between percent signs."""
    return pattern.count("%") > 1 and bool(REPEATS.search(pattern))


def rows_of(query: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What `insights.run` gives.

    Raises:
        AwsError: what it raises; MalformedQueryException when it took too long.
    """
    return _asked({"query": query, "rows": rows}, "MalformedQueryException", "query")


def matching(pattern: str, messages: list[str]) -> list[bool]:
    """Which messages match a filter pattern.

    Raises:
        AwsError: what `patterns.compiled` raises; InvalidParameterException when it took too long.
    """
    return _asked({"pattern": pattern, "messages": messages}, "InvalidParameterException", "filter pattern")


def fits(expression: str, text: str) -> bool:
    """Whether a text as a whole matches a regular expression that somebody deployed.

    What cannot take long is asked here, everything else in a process of its own; so call it where waiting is allowed.

    Raises:
        Unmatched: it is no regular expression, or it took too long.
    """
    try:
        matcher = re.compile(expression)
    except (re.error, RecursionError, OverflowError) as error:
        raise Unmatched(f"{expression[:80]!r} is no regular expression ({error})") from None
    if _steps(expression, len(text)) <= MOST_STEPS:
        return matcher.fullmatch(text) is not None
    try:
        return bool(_asked({"expression": expression, "text": text}, "ValidationError", "request"))
    except AwsError as error:
        raise Unmatched(error.message) from None


def _steps(expression: str, length: int) -> int:
    """A bound for the ways in which a text of this length can be tried; counts too many rather than too few."""
    if re.search(r"\)[*+?{]", expression):  # a repeated group: the ways multiply with every letter
        return MOST_STEPS + 1
    steps = 1
    for sign in expression:
        steps *= length + 1 if sign in "*+{" else 2 if sign in "?|" else 1
        if steps > MOST_STEPS:
            break
    return steps


def _asked(question: dict[str, Any], code: str, what: str) -> Any:
    try:
        done = subprocess.run(
            [sys.executable, "-X", "utf8", "-m", "workshop.localaws.logs.apart"],
            input=json.dumps(question),
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
        )
        told = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        sentence = f"The regular expressions of this {what} took more than {SECONDS:.0f} seconds. Repeat less in them."
        raise AwsError(code, sentence) from None
    except (subprocess.CalledProcessError, ValueError):
        raise AwsError(code, f"The regular expressions of this {what} cannot be run.") from None
    if "refused" in told:
        raise AwsError(*told["refused"])
    return told["found"]


def main() -> None:
    """The process: one question on standard input, one answer on standard output."""
    from workshop.localaws.logs import insights, patterns

    question = json.load(sys.stdin)
    try:
        if "query" in question:
            found: Any = insights.run(question["query"], question["rows"])
        elif "expression" in question:
            found = re.fullmatch(question["expression"], question["text"]) is not None
        else:
            matches = patterns.compiled(question["pattern"])
            found = [matches(message) for message in question["messages"]]
        told = {"found": found}
    except AwsError as error:
        told = {"refused": [error.code, error.message]}
    except RecursionError:
        told = {"refused": ["InvalidParameterException", "It is nested too deeply."]}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
