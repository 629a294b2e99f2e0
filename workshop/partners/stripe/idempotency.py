"""Idempotency keys as Stripe documents them for version 1 of its API.

The first request's status and body are kept once its endpoint began its work, and replayed to every later one with the
same key, also when it was a decline. Other parameters are an error. Nothing is kept when the parameters were refused or
while another request with this key is under way. Keys are forgotten after 24 hours.
https://docs.stripe.com/api/idempotent_requests
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from workshop.partners.stripe import errors

LONGEST = 255
KEPT_SECONDS = 24 * 3600


@dataclass(slots=True)
class Kept:
    """What is known of one key: the request it came with, and the answer once there is one."""

    endpoint: str
    parameters: str
    request_id: str
    at: float
    status: int | None = None
    body: bytes = b""


class Idempotency:
    """The account's idempotency keys."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.kept: dict[str, Kept] = {}

    def begin(self, key: str, endpoint: str, raw: bytes, request_id: str) -> Kept | None:
        """Begins a request with this key.

        Returns:
            The earlier request's answer, to be replayed; None when this one is the first.

        Raises:
            ApiError: the key is too long, in use, or came with another request.
        """
        if len(key) > LONGEST:
            message = f"Idempotency keys can be up to {LONGEST} characters long; yours has {len(key)}."
            raise errors.ApiError(400, message, type="idempotency_error")
        parameters, now = hashlib.sha256(raw).hexdigest(), self.clock()
        first = self.kept.get(key)
        if first is None or now - first.at >= KEPT_SECONDS:
            self.kept[key] = Kept(endpoint, parameters, request_id, now)
            return None
        if first.endpoint != endpoint:
            raise errors.other_endpoint(key, endpoint, first.endpoint)
        if first.parameters != parameters:
            raise errors.other_parameters(key)
        if first.status is None:
            raise errors.key_in_use(key)
        return first

    def finish(self, key: str, status: int, body: bytes) -> None:
        """Keeps the answer of the first request."""
        self.kept[key].status, self.kept[key].body = status, body

    def forget(self, key: str) -> None:
        """The first request did nothing: the key is free again."""
        self.kept.pop(key, None)
