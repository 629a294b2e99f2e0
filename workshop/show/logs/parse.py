"""One log event at a time: Lambda's own lines, in text and in JSON, and what a function wrote between them.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LEVELS = {"TRACE": 0, "DEBUG": 1, "INFO": 2, "WARN": 3, "ERROR": 4, "FATAL": 5}
_SAME = {"WARNING": "WARN", "CRITICAL": "FATAL", "NOTSET": "TRACE"}
_ID = r"(?P<id>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})"
_START = re.compile(rf"START RequestId: {_ID}")
_END = re.compile(rf"END RequestId: {_ID}")
_REPORT = re.compile(rf"REPORT RequestId: {_ID}")
_TIMEOUT = re.compile(rf"^\S+Z {_ID} Task timed out after ([\d.]+) seconds")
_CRASH = re.compile(rf"^RequestId: {_ID} Error: ")
_PLATFORM = (("start", _START), ("end", _END), ("report", _REPORT), ("timeout", _TIMEOUT), ("crash", _CRASH))
# Python's runtime writes `logging` records as [LEVEL]<tab>time<tab>request id<tab>text.
_LOGGED = re.compile(rf"^\[(?P<level>[A-Z]+)\]\t\S+Z?\t(?:{_ID})?\t(?P<text>.*)", re.S)
_LEVEL = re.compile(r"^\[?(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b\]?:?", re.I)
_SHOWN_APART = frozenset({"timestamp", "level", "log_level", "message", "logger", "location"})
_SHOWN_APART |= {"requestId", "AWSRequestId", "aws_request_id", "stackTrace"}
_FIELD = re.compile(r"(?P<name>[A-Z][A-Za-z ]+?): (?P<value>[^\t]*?)(?= *(?:\t|$))")


@dataclass(frozen=True)
class Report:
    """What Lambda measured of one request. Milliseconds and MB."""

    request_id: str
    duration_ms: float
    billed_ms: int
    memory_mb: int
    max_memory_mb: int
    init_ms: float | None = None  # of a cold start
    status: str = "success"  # or "error", "timeout"
    error_type: str = ""


@dataclass
class Line:
    """One log event.

    `kind` is `start`, `end`, `report`, `init_start`, `init_report`, `timeout`, `crash` or `app`; `level` is empty for
    a bare print; `data` holds a structured line's fields.
    """

    time: int  # epoch milliseconds
    stream: str
    message: str
    kind: str = "app"
    level: str = ""
    text: str = ""
    request_id: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    report: Report | None = None

    def at_least(self, level: str) -> bool:
        """True when the line is of this level or a graver one; a bare print counts as INFO."""
        return LEVELS[self.level or "INFO"] >= LEVELS[level]


def level_name(name: str) -> str:
    """`WARNING` and `warn` are `WARN`; an unknown word is empty."""
    upper = _SAME.get(name.upper(), name.upper())
    return upper if upper in LEVELS else ""


def parse(event: Mapping[str, Any] | Any) -> Line:
    """A CloudWatch log event as a `Line`.

    Args:
        event: an entry of `filter_log_events` or `get_log_events`: `timestamp`, `message`, `logStreamName`; or an
            object with `time` (a datetime), `message` and `stream`.
    """
    if isinstance(event, Mapping):
        stamp, text, stream = (event.get(name) for name in ("timestamp", "message", "logStreamName"))
    else:
        stamp, text, stream = round(event.time.timestamp() * 1000), event.message, event.stream
    message = (text or "").rstrip("\n")
    line = Line(int(stamp or 0), stream or "", message, text=message)
    if message.startswith("{"):
        try:
            data = json.loads(message)
        except ValueError:
            data = None
        if isinstance(data, dict):
            _structured(line, data)
            return line
    _plain(line)
    return line


def _plain(line: Line) -> None:
    """A line of the text format."""
    message = line.message
    for kind, pattern in _PLATFORM:
        found = pattern.match(message)
        if found:
            line.kind, line.request_id = kind, found["id"]
            line.report = parse_report(message) if kind == "report" else None
            line.level = "ERROR" if kind in ("timeout", "crash") else ""
            return
    if message.startswith(("INIT_START", "INIT_REPORT")):
        line.kind = message.split(" ", 1)[0].lower()
        line.level = "ERROR" if "Status: " in message and "success" not in message else ""
        return
    logged = _LOGGED.match(message)
    if logged:
        line.level, line.text, line.request_id = level_name(logged["level"]), logged["text"], logged["id"] or ""
        return
    tagged = _LEVEL.match(message)
    if tagged:
        line.level = level_name(tagged[1])
    elif message.startswith("Traceback (most recent call last)"):
        line.level = "ERROR"


def parse_report(message: str) -> Report:
    """The fields of a REPORT line in the text format; fields AWS may add (X-Ray's) are left aside.

    Raises:
        ValueError: it is no REPORT line.
    """
    found = _REPORT.match(message)
    if not found:
        raise ValueError(f"no REPORT line: {message[:80]!r}")
    fields = {one["name"].strip(): one["value"].strip() for one in _FIELD.finditer(message.removeprefix("REPORT "))}

    def number(name: str) -> float:
        return float(fields.get(name, "0").split(" ")[0] or 0)

    return Report(
        request_id=found["id"],
        duration_ms=number("Duration"),
        billed_ms=round(number("Billed Duration")),
        memory_mb=round(number("Memory Size")),
        max_memory_mb=round(number("Max Memory Used")),
        init_ms=number("Init Duration") if "Init Duration" in fields else None,
        status=fields.get("Status", "success"),
        error_type=fields.get("Error Type", ""),
    )


def _structured(line: Line, data: dict[str, Any]) -> None:
    """A line of the JSON format, or a JSON object that a function printed."""
    line.data = data
    record = data.get("record")
    kind = str(data.get("type", ""))
    if kind.startswith("platform.") and isinstance(record, dict):
        names = {"start": "start", "runtimeDone": "end", "report": "report", "initStart": "init_start"}
        line.kind = names.get(kind.removeprefix("platform."), "init_report")
        line.request_id = str(record.get("requestId", ""))
        failed = record.get("status") not in (None, "success")
        line.level = "ERROR" if failed else ""
        if line.kind == "report":
            line.report = _json_report(record)
        return
    line.level = level_name(str(data.get("level", data.get("log_level", ""))))
    line.request_id = str(data.get("requestId", data.get("AWSRequestId", data.get("aws_request_id", ""))) or "")
    rest = [f"{name}={_short(value)}" for name, value in data.items() if name not in _SHOWN_APART]
    trace = data.get("stackTrace")
    frames = "\n" + "".join(map(str, trace)).rstrip() if isinstance(trace, list) else ""
    message = data.get("message", "")
    line.text = " ".join([message if isinstance(message, str) else _short(message), *rest]).strip() + frames


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json_report(record: dict[str, Any]) -> Report:
    metrics = record.get("metrics") or {}
    init = metrics.get("initDurationMs")
    return Report(
        request_id=str(record.get("requestId", "")),
        duration_ms=float(metrics.get("durationMs", 0)),
        billed_ms=round(float(metrics.get("billedDurationMs", 0))),
        memory_mb=round(float(metrics.get("memorySizeMB", 0))),
        max_memory_mb=round(float(metrics.get("maxMemoryUsedMB", 0))),
        init_ms=None if init is None else float(init),
        status=str(record.get("status", "success")),
        error_type=str(record.get("errorType", "")),
    )
