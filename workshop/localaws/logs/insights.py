"""Logs Insights: a query is a chain of commands over rows, one row an event.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from workshop.localaws.logs.aggregates import Command, stats
from workshop.localaws.logs.expressions import Parser, Row, Value, malformed, named_expressions, number

REPORT = re.compile(
    r"(?P<name>Duration|Billed Duration|Memory Size|Max Memory Used|Init Duration): (?P<value>[\d.]+) (?:ms|MB)"
)
REQUEST = re.compile(r"\b(?:RequestId: )?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b")
# Durations are milliseconds; memory is bytes, as in AWS's sample queries, which divide by a million.
REPORTED = {
    "Duration": ("@duration", 1),
    "Billed Duration": ("@billedDuration", 1),
    "Init Duration": ("@initDuration", 1),
    "Memory Size": ("@memorySize", 1_000_000),
    "Max Memory Used": ("@maxMemoryUsed", 1_000_000),
}
DEFAULT_LIMIT = 10_000
TIMES = ("@timestamp", "@ingestionTime")


def row_of(event: Any, stream: str, group: str, account: str) -> Row:
    """The discovered fields of one event.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
    """
    message = event.message
    row: Row = {
        "@timestamp": event.timestamp,
        "@message": message,
        "@logStream": stream,
        "@log": f"{account}:{group}",
        "@ingestionTime": event.ingestion_time,
        "@ptr": str(event.event_id),
    }
    asked = REQUEST.search(message)
    if asked:
        row["@requestId"] = asked[1]
    kind = message.partition(" ")[0]
    if kind in ("START", "END", "REPORT") and "RequestId: " in message:
        row["@type"] = kind
    if kind == "REPORT":
        for found in REPORT.finditer(message):
            name, factor = REPORTED[found["name"]]
            row[name] = float(found["value"]) * factor
    elif message[:1] == "{":
        try:
            flatten(json.loads(message), "", row)
        except ValueError:
            return row
    return row


def flatten(value: Any, name: str, row: Row) -> None:
    """Members of a JSON message as fields with dotted names."""
    if isinstance(value, dict):
        for key, each in value.items():
            flatten(each, f"{name}.{key}" if name else str(key), row)
    elif name:
        row.setdefault(name, json.dumps(value) if isinstance(value, list) else value)


def run(query: str, rows: Iterable[Row]) -> list[Row]:
    """The rows a query gives.

    Raises:
        AwsError: MalformedQueryException.
    """
    found, columns, limited = list(rows), [], False
    found.sort(key=lambda row: -row["@timestamp"])
    commands = compiled(query)
    for name, shown, command in commands:
        found = command(found)
        limited = limited or name == "limit"
        if name == "fields":
            columns += [each for each in shown if each not in columns]
        elif name in ("stats", "display"):
            columns = shown
    if not limited:
        found = found[:DEFAULT_LIMIT]
    return [
        {name: row.get(name) for name in columns or ("@timestamp", "@message")} | {"@ptr": row.get("@ptr")}
        for row in found
    ]


def compiled(query: str) -> list[tuple[str, list[str], Command]]:
    """The commands of a query: (name, columns it shows, what it does)."""
    steps = []
    for text in split(query):
        name, _, rest = text.partition(" ")
        maker = COMMANDS.get(name.lower())
        if maker is None:
            raise malformed(f"the command {name!r} is not known here; known are {', '.join(sorted(COMMANDS))}")
        shown, command = maker(rest.strip())
        steps.append(("limit" if name.lower() in ("head", "tail") else name.lower(), shown, command))
    if not steps:
        raise malformed("it is empty")
    return steps


def split(query: str) -> list[str]:
    """The commands' texts: cut at | outside of quotes and regular expressions; # comments left out."""
    lines = [line for line in query.splitlines() if not line.lstrip().startswith("#")]
    parts, quote, start, text = [], "", 0, " ".join(lines)
    for at, letter in enumerate(text):
        if quote:
            if letter == quote and text[at - 1] != "\\":
                quote = ""
        elif letter in "\"'`" or (letter == "/" and re.search(r"(like|=~|parse\s+\S+)\s*$", text[:at])):
            quote = letter
        elif letter == "|":
            parts.append(text[start:at].strip())
            start = at + 1
    return [part for part in [*parts, text[start:].strip()] if part]


