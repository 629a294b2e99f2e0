"""Log events from CloudWatch Logs, through boto3: all there are, or as they come."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from workshop.core.errors import WorkshopError
from workshop.show.logs.parse import Line, parse

POLL_SECONDS = 0.5
LOOKS = 20  # a second apart, where log lines are delivered late
LATE_MS = 2_000  # events may become visible a little after later ones of other streams


def group_name(function: str) -> str:
    """The log group of a function, given its name or ARN or the group itself."""
    if function.startswith("/"):
        return function
    name = function.partition(":function:")[2].partition(":")[0] or function
    return f"/aws/lambda/{name}"


def events_of(function: str, *, since_ms: int = 0, client: Any = None) -> list[dict[str, Any]]:
    """Every log event of a function, oldest first.

    Args:
        function: its name, its ARN, or a log group beginning with `/`.
        since_ms: epoch milliseconds; 0 for all.
        client: a boto3 `logs` client; one is made when left out.

    Raises:
        WorkshopError: there is no such log group.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
    """
    import boto3

    client = client or boto3.client("logs")
    group = group_name(function)
    try:
        found = _read(client, group, since_ms)
        if str(urlsplit(client.meta.endpoint_url).hostname).endswith(".amazonaws.com"):
            found = _delivered(client, group, since_ms, found)
    except client.exceptions.ResourceNotFoundException:
        raise WorkshopError(
            f"There is no log group {group}.", fix="Deploy the function; deploying it makes the group."
        ) from None
    return sorted(found, key=lambda event: event["timestamp"])


def _read(client: Any, group: str, since_ms: int) -> list[dict[str, Any]]:
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since_ms)
    return [event for page in pages for event in page["events"]]


def _delivered(client: Any, group: str, since_ms: int, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """On AWS lines arrive seconds after they were written: waits until every request that began has its REPORT.

    Bounded: a request may be running still, and a function that nobody called has no lines.
    """
    looks = 0
    while looks < LOOKS and not _complete(found):
        if not looks:
            print("CloudWatch delivers log lines a few seconds late; waiting for them …", flush=True)
        time.sleep(1)
        found, looks = _read(client, group, since_ms), looks + 1
    return found


def _complete(events: list[dict[str, Any]]) -> bool:
    begun = {name for event in events for name in re.findall(r"^START RequestId: (\S+)", event["message"])}
    ended = {name for event in events for name in re.findall(r"^REPORT RequestId: (\S+)", event["message"])}
    return bool(events) and begun <= ended


def follow(
    function: str, *, since_ms: int | None = None, client: Any = None, poll_seconds: float = POLL_SECONDS
) -> Iterator[Line]:
    """Lines as they come, until the caller stops iterating (Ctrl-C in a terminal). A group not yet there is waited for.

    Args:
        function: as in `events_of`.
        since_ms: where to begin, epoch milliseconds; now when left out.
        client: a boto3 `logs` client.
        poll_seconds: pause between two looks.
    """
    import boto3

    client = client or boto3.client("logs")
    begin = int(time.time() * 1000) if since_ms is None else since_ms
    seen: dict[str, int] = {}
    while True:
        try:  # what is late comes with a later look
            events = sorted(_read(client, group_name(function), begin), key=lambda event: event["timestamp"])
        except client.exceptions.ResourceNotFoundException:
            events = []
        for event in events:
            key = event.get("eventId") or f"{event['timestamp']} {event.get('logStreamName')} {event['message']}"
            if key not in seen:
                seen[key] = event["timestamp"]
                yield parse(event)
        if seen:
            begin = max(begin, max(seen.values()) - LATE_MS)
            seen = {key: at for key, at in seen.items() if at >= begin}
        time.sleep(poll_seconds)
