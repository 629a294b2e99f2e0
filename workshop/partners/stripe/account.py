"""One test account: its objects, keys, settings and what is still to come."""

from __future__ import annotations

import copy
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from workshop.partners import PartnerContext
from workshop.partners.later import Later
from workshop.partners.stripe import errors
from workshop.partners.stripe.events import Events
from workshop.partners.stripe.idempotency import Idempotency
from workshop.partners.stripe.keys import Keys
from workshop.partners.stripe.store import Object, Store


@dataclass(slots=True)
class Settings:
    """How the stand-in behaves.

    Attributes:
        network_seconds: how long a card network takes to answer; 0 answers at once.
        requests_per_second: above it requests get 429; 0 has no limit. Stripe's sandboxes allow 25.
            https://docs.stripe.com/rate-limits
        webhooks: `sent` at once or `held` back until `/_stand_in/deliver`.
        balance_seconds: how long after an asynchronous capture its balance transaction is there (`charge.updated`).
        refund_seconds: how long after a refund the bank's late answer comes, with the test cards that have one.
        dispute_seconds: how long after a payment its dispute comes, and after its evidence the decision.
    """

    network_seconds: float = 0.0
    requests_per_second: int = 0
    webhooks: str = "sent"
    balance_seconds: float = 1.0
    refund_seconds: float = 5.0
    dispute_seconds: float = 2.0

    def change(self, wanted: dict[str, object]) -> None:
        """Changes what is named, all of it or nothing. Raises ValueError for nonsense."""
        for name, value in wanted.items():
            if name not in self.__slots__:
                raise ValueError(f"{name!r} is none of {', '.join(self.__slots__)}")
            if name == "webhooks":
                if value not in ("sent", "held"):
                    raise ValueError("webhooks is sent or held")
            elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1000:
                raise ValueError(f"{name} is a number from 0 to 1000")
        for name, value in wanted.items():
            setattr(self, name, value)


class Account:
    """Everything the stand-in knows."""

    def __init__(self, context: PartnerContext) -> None:
        self.clock = context.clock
        self.store = Store(context.clock)
        self.events = Events(self)
        self.waiting = Later(context.clock)
        self.reset()

    def reset(self) -> None:
        """Back to the first state: no objects, the two well-known keys, default settings."""
        self.store.clear()
        self.events.clear()
        self.waiting.clear()
        self.keys, self.settings = Keys(), Settings()
        self.idempotency = Idempotency(self.clock)
        self._recent: deque[float] = deque()

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Does something when the account's clock has gone on by so many seconds."""
        self.waiting.do(seconds, work)

    def emit(self, kind: str, item: Object, previous: Object | None = None) -> None:
        """Makes an event about something that happened by itself, without a request."""
        self.events.emit(kind, copy.deepcopy(item), previous, request_id=None, idempotency_key=None)

    def limit_rate(self) -> None:
        """Raises ApiError 429 when too many requests came within one second."""
        limit = self.settings.requests_per_second
        if not limit:
            return
        now = time.monotonic()
        while self._recent and now - self._recent[0] >= 1:
            self._recent.popleft()
        if len(self._recent) >= limit:
            raise errors.rate_limited()
        self._recent.append(now)
