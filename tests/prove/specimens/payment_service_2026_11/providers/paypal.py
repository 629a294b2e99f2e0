"""PayPal: an order, the buyer's approval, the capture (https://developer.paypal.com/docs/api/orders/v2/)."""

import os

import httpx
from access_ssm import get_ssm

from providers.base import BaseProvider, Outcome

http = httpx.Client(base_url=os.environ["PAYPAL_API_BASE"], timeout=4)
# https://developer.paypal.com/api/rest/reference/currency-codes/
CURRENCIES = {"GBP", "EUR", "USD", "CHF", "SEK", "JPY"}
# What the link to the buyer's page is called, with a payment source and without.
GO_THERE = ("payer-action", "approve")


class Provider(BaseProvider):
    """`source` is not needed: the buyer chooses at PayPal. The reference is the order's, later the capture's."""

    def pay(self, payment, source):
        if payment.money.currency not in CURRENCIES:
            raise ValueError(f"PayPal does not take {payment.money.currency}")
        after = {"return_url": payment.return_url, "cancel_url": payment.return_url}
        unit = {"custom_id": payment.key, "invoice_id": payment.key, "amount": amount(payment.money)}
        order = {
            "intent": "CAPTURE",
            "purchase_units": [unit],
            "payment_source": {"paypal": {"experience_context": after}},
        }
        status, made = call("POST", "/v2/checkout/orders", payment.key, order)
        if status == 409 or status >= 500:
            return Outcome("unknown")
        if status >= 400:
            raise ValueError(made["details"][0]["description"])
        url = next((link["href"] for link in made["links"] if link["rel"] in GO_THERE), "")
        return Outcome("pending", made["id"], url=url)

    def finish(self, payment):
        path = f"/v2/checkout/orders/{payment.reference}"
        status, order = call("POST", f"{path}/capture", f"capture-{payment.key}", {})
        if status < 300:
            return Outcome("paid", capture_in(order))
        if status == 409 or status >= 500:
            return Outcome("unknown", payment.reference)
        issue = order["details"][0]["issue"]
        if issue == "ORDER_ALREADY_CAPTURED":  # by a request whose answer was lost
            status, order = call("GET", path, payment.key)
            return Outcome("paid", capture_in(order)) if status == 200 else Outcome("unknown", payment.reference)
        if issue in ("ORDER_NOT_APPROVED", "INSTRUMENT_DECLINED"):  # the buyer goes back and chooses
            return Outcome("pending", payment.reference, reason=order["details"][0]["description"])
        return Outcome("declined", payment.reference, reason=order["details"][0]["description"])

    def refund(self, payment):
        path, body = f"/v2/payments/captures/{payment.reference}/refund", {"amount": amount(payment.money)}
        status, made = call("POST", path, f"refund-{payment.key}", body)
        if status == 409 or status >= 500:
            raise ValueError("PayPal does not answer. Ask again: it cannot be given back twice.")
        if status >= 400:
            raise ValueError(made["details"][0]["description"])
        return Outcome("refunded", made["id"])


def amount(money):
    return {"currency_code": money.currency, "value": money.text}


def capture_in(order):
    return order["purchase_units"][0]["payments"]["captures"][0]["id"]


def call(method, path, key, body=None):
    """One call with a fresh token; 503 when there was no answer that says anything. `key` makes it happen once."""
    try:
        headers = {"Authorization": f"Bearer {token()}", "PayPal-Request-Id": key}
        response = http.request(method, path, json=body, headers=headers)
        found = response.json()
        if response.is_error and "details" not in found:  # such as too many requests
            return 503, {}
        return response.status_code, found
    except (httpx.HTTPError, ValueError):
        return 503, {}


def token():
    client_id, secret = get_ssm(["paypal_client_id", "paypal_client_secret"])
    form = {"grant_type": "client_credentials"}
    return http.post("/v1/oauth2/token", data=form, auth=(client_id, secret)).raise_for_status().json()["access_token"]
