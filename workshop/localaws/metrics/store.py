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
LAMBDA = ("Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions")
GATEWAY = ("Count", "4XXError", "5XXError", "Latency", "IntegrationLatency")


@dataclass(slots=True)
class Minute:
    """What was measured in one minute. `histogram`: number of a step of 1 % (see `step`) -> how often."""

    count: int = 0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    histogram: dict[int, int] = field(default_factory=dict)

    def add(self, value: float, *, distribution: bool = False) -> None:
        """One measurement."""
        self.count += 1
        self.total += value
        if value < self.low:
            self.low = value
        if value > self.high:
            self.high = value
        if distribution:
            number = step(value)
            self.histogram[number] = self.histogram.get(number, 0) + 1

    def merge(self, other: Minute) -> None:
        """Another minute's measurements too."""
        self.count += other.count
        self.total += other.total
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        for number, times in list(other.histogram.items()):  # a copy: requests go on being measured
            self.histogram[number] = self.histogram.get(number, 0) + times

    def percentile(self, percent: float) -> float:
        """The value below which that share of measurements lies; between the extremes, right to 1 %."""
        rank, seen = max(1, math.ceil(percent / 100 * self.count)), 0
        for number in sorted(self.histogram):
            seen += self.histogram[number]
            if seen >= rank:
                return min(max(math.exp(number / 100), self.low), self.high)
        return self.high


def step(value: float) -> int:
    """Which step of one per cent a value is in, so that a minute's histogram stays small."""
    return round(math.log(value) * 100) if value > 1e-9 else -2073


class Metrics:
    """All metrics of one cloud, by region. Written on the event loop, read from threads.

    A request is written once, under its finest dimensions; the coarser sets that CloudWatch shows as metrics of their
    own are added up when somebody reads them.
    """

    def __init__(self) -> None:
        self.regions: dict[str, OrderedDict[Key, OrderedDict[int, Minute]]] = {}
        self._at_hand: dict[tuple[str, str, Dimensions, int], tuple[Minute, ...]] = {}

    def add(self, region: str, key: Key, at: float, value: float, *, distribution: bool = False) -> None:
        """One measurement, `at` in epoch seconds."""
        self._minute(region, key, int(at) // 60 * 60).add(value, distribution=distribution)

    def _minute(self, region: str, key: Key, minute: int) -> Minute:
        metrics = self.regions.setdefault(region, OrderedDict())
        minutes = metrics.setdefault(key, OrderedDict())
        if len(metrics) > METRICS_KEPT:
            metrics.popitem(last=False)
        found = minutes.setdefault(minute, Minute())
        if len(minutes) > MINUTES_KEPT:
            minutes.popitem(last=False)
        return found

    def _five(
        self, region: str, namespace: str, names: tuple[str, ...], dimensions: Dimensions, at: float
    ) -> tuple[Minute, ...]:
        """This minute's records of several metrics; every request needs them, so they are found by one look-up."""
        minute = int(at) // 60 * 60
        key = (region, namespace, dimensions, minute)
        found = self._at_hand.get(key)
        if found is None:
            if len(self._at_hand) > METRICS_KEPT:
                self._at_hand.clear()
            found = tuple(self._minute(region, (namespace, name, dimensions), minute) for name in names)
            self._at_hand[key] = found
        return found

    def invoked(self, spec: FunctionSpec, invocation: Invocation, concurrent: int, at: float) -> None:
        """What Lambda measures of one request.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
        """
        dimensions = (("FunctionName", spec.name), ("Resource", resource_of(spec.name, spec.version)))
        count, errors, throttles, duration, running = self._five(spec.region, "AWS/Lambda", LAMBDA, dimensions, at)
        count.add(1.0)
        errors.add(1.0 if invocation.function_error else 0.0)
        throttles.add(0.0)
        duration.add(invocation.duration_ms, distribution=True)
        running.add(concurrent)

    def throttled(self, name: str, version: str, region: str, at: float) -> None:
        """A request that was refused: neither an invocation nor an error."""
        dimensions = (("FunctionName", name), ("Resource", resource_of(name, version)))
        self.add(region, ("AWS/Lambda", "Throttles", dimensions), at, 1.0)

    def served(
        self, region: str, api: str, stage: str, status: int, milliseconds: float, integration: float, at: float
    ) -> None:
        """What API Gateway measures of one request.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
        """
        dimensions = (("ApiName", api), ("Stage", stage))
        count, client, server, latency, inner = self._five(region, "AWS/ApiGateway", GATEWAY, dimensions, at)
        count.add(1.0)
        client.add(1.0 if 400 <= status < 500 else 0.0)
        server.add(1.0 if status >= 500 else 0.0)
        latency.add(milliseconds, distribution=True)
        inner.add(integration, distribution=True)

    def between(self, region: str, key: Key, start: float, end: float, period: int) -> dict[int, Minute]:
        """A metric's periods: beginning (epoch seconds) -> what was measured."""
        found: dict[int, Minute] = {}
        for finest, minutes in list(self.regions.get(region, {}).items()):
            if key not in shown(finest):
                continue
            for minute, measured in list(minutes.items()):
                if minute < end and minute + 60 > start:
                    found.setdefault(minute // period * period, Minute()).merge(measured)
        return dict(sorted(found.items()))

    def keys(self, region: str) -> list[Key]:
        """Every metric of a region, coarser ones included."""
        return list(dict.fromkeys(key for finest in list(self.regions.get(region, {})) for key in shown(finest)))

    def clear(self) -> None:
        """Forget all."""
        self.regions.clear()
        self._at_hand.clear()


def resource_of(name: str, version: str) -> str:
    """The Resource dimension: the name, with the version or alias when one was called."""
    return name if version == "$LATEST" else f"{name}:{version}"


def shown(finest: Key) -> tuple[Key, ...]:
    """The metrics that one measurement counts for: its own dimensions, those without the last, and for Lambda none."""
    namespace, name, dimensions = finest
    sets = [dimensions, dimensions[:-1]] if len(dimensions) > 1 else [dimensions]
    if namespace == "AWS/Lambda" and dimensions:
        sets.append(())
    return tuple((namespace, name, each) for each in sets)
