"""Logs to look at: one entry a request, collapsed; opened where something went wrong or was searched for."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from html import escape
from typing import Any, TextIO

from workshop.core.errors import WorkshopError
from workshop.core.inert import inert
from workshop.core.telling import View
from workshop.show.logs.parse import LEVELS, Line, level_name, parse
from workshop.show.logs.read import events_of
from workshop.show.logs.requests import Request, clock, group
from workshop.show.views import Table

_COLOURS = {"ERROR": "#b00020", "FATAL": "#b00020", "WARN": "#8a5a00"}
_STYLES = {"ERROR": "red", "FATAL": "bold red", "WARN": "yellow", "DEBUG": "dim", "TRACE": "dim"}
_FIELDS = (
    ("RequestId", "names the request: the same in every line, in the answer's headers and in traces"),
    ("Duration", "the handler's own time"),
    ("Billed Duration", "what is paid: duration (and init, on a cold start), rounded up to 1 ms"),
    ("Memory Size", "what the function is given, and with it its share of CPU"),
    ("Max Memory Used", "the most it used since its environment started"),
    ("Init Duration", "the cold start: runtime, imports, code outside the handler"),
)


class LogView(View):
    """Log events as requests.

    Args:
        events: entries of `filter_log_events`, or `Line`s.
        request: only requests whose id begins so.
        level: only requests with a line of this level or graver: TRACE, DEBUG, INFO, WARN, ERROR, FATAL.
        text: only requests in which some line contains this, whatever the case.
        expand: open every request; else only failed ones and, when searching, the found ones.
        caption: one line above.

    Raises:
        WorkshopError: an unknown level.
    """

    def __init__(
        self,
        events: Iterable[Any],
        *,
        request: str = "",
        level: str = "",
        text: str = "",
        expand: bool = False,
        caption: str = "",
    ) -> None:
        lines = [event if isinstance(event, Line) else parse(event) for event in events]
        self._keep(group(lines), request, level, text, expand, caption)

    def _keep(self, requests: list[Request], request: str, level: str, text: str, expand: bool, caption: str) -> None:
        self.level, self.text, self.expand, self.caption = known_level(level), text.lower(), expand, caption
        self.requests = [one for one in requests if one.request_id.startswith(request) and self._wanted(one)]

    def _wanted(self, request: Request) -> bool:
        if self.level and not any(line.at_least(self.level) for line in request.own_lines()):
            return False
        return not self.text or any(self._found(line) for line in request.lines)

    def _found(self, line: Line) -> bool:
        return bool(self.text) and self.text in line.message.lower()

    @classmethod
    def of(cls, function: str, *, since_ms: int = 0, client: Any = None, **options: Any) -> LogView:
        """The logs of a function (name, ARN or log group), read now; options are those of `LogView`."""
        return cls(events_of(function, since_ms=since_ms, client=client), **options)

    def filter(self, *, request: str = "", level: str = "", text: str = "", expand: bool | None = None) -> LogView:
        """A narrower view of the same requests; the arguments are those of `LogView`."""
        view = LogView.__new__(LogView)
        view._keep(self.requests, request, level, text, self.expand if expand is None else expand, self.caption)
        return view

    def __len__(self) -> int:
        return len(self.requests)

    def __getitem__(self, at: int) -> Request:
        return self.requests[at]

    def _open(self, request: Request) -> bool:
        return self.expand or request.status in ("error", "timeout") or bool(self.text)

    def _head(self, request: Request) -> str:
        """The headline; of a closed request with the number of its lines."""
        count = 0 if self._open(request) else len(request.own_lines())
        return inert(request.headline()) + (f"  [{count} line{'' if count == 1 else 's'}]" if count else "")

    def _shown(self, request: Request) -> list[Line]:
        lines = request.lines if self.expand else request.own_lines()
        return [line for line in lines if not self.level or line.at_least(self.level)]

    def __str__(self) -> str:
        out = [self.caption] if self.caption else []
        for request in self.requests:
            out.append(self._head(request))
            if self._open(request):
                out += [written(line, ">" if self._found(line) else " ") for line in self._shown(request)]
        return "\n".join(out) if self.requests else "\n".join([*out, "(no request)"])

    def print(self, out: TextIO | None = None) -> None:
        """Prints the view, coloured on a terminal: requests that failed and lines by their level."""
        from rich.text import Text

        console = _console(out)
        for request in self.requests:
            failed = request.status in ("error", "timeout")
            console.print(Text(self._head(request), style="bold red" if failed else "bold"))
            for line in self._shown(request) if self._open(request) else ():
                mark = ">" if self._found(line) else " "
                style = "dim" if line.kind not in ("app", "timeout", "crash") else _STYLES.get(line.level, "")
                console.print(Text(written(line, mark), style=style))
        if not self.requests:
            console.print("(no request)")

    def html(self) -> str:
        parts = [f"<p><b>{escape(self.caption)}</b></p>"] if self.caption else []
        for request in self.requests:
            colour = "#b00020" if request.status in ("error", "timeout") else "inherit"
            lines = "\n".join(self._html_line(line) for line in self._shown(request)) or "(no lines of its own)"
            opened = " open" if self._open(request) else ""
            parts.append(
                f'<details{opened} style="margin:2px 0"><summary style="font-family:monospace;color:{colour}">'
                f'{escape(self._head(request))}</summary><pre style="margin:0 0 6px 24px">{lines}</pre></details>'
            )
        return "\n".join(parts) if self.requests else "<p>(no request)</p>"

    def _html_line(self, line: Line) -> str:
        text = escape(written(line, ">" if self._found(line) else " "))
        colour = _COLOURS.get(line.level)
        text = f'<span style="color:{colour}">{text}</span>' if colour else text
        return f"<b>{text}</b>" if self._found(line) else text

    def table(self) -> Table:
        """One row a request: time, id, status, durations, memory."""
        rows = []
        for one in self.requests:
            report = one.report
            figures = ["", "", "", ""]
            if report:
                init = "" if report.init_ms is None else f"{report.init_ms:.1f}"
                figures = [f"{report.duration_ms:.1f}", init, str(report.billed_ms), str(report.max_memory_mb)]
            rows.append([one.clock(), one.request_id[:8], one.status, *figures])
        return Table(rows, ["time", "request", "status", "ms", "init ms", "billed ms", "MB used"], self.caption)

    def explain(self) -> Table:
        """The REPORT line of the first request that has one, field by field; a cold one if there is one.

        Raises:
            WorkshopError: no request has a REPORT line yet.
        """
        done = [(one.cold, one.report) for one in self.requests if one.report]
        if not done:
            raise WorkshopError("No request here has a REPORT line yet.", fix="Call the function, then look again.")
        report = next((report for cold, report in done if cold), done[0][1])
        init = "(warm: none)" if report.init_ms is None else f"{report.init_ms:.2f} ms"
        values = [report.request_id, f"{report.duration_ms:.2f} ms", f"{report.billed_ms} ms"]
        values += [f"{report.memory_mb} MB", f"{report.max_memory_mb} MB", init]
        rows = [(name, value, why) for (name, why), value in zip(_FIELDS, values, strict=True)]
        return Table(rows, ["field", "here", "what it is"])

    def metrics(self) -> Table:
        """Figures made from the lines alone: requests, errors, cold starts, duration percentiles, billed time."""
        from workshop.show.numbers import percentile

        reports = [one.report for one in self.requests if one.report]
        durations = [report.duration_ms for report in reports]
        rows: list[tuple[str, Any]] = [
            ("requests", len(reports)),
            ("failed", sum(one.status in ("error", "timeout") for one in self.requests)),
            ("cold", sum(report.init_ms is not None for report in reports)),
        ]
        if durations:
            rows += [(f"duration p{q}, ms", f"{percentile(durations, q):.1f}") for q in (50, 95, 99)]
            rows.append(("billed, ms", sum(report.billed_ms for report in reports)))
        return Table(rows, ["from the lines", "figure"], self.caption)


def known_level(level: str) -> str:
    """A level by any of its names; empty stays empty.

    Raises:
        WorkshopError: no such level.
    """
    name = level_name(level) if level else ""
    if level and not name:
        fix = f"Use one of {', '.join(LEVELS)}."
        raise WorkshopError(f"There is no log level {level!r}.", fix=fix, used_wrongly=True)
    return name


def written(line: Line, mark: str = " ") -> str:
    """One line as it is shown below its request; what continues it is indented below it."""
    level = f"{line.level:<5} " if line.level else ""
    return inert(f"  {mark} {clock(line.time)}  {level}{line.text}").replace("\n", "\n" + " " * 18)


def _console(out: TextIO | None) -> Any:
    """A rich console that changes nothing but colours, and those on a terminal only."""
    from rich.console import Console

    return Console(file=out or sys.stdout, soft_wrap=True, highlight=False, emoji=False, markup=False)


class LogPrinter:
    """Prints lines as they come, for a terminal: coloured by level, each marked with its request.

    Args:
        out: where to; stdout when left out. Colours only on a terminal.
        request, level, text: which lines, as in `LogView`.
    """

    def __init__(self, out: TextIO | None = None, *, request: str = "", level: str = "", text: str = "") -> None:
        self._console = _console(out)
        self.request, self.level, self.text = request, known_level(level), text.lower()
        self._serving: dict[str, str] = {}

    def take(self, event: Any) -> None:
        """One event or `Line`: printed when it is wanted."""
        from rich.text import Text

        line = event if isinstance(event, Line) else parse(event)
        if line.kind == "start":
            self._serving[line.stream] = line.request_id
        request_id = line.request_id or self._serving.get(line.stream, "")
        if not request_id.startswith(self.request) or (self.text and self.text not in line.message.lower()):
            return
        if self.level and not line.at_least(self.level):
            return
        if line.kind in ("start", "end", "init_start") and not self.text:
            return
        if line.report:
            shown = Request(line.request_id, line.stream, [line], line.report).headline()
            style = "red" if line.report.status != "success" else "dim"
        else:
            level = f"{line.level:<5} " if line.level else ""
            shown = f"{clock(line.time)}  {request_id[:8] or '--------'}  {level}{line.text}"
            shown = shown.replace("\n", "\n" + " " * 24)
            style = _STYLES.get(line.level, "")
        self._console.print(Text(inert(shown), style=style))
