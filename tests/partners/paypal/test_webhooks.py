"""PayPal's webhooks, their signatures, and payments that PayPal decides later."""

from __future__ import annotations

import base64
import json
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.partners.paypal.test_paypal import (  # fixtures among them
    TEN_POUNDS,
    address,
    api,
    capture,
    captured,
    clock,
    door,
    issue,
    order,
    refund,
    url,
)
from tests.partners.serving import eventually

__all__ = ["address", "api", "clock", "door", "url"]
NOTES = "/v1/notifications"
DAY = 24 * 3600
EVERYTHING = [{"name": "*"}]


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[Any]]]:
    """An address of ours and what arrived there: (headers, body)."""
    arrived: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", arrived
    server.shutdown()
    server.server_close()


@pytest.fixture
def webhook(api, receiver) -> dict[str, Any]:
    made = api.post(f"{NOTES}/webhooks", json={"url": receiver[0], "event_types": EVERYTHING})
    assert made.status_code == 201
    return made.json()


def asked(headers: dict[str, str], body: bytes, webhook_id: str) -> dict[str, Any]:
    """What a listener sends to have a delivery verified."""
    named = {name.lower(): value for name, value in headers.items()}
    return {
        "auth_algo": named["paypal-auth-algo"],
        "cert_url": named["paypal-cert-url"],
        "transmission_id": named["paypal-transmission-id"],
        "transmission_sig": named["paypal-transmission-sig"],
        "transmission_time": named["paypal-transmission-time"],
        "webhook_id": webhook_id,
        "webhook_event": json.loads(body),
    }


def kinds(arrived: list[Any]) -> set[str]:
    return {json.loads(body)["event_type"] for _, body in arrived}


def test_a_delivery_can_be_verified_by_oneself(api, door, webhook, receiver):
    """https://developer.paypal.com/api/rest/webhooks/rest/#self-verification-method"""
    order(api, door)
    assert eventually(lambda: receiver[1])
    headers, body = receiver[1][0]
    given = asked(headers, body, webhook["id"])
    key = x509.load_pem_x509_certificate(httpx.get(given["cert_url"]).content).public_key()
    parts = (given["transmission_id"], given["transmission_time"], webhook["id"], str(zlib.crc32(body)))
    text, signature = "|".join(parts).encode(), base64.b64decode(given["transmission_sig"])
    key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        key.verify(signature, text + b"1", padding.PKCS1v15(), hashes.SHA256())
    event = json.loads(body)
    assert (event["event_type"], event["resource_type"]) == ("CHECKOUT.ORDER.APPROVED", "checkout-order")
    assert event["resource"]["purchase_units"][0]["amount"]["value"] == "10.00"


@pytest.mark.parametrize("change", ["", "event", "webhook_id", "transmission_sig", "transmission_time", "cert_url"])
def test_paypal_verifies_a_delivery(api, door, webhook, receiver, change):
    """https://developer.paypal.com/docs/api/webhooks/v1/#verify-webhook-signature_post"""
    order(api, door)
    assert eventually(lambda: receiver[1])
    given = asked(*receiver[1][0], webhook["id"])
    if change == "event":
        given["webhook_event"]["resource"]["purchase_units"][0]["amount"]["value"] = "1.00"
    elif change == "cert_url":
        given[change] = "http://127.0.0.1:9/cert"
    elif change:
        given[change] = given[change].replace(given[change][0], "Z", 1)
    answer = api.post(f"{NOTES}/verify-webhook-signature", json=given)
    assert (answer.status_code, answer.json()["verification_status"]) == (200, "FAILURE" if change else "SUCCESS")
    del given["auth_algo"]
    assert issue(api.post(f"{NOTES}/verify-webhook-signature", json=given))[::2] == (400, "MISSING_REQUIRED_PARAMETER")


def test_webhooks_are_managed(api, door, receiver):
    """https://developer.paypal.com/docs/api/webhooks/v1/"""
    wanted = {"url": receiver[0], "event_types": [{"name": "PAYMENT.CAPTURE.COMPLETED"}]}
    made = api.post(f"{NOTES}/webhooks", json=wanted).json()
    assert issue(api.post(f"{NOTES}/webhooks", json=wanted))[2] == "WEBHOOK_URL_ALREADY_EXISTS"
    assert api.get(f"{NOTES}/webhooks").json()["webhooks"] == [made]
    captured(api, door)
    assert eventually(lambda: receiver[1])
    assert kinds(receiver[1]) == {"PAYMENT.CAPTURE.COMPLETED"}
    change = [{"op": "replace", "path": "/event_types", "value": EVERYTHING}]
    assert api.patch(f"{NOTES}/webhooks/{made['id']}", json=change).json()["event_types"] == EVERYTHING
    assert api.delete(f"{NOTES}/webhooks/{made['id']}").status_code == 204
    assert api.get(f"{NOTES}/webhooks/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("change", "issue_"),
    [
        ({"url": "nonsense"}, "INVALID_PARAMETER_VALUE"),
        ({"url": "https://example.com/hook"}, "INVALID_PARAMETER_VALUE"),
        ({"url": "http://127.0.0.1:99999/"}, "INVALID_PARAMETER_VALUE"),
        ({"event_types": []}, "MISSING_REQUIRED_PARAMETER"),
        ({"event_types": [{"name": "BILLING.PLAN.CREATED"}]}, "NOT_SUPPORTED"),
        ({"event_types": ["*"]}, "NOT_SUPPORTED"),
    ],
)
def test_webhooks_that_cannot_be(api, change, issue_):
    wanted = {"url": "http://127.0.0.1:9/", "event_types": EVERYTHING} | change
    assert issue(api.post(f"{NOTES}/webhooks", json=wanted))[::2] == (400, issue_)
    assert api.get(f"{NOTES}/webhooks").json()["webhooks"] == []


