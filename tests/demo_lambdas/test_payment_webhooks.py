"""What Stripe and PayPal tell the deployed payment service: signed by them, through its API, and nobody else asks."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import pytest

from tests.partners.serving import eventually
from workshop.cloud.clouds import Cloud
from workshop.scenarios.insurance import Insurance
from workshop.scenarios.stripe_side import delete_secrets, put_secrets

STRIPE_KINDS = ["payment_intent.succeeded", "payment_intent.payment_failed"]


class Told:
    """The deployed service, with both providers' webhooks leading to it."""

    def __init__(self, cloud: Cloud) -> None:
        self.insurance, self.paypal = Insurance(cloud), cloud.partners["paypal"]
        self.base = self.insurance.address.removesuffix("/payments")
        login = httpx.post(
            f"{self.paypal}/v1/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=("workshop-client", "workshop-secret"),
        )
        self.api = httpx.Client(
            base_url=self.paypal, headers={"Authorization": f"Bearer {login.json()['access_token']}"}, timeout=60
        )
        wanted = {"url": f"{self.base}/webhooks/paypal", "event_types": [{"name": "*"}]}
        self.webhook = self.api.post("/v1/notifications/webhooks", json=wanted).json()["id"]
        secret = self.insurance.stripe.register(f"{self.base}/webhooks/stripe", STRIPE_KINDS)
        put_secrets(paypal_webhook_id=self.webhook, stripe_webhook_secret=secret)

    def close(self) -> None:
        self.api.delete(f"/v1/notifications/webhooks/{self.webhook}")
        self.insurance.stripe.unregister(f"{self.base}/webhooks/stripe")
        delete_secrets("paypal_webhook_id", "stripe_webhook_secret")
        self.insurance.close()

    def paying(self, provider: str = "paypal", **more: Any) -> dict[str, Any]:
        answer = self.insurance.post(provider=provider, **more)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def approve(self, answered: dict[str, Any], instrument: str = "good") -> None:
        """The buyer approves at PayPal, and closes the page: nobody calls `finish`."""
        order = answered["url"].partition("token=")[2]
        done = httpx.post(f"{self.paypal}/_stand_in/approve", json={"order": order, "instrument": instrument})
        assert done.status_code == 200, done.text

    def decide(self, capture: str, status: str) -> None:
        """What PayPal finds out days later."""
        done = httpx.post(f"{self.paypal}/_stand_in/decide", json={"capture": capture, "status": status})
        assert done.status_code == 200, done.text

    def captures(self, name: str) -> list[dict[str, Any]]:
        found = httpx.get(f"{self.paypal}/_stand_in/captures").json()
        return [each for each in found if each["custom_id"].endswith(f"/{name}")]

    def state(self, name: str) -> str:
        """The payment's state in the service's own books."""
        for table in self.insurance.tables:
            keys = [
                key["AttributeName"]
                for key in boto3.client("dynamodb").describe_table(TableName=table)["Table"]["KeySchema"]
            ]
            if keys == ["payment"]:
                return boto3.resource("dynamodb").Table(table).get_item(Key={"payment": name})["Item"]["state"]
        raise AssertionError("no table of payments")


@pytest.fixture(scope="module")
def told_of(cloud: Cloud) -> Iterator[Told]:
    told = Told(cloud)
    yield told
    told.close()


def test_the_buyer_approves_at_paypal_and_closes_the_page(told_of: Told) -> None:
    """https://developer.paypal.com/api/rest/webhooks/event-names/#orders: CHECKOUT.ORDER.APPROVED"""
    answered = told_of.paying()
    told_of.approve(answered)
    assert eventually(lambda: told_of.state(answered["payment"]) == "paid")
    assert [each["status"] for each in told_of.captures(answered["payment"])] == ["COMPLETED"]


