"""Stripe's own library against the stand-in; every body that comes back is held against Stripe's schemas."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from jsonschema import Draft202012Validator
from stripe import HTTPClient, RequestsClient

from tests.partners.serving import Moving, served
from tests.partners.stripe.library_schemas import schema
from tests.support import LONGEST

KEY = "sk_test_workshop"
SCHEMAS = json.loads((Path(__file__).parents[2] / "fixtures" / "stripe_schemas.json").read_text(encoding="utf-8"))
KINDS = ("charge", "payment_intent", "refund", "event", "customer", "webhook_endpoint")


def validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator({**SCHEMAS, "$ref": f"#/$defs/{kind}"})


VALIDATORS = {kind: validator(kind) for kind in (*KINDS, "error")} | {
    kind: Draft202012Validator(schema(cls))
    for kind, cls in {
        "balance_transaction": stripe.BalanceTransaction,
        "card": stripe.Card,
        "dispute": stripe.Dispute,
        "payment_method": stripe.PaymentMethod,
        "radar.early_fraud_warning": stripe.radar.EarlyFraudWarning,
        "token": stripe.Token,
    }.items()
}


def check(body: Any) -> None:
    """Fails when a body, or an object inside it, is not as Stripe describes it."""
    if "error" in body and "object" not in body:
        VALIDATORS["error"].validate(body)
        return
    if body.get("object") in ("list", "search_result"):
        for item in body["data"]:
            check(item)
    elif body.get("object") in VALIDATORS and not body.get("deleted"):
        VALIDATORS[body["object"]].validate(body)
        if body["object"] == "event":
            check(body["data"]["object"])


class Checking(RequestsClient):
    """Stripe's HTTP client, with a look at every body."""

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        content, status, answered = super().request(method, url, headers, post_data)
        check(json.loads(content))
        return content, status, answered


@pytest.fixture(scope="session")
def clock() -> Moving:
    return Moving()


@pytest.fixture(scope="session")
def address(clock: Moving) -> Iterator[str]:
    with served("stripe", clock) as url:
        yield url


@pytest.fixture
def url(address: str) -> str:
    """The stand-in's address, in its first state."""
    httpx.post(f"{address}/_stand_in/reset").raise_for_status()
    return address


@pytest.fixture
def api(url: str) -> Any:
    """The v1 services of Stripe's client, without retries."""
    return make_client(url).v1


@pytest.fixture
def raw(url: str) -> Iterator[httpx.Client]:
    """HTTP without the library: what it would never send."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        yield client


@pytest.fixture
def door(url: str) -> Callable[..., Any]:
    """`door("settings", network_seconds=0.1)`: tells the stand-in something."""

    def tell(name: str, **body: Any) -> Any:
        answer = httpx.post(f"{url}/_stand_in/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return tell


def make_client(url: str, key: str = KEY, retries: int = 0, http: HTTPClient | None = None) -> stripe.StripeClient:
    """Stripe's client for the stand-in: nothing but the base address differs from the real thing."""
    return stripe.StripeClient(
        key, base_addresses={"api": url}, max_network_retries=retries, http_client=http or Checking(timeout=LONGEST)
    )
