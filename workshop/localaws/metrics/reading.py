"""CloudWatch's reading operations over our metrics and moto's custom ones alike.

moto's own statistics ignore that a metric is its exact set of dimensions, know no percentiles and hold one object a
measurement; these methods take their place on its backend, which keeps answering in every protocol.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from workshop.localaws.metrics import expressions
from workshop.localaws.metrics.store import Key, Metrics, Minute, step
from workshop.localaws.moto import stores

OWN = ("AWS/Lambda", "AWS/ApiGateway")
UNITS = {"Duration": "Milliseconds", "Latency": "Milliseconds", "IntegrationLatency": "Milliseconds"}
PERCENTILE = re.compile(r"p(?P<value>\d{1,2}(?:\.\d+)?|100)")
STATISTICS = {
    "SampleCount": lambda part: float(part.count),
    "Sum": lambda part: part.total,
    "Average": lambda part: part.total / part.count,
    "Minimum": lambda part: part.low,
    "Maximum": lambda part: part.high,
}
MOST = 1440  # datapoints in one answer


def plain(value: Any) -> Any:
    """A request's parameters as ordinary dicts."""
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def seconds(when: Any) -> float:
    """Epoch seconds of a time as moto parses it: naive means UTC."""
    if isinstance(when, datetime):
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    return float(when)


class Reader:
    """Reads the metrics of one region."""

    def __init__(self, metrics: Metrics, backend: Any) -> None:
        self.metrics, self.backend, self.region = metrics, backend, backend.region_name

    def periods(
        self, namespace: str, name: str, dimensions: Iterable[Any], start: float, end: float, period: int
    ) -> dict[int, Minute]:
        """What was measured of one metric, by the beginning of each period."""
        wanted = tuple(sorted((each["Name"], each["Value"]) for each in dimensions))
        if namespace in OWN:
            return self.metrics.between(self.region, (namespace, name, wanted), start, end, period)
        found: dict[int, Minute] = {}
        for datum in self.backend.get_all_metrics():
            if (
                datum.namespace == namespace
                and datum.name == name
                and sorted((d.name, d.value) for d in datum.dimensions) == list(wanted)
            ):
                at = seconds(datum.timestamp)
                if start <= at < end:
                    self._add(found.setdefault(int(at) // period * period, Minute()), datum)
        return dict(sorted(found.items()))

    @staticmethod
    def _add(part: Minute, datum: Any) -> None:
        if hasattr(datum, "value"):
            part.add(float(datum.value), distribution=True)
            return
        mean = float(datum.sum) / max(1, datum.sample_count)
        given = Minute(int(datum.sample_count), float(datum.sum), float(datum.min), float(datum.max))
        given.histogram[step(mean)] = given.count
        part.merge(given)

    def statistics(self, given: dict[str, Any]) -> dict[str, Any]:
        """GetMetricStatistics."""
        wanted, extended = given.get("Statistics") or [], given.get("ExtendedStatistics") or []
        if not wanted and not extended:
            raise refused("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics")
        start, end, period = seconds(given["StartTime"]), seconds(given["EndTime"]), int(given["Period"])
        if start >= end:
            raise refused("InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.")
        if period < 1 or (period % 60 and period not in (1, 5, 10, 20, 30)):
            raise refused(
                "InvalidParameterValue",
                f"The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60, not {period}.",
            )
        if (end - start) / period > MOST:
            raise refused(
                "InvalidParameterCombination",
                f"You have requested up to {int((end - start) / period):,} datapoints, which exceeds "
                f"the limit of {MOST:,}. You may reduce the datapoints requested by increasing "
                "Period, or decreasing the time range.",
            )
        parts = self.periods(given["Namespace"], given["MetricName"], given.get("Dimensions") or [], start, end, period)
        unit = unit_of(given["Namespace"], given["MetricName"])
        points = []
        for at, part in parts.items():
            point: dict[str, Any] = {"Timestamp": datetime.fromtimestamp(at, UTC).replace(tzinfo=None), "Unit": unit}
            point |= {name: STATISTICS[name](part) for name in wanted if name in STATISTICS}
            if extended:
                point["ExtendedStatistics"] = {name: worth(name, part) for name in extended}
            points.append(point)
        return {"Label": given["MetricName"], "Datapoints": points}

    def data(
        self, queries: list[dict[str, Any]], start_time: Any, end_time: Any, *, newest_first: bool
    ) -> list[dict[str, Any]]:
        """GetMetricData."""
        start, end = seconds(start_time), seconds(end_time)
        if start >= end:
            raise refused("ValidationError", "The parameter EndTime must be greater than StartTime.")
        series: dict[str, dict[int, float]] = {}
        for query in queries:
            stat = query.get("MetricStat")
            if stat:
                metric, period = stat["Metric"], int(stat["Period"])
                parts = self.periods(
                    metric["Namespace"], metric["MetricName"], metric.get("Dimensions") or [], start, end, period
                )
                series[query["Id"]] = {at: worth(stat["Stat"], part) for at, part in parts.items()}
        answer = []
        for query in queries:
            if query.get("Expression"):
                series[query["Id"]] = expressions.evaluate(query["Expression"], series)
            if str(query.get("ReturnData", True)).lower() == "false":
                continue
            points = sorted(series[query["Id"]].items(), reverse=newest_first)
            metric = (query.get("MetricStat") or {}).get("Metric") or {}
            answer.append(
                {
                    "Id": query["Id"],
                    "Label": query.get("Label") or metric.get("MetricName") or query["Id"],
                    "Timestamps": [datetime.fromtimestamp(at, UTC).replace(tzinfo=None) for at, _ in points],
                    "Values": [value for _, value in points],
                    "StatusCode": "Complete",
                }
            )
        return answer

    def listed(self, namespace: str | None, name: str | None, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """ListMetrics, our own."""

        def fits(key: Key) -> bool:
            had = dict(key[2])
            return (
                namespace in (None, "", key[0])
                and name in (None, "", key[1])
                and all(each["Name"] in had and each.get("Value") in (None, had[each["Name"]]) for each in wanted)
            )

        return [
            {
                "Namespace": key[0],
                "MetricName": key[1],
                "Dimensions": [{"Name": one, "Value": value} for one, value in key[2]],
            }
            for key in self.metrics.keys(self.region)
            if fits(key)
        ]


def refused(kind: str, message: str) -> Exception:
    """CloudWatch's own exception, such as `InvalidParameterValue`."""
    return stores.error("cloudwatch", kind)(message)


def unit_of(namespace: str, name: str) -> str:
    """The unit that AWS gives a metric."""
    return UNITS.get(name, "Count") if namespace in OWN else "None"


def worth(statistic: str, part: Minute) -> float:
    """One statistic of one period.

    Raises:
        InvalidParameterValue: no such statistic.
    """
    if statistic in STATISTICS:
        return float(STATISTICS[statistic](part))
    found = PERCENTILE.fullmatch(statistic)
    if found:
        return part.percentile(float(found["value"]))
    why = f"Value {statistic} at 'Stat' is not a statistic that the offline cloud knows."
    raise refused("InvalidParameterValue", why)
