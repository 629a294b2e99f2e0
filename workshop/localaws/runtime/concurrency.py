"""How many requests may run at once: of a function that reserved some, and of all others together.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

from workshop.localaws.runtime.model import Throttled
from workshop.localaws.runtime.settings import EngineSettings


class Concurrency:
    """Counts requests under way, those that wait for a process included.

    Args:
        settings: gives the account's limit.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.running: dict[str, int] = {}
        self.reserved: dict[str, int] = {}
        self.total = 0

    def begin(self, arn: str) -> None:
        """Count a request of a function.

        Raises:
            Throttled: the function, or the account, already runs as many as it may.
        """
        limit = self.reserved.get(arn)
        if limit is not None:
            if self.running.get(arn, 0) >= limit:
                raise Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        elif self.total >= self.settings.account_concurrency - sum(self.reserved.values()):
            shared = self.total - sum(self.running.get(other, 0) for other in self.reserved)
            if shared >= self.settings.account_concurrency - sum(self.reserved.values()):
                raise Throttled("ConcurrentInvocationLimitExceeded")
        self.running[arn] = self.running.get(arn, 0) + 1
        self.total += 1

    def end(self, arn: str) -> None:
        """A request counts no longer."""
        self.total -= 1
        if self.running[arn] > 1:
            self.running[arn] -= 1
        else:
            del self.running[arn]

    def reserve(self, arn: str, concurrency: int | None) -> None:
        """Reserve for a function; 0 stops it, None ends the reservation."""
        if concurrency is None:
            self.reserved.pop(arn, None)
        else:
            self.reserved[arn] = concurrency
