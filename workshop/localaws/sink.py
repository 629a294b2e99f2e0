"""What the engine reports, passed on: lines to the logs, figures to the metrics and the timeline."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from workshop.localaws.logs.sink import LogBuffer
from workshop.localaws.runtime.model import FunctionSpec, Invocation

KEPT = 5000  # finished requests kept for timelines


class Sink:
    """The engine's `LogSink`."""

    def __init__(self, logs: LogBuffer) -> None:
        self.write = logs.write
        self.recent: deque[tuple[str, Invocation]] = deque(maxlen=KEPT)

    def write(self, spec: FunctionSpec, stream: str, events: Sequence[tuple[int, str]]) -> None:
        """Log events of one stream; replaced by the buffer's own method, which saves a call."""

    def finished(self, spec: FunctionSpec, invocation: Invocation) -> None:
        """One request is over."""
        invocation.payload = invocation.payload  # the caller still needs it; only figures are kept below
        self.recent.append((spec.name, invocation))
