"""Lines put together per request. One environment serves one request at a time, so a stream tells whose a print is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from workshop.show.logs.parse import Line, Report


@dataclass
class Request:
    """One request and all it wrote. A request without REPORT still runs, or its lines begin before the first read."""

    request_id: str
    stream: str
    lines: list[Line] = field(default_factory=list)
    report: Report | None = None

    @property
    def time(self) -> int:
        """When its first line was written, epoch milliseconds."""
        return self.lines[0].time if self.lines else 0

    @property
    def cold(self) -> bool:
        """True when an environment was started for it."""
        return bool(self.report and self.report.init_ms is not None) or any(x.kind == "init_start" for x in self.lines)

    @property
    def status(self) -> str:
        """`ok`, `error`, `timeout`, or `running` while no REPORT has come."""
        if any(line.kind == "timeout" for line in self.lines) or (self.report and self.report.status == "timeout"):
            return "timeout"
        failed = self.report is not None and self.report.status != "success"
        if failed or any(_failed(line) for line in self.lines):
            return "error"
        return "ok" if self.report else "running"

    def clock(self) -> str:
        """Its time of day in UTC, to the millisecond."""
        return clock(self.time)

    def headline(self) -> str:
        """`14:02:11.120  a1b2c3d4  ok     1.2 ms, billed 122 ms, cold (init 120 ms), 41 of 128 MB`"""
        head = f"{self.clock()}  {self.request_id[:8] or '--------'}  {self.status:<7}"
        if self.report is None:
            return head.rstrip()
        report = self.report
        parts = [f"{report.duration_ms:,.1f} ms", f"billed {report.billed_ms:,} ms"]
        if report.init_ms is not None:
            parts.append(f"cold (init {report.init_ms:,.0f} ms)")
        parts.append(f"{report.max_memory_mb} of {report.memory_mb} MB")
        return f"{head}  {', '.join(parts)}"

    def own_lines(self) -> list[Line]:
        """What the function itself wrote, and what ended it: without START, END, REPORT."""
        return [line for line in self.lines if line.kind in ("app", "timeout", "crash", "init_report")]


def clock(milliseconds: int) -> str:
    """Time of day in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment:%H:%M:%S}.{milliseconds % 1000:03d}"


def _failed(line: Line) -> bool:
    # A handler's own log of level ERROR is no failed request; what the runtime writes for an exception is.
    if line.kind == "crash":
        return True
    return line.level == "ERROR" and ("Traceback (most recent call last)" in line.text or "errorType" in line.data)


def group(lines: Iterable[Line]) -> list[Request]:
    """Requests in order of their start, with every line given to its request.

    A print belongs to the request that its stream was serving; what is written before a stream's first START
    (INIT_START and prints of the module) belongs to the first request there.
    """
    by_id: dict[str, Request] = {}
    serving: dict[str, Request | None] = {}
    early: dict[str, list[Line]] = {}
    for line in lines:
        if line.request_id:
            request = by_id.setdefault(line.request_id, Request(line.request_id, line.stream))
        elif (served := serving.get(line.stream)) is not None and line.kind not in ("init_start", "init_report"):
            request = served
        else:
            early.setdefault(line.stream, []).append(line)
            continue
        if line.kind == "start":
            request.lines[:0] = early.pop(line.stream, [])
            serving[line.stream] = request
        request.lines.append(line)
        if line.kind == "report":
            request.report = line.report
            serving[line.stream] = None
    for stream, rest in early.items():
        by_id[f"\0{stream}"] = Request("", stream, rest)
    return sorted(by_id.values(), key=lambda request: request.time)
