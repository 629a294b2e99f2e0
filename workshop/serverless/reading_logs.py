"""A function's log, read and followed.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.core.inert import inert
from workshop.serverless.aws import clients
from workshop.serverless.service import Service

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_REQUEST = re.compile(r"RequestId:? ([0-9a-f]{8}-[0-9a-f-]{27})")


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One line a function wrote, or one of Lambda's own."""

    time: datetime
    message: str
    stream: str
    request_id: str = ""

    def to_json(self) -> dict[str, Any]:
        """What `workshop logs --json` prints, one a line."""
        return {"time": self.time.isoformat(), "message": self.message, "stream": self.stream}

    def __str__(self) -> str:
        return inert(f"{self.time:%Y-%m-%d %H:%M:%S.}{self.time.microsecond // 1000:03d}  {self.message.rstrip()}")

    def __repr__(self) -> str:
        return str(self)


def since_when(text: str, now: datetime | None = None) -> datetime:
    """`10m`, `2h`, `3d` ago, or a time such as `2026-03-02T03:00`.

    Raises:
        WorkshopError: it is neither.
    """
    moment = now or datetime.now(UTC)
    match = re.fullmatch(r"(\d+)([smhdw])", text.strip())
    if match:
        with contextlib.suppress(OverflowError, ValueError):  # longer ago than there are years: since the beginning
            return moment - timedelta(**{_UNITS[match[2]]: int(match[1])})
        return datetime(1970, 1, 1, tzinfo=UTC)
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise WorkshopError(
            f"{text!r} is neither an age such as 10m, 2h or 3d nor a time such as 2026-03-02T03:00.", used_wrongly=True
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def logs(
    service: Service,
    function: str,
    *,
    since: str | datetime | None = None,
    pattern: str = "",
    last: int | None = None,
    follow: bool = False,
    interval: float | None = None,
) -> Iterator[LogEvent]:
    """A function's log events, oldest first.

    Args:
        service: what `load` gave.
        function: its name in the file.
        since: an age (`10m`) or a time; without it ten minutes on AWS, everything elsewhere.
        pattern: a CloudWatch filter pattern, such as `ERROR` or `"charge failed"`.
        last: only the last so many.
        follow: go on for ever, as new events come.
        interval: seconds between two looks.

    Raises:
        WorkshopError: there is no such function, or it has no log yet.
    """
    full = service.function_name(function)
    aws = clients(service.region, service.profile, service.endpoint)
    if since is None:
        start = datetime.now(UTC) - timedelta(minutes=10) if aws.is_aws else None
    else:
        start = since_when(since) if isinstance(since, str) else since
    return _events(aws.get("logs"), full, start, pattern, last, follow, interval or (1.0 if aws.is_aws else 0.2))


def _events(
    api: Any, full: str, start: datetime | None, pattern: str, last: int | None, follow: bool, interval: float
) -> Iterator[LogEvent]:
    seen: dict[str, int] = {}
    since = int(start.timestamp() * 1000) if start else None
    first = True
    while True:
        batch = _fetch(api, full, since, pattern, missing_ok=follow)
        fresh = [event for event in batch if event_id(event) not in seen]
        for event in fresh:
            seen[event_id(event)] = event["timestamp"]
        shown = fresh[-last:] if first and last else fresh
        yield from (_event(event) for event in shown)
        first = False
        if not follow:
            return
        if batch:
            # Late events of other streams may still come in: look a little back, and forget what is older.
            since = max(event["timestamp"] for event in batch) - 5000
            seen = {key: stamp for key, stamp in seen.items() if stamp >= since}
        time.sleep(interval)


def _fetch(api: Any, full: str, since: int | None, pattern: str, *, missing_ok: bool) -> list[dict[str, Any]]:
    options: dict[str, Any] = {"logGroupName": f"/aws/lambda/{full}"}
    if since is not None:
        options["startTime"] = since
    if pattern:
        options["filterPattern"] = pattern
    try:
        pages = api.get_paginator("filter_log_events").paginate(**options)
        found = [event for page in pages for event in page["events"]]
    except api.exceptions.ResourceNotFoundException:
        if missing_ok:
            return []
        raise WorkshopError(
            f"{full} has no log: it is not deployed.", fix="Run: workshop deploy. Then call it."
        ) from None
    except api.exceptions.InvalidParameterException as error:
        raise WorkshopError(
            f"The filter {pattern!r} is not a CloudWatch filter pattern: {error.response['Error']['Message']}",
            fix="Put text with spaces or signs in double quotes: '\"charge failed\"'.",
            used_wrongly=True,
        ) from None
    return sorted(found, key=lambda event: event["timestamp"])


def event_id(event: dict[str, Any]) -> str:
    """What tells an event from others. CloudWatch gives it an id; some emulators do not."""
    return event.get("eventId") or f"{event['timestamp']} {event.get('logStreamName', '')} {event['message']}"


def _event(event: dict[str, Any]) -> LogEvent:
    match = _REQUEST.search(event["message"])
    return LogEvent(
        datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
        event["message"].rstrip("\n"),
        event.get("logStreamName", ""),
        match[1] if match else "",
    )
