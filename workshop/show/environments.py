"""Who ran where and when: one row an execution environment, one bar a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workshop.show.views import Table

if TYPE_CHECKING:
    from workshop.show.figures import Picture
    from workshop.show.logs.view import LogView


@dataclass(frozen=True)
class Span:
    """One request in one environment. `started` is when its handler began, in seconds; the rest in milliseconds."""

    environment: str
    started: float
    duration_ms: float
    init_ms: float = 0.0
    queued_ms: float = 0.0  # until its environment began to start, or was free

    @property
    def began(self) -> float:
        """When it arrived, in seconds."""
        return self.started - (self.init_ms + self.queued_ms) / 1000


def spans(source: LogView | Iterable[Mapping[str, Any]] | Mapping[str, Any]) -> list[Span]:
    """Spans of a `LogView` (works on AWS too, to the millisecond), or of `cloud.invocations()`, in order of arrival."""
    if hasattr(source, "requests"):
        found = []
        for request in source.requests:  # type: ignore[union-attr]
            start = next((line.time for line in request.lines if line.kind == "start"), None)
            if start is not None and request.report:
                report = request.report
                found.append(Span(request.stream, start / 1000, report.duration_ms, report.init_ms or 0.0))
    else:
        rows = source.get("invocations", []) if isinstance(source, Mapping) else source
        found = [
            Span(row["environment_id"], row["started"], row["duration_ms"], row["init_ms"] or 0.0, row["queued_ms"])
            for row in rows
        ]
    return sorted(found, key=lambda span: span.began)


def timeline(source: Any, finding: str = "", *, alt: str = "") -> Picture:
    """Draws requests over time: waiting, cold start and handler, one row an environment, in order of first use.

    Args:
        source: a `LogView`, what `cloud.invocations()` gave, or a list of `Span`s.
        finding: the title; counts environments and cold starts when left out.
        alt: the words; made of the figures when left out.
    """
    from workshop.show.figures import COLOURS, HATCHES, figure_alt, new_figure

    drawn: Sequence[Span] = source if isinstance(source, list) and _all_spans(source) else spans(source)
    rows = list(dict.fromkeys(span.environment for span in drawn))
    cold = sum(span.init_ms > 0 for span in drawn)
    title = finding or f"{len(drawn)} requests, {len(rows)} environments, {cold} cold starts"
    figure, axes = new_figure(title, xlabel="ms since the first request", size=(9, 1.8 + 0.32 * max(len(rows), 2)))
    zero = drawn[0].began if drawn else 0.0
    parts = (("waiting", "#bbbbbb", ""), ("cold start", COLOURS[1], HATCHES[1]), ("handler", COLOURS[0], ""))
    seen = set()
    for span in drawn:
        at, left = rows.index(span.environment), (span.began - zero) * 1000
        for (name, colour, hatch), size in zip(parts, (span.queued_ms, span.init_ms, span.duration_ms), strict=True):
            axes.barh(at, size, left=left, height=0.7, color=colour, hatch=hatch, edgecolor="white", linewidth=0.6)
            left += size
            seen |= {name} if size else set()
    axes.set_yticks(range(len(rows)), [f"environment {n + 1}" for n in range(len(rows))])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    look: dict[str, Any] = {"edgecolor": "white"}
    used = [part for part in parts if part[0] in seen]
    handles = [axes.barh(0, 0, color=colour, hatch=hatch, label=name, **look) for name, colour, hatch in used]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure_alt(figure, alt or f"{title}. {_words(drawn)}")


def _all_spans(source: Iterable[Any]) -> bool:
    return all(isinstance(one, Span) for one in source)


def _words(drawn: Sequence[Span]) -> str:
    if not drawn:
        return "No request."
    slowest = max(span.queued_ms + span.init_ms + span.duration_ms for span in drawn)
    waited = sum(span.queued_ms > 1 for span in drawn)
    return f"Of {len(drawn)} requests {waited} waited; the slowest took {slowest:,.0f} ms from arrival to answer."


def timeline_table(source: Any) -> Table:
    """The same as figures: environment, arrival, waiting, cold start, handler."""
    drawn = source if isinstance(source, list) and _all_spans(source) else spans(source)
    rows_of = list(dict.fromkeys(span.environment for span in drawn))
    zero = drawn[0].began if drawn else 0.0
    rows = [
        (
            rows_of.index(s.environment) + 1,
            f"{(s.began - zero) * 1000:.1f}",
            f"{s.queued_ms:.1f}",
            f"{s.init_ms:.1f}",
            f"{s.duration_ms:.1f}",
        )
        for s in drawn
    ]
    return Table(rows, ["environment", "arrived ms", "waited ms", "cold start ms", "handler ms"])
