"""API keys and usage plans of REST APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from __future__ import annotations

import time
from typing import Any

from workshop.localaws.apigateway.exchange import Request
from workshop.localaws.apigateway.throttle import Bucket, number

_PERIODS = {"DAY": "%Y-%m-%d", "WEEK": "%G-W%V", "MONTH": "%Y-%m"}


class UsagePlans:
    """Holds keys against moto's store; counts quotas and throttles per key and plan.

    Args:
        backend: moto's apigateway backend of one account and region.
    """

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self._used: dict[tuple[str, str, str], int] = {}
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def check(self, request: Request, api_id: str, stage: str) -> tuple[str, dict[str, str]]:
        """Whether the request's `x-api-key` opens the stage.

        Returns:
            (gateway response type, {}) when refused, ("", identity with apiKey and apiKeyId) when let in.
        """
        value = request.header(b"x-api-key")
        key = next((one for one in self.backend.keys.values() if one.value == value), None) if value else None
        if key is None or not _truth(key.enabled):
            return "INVALID_API_KEY", {}
        plan = self._plan(key, api_id, stage)
        if plan is None:
            return "INVALID_API_KEY", {}
        if not self._under_rate(plan, key.id):
            return "THROTTLED", {}
        if not self._under_quota(plan, key.id, request.started):
            return "QUOTA_EXCEEDED", {}
        return "", {"apiKey": value, "apiKeyId": key.id}

    def _plan(self, key: Any, api_id: str, stage: str) -> Any:
        for plan_id, keys in self.backend.usage_plan_keys.items():
            plan = self.backend.usage_plans.get(plan_id)
            if plan is None or key.id not in keys:
                continue
            for served in plan.api_stages:
                if _either(served, "apiId") == api_id and _either(served, "stage") == stage:
                    return plan
        return None

    def _under_rate(self, plan: Any, key_id: str) -> bool:
        rate, burst = number(plan.throttle, "rateLimit"), number(plan.throttle, "burstLimit")
        if not rate and not burst:
            return True
        bucket = self._buckets.get((plan.id, key_id))
        if bucket is None or (bucket.rate, bucket.burst) != (rate or 0.0, burst or 1.0):
            bucket = self._buckets[(plan.id, key_id)] = Bucket(rate or 0.0, burst or 1.0)
        return bucket.take()

    def _under_quota(self, plan: Any, key_id: str, now: float) -> bool:
        limit = number(plan.quota, "limit")
        if not limit:
            return True
        period = time.strftime(_PERIODS.get(str(_either(plan.quota, "period")), "%Y-%m"), time.gmtime(now))
        used = self._used.get((plan.id, key_id, period), 0)
        if used >= limit:
            return False
        self._used[(plan.id, key_id, period)] = used + 1
        return True


def _either(record: Any, name: str) -> Any:
    """A member as the API writes it (apiId) or as CloudFormation does (ApiId)."""
    return record.get(name, record.get(name[0].upper() + name[1:])) if record else None


def _truth(value: Any) -> bool:
    return value.lower() == "true" if isinstance(value, str) else bool(value)
