"""PayPal: an order, the buyer's approval, the capture (https://developer.paypal.com/docs/api/orders/v2/)."""

import json
import os
import time

import httpx
from access_ssm import get_ssm
from money import Money

from providers.base import About, BaseProvider, NotKnown, Outcome

http = httpx.Client(base_url=os.environ["PAYPAL_API_BASE"], timeout=4)
# https://developer.paypal.com/api/rest/reference/currency-codes/
CURRENCIES = {"GBP", "EUR", "USD", "CHF", "SEK", "JPY"}
# What the link to the buyer's page is called, with a payment source and without.
GO_THERE = ("payer-action", "approve")
# Payments keep their PayPal-Request-Id for 45 days. https://developer.paypal.com/reference/guidelines/idempotency/
KEPT_SECONDS = 40 * 24 * 3600
BUYERS = ("ORDER_NOT_APPROVED", "INSTRUMENT_DECLINED", "PAYER_ACTION_REQUIRED")  # the buyer goes there again
KEYS_ARE_WRONG = (401, 403)
# https://developer.paypal.com/api/rest/webhooks/rest/#verify-webhook-signature
PROOF = ("auth_algo", "cert_url", "transmission_id", "transmission_sig", "transmission_time")


class Provider(BaseProvider):
    """`source` is not needed: the buyer chooses at PayPal. The reference is the order's, the receipt the capture's."""

    def check(self, currency, source):
        if currency not in CURRENCIES:
            raise ValueError(f"PayPal does not take {currency}")

    def begin(self, payment):
        after = {"return_url": payment.return_url, "cancel_url": payment.return_url}
        unit = {
            "custom_id": f"{payment.books}/{payment.name}",
            "invoice_id": f"{payment.name}-{payment.key[:8]}",
            "amount": amount(payment),
        }
        order = {
            "intent": "CAPTURE",
            "purchase_units": [unit],
            "payment_source": {"paypal": {"experience_context": after}},
        }
        status, made = call("POST", "/v2/checkout/orders", payment.key, order)
        return order_of(made) if status < 300 else failed(status, made)

    def take(self, payment, source):
        path = f"/v2/checkout/orders/{payment.reference}/capture"
        status, order = call("POST", path, f"capture-{payment.key}", {})
        if status < 300:
            return order_of(order)
        now = self.ask(payment)  # no error is proof of anything: an earlier call may have gone through
        if now.state not in ("pending", "approved"):
            return now
        if issue_of(order) in BUYERS:
            return Outcome("pending", payment.reference, url=now.url, reason=reason_of(order))
        return failed(status, order, payment.reference)

    def ask(self, payment):
        status, order = call("GET", f"/v2/checkout/orders/{payment.reference}")
        if status < 300:
            return order_of(order)
        if status == 404 and issue_of(order):  # an order that no buyer approved of is gone after some hours
            return Outcome("unknown" if payment.taking else "dead", payment.reference)
        return Outcome("broken" if status in KEYS_ARE_WRONG else "unknown", payment.reference)

    def stop(self, payment):
        """PayPal has no call for it, and needs none: only our own capture takes money, and there will be none."""
        now = self.ask(payment)
        return Outcome("dead", payment.reference) if now.state in ("pending", "approved") else now

    def refund(self, payment, refund):
        if time.time() - refund.since > KEPT_SECONDS:
            return Outcome("unknown")
        path = f"/v2/payments/captures/{payment.receipt}/refund"
        body = {"amount": amount(payment, refund.amount), "invoice_id": refund.key}
        body["custom_id"] = f"{payment.books}/{refund.name}"
        status, made = call("POST", path, refund.key, body)
        return refund_of(made) if status < 300 else failed(status, made)

    def ask_refund(self, payment, refund):
        """Without an id there is nothing to ask: the same request again, with the same key, is the question."""
        if not refund.receipt:
            return Outcome("absent")
        status, found = call("GET", f"/v2/payments/refunds/{refund.receipt}")
        return refund_of(found) if status < 300 else Outcome("broken" if status in KEYS_ARE_WRONG else "unknown")

    def told(self, raw, headers):
        """PayPal itself says whether an event is its own.

        https://developer.paypal.com/docs/api/webhooks/v1/#verify-webhook-signature_post
        """
        try:
            event = json.loads(raw)
        except RecursionError:  # anybody can send us brackets
            raise ValueError("Nested too deeply.") from None
        if not isinstance(event, dict):
            raise ValueError("An event is an object.")
        [webhook_id] = get_ssm(["paypal_webhook_id"])
        proof = {name: headers.get("paypal-" + name.replace("_", "-"), "") for name in PROOF}
        body = proof | {"webhook_id": webhook_id, "webhook_event": event}
        status, said = call("POST", "/v1/notifications/verify-webhook-signature", "", body)
        if status >= 300 and status != 400:
            raise NotKnown(f"PayPal answered {status}")
        if said.get("verification_status") != "SUCCESS":
            raise ValueError("The signature does not fit.")
        return about(event)


