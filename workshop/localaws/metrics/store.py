"""Metrics by the minute, bounded: counts, sums, extremes and a coarse histogram for percentiles."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field

from workshop.localaws.runtime.model import FunctionSpec, Invocation

Dimensions = tuple[tuple[str, str], ...]
Key = tuple[str, str, Dimensions]  # namespace, metric, dimensions sorted by name
MINUTES_KEPT = 1440  # of each metric: a day of traffic without a pause
METRICS_KEPT = 2000


@dataclass(slots=True)
class Minute:
    """What was measured in one minute. `histogram`: value rounded to 1 % -> how often."""

    count: int = 0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    histogram: dict[float, int] = field(default_factory=dict)

    def add(self, value: float, *, distribution: bool) -> None:
        """One measurement."""
        self.count += 1
        self.total += value
        self.low, self.high = min(self.low, value), max(self.high, value)
        if distribution:
            rounded = coarse(value)
            self.histogram[rounded] = self.histogram.get(rounded, 0) + 1

    def merge(self, other: Minute) -> None:
        """Another minute's measurements too."""
        self.count += other.count
        self.total += other.total
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        for value, times in other.histogram.items():
            self.histogram[value] = self.histogram.get(value, 0) + times

    def percentile(self, percent: float) -> float:
        """The value below which that share of measurements lies; between the extremes, right to 1 %."""
        rank, seen = max(1, math.ceil(percent / 100 * self.count)), 0
        for value in sorted(self.histogram):
            seen += self.histogram[value]
            if seen >= rank:
                return min(max(value, self.low), self.high)
        return self.high


def coarse(value: float) -> float:
    """Rounded to steps of one per cent, so that a minute's histogram stays small."""
    if value <= 0:
        return 0.0
    return float(f"{math.exp(round(math.log(value) * 100) / 100):.4g}")


class Metrics:
    """All metrics of one cloud, by region. Written on the event loop, read from threads."""

    def __init__(self) -> None:
        self.regions: dict[str, OrderedDict[Key, OrderedDict[int, Minute]]] = {}
        self.running: dict[str, int] = {}

    def add(self, region: str, key: Key, at: float, value: float, *, distribution: bool = False) -> None:
        """One measurement, `at` in epoch seconds."""
        metrics = self.regions.get(region)
        if metrics is None:
            metrics = self.regions[region] = OrderedDict()
        minutes = metrics.get(key)
        if minutes is None:
            minutes = metrics[key] = OrderedDict()
            if len(metrics) > METRICS_KEPT:
                metrics.popitem(last=False)
        minute = int(at) // 60 * 60
        found = minutes.get(minute)
        if found is None:
            found = minutes[minute] = Minute()
            if len(minutes) > MINUTES_KEPT:
                minutes.popitem(last=False)
        found.add(value, distribution=distribution)

    def invoked(self, spec: FunctionSpec, invocation: Invocation, concurrent: int, at: float) -> None:
        """What Lambda measures of one request.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
        """
        failed = 1.0 if invocation.function_error else 0.0
        for dimensions in dimensions_of(spec.name, spec.version):
            self.add(spec.region, ("AWS/Lambda", "Invocations", dimensions), at, 1.0)
            self.add(spec.region, ("AWS/Lambda", "Errors", dimensions), at, failed)
            self.add(spec.region, ("AWS/Lambda", "Throttles", dimensions), at, 0.0)
            self.add(spec.region, ("AWS/Lambda", "Duration", dimensions), at, invocation.duration_ms, distribution=True)
            self.add(spec.region, ("AWS/Lambda", "ConcurrentExecutions", dimensions), at, concurrent)

    def throttled(self, name: str, version: str, region: str, at: float) -> None:
        """A request that was refused: neither an invocation nor an error."""
        for dimensions in dimensions_of(name, version):
            self.add(region, ("AWS/Lambda", "Throttles", dimensions), at, 1.0)

    def served(
        self, region: str, api: str, stage: str, status: int, milliseconds: float, integration: float, at: float
    ) -> None:
        """What API Gateway measures of one request.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
        """
        for dimensions in ((("ApiName", api), ("Stage", stage)), (("ApiName", api),)):
            for name, value in (
                ("Count", 1.0),
                ("4XXError", float(400 <= status < 500)),
                ("5XXError", float(status >= 500)),
            ):
                self.add(region, ("AWS/ApiGateway", name, dimensions), at, value)
            self.add(region, ("AWS/ApiGateway", "Latency", dimensions), at, milliseconds, distribution=True)
            self.add(region, ("AWS/ApiGateway", "IntegrationLatency", dimensions), at, integration, distribution=True)

    def between(self, region: str, key: Key, start: float, end: float, period: int) -> dict[int, Minute]:
        """A metric's periods: beginning (epoch seconds) -> what was measured."""
        found: dict[int, Minute] = {}
        for minute, measured in list(self.regions.get(region, {}).get(key, {}).items()):
            if start <= minute < end or (minute < start < minute + 60 and start < end):
                found.setdefault(minute // period * period, Minute()).merge(measured)
        return dict(sorted(found.items()))

    def keys(self, region: str) -> list[Key]:
        """Every metric of a region."""
        return list(self.regions.get(region, {}))

    def clear(self) -> None:
        """Forget all."""
        self.regions.clear()


def dimensions_of(name: str, version: str) -> tuple[Dimensions, ...]:
    """A function's, the function's with its version, and the account's."""
    resource = name if version == "$LATEST" else f"{name}:{version}"
    return ((("FunctionName", name),), (("FunctionName", name), ("Resource", resource)), ())
