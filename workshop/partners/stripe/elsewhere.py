"""What Stripe's API has and the stand-in has not: known by address, so that a call to it is refused with a sentence.

The addresses are those that the locked `stripe` library calls (`endpoints.json`; a test holds it against the library).
What is in neither place is answered as Stripe answers an address that it does not have.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

# Addresses that Stripe still answers and its library no longer calls.
OLDER = (
    "GET /v1/customers/{}/cards",
    "POST /v1/customers/{}/cards",
    "GET /v1/customers/{}/bank_accounts",
    "GET /v1/customers/{}/subscriptions",
    "POST /v1/customers/{}/subscriptions",
    "POST /v1/charges/{}/refund",
    "POST /v1/charges/{}/refunds",
    "GET /v1/charges/{}/dispute",
    "POST /v1/charges/{}/dispute",
)


@cache
def addresses() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Method and pattern of every address."""
    listed = json.loads((Path(__file__).parent / "endpoints.json").read_text(encoding="utf-8"))
    pairs = (each.split(" ", 1) for each in (*listed, *OLDER))
    return tuple((method, re.compile(re.escape(path).replace(r"\{\}", "[^/]+"))) for method, path in pairs)


def knows(method: str, path: str) -> bool:
    """Whether Stripe has something at an address that the stand-in has nothing at."""
    return any(each == method and pattern.fullmatch(path) for each, pattern in addresses())