def about(event):
    """Our name stands behind the table's in `custom_id`: several stages may share one account."""
    kind, thing = str(event.get("event_type")), event.get("resource")
    if not isinstance(thing, dict) or "id" not in thing:  # an event of another product of PayPal's: none of ours
        return About(kind)
    unit = (thing.get("purchase_units") or [thing])[0]
    books, _, name = str(unit.get("custom_id", "")).partition("/")
    name = name.partition("#")[0] if books == os.environ["ITEMS_TABLE"] else ""
    if "REFUND" in kind:
        return About(kind, "refund", name, "", thing["id"])
    related = thing.get("supplementary_data", {}).get("related_ids", {})
    order = thing["id"] if "purchase_units" in thing else related.get("order_id", "")
    return About(kind, "payment", name, order, thing["id"])


def order_of(order):
    """What an order's status means here: it may be completed while its capture is not."""
    url = next((link["href"] for link in order.get("links", []) if link["rel"] in GO_THERE), "")
    if order["status"] == "COMPLETED":
        capture = order["purchase_units"][0]["payments"]["captures"][0]
        return capture_of(order["id"], capture)
    state = {"APPROVED": "approved", "VOIDED": "dead"}.get(order["status"], "pending")
    return Outcome(state, order["id"], url=url)


def capture_of(reference, capture):
    """https://developer.paypal.com/docs/api/payments/v2/#captures_get: PENDING is not paid."""
    if capture["status"] in ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"):
        money = Money.read(capture["amount"]["value"], capture["amount"]["currency_code"])
        return Outcome("paid", reference, capture["id"], money.amount, money.currency)
    if capture["status"] in ("DECLINED", "FAILED"):
        return Outcome("dead", reference, reason="PayPal declined the payment.")
    return Outcome("processing", reference)


def refund_of(refund):
    state = {"COMPLETED": "succeeded", "FAILED": "failed", "CANCELLED": "failed"}.get(refund["status"], "pending")
    money = Money.read(refund["amount"]["value"], refund["amount"]["currency_code"])
    row = refund.get("custom_id", "").partition("/")[2]
    ours = {"row": row, "key": refund.get("invoice_id", "")} if "#" in row else {}
    return Outcome(state, receipt=refund["id"], amount=money.amount, currency=money.currency, **ours)


def failed(status, answer, reference=""):
    """What an error says about the call that it answers; about earlier calls it says nothing."""
    if status in KEYS_ARE_WRONG:
        return Outcome("broken", reference)
    if status == 409 or status >= 500 or not issue_of(answer):  # such as too many requests
        return Outcome("unknown", reference)
    return Outcome("refused", reference, reason=reason_of(answer))


def issue_of(answer):
    return answer["details"][0].get("issue", "") if answer.get("details") else ""


def reason_of(answer):
    return answer["details"][0].get("description", "PayPal refused the request.")


def amount(payment, part=None):
    money = Money(payment.amount if part is None else part, payment.currency)
    return {"currency_code": money.currency, "value": money.text}


def call(method, path, key="", body=None):
    """One call with a fresh token; 503 when there was no answer that says anything. `key` makes it happen once."""
    try:
        headers = {"Authorization": f"Bearer {token()}", "Prefer": "return=representation"}
        headers |= {"PayPal-Request-Id": key} if key else {}
        response = http.request(method, path, json=body, headers=headers)
        return response.status_code, response.json()
    except httpx.HTTPStatusError as error:  # no token
        return (401 if error.response.status_code in KEYS_ARE_WRONG else 503), {}
    except (httpx.HTTPError, ValueError):
        return 503, {}


def token():
    client_id, secret = get_ssm(["paypal_client_id", "paypal_client_secret"])
    form = {"grant_type": "client_credentials"}
    return http.post("/v1/oauth2/token", data=form, auth=(client_id, secret)).raise_for_status().json()["access_token"]
