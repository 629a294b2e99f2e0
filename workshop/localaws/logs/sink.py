"""The engine's log sink: appends to a buffer now, moves into moto's log groups when somebody reads.

A request must not pay for log bookkeeping, and nobody reads most lines. So `write` is one append to a bounded deque;
the first CloudWatch Logs request afterwards files everything.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from workshop.localaws.moto import stores
from workshop.localaws.moto.loading import LOCK
from workshop.localaws.runtime.model import FunctionSpec

log = logging.getLogger(__name__)
NUMBERS = itertools.count(10**15)
Key = tuple[str, str, str]  # account, region, log group


class LogBuffer:
    """Log events on their way to CloudWatch Logs.

    Args:
        per_group: how many events a group keeps; the oldest are dropped.
        may_write: may this role create the group and put events there? Asked once a spec.
    """

    def __init__(self, per_group: int = 10_000, may_write: Callable[[FunctionSpec], bool] = lambda _: True) -> None:
        self.per_group, self.may_write = per_group, may_write
        self._waiting: dict[Key, deque[tuple[str, int, str]]] = {}
        self._lock = threading.Lock()  # the loop writes, threads file: without it an event could fall between the two
        self._allowed: dict[tuple[str, str, str], bool] = {}
        self.listeners: list[Callable[[str, str, str, Sequence[tuple[int, str]]], None]] = []

    def write(self, spec: FunctionSpec, stream: str, events: Sequence[tuple[int, str]]) -> None:
        """Events of one stream, in order: (epoch milliseconds, message). Never waits for filing."""
        allowed = self._allowed.get(spec.key)
        if allowed is None:
            allowed = self._allowed[spec.key] = self._may(spec)
        if not allowed:
            return
        key = (spec.account_id, spec.region, spec.log_group or f"/aws/lambda/{spec.name}")
        self._add(key, [(stream, at, message) for at, message in events])

    def append(self, account: str, region: str, group: str, stream: str, at: int, message: str) -> None:
        """One event of a service's own, such as a line of an access log. Never waits for filing."""
        self._add((account, region, group), [(stream, at, message)])

    def _add(self, key: Key, events: Sequence[tuple[str, int, str]]) -> None:
        with self._lock:
            waiting = self._waiting.get(key)
            if waiting is None:
                waiting = self._waiting[key] = deque(maxlen=self.per_group)
            waiting.extend(events)

    def _may(self, spec: FunctionSpec) -> bool:
        try:
            return self.may_write(spec)
        except Exception:  # a request must not fail because its log could not be judged
            log.exception("may %s write its log?", spec.arn)
            return True

    def forget_permissions(self) -> None:
        """Ask again at the next write: a role or its policies changed."""
        self._allowed.clear()

    def flush(self) -> None:
        """File what is waiting into moto's store. Blocks; thread-safe."""
        if not self._waiting:
            return
        with LOCK:
            with self._lock:
                waiting, self._waiting = self._waiting, {}
            for (account, region, group), events in waiting.items():
                file_events(stores.backend("logs", account, region), group, events, self.per_group)

    def clear(self) -> None:
        """Drop what is waiting."""
        with self._lock:
            self._waiting, self._allowed = {}, {}


def naive(milliseconds: int) -> datetime:
    """moto keeps times as naive datetimes in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).replace(tzinfo=None)


class Event:
    """One log event, as moto's own `LogEvent` but without the global list that every moto model is kept in."""

    __slots__ = ("event_id", "ingestion_time", "message", "timestamp")

    def __init__(self, event_id: int, ingestion_time: int, timestamp: int, message: str) -> None:
        self.event_id, self.ingestion_time, self.timestamp, self.message = event_id, ingestion_time, timestamp, message

    def to_filter_dict(self) -> dict[str, Any]:
        """As FilterLogEvents gives it, without the stream's name."""
        return {
            "eventId": str(self.event_id),
            "ingestionTime": self.ingestion_time,
            "message": self.message,
            "timestamp": self.timestamp,
        }

    def to_response_dict(self) -> dict[str, Any]:
        """As GetLogEvents gives it."""
        return {"ingestionTime": self.ingestion_time, "message": self.message, "timestamp": self.timestamp}


def file_events(backend: object, group: str, events: Sequence[tuple[str, int, str]], per_group: int) -> None:
    """Put events into a group of moto's, making group and streams as a function's first write does."""
    if group not in backend.groups:  # type: ignore[attr-defined]
        backend.create_log_group(group, {})  # type: ignore[attr-defined]
    found = backend.groups[group]  # type: ignore[attr-defined]
    now = max(at for _, at, _ in events)
    for name, at, message in events:
        if name not in found.streams:
            found.create_log_stream(name)
            found.streams[name].creation_time = naive(at)
        stream = found.streams[name]
        stream.events.append(Event(next(NUMBERS), now, at, message))
        stream.stored_bytes += len(message) + 26
        stream.last_ingestion_time = naive(now)
    trim(found, per_group)


def trim(group: object, per_group: int) -> None:
    """Drop the oldest events of a group beyond its bound, and streams left empty by that."""
    streams = group.streams  # type: ignore[attr-defined]
    surplus = sum(len(stream.events) for stream in streams.values()) - per_group
    if surplus <= 0:
        return
    for name in sorted(streams, key=lambda name: streams[name].events[0].timestamp if streams[name].events else 0):
        stream = streams[name]
        dropped = min(surplus, len(stream.events))
        del stream.events[:dropped]
        surplus -= dropped
        if not stream.events:
            del streams[name]
        if surplus <= 0:
            return
