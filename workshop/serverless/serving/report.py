"""One line a request: status, milliseconds, cold or warm. Cold or warm is what the function's REPORT line says.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from workshop.serverless.aws import error_code
from workshop.serverless.reading_logs import event_id
from workshop.serverless.serving.live import Live

_PATIENCE = 3.0  # seconds until a line is printed without what the log would have told
_KEPT = 1000  # lines
_CLOCKS_APART = 50  # milliseconds


@dataclass
class Line:
    """One request."""

    method: str
    path: str
    status: int
    milliseconds: float
    live: Live | None
    function: str
    began: float  # epoch seconds
    state: str = ""

    def text(self) -> str:
        """`GET    /hello                    200     12 ms  cold`"""
        return f"{self.method:<6} {self.path:<24}  {self.status}  {self.milliseconds:>5.0f} ms  {self.state}".rstrip()


@dataclass
class Reporter:
    """Prints lines in the order of the requests, from a thread of its own, and keeps the last ones."""

    say: Callable[[str], None]
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _queue: queue.Queue[Line | None] = field(default_factory=lambda: queue.Queue(_KEPT))
    _thread: threading.Thread | None = None
    _claimed: deque[str] = field(default_factory=lambda: deque(maxlen=4 * _KEPT))

    def start(self) -> None:
        """Begins to print."""
        self._thread = threading.Thread(target=self._run, name="offline-report", daemon=True)
        self._thread.start()

    def add(self, line: Line) -> None:
        """Takes a request that has been answered. Never waits: under a flood, lines are printed plainly."""
        try:
            self._queue.put_nowait(line)
        except queue.Full:
            self._print(line)

    def wait(self) -> None:
        """Returns when everything so far has been printed."""
        self._queue.join()

    def stop(self) -> None:
        """Prints what is left and ends."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(_PATIENCE + 1)
            self._thread = None  # a second stop puts nothing into a queue that nobody reads

    def _run(self) -> None:
        while True:
            batch = [self._queue.get()]
            while len(batch) < 200:
                try:
                    batch.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            ended = None in batch
            lines = [line for line in batch if line is not None]
            try:
                if not ended:
                    self._ask(lines)
            except Exception as error:  # an endpoint's odd answer costs the words cold and warm, never the lines
                self.say(f"The log cannot be read ({type(error).__name__}): cold or warm is not known.")
            for line in lines:
                self._print(line)
            for _ in batch:
                self._queue.task_done()
            if ended:
                return

    def _print(self, line: Line) -> None:
        self.lines.append(line.text())
        self.say(line.text())

    def _ask(self, lines: list[Line]) -> None:
        """Finds out which requests met a cold start: one question a function, for all of them."""
        groups: dict[tuple[int, str], list[Line]] = {}
        for line in lines:
            if line.live is not None and line.function:
                groups.setdefault((id(line.live), line.function), []).append(line)
        for group in groups.values():
            self._ask_function(group)

    def _ask_function(self, lines: list[Line]) -> None:
        first = lines[0]
        assert first.live is not None
        start = int(first.began * 1000) - _CLOCKS_APART
        give_up = time.monotonic() + _PATIENCE
        wait = 0.01
        while True:
            reports = [
                event
                for event in report_events(first.live, first.function, start)
                if event_id(event) not in self._claimed
            ]
            if len(reports) >= len(lines) or time.monotonic() > give_up:
                break
            time.sleep(wait)
            wait = min(wait * 2, 0.5)
        for line, event in zip(lines, reports, strict=False):
            self._claimed.append(event_id(event))
            line.state = "cold" if "Init Duration" in event["message"] else "warm"


def report_events(live: Live, function: str, start: int) -> list[dict[str, Any]]:
    """A function's REPORT lines since a time (epoch milliseconds), oldest first."""
    return [event for event in log_events(live, function, start, "REPORT") if event["message"].startswith("REPORT")]


def log_events(live: Live, function: str, start: int, pattern: str = "") -> list[dict[str, Any]]:
    """A function's log events since a time; none when they cannot be read."""
    from botocore.exceptions import BotoCoreError, ClientError

    api = live.aws.get("logs")
    options: dict[str, Any] = {"logGroupName": f"/aws/lambda/{live.service.function_name(function)}"}
    if pattern:
        options["filterPattern"] = pattern
    try:
        pages = api.get_paginator("filter_log_events").paginate(startTime=start, **options)
        found = [event for page in pages for event in page["events"]]
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return []
        raise
    except BotoCoreError:
        return []
    return sorted(found, key=lambda event: event["timestamp"])
