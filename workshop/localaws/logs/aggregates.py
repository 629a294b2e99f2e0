"""The stats command of Logs Insights: counts, sums and percentiles over groups of rows."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable
from typing import Any

from workshop.localaws.logs.expressions import Parser, Row, malformed, named_expressions, number

Command = Callable[[list[Row]], list[Row]]
AGGREGATE = re.compile(
    r"(?P<name>count_distinct|count|sum|avg|min|max|pct|median|stddev|earliest|latest)\s*\(", re.IGNORECASE
)


def stats(text: str) -> tuple[list[str], Command]:
    """stats avg(@duration) as mean, count(*) by bin(5m)."""
    wanted, _, by = _cut_by(text)
    aggregates, rest = [], wanted.strip()
    while rest:
        found = AGGREGATE.match(rest)
        if not found:
            raise malformed(f"{rest[:30]!r} is no function that stats knows")
        end = _closing(rest, found.end())
        inner, rest = rest[found.end() : end].strip(), rest[end + 1 :].strip()
        alias = re.match(r"as\s+(`[^`]+`|[\w@.]+)\s*", rest, re.IGNORECASE)
        label = alias[1].strip("`") if alias else f"{found['name']}({inner})"
        rest = rest[alias.end() :] if alias else rest
        aggregates.append((label, _aggregate(found["name"].lower(), inner)))
        if rest and not rest.startswith(","):
            raise malformed(f"{rest[:30]!r} is not expected here")
        rest = rest.lstrip(", ")
    groups = named_expressions(by) if by else []

    def command(rows: list[Row]) -> list[Row]:
        parts: dict[tuple[Any, ...], list[Row]] = {} if groups else {(): []}
        for row in rows:
            parts.setdefault(tuple(value(row) for _, value in groups), []).append(row)
        names = [name for name, _ in groups]
        return [
            {**dict(zip(names, key, strict=True)), **{label: action(members) for label, action in aggregates}}
            for key, members in parts.items()
        ]

    return [name for name, _ in groups] + [label for label, _ in aggregates], command


def _cut_by(text: str) -> tuple[str, str, str]:
    depth = 0
    for found in re.finditer(r"[()]|\bby\b", text):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if found[0] == "by" and depth == 0:
            return text[: found.start()], "by", text[found.end() :]
    return text, "", ""


def _closing(text: str, at: int) -> int:
    depth = 1
    for position in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return position
    raise malformed("a parenthesis is not closed")


def _aggregate(name: str, inner: str) -> Callable[[list[Row]], Any]:
    if name == "count" and inner in ("*", ""):
        return len
    parser = Parser(inner)
    value = parser.expression()
    rank = parser.expression()({}) if parser.take(",") else None
    if name == "pct" and rank is None:
        raise malformed("pct needs a field and a percentile")

    def action(rows: list[Row]) -> Any:
        values = [found for row in rows if (found := value(row)) is not None]
        if name == "count":
            return len(values)
        if name == "count_distinct":
            return len({str(each) for each in values})
        if name in ("earliest", "latest"):
            timed = [row for row in rows if value(row) is not None]
            pick = min if name == "earliest" else max
            return value(pick(timed, key=lambda row: row.get("@timestamp") or 0)) if timed else None
        numbers = [each for each in map(number, values) if each is not None]
        return None if not numbers else _number_of(name, numbers, rank)

    return action


def _number_of(name: str, numbers: list[float], rank: Any) -> float:
    if name == "pct" or name == "median":
        ordered = sorted(numbers)
        share = float(rank) / 100 if name == "pct" else 0.5
        return ordered[max(0, min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1))]
    if name == "stddev":
        return statistics.pstdev(numbers)
    return {"sum": sum(numbers), "avg": sum(numbers) / len(numbers), "min": min(numbers), "max": max(numbers)}[name]
