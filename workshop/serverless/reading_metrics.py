"""A service's CloudWatch figures.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from workshop.serverless.aws import clients
from workshop.serverless.reading import info
from workshop.serverless.reading_logs import since_when
from workshop.serverless.service import Service

_METRICS = (
    ("invocations", "Invocations", "Sum"),
    ("errors", "Errors", "Sum"),
    ("throttles", "Throttles", "Sum"),
    ("duration_ms", "Duration", "Average"),
    ("concurrent", "ConcurrentExecutions", "Maximum"),
)


@dataclass
class Metrics:
    """Figures by function: `invocations`, `errors`, `throttles`, `duration_ms` (average), `concurrent` (most)."""

    start: datetime
    end: datetime
    functions: dict[str, dict[str, float]] = field(default_factory=dict)

    def total(self, name: str) -> float:
        """A figure over all functions: the sum, the weighted average of durations, the most at once of any."""
        if name == "duration_ms":
            calls = self.total("invocations")
            spent = sum(one["duration_ms"] * one["invocations"] for one in self.functions.values())
            return spent / calls if calls else 0.0
        values = [one[name] for one in self.functions.values()]
        return max(values, default=0.0) if name == "concurrent" else sum(values)

    def to_json(self) -> dict[str, Any]:
        """What `workshop metrics --json` prints."""
        return {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "functions": self.functions,
            "total": {name: self.total(name) for name, _, _ in _METRICS},
        }

    def __str__(self) -> str:
        period = f"{self.start:%B %d, %Y %H:%M} - {self.end:%B %d, %Y %H:%M} UTC"
        lines = ["Service wide metrics", period, "", *_lines({name: self.total(name) for name, _, _ in _METRICS})]
        if len(self.functions) > 1:
            for name, figures in self.functions.items():
                lines += ["", name, *_lines(figures)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def _lines(figures: dict[str, float]) -> list[str]:
    return [
        f"Invocations: {figures['invocations']:.0f}",
        f"Throttles: {figures['throttles']:.0f}",
        f"Errors: {figures['errors']:.0f}",
        f"Duration (avg.): {figures['duration_ms']:.2f}ms",
        f"Most at once: {figures['concurrent']:.0f}",
    ]


def metrics(service: Service, function: str = "", *, since: str | datetime | None = None) -> Metrics:
    """Reads the figures of a service, or of one function.

    Args:
        service: what `load` gave.
        function: its name in the file; all without.
        since: an age (`24h`, the default) or a time.

    Raises:
        WorkshopError: nothing was ever called, and it is not deployed.
    """
    names = [function] if function else list(service.functions)
    end = datetime.now(UTC)
    start = since_when(since) if isinstance(since, str) else since or end - timedelta(hours=24)
    if start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    period = _period(end - start)
    queries = [
        {
            "Id": f"f{number}_{key}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": metric,
                    "Dimensions": [{"Name": "FunctionName", "Value": service.function_name(name)}],
                },
                "Period": period,
                "Stat": statistic,
            },
        }
        for number, name in enumerate(names)
        for key, metric, statistic in _METRICS
    ]
    values: dict[str, list[float]] = {}
    api = clients(service.region, service.profile, service.endpoint).get("cloudwatch")
    for at in range(0, len(queries), 500):  # the most that one question may hold
        # A minute past now, so that the minute that is not over yet is counted.
        pages = api.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries[at : at + 500], StartTime=start, EndTime=end + timedelta(minutes=1)
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                values.setdefault(result["Id"], []).extend(result["Values"])
    found = {}
    for number, name in enumerate(names):
        calls = values.get(f"f{number}_invocations", [])
        figures = {key: _whole(key, values.get(f"f{number}_{key}", []), calls) for key, _, _ in _METRICS}
        found[name] = figures
    if not any(values.values()):
        info(service)  # figures outlive their service; without any, zeros would hide that there is none
    return Metrics(start, end, found)


def _whole(key: str, values: list[float], calls: list[float]) -> float:
    """One figure of the periods' figures."""
    if not values:
        return 0.0
    if key == "concurrent":
        return max(values)
    if key != "duration_ms":
        return float(sum(values))
    weights = calls if len(calls) == len(values) and any(calls) else [1.0] * len(values)
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


def _period(span: timedelta) -> int:
    """Seconds: an hour; for more than two weeks a day.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html
    """
    return 3600 if span <= timedelta(days=14) else 86400