@pytest.mark.parametrize(("decided", "state"), [("COMPLETED", "paid"), ("DECLINED", "open")])
def test_a_capture_that_paypal_decides_later(told_of: Told, decided: str, state: str) -> None:
    """https://developer.paypal.com/api/rest/webhooks/event-names/#captures: PAYMENT.CAPTURE.COMPLETED and .DENIED"""
    answered = told_of.paying()
    told_of.approve(answered, instrument="echeck")
    assert eventually(lambda: [each["status"] for each in told_of.captures(answered["payment"])] == ["PENDING"])
    [capture] = told_of.captures(answered["payment"])
    assert told_of.state(answered["payment"]) == "open", "pending is not paid"
    told_of.decide(capture["id"], decided)
    name = {"COMPLETED": "PAYMENT.CAPTURE.COMPLETED", "DECLINED": "PAYMENT.CAPTURE.DENIED"}[decided]
    assert eventually(lambda: [each["status"] for each in deliveries(told_of, name)][-1:] == [200])
    assert told_of.state(answered["payment"]) == state
    again = told_of.insurance.post(provider="paypal", reference=answered["payment"].removeprefix("learner-"))
    if state == "paid":
        assert (again.status_code, again.json()["state"]) == (200, "paid")
    else:  # nothing was taken: the buyer may go to PayPal again, to an order of its own
        assert (again.status_code, again.json()["url"] != answered["url"]) == (202, True)


def deliveries(told_of: Told, name: str) -> list[dict[str, Any]]:
    """How PayPal fared with the events of a name, oldest first."""
    return [each for each in httpx.get(f"{told_of.paypal}/_stand_in/deliveries").json() if each["type"] == name]


def test_stripe_tells_of_a_payment_whose_buyer_closed_the_page(told_of: Told) -> None:
    """3-D Secure: https://docs.stripe.com/payments/3d-secure/authentication-flow"""
    answered = told_of.paying("stripe", source="tok_threeDSecureRequired")
    assert told_of.state(answered["payment"]) == "open"
    intent = next(
        each
        for each in told_of.insurance.stripe.api.payment_intents.list({"limit": 10}).data
        if each.metadata.to_dict().get("payment") == answered["payment"]
    )
    told_of.insurance.stripe.tell("3d_secure", payment_intent=intent.id, passed=True)
    assert eventually(lambda: told_of.state(answered["payment"]) == "paid")


@pytest.mark.parametrize("provider", ["paypal", "stripe"])
@pytest.mark.parametrize("body", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, "[]", "7", "no JSON", ""])
def test_what_nobody_signed_is_a_400(told_of: Told, provider: str, body: str) -> None:
    answer = httpx.post(f"{told_of.base}/webhooks/{provider}", content=body.encode(), timeout=60)
    assert (answer.status_code, answer.json()) == (400, {"error": "This is not a webhook of ours."})


def test_an_unsigned_event_changes_nothing(told_of: Told) -> None:
    answered = told_of.paying()
    event = {"id": "WH-1", "event_type": "CHECKOUT.ORDER.APPROVED", "resource": {"id": "x"}}
    assert httpx.post(f"{told_of.base}/webhooks/paypal", content=json.dumps(event), timeout=60).status_code == 400
    assert told_of.state(answered["payment"]) == "open"


@pytest.mark.parametrize(
    "event", [{}, {"resource": None}, {"resource": []}, {"resource": {"id": 7, "purchase_units": []}}]
)
def test_a_signed_event_of_another_form_is_none_of_ours(
    service: Callable[..., Any], client: Callable[..., Any], event: dict[str, Any]
) -> None:
    from tests.demo_lambdas.paying import books

    service(
        "payment_service",
        STRIPE_API_BASE="http://127.0.0.1:1",
        PAYPAL_API_BASE="http://127.0.0.1:1",
        RETURN_URL="http://127.0.0.1:1/back",
        **books(client, "payment"),
    )
    from importlib import import_module

    import_module("providers.paypal")
    assert sys.modules["providers.paypal"].about(event).name == ""