def test_an_event_is_sent_again_on_request(api, door, webhook, receiver):
    door("settings", webhooks="held")
    order(api, door)
    (event,) = api.get(f"{NOTES}/webhooks-events").json()["events"]
    assert receiver[1] == []
    assert [each["state"] for each in door("deliveries")] == ["held"]
    door("deliver", event=event["id"])
    door("settings", webhooks="sent")
    assert api.post(f"{NOTES}/webhooks-events/{event['id']}/resend", json={}).status_code == 202
    assert eventually(lambda: len(receiver[1]) == 2)
    assert [json.loads(body) for _, body in receiver[1]] == [event, event]


def test_a_failed_delivery_is_tried_again(api, door, clock):
    """https://developer.paypal.com/api/rest/webhooks/rest/: up to 25 times over three days"""
    api.post(f"{NOTES}/webhooks", json={"url": "http://127.0.0.1:9/", "event_types": EVERYTHING})
    order(api, door)
    assert eventually(lambda: door("deliveries")[0]["attempts"] == 1)
    clock.time += 3 * 3600
    assert eventually(lambda: door("deliveries")[0]["attempts"] == 2)


# Captures that are not simply completed


@pytest.mark.parametrize(("instrument", "reason", "days"), [("echeck", "ECHECK", 6), ("review", "PENDING_REVIEW", 1)])
def test_a_pending_capture_is_completed_later(api, door, clock, instrument, reason, days):
    """The order says COMPLETED and the money is not there: https://developer.paypal.com/docs/api/payments/v2/#captures_get"""
    identifier = order(api)
    door("approve", order=identifier, instrument=instrument)
    done = capture(api, identifier).json()
    taken = done["purchase_units"][0]["payments"]["captures"][0]
    assert (done["status"], taken["status"], taken["status_details"]) == ("COMPLETED", "PENDING", {"reason": reason})
    assert "refund" not in [link["rel"] for link in taken["links"]]
    assert "paypal_fee" not in taken["seller_receivable_breakdown"]
    assert issue(refund(api, taken["id"]))[::2] == (422, "PENDING_CAPTURE")
    clock.time += days * DAY + 1
    path = f"/v2/payments/captures/{taken['id']}"
    assert eventually(lambda: door("captures")[0]["status"] == "COMPLETED")
    token = httpx.post(f"{api.base_url}/v1/oauth2/token", auth=("workshop-client", "workshop-secret"), data=GRANT)
    after = api.get(path, headers={"Authorization": f"Bearer {token.json()['access_token']}"}).json()
    assert (after["status"], "status_details" in after) == ("COMPLETED", False)
    assert after["seller_receivable_breakdown"]["net_amount"]["value"] == "9.41"


GRANT = {"grant_type": "client_credentials"}


def test_a_pending_capture_may_be_denied(api, door, webhook, receiver):
    """https://developer.paypal.com/api/rest/webhooks/event-names/#link-paymentsv2"""
    identifier = order(api, invoice_id="INV-9")
    door("approve", order=identifier, instrument="review")
    taken = capture(api, identifier).json()["purchase_units"][0]["payments"]["captures"][0]
    door("decide", capture=taken["id"], status="DECLINED")
    assert api.get(f"/v2/payments/captures/{taken['id']}").json()["status"] == "DECLINED"
    assert issue(refund(api, taken["id"]))[::2] == (422, "REFUND_NOT_ALLOWED")
    assert eventually(lambda: {"PAYMENT.CAPTURE.PENDING", "PAYMENT.CAPTURE.DENIED"} <= kinds(receiver[1]))
    again = order(api, door, invoice_id="INV-9")
    assert capture(api, again).status_code == 201


def test_a_declined_capture_took_nothing(api, door, webhook, receiver):
    identifier = order(api)
    door("approve", order=identifier, instrument="refused")
    done = capture(api, identifier)
    assert done.status_code == 201
    assert done.json()["purchase_units"][0]["payments"]["captures"][0]["status"] == "DECLINED"
    assert eventually(lambda: "PAYMENT.CAPTURE.DECLINED" in kinds(receiver[1]))


