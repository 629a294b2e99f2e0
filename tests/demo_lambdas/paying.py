"""What the tests of the payment services share: stand-ins of their own, tables, API Gateway's events."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import stripe

from tests.support import unique

KEY = "sk_test_workshop"
# What a stranger may send instead of a payment.
NONSENSE = [None, "", "{", "[]", '"x"', "null", "7", "�", "x" * 1_000_000, "[" * 100_000]
HALF_A_LETTER = "tok_visa\ud83d"  # JSON can spell it (a lone surrogate), and no other encoding can


class StandIn:
    """A stand-in for one test module: tell it things, look at what it has."""

    def __init__(self, url: str) -> None:
        self.url = url

    def tell(self, door: str, **body: Any) -> Any:
        answer = httpx.post(f"{self.url}/_stand_in/{door}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def reset(self) -> None:
        self.tell("reset")

    @property
    def stripe(self) -> Any:
        """Stripe's own client, to see what a handler did."""
        return stripe.StripeClient(KEY, base_addresses={"api": self.url}, max_network_retries=0).v1

    def charges(self) -> list[Any]:
        """The charges that succeeded."""
        return [each for each in self.stripe.charges.list({"limit": 100}).auto_paging_iter() if each.paid]


def table(client: Callable[..., Any], key: str, *, settled: bool = True) -> str:
    """A new table with one text key. Returns its name.

    Args:
        settled: False for one whose items wait in the sparse index `Unsettled` until they are.
    """
    name, kinds = unique(f"payments-{key.replace('_', '-')}"), {key: "S"}
    index = {"KeySchema": [{"AttributeName": "unsettled", "KeyType": "HASH"}]}
    index["KeySchema"].append({"AttributeName": "since", "KeyType": "RANGE"})
    index |= {"IndexName": "Unsettled", "Projection": {"ProjectionType": "KEYS_ONLY"}}
    if not settled:
        kinds |= {"unsettled": "S", "since": "N"}
    client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": kind} for each, kind in kinds.items()],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        **({} if settled else {"GlobalSecondaryIndexes": [index]}),
    )
    return name


def books(client: Callable[..., Any], key: str) -> dict[str, str]:
    """The four tables of a payment service, as its variables name them.

    Args:
        key: the key of its items, `order_id` or `payment`.
    """
    return {
        "ITEM_KEY": key,
        "SERVICE": "test",
        "ITEMS_TABLE": table(client, key, settled=False),
        "REFUNDS_TABLE": table(client, "refund", settled=False),
        "LEDGER_TABLE": table(client, "entry_id"),
        "ALARMS_TABLE": table(client, "alarm"),
    }


def request(body: Any, *, headers: dict[str, str] | None = None, path: dict[str, str] | None = None) -> dict[str, Any]:
    """A REST API's event: `body` as text, or as JSON when it is an object."""
    text = json.dumps(body) if isinstance(body, dict) else body
    return {"headers": headers or {}, "pathParameters": path, "body": text, "isBase64Encoded": False}


def in_base64(event: dict[str, Any]) -> dict[str, Any]:
    """The same event as API Gateway sends it for a binary media type."""
    return event | {"body": base64.b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}


def told(response: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and JSON of a handler's answer."""
    return response["statusCode"], json.loads(response["body"])
