"""Reading logs: GetLogEvents, FilterLogEvents and DescribeLogStreams, with tokens that a follower can rely on.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable
from typing import Any

from workshop.localaws.faults import AwsError
from workshop.localaws.logs import apart
from workshop.localaws.logs.patterns import compiled

MOST = 10_000  # events in one answer
MOST_PATTERN = (
    1024  # letters: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
)
TOKEN = re.compile(r"(?P<way>[fb])/(?P<id>\d+)/s")
Given = dict[str, Any]


def refused(message: str) -> AwsError:
    """InvalidParameterException."""
    return AwsError("InvalidParameterException", message)


def group_of(backend: Any, given: Given) -> Any:
    """moto's log group for a request, by name or ARN.

    Raises:
        AwsError: ResourceNotFoundException.
    """
    name = given.get("logGroupName") or given.get("logGroupIdentifier") or ""
    if name.startswith("arn:"):
        name = name.split(":log-group:")[-1].removesuffix(":*")
    found = backend.groups.get(name)
    if found is None:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return found


def stream_of(group: Any, name: str) -> Any:
    """A stream of a group.

    Raises:
        AwsError: ResourceNotFoundException.
    """
    found = group.streams.get(name)
    if found is None:
        raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
    return found


def limit_of(given: Given, most: int = MOST) -> int:
    """How many events or streams are wanted at most.

    Raises:
        AwsError: out of bounds.
    """
    limit = given.get("limit") or most
    if not isinstance(limit, int) or not 1 <= limit <= most:
        raise refused(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must "
            f"have value {'less than or equal to ' + str(most) if limit != 0 else 'greater than or equal to 1'}"
        )
    return limit


def get_log_events(backend: Any, given: Given) -> Given:
    """One stream's events. Without a token the newest ones, or the oldest with `startFromHead`.

    A forward token stands behind the last event that was given: it gives what came later, and itself when nothing did.
    """
    stream = stream_of(group_of(backend, given), given.get("logStreamName", ""))
    start, end, limit = given.get("startTime"), given.get("endTime"), limit_of(given)
    events = [
        event
        for event in stream.events
        if (start is None or event.timestamp >= start) and (end is None or event.timestamp < end)
    ]
    ids = [event.event_id for event in events]
    token = given.get("nextToken")
    if token:
        found = TOKEN.fullmatch(token)
        if not found:
            raise refused("The specified nextToken is invalid.")
        at = int(found["id"])
        if found["way"] == "f":
            first = bisect.bisect_right(ids, at)
            chosen = events[first : first + limit]
        else:
            last = bisect.bisect_left(ids, at)
            chosen = events[max(0, last - limit) : last]
        forward = chosen[-1].event_id if chosen else at
        backward = chosen[0].event_id if chosen else at
    else:
        chosen = events[:limit] if given.get("startFromHead") else events[-limit:]
        newest = stream.events[-1].event_id if stream.events else 0
        forward, backward = (chosen[-1].event_id, chosen[0].event_id) if chosen else (newest, newest + 1)
    return {
        "events": [event.to_response_dict() for event in chosen],
        "nextForwardToken": f"f/{forward:056d}/s",
        "nextBackwardToken": f"b/{backward:056d}/s",
    }


def filter_log_events(backend: Any, given: Given) -> Callable[[], Given]:
    """Events of several streams, by time. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""
    group = group_of(backend, given)
    names, prefix = given.get("logStreamNames"), given.get("logStreamNamePrefix") or ""
    if names and prefix:
        raise refused("A log stream name prefix and log stream names cannot both be given.")
    chosen = (
        [stream_of(group, name) for name in names]
        if names
        else [stream for name, stream in group.streams.items() if name.startswith(prefix)]
    )
    start, end, limit = given.get("startTime") or 0, given.get("endTime"), limit_of(given)
    pattern = str(given.get("filterPattern") or "")
    if len(pattern) > MOST_PATTERN:
        raise refused(f"The filter pattern has {len(pattern):,} letters; at most {MOST_PATTERN:,} are taken.")
    matches = compiled(pattern)
    after = _position(given.get("nextToken"))
    found = sorted(
        (
            (event.timestamp, event.event_id, stream.log_stream_name, event)
            for stream in chosen
            for event in stream.events
            if event.timestamp >= start
            and (end is None or event.timestamp <= end)
            and (event.timestamp, event.event_id) > after
        ),
        key=lambda row: row[:2],
    )
    if not apart.pattern_needs_it(pattern):
        found = [row for row in found if matches(row[3].message)]
        return lambda: _page(found, limit)

    def rest() -> Given:
        kept = apart.matching(pattern, [row[3].message for row in found])
        return _page([row for row, keep in zip(found, kept, strict=True) if keep], limit)

    return rest


def _page(found: list[tuple[int, int, str, Any]], limit: int) -> Given:
    """The first of the events found, and a token for the rest."""
    answer: Given = {
        "searchedLogStreams": [],
        "events": [{"logStreamName": name, **event.to_filter_dict()} for _, _, name, event in found[:limit]],
    }
    if len(found) > limit:
        at, event_id, _, _ = found[limit - 1]
        answer["nextToken"] = f"{at}.{event_id}"
    return answer


def _position(token: str | None) -> tuple[int, int]:
    if not token:
        return (-1, -1)
    first, _, second = token.partition(".")
    if not first.isdigit() or not second.isdigit():
        raise refused("The specified nextToken is invalid.")
    return int(first), int(second)


def describe_log_streams(backend: Any, given: Given) -> Given:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html"""
    group, prefix = group_of(backend, given), given.get("logStreamNamePrefix") or ""
    order, limit = given.get("orderBy") or "LogStreamName", limit_of(given, 50)
    if order not in ("LogStreamName", "LastEventTime"):
        raise refused(
            f"1 validation error detected: Value '{order}' at 'orderBy' failed to satisfy constraint: Member must "
            "satisfy enum value set: [LogStreamName, LastEventTime]"
        )
    if order == "LastEventTime" and prefix:
        raise refused("Cannot order by LastEventTime with a logStreamNamePrefix.")
    found = [stream for name, stream in group.streams.items() if name.startswith(prefix)]
    keys: dict[str, Callable[[Any], Any]] = {
        "LogStreamName": lambda stream: stream.log_stream_name,
        "LastEventTime": lambda stream: max((event.timestamp for event in stream.events), default=0),
    }
    found.sort(key=keys[order], reverse=bool(given.get("descending")))
    token = given.get("nextToken") or "0"
    if not token.isdigit():
        raise refused("The specified nextToken is invalid.")
    first = int(token)
    # Only what is told is described: of ten thousand streams, each page would else describe all.
    answer: Given = {"logStreams": [stream.to_describe_dict() for stream in found[first : first + limit]]}
    return answer | ({"nextToken": str(first + limit)} if first + limit < len(found) else {})