@pytest.mark.parametrize(("status", "left"), [("COMPLETED", "REFUNDED"), ("FAILED", "COMPLETED")])
def test_a_refund_to_a_bank_account_is_pending_first(api, door, webhook, receiver, status, left):
    """https://developer.paypal.com/docs/api/payments/v2/#refunds_get"""
    identifier = order(api)
    door("approve", order=identifier, instrument="echeck")
    taken = capture(api, identifier).json()["purchase_units"][0]["payments"]["captures"][0]["id"]
    door("decide", capture=taken, status="COMPLETED")
    made = refund(api, taken).json()
    found = api.get(f"/v2/payments/refunds/{made['id']}").json()
    assert (found["status"], found["status_details"]) == ("PENDING", {"reason": "ECHECK"})
    assert issue(refund(api, taken))[2] == "CAPTURE_FULLY_REFUNDED"
    door("decide", refund=made["id"], status=status)
    assert api.get(f"/v2/payments/refunds/{made['id']}").json()["status"] == status
    assert api.get(f"/v2/payments/captures/{taken}").json()["status"] == left
    last = "PAYMENT.CAPTURE.REFUNDED" if status == "COMPLETED" else "PAYMENT.REFUND.FAILED"
    wanted = {"PAYMENT.REFUND.PENDING", last}
    assert eventually(lambda: wanted <= kinds(receiver[1]))


# Items and breakdown: https://developer.paypal.com/docs/api/orders/v2/#definition-amount_breakdown


def money(value: str, code: str = "GBP") -> dict[str, str]:
    return {"currency_code": code, "value": value}


SOFA = {"name": "Sofa", "quantity": "2", "unit_amount": money("4.00"), "tax": money("0.50"), "sku": "S-1"}
PARTS = {"item_total": money("8.00"), "tax_total": money("1.00"), "shipping": money("2.00"), "discount": money("1.00")}


def unit(**change: Any) -> dict[str, Any]:
    whole = {"amount": money("10.00") | {"breakdown": PARTS}, "items": [SOFA]}
    return {**TEN_POUNDS, "purchase_units": [whole | change]}


def test_items_add_up(api):
    made = api.post("/v2/checkout/orders", json=unit(), headers={"Prefer": "return=representation"})
    assert made.status_code == 201, made.text
    shown = made.json()["purchase_units"][0]
    assert (shown["items"], shown["amount"]["breakdown"]) == ([SOFA], PARTS)


@pytest.mark.parametrize(
    ("change", "status", "issue_", "field"),
    [
        ({"items": [SOFA | {"quantity": "3"}]}, 422, "ITEM_TOTAL_MISMATCH", "item_total/value"),
        ({"items": [SOFA | {"tax": money("1.00")}]}, 422, "TAX_TOTAL_MISMATCH", "tax_total/value"),
        ({"amount": money("10.00")}, 422, "ITEM_TOTAL_REQUIRED", "breakdown/item_total"),
        ({"amount": money("9.99") | {"breakdown": PARTS}}, 422, "AMOUNT_MISMATCH", "amount/value"),
        ({"items": [SOFA | {"unit_amount": money("4.00", "EUR")}]}, 422, "MULTI_CURRENCY_ORDER", "currency_code"),
        ({"items": [SOFA | {"quantity": "0"}]}, 400, "INVALID_PARAMETER_SYNTAX", "quantity"),
        ({"items": [SOFA | {"quantity": 2}]}, 400, "INVALID_PARAMETER_SYNTAX", "quantity"),
        ({"items": [SOFA | {"name": ""}]}, 400, "INVALID_STRING_LENGTH", "name"),
        ({"items": [{"name": "Sofa"}]}, 400, "MISSING_REQUIRED_PARAMETER", "unit_amount"),
        ({"items": [SOFA | {"category": "FOOD"}]}, 400, "INVALID_PARAMETER_VALUE", "category"),
        ({"items": [SOFA | {"image_url": "x"}]}, 400, "NOT_SUPPORTED", "image_url"),
        ({"items": "x"}, 400, "INVALID_PARAMETER_SYNTAX", "items"),
        ({"items": ["x"]}, 400, "INVALID_PARAMETER_SYNTAX", "items/0"),
        ({"amount": money("10.00") | {"breakdown": {"tip": money("1.00")}}}, 400, "INVALID_PARAMETER_SYNTAX", "tip"),
    ],
)
def test_items_that_do_not_add_up(api, change, status, issue_, field):
    answer = api.post("/v2/checkout/orders", json=unit(**change))
    assert issue(answer)[::2] == (status, issue_)
    assert answer.json()["details"][0]["field"].endswith(field)


@pytest.mark.parametrize(
    ("method", "path", "knows"),
    [
        ("PATCH", "/v2/checkout/orders/X", True),
        ("POST", "/v2/checkout/orders/X/authorize", True),
        ("POST", "/v1/payments/payouts", True),
        ("GET", "/v1/customer/disputes", True),
        ("POST", "/v3/vault/setup-tokens", True),
        ("GET", "/v2/checkout/nonsense", False),
        ("POST", "/v9/checkout/orders", False),
    ],
)
def test_what_paypal_has_and_what_nobody_has(api, method, path, knows):
    body = api.request(method, path).json()
    assert ("does not do" in body["message"], body["name"]) == (knows, "RESOURCE_NOT_FOUND")