def fields(text: str) -> tuple[list[str], Command]:
    named = named_expressions(text)
    return [name for name, _ in named], lambda rows: [
        {**row, **{name: value(row) for name, value in named}} for row in rows
    ]


def filtered(text: str) -> tuple[list[str], Command]:
    parser = Parser(text)
    test = parser.expression()
    if not parser.done:
        raise malformed(f"{parser.text[parser.at :].strip()[:30]!r} is not expected here")
    return [], lambda rows: [row for row in rows if test(row)]


def sort(text: str) -> tuple[list[str], Command]:
    parser, keys = Parser(text), []
    while not parser.done:
        value = parser.expression()
        keys.append((value, parser.take("asc", "desc") == "desc"))
        if not parser.take(",") and not parser.done:
            raise malformed(f"{parser.text[parser.at :].strip()[:30]!r} is not expected here")

    def command(rows: list[Row]) -> list[Row]:
        for value, descending in reversed(keys):
            ranks = [_order(value(row)) for row in rows]
            order = sorted(range(len(rows)), key=ranks.__getitem__, reverse=descending)
            rows = [rows[place] for place in order]
        return rows

    return [], command


def _order(value: Any) -> tuple[int, float, str]:
    worth = number(value)
    return (0, 0.0, "") if value is None else (1, worth, "") if worth is not None else (2, 0.0, str(value))


def limit(text: str) -> tuple[list[str], Command]:
    if not text.isdigit() or not 0 < int(text) <= DEFAULT_LIMIT:
        raise malformed(f"limit needs a number from 1 to {DEFAULT_LIMIT}")
    return [], lambda rows: rows[: int(text)]


def dedup(text: str) -> tuple[list[str], Command]:
    named = named_expressions(text)

    def command(rows: list[Row]) -> list[Row]:
        first: dict[tuple[str, ...], Row] = {}
        for row in rows:
            first.setdefault(tuple(str(value(row)) for _, value in named), row)
        return list(first.values())

    return [], command


def parse(text: str) -> tuple[list[str], Command]:
    """parse field "glob * with stars" as a, b; or parse field /(?<a>…)/."""
    parser = Parser(text)
    of: Value = lambda row: row.get("@message")  # noqa: E731  (parse without a field reads the message)
    if not re.match(r"\s*[\"'/]", text):
        of = parser.primary()
    expression = parser.regex()
    if expression is None:
        glob = parser.primary()({})
        if not isinstance(glob, str):
            raise malformed("parse needs a pattern in quotes or between slashes")
        if not parser.take("as"):
            raise malformed("parse with a glob pattern needs 'as' and names")
        names = [name.strip().strip("`") for name in parser.text[parser.at :].split(",")]
        if len(names) != glob.count("*"):
            raise malformed(f"parse has {glob.count('*')} stars and {len(names)} names")
        pieces = [re.escape(piece) for piece in glob.split("*")]
        expression = re.compile("(.*?)".join(pieces) + ("$" if glob.endswith("*") else ""), re.DOTALL)
    else:
        names = list(expression.groupindex)

    def command(rows: list[Row]) -> list[Row]:
        return [{**row, **_captured(expression, names, of(row))} for row in rows]

    return [], command


def _captured(expression: re.Pattern[str], names: list[str], text: Any) -> Row:
    found = expression.search(str(text)) if text is not None else None
    return {} if not found else dict(zip(names, found.groups(), strict=False))


def display(text: str) -> tuple[list[str], Command]:
    named = named_expressions(text)
    return [name for name, _ in named], lambda rows: [
        {**row, **{name: value(row) for name, value in named}} for row in rows
    ]


COMMANDS: dict[str, Callable[[str], tuple[list[str], Command]]] = {
    "fields": fields,
    "filter": filtered,
    "where": filtered,
    "sort": sort,
    "order": sort,
    "limit": limit,
    "head": limit,
    "dedup": dedup,
    "parse": parse,
    "display": display,
    "stats": stats,
}


def shown(name: str, value: Any) -> str:
    """A value as the API gives it: text, times as AWS writes them."""
    if (name in TIMES or name.startswith(("bin(", "datefloor("))) and isinstance(value, (int, float)):
        at = datetime.fromtimestamp(value / 1000, UTC)
        return at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)
