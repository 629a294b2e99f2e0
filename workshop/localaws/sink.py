"""What the engine reports, passed on: lines to the logs, figures to the metrics and the timeline."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from workshop.localaws.logs.sink import LogBuffer
from workshop.localaws.metrics.store import Metrics
from workshop.localaws.runtime.model import FunctionSpec, Invocation

KEPT = 5000  # finished requests kept for timelines
FIGURES = (
    "function",
    "version",
    "request_id",
    "started",
    "queued_ms",
    "init_ms",
    "duration_ms",
    "billed_ms",
    "max_memory_mb",
    "environment_id",
    "pid",
    "log_stream",
    "status",
)


class Sink:
    """The engine's `LogSink`.

    Args:
        logs: where lines go.
        metrics: where figures go.
        clock: the cloud's time, epoch seconds.
        running: function ARN -> requests running now, this one no longer included.
    """

    def __init__(
        self, logs: LogBuffer, metrics: Metrics, clock: Callable[[], float], running: Callable[[str], int] = lambda _: 0
    ) -> None:
        self.logs, self.metrics, self.clock, self.running = logs, metrics, clock, running
        self.recent: deque[tuple[Any, ...]] = deque(maxlen=KEPT)

    def write(self, spec: FunctionSpec, stream: str, events: Sequence[tuple[int, str]]) -> None:
        """Log events of one stream."""
        self.logs.write(spec, stream, events)

    def finished(self, spec: FunctionSpec, invocation: Invocation) -> None:
        """One request is over: its figures are kept, its payload is not."""
        self.metrics.invoked(spec, invocation, self.running(spec.arn) + 1, self.clock())
        self.recent.append(
            (
                spec.name,
                spec.version,
                invocation.request_id,
                invocation.started,
                invocation.queued_ms,
                invocation.init_ms,
                invocation.duration_ms,
                invocation.billed_ms,
                invocation.max_memory_mb,
                invocation.environment_id,
                invocation.pid,
                invocation.log_stream,
                invocation.status,
            )
        )

    def since(self, started: float) -> list[dict[str, Any]]:
        """Finished requests that started after a time (epoch seconds), oldest first."""
        return [dict(zip(FIGURES, each, strict=True)) for each in self.recent if each[3] > started]

    def clear(self) -> None:
        """Forget them."""
        self.recent.clear()
