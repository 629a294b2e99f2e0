"""Stripe's objects in memory: identifiers, look-ups and pages."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable
from typing import Any

from workshop.partners.stripe import errors

LETTERS = string.ascii_letters + string.digits
Object = dict[str, Any]

# Kind -> (prefix of its identifiers, length of the rest).
PREFIXES = {
    "charge": ("ch_", 24),
    "payment_intent": ("pi_", 24),
    "payment_method": ("pm_", 24),
    "token": ("tok_", 24),
    "card": ("card_", 24),
    "customer": ("cus_", 14),
    "refund": ("re_", 24),
    "event": ("evt_", 24),
    "webhook_endpoint": ("we_", 24),
    "balance_transaction": ("txn_", 24),
    "dispute": ("du_", 24),
    "radar.early_fraud_warning": ("issfr_", 24),
}
# How Stripe's messages call a kind.
SPOKEN = {
    "payment_method": "PaymentMethod",
    "webhook_endpoint": "webhook endpoint",
    "radar.early_fraud_warning": "early fraud warning",
}


class Store:
    """Every object of one test account, by kind and identifier, in the order of their making.

    Args:
        clock: epoch seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.chance = random.Random()
        self.clear()

    def clear(self) -> None:
        """Forgets everything."""
        self.tables: dict[str, dict[str, Object]] = {kind: {} for kind in PREFIXES}
        # What the API never shows: the test card behind a payment method, a token's use, an intent under way.
        self.hidden: dict[str, dict[str, Any]] = {}

    def now(self) -> int:
        """The time as the API writes it: whole epoch seconds."""
        return int(self.clock())

    def letters(self, count: int) -> str:
        """Random letters and digits."""
        return "".join(self.chance.choices(LETTERS, k=count))

    def new_id(self, kind: str, generation: str = "1") -> str:
        """A fresh identifier. Intents and what they make begin with 3, other objects with 1."""
        prefix, length = PREFIXES[kind]
        rest = self.letters(length - 1)
        return prefix + (rest + self.letters(1) if kind == "customer" else generation + rest)

    def add(self, item: Object) -> Object:
        """Keeps a new object."""
        self.tables[item["object"]][item["id"]] = item
        return item

    def of(self, identifier: str) -> dict[str, Any]:
        """The hidden facts about an object; empty at first."""
        return self.hidden.setdefault(identifier, {})

    def get(self, kind: str, identifier: str, *, param: str = "id", status: int = 404) -> Object:
        """The object. Raises ApiError when there is none: 404 for an address, 400 for a reference in a parameter."""
        item = self.tables[kind].get(identifier)
        if item is None:
            raise errors.no_such(SPOKEN.get(kind, kind), identifier[:100], param, status=status)
        return item

    def all(self, kind: str) -> list[Object]:
        """Every object of a kind, newest first."""
        return list(reversed(self.tables[kind].values()))


def page(items: Iterable[Object], given: dict[str, Any], url: str, kind: str) -> Object:
    """One page of a list, newest first.

    Args:
        items: all that the filters let through, newest first.
        given: `limit`, `starting_after`, `ending_before`, `created`, read already.
        url: the list's own address.
        kind: what the items are, for the message about an unknown cursor.

    https://docs.stripe.com/api/pagination
    """
    rows = [item for item in items if _within(item, given.get("created"))]
    limit = given.get("limit", 10)
    places = {item["id"]: place for place, item in enumerate(rows)}
    if "starting_after" in given and "ending_before" in given:
        message = "You may only specify one of these parameters: ending_before, starting_after."
        raise errors.invalid("ending_before", message)
    if "ending_before" in given:
        end = _place(places, given["ending_before"], "ending_before", kind)
        start = max(0, end - limit)
        return listing(rows[start:end], url, has_more=start > 0)
    start = _place(places, given["starting_after"], "starting_after", kind) + 1 if "starting_after" in given else 0
    return listing(rows[start : start + limit], url, has_more=start + limit < len(rows))


def listing(rows: list[Object], url: str, *, has_more: bool = False) -> Object:
    """A list object."""
    return {"object": "list", "data": rows, "has_more": has_more, "url": url}


def _place(places: dict[str, int], identifier: str, param: str, kind: str) -> int:
    if identifier not in places:
        raise errors.no_such(SPOKEN.get(kind, kind), identifier[:100], param)
    return places[identifier]


def _within(item: Object, bounds: dict[str, int] | None) -> bool:
    if not bounds:
        return True
    created = item["created"]
    return (
        created > bounds.get("gt", -1)
        and created >= bounds.get("gte", 0)
        and ("lt" not in bounds or created < bounds["lt"])
        and ("lte" not in bounds or created <= bounds["lte"])
    )
