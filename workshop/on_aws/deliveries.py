"""What AWS delivers late, waited for where a lesson reads it: log lines some seconds, figures one to three minutes.

Hangs on boto3's own events, so lessons stay plain boto3. Bounded, and said. Waited for is what this process has reason
to expect: requests that began and have no end yet, or calls that it made a moment ago.
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics.html
"""

from __future__ import annotations

import json
import re
import threading
import time
from email.utils import parsedate_to_datetime
from typing import Any

from workshop.core.telling import say

LOG_LOOKS, LOG_PAUSE = 20, 1.0
METRIC_LOOKS, METRIC_PAUSE = 36, 5.0
RECENT = 300.0  # seconds in which a call counts as made a moment ago
_calls: list[tuple[float, float, str]] = []  # when by our clock; when by AWS's, 0 unknown; which function, "" any
_asking = threading.local()
_EARLIER = "workshop-parameters"


def note(date: str, function: str = "") -> None:
    """Says that a function was called just now.

    Args:
        date: the answer's header `Date`: AWS's clock, with which the times of log lines are compared.
        function: its name; empty when only the API is known.
    """
    try:
        told = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        told = 0.0
    _calls[:] = [one for one in _calls if time.monotonic() - one[0] < RECENT][-200:]
    _calls.append((time.monotonic(), told, function))


def wait_for_deliveries(session: Any) -> None:
    """Has FilterLogEvents and GetMetricData of a boto3 session's clients answer when what was called has arrived."""

    def keep(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context[_EARLIER] = params  # itself: other hooks put a reader's names into it

    def invoked(http_response: Any, context: dict[str, Any], **_: Any) -> None:
        name = str(context.get(_EARLIER, {}).get("FunctionName", ""))
        note(http_response.headers.get("date", ""), plain_name(name))

    def logs(http_response: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        params = context.get(_EARLIER, {})
        group = str(params.get("logGroupName", ""))
        partly = "nextToken" in params or "filterPattern" in params or parsed.get("nextToken")
        if http_response.status_code == 200 and group.startswith("/aws/lambda/") and not partly:
            name = group.removeprefix("/aws/lambda/")
            _look_again(
                session,
                "logs",
                "filter_log_events",
                context,
                parsed,
                LOG_LOOKS,
                LOG_PAUSE,
                lambda: lines_are_there(parsed.get("events", []), name),
                "CloudWatch delivers log lines a few seconds late; waiting for them …",
            )

    def metrics(http_response: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        if http_response.status_code == 200 and _recent() and "AWS/Lambda" in str(context.get(_EARLIER)):
            _look_again(
                session,
                "cloudwatch",
                "get_metric_data",
                context,
                parsed,
                METRIC_LOOKS,
                METRIC_PAUSE,
                lambda: any(one["Values"] for one in parsed["MetricDataResults"]),
                "CloudWatch shows figures one to three minutes late; waiting for them …",
            )

    for operation, after in (
        ("lambda.Invoke", invoked),
        ("cloudwatch-logs.FilterLogEvents", logs),
        ("cloudwatch.GetMetricData", metrics),
    ):
        session.events.register(f"before-parameter-build.{operation}", keep, unique_id=f"workshop-keep-{operation}")
        session.events.register(f"after-call.{operation}", after, unique_id=f"workshop-late-{operation}")


def _look_again(
    session: Any,
    service: str,
    operation: str,
    context: dict[str, Any],
    parsed: dict[str, Any],
    looks: int,
    pause: float,
    there: Any,
    words: str,
) -> None:
    """Asks once more until it is there, at most so often; the answer that the caller gets is the last one."""
    if getattr(_asking, "now", False) or there():
        return
    said, began = say(words), time.monotonic()
    _asking.now = True
    try:
        client = session.client(service, region_name=context.get("client_region"))
        for _ in range(looks):
            time.sleep(pause)
            said(f"{words} {time.monotonic() - began:.0f} s")
            answer = getattr(client, operation)(**context[_EARLIER])
            parsed.clear()
            parsed.update(answer)
            if there():
                return
    finally:
        _asking.now = False


def lines_are_there(events: list[dict[str, Any]], function: str) -> bool:
    """True when every request that began has its end, and the newest call of this process has lines."""
    begun, ended = set(), set()
    for event in events:
        begun |= _requests(event["message"], "START RequestId: ", "platform.start")
        ended |= _requests(event["message"], "REPORT RequestId: ", "platform.report")
    if begun - ended:
        return False
    calls = [told for _, told, name in _recent() if name in ("", function)]
    if not calls:
        return True
    # The answer's Date has whole seconds, and REPORT is written when the answer leaves.
    return bool(ended) and max(event["timestamp"] for event in events) >= 1000 * (max(calls) - 3)


def _requests(message: str, begins: str, kind: str) -> set[str]:
    """Which request a platform line is about, in either log format.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
    """
    if message.startswith(begins):
        return set(re.findall(r"RequestId: (\S+)", message)[:1])
    if kind in message and message.startswith("{"):
        try:
            line = json.loads(message)
        except ValueError:
            return set()
        if isinstance(line, dict) and line.get("type") == kind:
            return {str(line.get("record", {}).get("requestId"))}
    return set()


def _recent() -> list[tuple[float, float, str]]:
    return [one for one in _calls if time.monotonic() - one[0] < RECENT]


def plain_name(function: str) -> str:
    """A function's name, from what Invoke takes: a name, a partial ARN or an ARN, with or without a qualifier."""
    parts = function.split(":")
    if "function" in parts:
        return parts[parts.index("function") + 1]
    return parts[0] if len(parts) < 3 else function
