"""Throttling: token buckets, off unless a stage, a route or a usage plan sets a rate.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

# What API Gateway puts into a stage's settings when only something else was set there.
_DEFAULTS = (1000.0, 2000.0)


class Bucket:
    """Holds `burst` tokens at most and gets `rate` new ones a second; a request takes one."""

    __slots__ = ("burst", "rate", "since", "tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, max(burst, 0.0)
        self.tokens, self.since = self.burst, time.monotonic()

    def take(self) -> bool:
        """Whether there was a token."""
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.since) * self.rate)
        self.since = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def number(record: Mapping[str, Any] | None, name: str) -> float | None:
    """A member as the API writes it (rateLimit) or as CloudFormation does (RateLimit); None when it is not a number."""
    value = record.get(name, record.get(name[0].upper() + name[1:])) if record else None
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


class Throttle:
    """The buckets of one stage, by settings key: `*/*` or `~1orders/GET` for REST, the route key for HTTP APIs.

    Args:
        settings: the stage's method or route settings by key.
        otherwise: the key whose settings hold for everything that has none of its own.
    """

    def __init__(self, settings: Mapping[str, Any], otherwise: str) -> None:
        self.otherwise = otherwise
        self._buckets: dict[str, Bucket] = {}
        for key, one in settings.items():
            rate, burst = number(one, "throttlingRateLimit"), number(one, "throttlingBurstLimit")
            if (rate is not None or burst is not None) and (rate, burst) != _DEFAULTS:
                self._buckets[key] = Bucket(10_000.0 if rate is None else rate, 5_000.0 if burst is None else burst)

    def passes(self, key: str) -> bool:
        """Whether a request for this key may go on."""
        if not self._buckets:
            return True
        bucket = self._buckets.get(key) or self._buckets.get(self.otherwise)
        return bucket is None or bucket.take()
