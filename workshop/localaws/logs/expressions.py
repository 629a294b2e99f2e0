"""Expressions of Logs Insights: fields, arithmetic, comparisons, functions.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from workshop.localaws.faults import AwsError

Row = dict[str, Any]
Value = Callable[[Row], Any]
TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?P<unit>ms|s|m|h|d|w)?\b)|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<quoted>`[^`]+`)|(?P<name>@?[A-Za-z_][\w.@]*)|(?P<sign>=~|!=|<=|>=|[-+*/%^=<>(),\[\]]))""",
    re.VERBOSE,
)
REGEX = re.compile(r"\s*/((?:[^/\\]|\\.)*)/([a-z]*)")
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
BINDS = {
    "or": 1,
    "and": 2,
    "=": 4,
    "!=": 4,
    "<": 4,
    ">": 4,
    "<=": 4,
    ">=": 4,
    "like": 4,
    "=~": 4,
    "in": 4,
    "not": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
    "^": 7,
}


def malformed(why: str) -> AwsError:
    """The refusal of a query."""
    return AwsError("MalformedQueryException", f"The query cannot be run: {why}.")


def number(value: Any) -> float | None:
    """A value as a number, or None."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _arithmetic(action: Callable[[float, float], float]) -> Callable[[Value, Value], Value]:
    def make(left: Value, right: Value) -> Value:
        def value(row: Row) -> float | None:
            one, other = number(left(row)), number(right(row))
            if one is None or other is None:
                return None
            try:
                return action(one, other)
            except (ZeroDivisionError, OverflowError):
                return None

        return value

    return make


def _comparison(action: Callable[[Any, Any], bool]) -> Callable[[Value, Value], Value]:
    def make(left: Value, right: Value) -> Value:
        def value(row: Row) -> bool:
            one, other = left(row), right(row)
            if one is None or other is None:
                return False
            first, second = number(one), number(other)
            return action(first, second) if first is not None and second is not None else action(str(one), str(other))

        return value

    return make


OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "+": _arithmetic(lambda one, other: one + other),
    "-": _arithmetic(lambda one, other: one - other),
    "*": _arithmetic(lambda one, other: one * other),
    "/": _arithmetic(lambda one, other: one / other),
    "%": _arithmetic(lambda one, other: one % other),
    "^": _arithmetic(lambda one, other: one**other),
    "=": _comparison(lambda one, other: one == other),
    "!=": _comparison(lambda one, other: one != other),
    "<": _comparison(lambda one, other: one < other),
    ">": _comparison(lambda one, other: one > other),
    "<=": _comparison(lambda one, other: one <= other),
    ">=": _comparison(lambda one, other: one >= other),
    "and": lambda left, right: lambda row: bool(left(row)) and bool(right(row)),
    "or": lambda left, right: lambda row: bool(left(row)) or bool(right(row)),
}


def _numeric(action: Callable[..., float]) -> Callable[..., Any]:
    def value(*given: Any) -> float | None:
        numbers = [number(each) for each in given]
        return None if None in numbers or not numbers else action(*numbers)

    return value


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": _numeric(abs),
    "ceil": _numeric(math.ceil),
    "floor": _numeric(math.floor),
    "sqrt": _numeric(math.sqrt),
    "log": _numeric(math.log),
    "greatest": _numeric(max),
    "least": _numeric(min),
    "strlen": lambda text: len(str(text or "")),
    "toupper": lambda text: str(text or "").upper(),
    "tolower": lambda text: str(text or "").lower(),
    "trim": lambda text: str(text or "").strip(),
    "strcontains": lambda text, part: int(str(part) in str(text or "")),
    "concat": lambda *parts: "".join(str(part) for part in parts if part is not None),
    "replace": lambda text, old, new: str(text or "").replace(str(old), str(new)),
    "substr": lambda text, start, size=None: str(text or "")[
        int(start) : None if size is None else int(start) + int(size)
    ],
    "ispresent": lambda value: value is not None,
    "isempty": lambda value: value in (None, ""),
    "isblank": lambda value: value is None or not str(value).strip(),
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
}


class Parser:
    """Reads one expression after another from a command's text."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def peek(self) -> re.Match[str] | None:
        """The next token, left where it is."""
        found = TOKEN.match(self.text, self.at)
        if found is None and self.text[self.at :].strip():
            raise malformed(f"{self.text[self.at :].strip()[:30]!r} cannot be read")
        return found

    def take(self, *wanted: str) -> str | None:
        """The next token if it is one of these words or signs (any case), else None."""
        found = self.peek()
        if found and (found["name"] or found["sign"]) and found[0].strip().lower() in wanted:
            self.at = found.end()
            return found[0].strip().lower()
        return None

    def need(self, sign: str) -> None:
        """Go past a sign that must be there."""
        if not self.take(sign):
            raise malformed(f"{sign!r} expected before {self.text[self.at :].strip()[:30]!r}")

    @property
    def done(self) -> bool:
        """True at the end of the text."""
        return not self.text[self.at :].strip()

    def expression(self, binding: int = 0) -> Value:
        """An expression that binds tighter than `binding`."""
        left = self.primary()
        while True:
            found = self.peek()
            sign = (found["name"] or found["sign"] or "").lower() if found else ""
            if BINDS.get(sign, 0) <= binding or found is None:
                return left
            self.at = found.end()
            left = self._infix(sign, left)

    def _infix(self, sign: str, left: Value) -> Value:
        if sign == "not":
            inner = self.take("like", "in")
            if not inner:
                raise malformed("like or in expected after not")
            test = self._infix(inner, left)
            return lambda row: not test(row)
        if sign in ("like", "=~"):
            return self._like(left)
        if sign == "in":
            self.need("[")
            values = self._several("]")
            return lambda row: any(str(left(row)) == str(value(row)) for value in values)
        return OPERATORS[sign](left, self.expression(BINDS[sign]))

    def _like(self, left: Value) -> Value:
        expression = self.regex()
        if expression is not None:
            return lambda row: left(row) is not None and expression.search(str(left(row))) is not None
        part = self.primary()
        return lambda row: left(row) is not None and str(part(row)) in str(left(row))

    def regex(self) -> re.Pattern[str] | None:
        """A /regular expression/, when one comes next."""
        found = REGEX.match(self.text, self.at)
        if not found:
            return None
        self.at = found.end()
        try:
            return re.compile(
                found[1].replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!"),
                re.IGNORECASE if "i" in found[2] else 0,
            )
        except re.error as error:
            raise malformed(f"the regular expression /{found[1]}/ is wrong ({error})") from None

    def _several(self, end: str) -> list[Value]:
        values: list[Value] = []
        while not self.take(end):
            values.append(self.expression())
            if not self.take(","):
                self.need(end)
                break
        return values

    def primary(self) -> Value:
        """A number, text, field, function, negation or something in parentheses."""
        found = self.peek()
        if found is None:
            raise malformed("the query ends where a field or value was expected")
        self.at = found.end()
        if found["number"]:
            worth = float(found["number"].removesuffix(found["unit"] or "")) * SECONDS.get(found["unit"] or "s", 1)
            return lambda _: worth
        if found["string"]:
            text = re.sub(r"\\(.)", r"\1", found["string"][1:-1])
            return lambda _: text
        if found["quoted"]:
            return _field(found["quoted"][1:-1])
        if found["sign"] == "(":
            inner = self.expression()
            self.need(")")
            return inner
        if found["sign"] == "-":
            value = self.expression(6)
            return OPERATORS["-"](lambda _: 0, value)
        name = found["name"]
        if not name:
            raise malformed(f"{found[0].strip()!r} is not expected here")
        if name.lower() == "not":
            test = self.expression(3)
            return lambda row: not test(row)
        return self._function(name.lower()) if self.take("(") else _field(name)

    def _function(self, name: str) -> Value:
        given = self._several(")")
        if name in ("bin", "datefloor"):
            return _bin(given, name)
        action = FUNCTIONS.get(name)
        if action is None:
            raise malformed(f"the function {name} is not known here")

        def value(row: Row) -> Any:
            try:
                return action(*(each(row) for each in given))
            except (TypeError, ValueError):
                return None

        return value


def named_expressions(text: str) -> list[tuple[str, Value]]:
    """Expressions separated by commas, each with its own text or its alias as a name."""
    parser, found = Parser(text), []
    while not parser.done:
        start = parser.at
        value = parser.expression()
        name = parser.text[start : parser.at].strip().strip("`")
        if parser.take("as"):
            start = parser.at
            parser.primary()
            name = parser.text[start : parser.at].strip().strip("`")
        found.append((name, value))
        if not parser.take(",") and not parser.done:
            raise malformed(f"{parser.text[parser.at :].strip()[:30]!r} is not expected here")
    if not found:
        raise malformed("fields expected")
    return found


def _field(name: str) -> Value:
    return lambda row: row.get(name)


def _bin(given: list[Value], name: str) -> Value:
    """The beginning of the period in which an event's time lies, epoch milliseconds."""
    if not given:
        raise malformed(f"{name} needs a period such as 5m")
    period = given[-1]({}) if given else None
    if not period:
        raise malformed(f"{name} needs a period such as 5m")
    of = given[0] if len(given) > 1 else _field("@timestamp")
    step = int(period * 1000)
    return lambda row: None if of(row) is None else int(of(row)) // step * step
