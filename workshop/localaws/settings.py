"""What a reader may set of the offline cloud."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Settings:
    """Settings of the offline cloud; those of the engine are its own (`localaws/runtime/settings.py`).

    Args:
        region: where things are when a request does not say.
        account: the account id; moto's own.
        enforce_iam: check what function roles and other principals may do.
        retry_seconds: waits before the two retries of an asynchronous invocation, on the cloud's clock
            (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html).
        transaction_seconds: how long a DynamoDB transaction takes at least; who meets it meanwhile is refused.
        log_events_per_group: the oldest beyond it are dropped.
    """

    region: str = "eu-west-1"
    account: str = "123456789012"
    enforce_iam: bool = True
    retry_seconds: tuple[float, float] = (60.0, 120.0)
    transaction_seconds: float = 0.0
    log_events_per_group: int = 10_000
