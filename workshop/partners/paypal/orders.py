"""Orders, captures and refunds of one sandbox merchant.

https://developer.paypal.com/docs/api/orders/v2/ · https://developer.paypal.com/docs/api/payments/v2/
"""

from __future__ import annotations

import copy
import random
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from workshop.partners.paypal import items, money
from workshop.partners.paypal.errors import PayPalError

LETTERS = string.ascii_uppercase + string.digits
PAYER = {
    "name": {"given_name": "John", "surname": "Doe"},
    "email_address": "customer@example.com",
    "payer_id": "QYR5Z8XDVJNXQ",
}
PAYEE = {"email_address": "merchant@example.com", "merchant_id": "ABCDEFGHJKLMN"}
TEXTS = {"reference_id": 256, "description": 127, "custom_id": 127, "invoice_id": 127, "soft_descriptor": 22}
# Parts of an order that move no money here; refused rather than ignored.
BEYOND = ("payment_instruction", "supplementary_data")
DAY = 24 * 3600
# What a buyer pays with, and what becomes of the capture then: its status, why, and when PayPal decides.
INSTRUMENTS = {
    "good": ("COMPLETED", "", 0),
    "declined": ("", "", 0),  # refused as a whole: INSTRUMENT_DECLINED, and the order waits for another
    "echeck": ("PENDING", "ECHECK", 6 * DAY),
    "review": ("PENDING", "PENDING_REVIEW", DAY),
    "refused": ("DECLINED", "", 0),
}
REFUND_SECONDS = 3 * DAY  # until a refund to a bank account is there
FEE_SHARE, FEE_FIXED = Decimal("0.029"), Decimal("0.30")
Object = dict[str, Any]


@dataclass(slots=True)
class Order:
    """An order: what the API shows of it, and what it keeps to itself."""

    body: Object
    return_url: str = ""
    cancel_url: str = ""
    instrument: str = "good"  # what the buyer chose to pay with: one of INSTRUMENTS

    @property
    def status(self) -> str:
        return self.body["status"]


@dataclass(slots=True)
class Merchant:
    """Everything the merchant has: orders, captures, refunds.

    Attributes:
        clock: epoch seconds.
        base_url: where the links in the bodies lead.
        later: does something after so many seconds.
        emit: makes an event: its type, the resource, a summary.
    """

    clock: Callable[[], float]
    base_url: str
    later: Callable[[float, Callable[[], None]], None]
    emit: Callable[[str, Object, str], None]
    orders: dict[str, Order] = field(default_factory=dict)
    captures: dict[str, Object] = field(default_factory=dict)
    refunds: dict[str, Object] = field(default_factory=dict)
    invoices: set[str] = field(default_factory=set)
    by_bank: set[str] = field(default_factory=set)  # captures that were paid from a bank account
    chance: random.Random = field(default_factory=random.Random)

    def new_id(self) -> str:
        return "".join(self.chance.choices(LETTERS, k=17))

    def now(self) -> str:
        """The time as PayPal writes it."""
        return datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def link(self, rel: str, path: str, method: str = "GET") -> Object:
        return {"href": f"{self.base_url}{path}", "rel": rel, "method": method}

    def order(self, identifier: str) -> Order:
        """The order. Raises PayPalError 404 when there is none."""
        if identifier not in self.orders:
            raise PayPalError(404, "INVALID_RESOURCE_ID")
        return self.orders[identifier]

    def create(self, given: Object) -> Order:
        """A new order from a request's body. Raises PayPalError when it is not well-formed."""
        check_order(given)
        units, identifier = copy.deepcopy(given["purchase_units"]), self.new_id()
        for unit in units:
            code, value = money.read(unit["amount"], "")
            unit |= {"reference_id": unit.get("reference_id", "default"), "payee": PAYEE}
            parts = {"breakdown": unit["amount"]["breakdown"]} if "breakdown" in unit["amount"] else {}
            unit["amount"] = money.shown(code, value) | parts
        body = {
            "id": identifier,
            "intent": "CAPTURE",
            "status": "CREATED",
            "purchase_units": units,
            "create_time": self.now(),
        }
        context = experience(given)
        order = Order(body, context.get("return_url", ""), context.get("cancel_url", ""))
        self.orders[identifier] = order
        self.relink(order)
        return order

    def relink(self, order: Order) -> None:
        """The links of an order: what can be done with it next."""
        path = f"/v2/checkout/orders/{order.body['id']}"
        links = [self.link("self", path)]
        if order.status in ("CREATED", "APPROVED"):
            links.append(self.link("approve", f"/checkoutnow?token={order.body['id']}"))
            links.append(self.link("capture", f"{path}/capture", "POST"))
        order.body["links"] = links

    def approve(self, order: Order, *, instrument: str) -> None:
        """The buyer's step: signed in, looked at the amount, chose how to pay."""
        order.instrument = instrument
        order.body |= {"status": "APPROVED", "payer": PAYER, "payment_source": {"paypal": wallet()}}
        self.relink(order)
        self.emit("CHECKOUT.ORDER.APPROVED", order.body, "An order has been approved by buyer")

    def check_capturable(self, order: Order) -> None:
        """Raises PayPalError when the order cannot be captured now."""
        if order.status == "COMPLETED":
            raise PayPalError(422, "ORDER_ALREADY_CAPTURED")
        if order.status != "APPROVED":
            raise PayPalError(422, "ORDER_NOT_APPROVED")
        if order.instrument == "declined":
            raise PayPalError(422, "INSTRUMENT_DECLINED")
        for unit in order.body["purchase_units"]:
            if unit.get("invoice_id") in self.invoices:
                raise PayPalError(422, "DUPLICATE_INVOICE_ID")

    def capture(self, order: Order) -> None:
        """Takes the money of an approved order."""
        self.check_capturable(order)
        for unit in order.body["purchase_units"]:
            capture = self.new_capture(order, unit)
            self.captures[capture["id"]] = capture
            if order.instrument == "echeck":
                self.by_bank.add(capture["id"])
            unit["payments"] = {"captures": [capture]}
            if "invoice_id" in unit and capture["status"] != "DECLINED":
                self.invoices.add(unit["invoice_id"])
        order.body |= {"status": "COMPLETED", "update_time": self.now()}
        self.relink(order)
        for unit in order.body["purchase_units"]:
            self.announce(unit["payments"]["captures"][0])
        self.emit("CHECKOUT.ORDER.COMPLETED", order.body, "Checkout Order Completed")

    def announce(self, capture: Object) -> None:
        """The event about a capture that was just made or decided."""
        amount = f"{capture['amount']['value']} {capture['amount']['currency_code']}"
        words = {
            "COMPLETED": ("COMPLETED", f"Payment completed for {amount}"),
            "PENDING": ("PENDING", f"Payment pending for {amount}"),
            "DECLINED": ("DECLINED", f"Payment declined for {amount}"),
        }
        kind, summary = words[capture["status"]]
        self.emit(f"PAYMENT.CAPTURE.{kind}", capture, summary)

    def decide(self, capture: Object, status: str) -> None:
        """PayPal's late decision on a capture that is PENDING: `COMPLETED`, or `DECLINED`.

        https://developer.paypal.com/api/rest/webhooks/event-names/#link-paymentsv2
        """
        if capture["status"] != "PENDING":
            return
        capture |= {"status": status, "update_time": self.now()}
        del capture["status_details"]
        if status == "COMPLETED":
            capture["seller_receivable_breakdown"] = self.received(capture["amount"])
            capture["links"].insert(1, self.link("refund", f"/v2/payments/captures/{capture['id']}/refund", "POST"))
            self.announce(capture)
            return
        self.invoices.discard(capture.get("invoice_id", ""))
        amount = f"{capture['amount']['value']} {capture['amount']['currency_code']}"
        self.emit("PAYMENT.CAPTURE.DENIED", capture, f"Payment denied for {amount}")

    def received(self, amount: Object) -> Object:
        """What the merchant gets of an amount."""
        code, value = money.read(amount, "")
        fee = min(value, (value * FEE_SHARE + FEE_FIXED).quantize(Decimal(1 if code in money.NO_DECIMALS else "0.01")))
        return {
            "gross_amount": amount,
            "paypal_fee": money.shown(code, fee),
            "net_amount": money.shown(code, value - fee),
        }

    def new_capture(self, order: Order, unit: Object) -> Object:
        """A capture of one purchase unit: what it is follows from what the buyer pays with."""
        identifier, (code, value) = self.new_id(), money.read(unit["amount"], "")
        status, reason, seconds = INSTRUMENTS[order.instrument]
        amount = money.shown(code, value)
        path = f"/v2/payments/captures/{identifier}"
        named: Object = {name: unit[name] for name in ("custom_id", "invoice_id") if name in unit}
        capture: Object = {
            "id": identifier,
            "status": status,
            "amount": amount,
            "final_capture": True,
            **named,
            "seller_protection": {
                "status": "ELIGIBLE",
                "dispute_categories": ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"],
            },
            "seller_receivable_breakdown": self.received(amount) if status == "COMPLETED" else {"gross_amount": amount},
            "create_time": self.now(),
            "update_time": self.now(),
            "links": [
                self.link("self", path),
                *([self.link("refund", f"{path}/refund", "POST")] if status == "COMPLETED" else []),
                self.link("up", f"/v2/checkout/orders/{order.body['id']}"),
            ],
        }
        if reason:
            capture["status_details"] = {"reason": reason}
        if seconds:
            self.later(seconds, lambda: self.decide(capture, "COMPLETED"))
        return capture

    def get_capture(self, identifier: str) -> Object:
        """The capture. Raises PayPalError 404 when there is none."""
        if identifier not in self.captures:
            raise PayPalError(404, "INVALID_RESOURCE_ID", api="payments")
        return self.captures[identifier]

    def refund(self, capture: Object, given: Object) -> Object:
        """Gives back a capture, or a part of it. Raises PayPalError when there is less left."""
        if capture["status"] == "PENDING":
            raise PayPalError(422, "PENDING_CAPTURE", api="payments")
        if capture["status"] == "DECLINED":
            raise PayPalError(422, "REFUND_NOT_ALLOWED", api="payments")
        code, whole = money.read(capture["amount"], "")
        given_back = self.given_back(capture)
        left = whole - given_back
        if not left:
            raise PayPalError(422, "CAPTURE_FULLY_REFUNDED", api="payments")
        value = left
        if "amount" in given:
            wanted, value = money.read(given["amount"], "/amount", "payments")
            if wanted != code:
                raise PayPalError(422, "REFUND_CAPTURE_CURRENCY_MISMATCH", api="payments")
        if value > left:
            raise PayPalError(422, "REFUND_AMOUNT_EXCEEDED", field="/amount/value", value=str(value), api="payments")
        identifier, gross = self.new_id(), money.shown(code, value)
        slow = capture["id"] in self.by_bank
        refund: Object = {
            "id": identifier,
            "status": "PENDING" if slow else "COMPLETED",
            "amount": gross,
            **{name: given[name] for name in ("invoice_id", "custom_id", "note_to_payer") if name in given},
            "seller_payable_breakdown": {
                "gross_amount": gross,
                "paypal_fee": {"currency_code": code, "value": "0.00" if code not in money.NO_DECIMALS else "0"},
                "net_amount": gross,
                "total_refunded_amount": money.shown(code, given_back + value),
            },
            "create_time": self.now(),
            "update_time": self.now(),
            "links": [
                self.link("self", f"/v2/payments/refunds/{identifier}"),
                self.link("up", f"/v2/payments/captures/{capture['id']}"),
            ],
        }
        if slow:
            refund["status_details"] = {"reason": "ECHECK"}
        self.refunds[identifier] = refund
        self.count_refunds(capture)
        if slow:
            self.emit("PAYMENT.REFUND.PENDING", refund, f"A {gross['value']} {code} refund is pending")
            self.later(REFUND_SECONDS, lambda: self.end_refund(refund, "COMPLETED"))
        else:
            self.announce_refund(refund)
        return refund

    def given_back(self, capture: Object) -> Decimal:
        """What was given back of a capture, or is on its way; not what failed."""
        counted = [each for each in self.refunds_of(capture) if each["status"] != "FAILED"]
        return sum((Decimal(each["amount"]["value"]) for each in counted), Decimal(0))

    def count_refunds(self, capture: Object) -> None:
        """A capture's status after a refund was made or failed."""
        back = self.given_back(capture)
        whole = Decimal(capture["amount"]["value"])
        status = "COMPLETED" if not back else "REFUNDED" if back == whole else "PARTIALLY_REFUNDED"
        capture |= {"status": status, "update_time": self.now()}

    def announce_refund(self, refund: Object) -> None:
        amount = f"{refund['amount']['value']} {refund['amount']['currency_code']}"
        self.emit("PAYMENT.CAPTURE.REFUNDED", refund, f"A {amount} capture payment was refunded")

    def end_refund(self, refund: Object, status: str) -> None:
        """The bank's late answer to a refund that is PENDING: `COMPLETED` or `FAILED`."""
        if refund["status"] != "PENDING":
            return
        refund |= {"status": status, "update_time": self.now()}
        del refund["status_details"]
        capture = self.captures[refund["links"][1]["href"].rpartition("/")[2]]
        self.count_refunds(capture)
        if status == "COMPLETED":
            self.announce_refund(refund)
        else:
            self.emit("PAYMENT.REFUND.FAILED", refund, "A refund failed")

    def refunds_of(self, capture: Object) -> list[Object]:
        """A capture's refunds."""
        up = f"{self.base_url}/v2/payments/captures/{capture['id']}"
        return [each for each in self.refunds.values() if each["links"][1]["href"] == up]


def wallet() -> Object:
    """The buyer's PayPal account as a payment source."""
    return {
        "name": PAYER["name"],
        "email_address": PAYER["email_address"],
        "account_id": PAYER["payer_id"],
        "account_status": "VERIFIED",
    }


def experience(given: Object) -> Object:
    """Where the buyer goes afterwards: in the wallet's `experience_context`, formerly in `application_context`."""
    source = given.get("payment_source")
    wallet_ = source.get("paypal") if isinstance(source, dict) else None
    context = wallet_.get("experience_context") if isinstance(wallet_, dict) else given.get("application_context")
    return context if isinstance(context, dict) else {}


def check_order(given: Object) -> None:
    """Raises PayPalError when a create request is not well-formed."""
    for name in ("intent", "purchase_units"):
        if name not in given:
            raise PayPalError(400, "MISSING_REQUIRED_PARAMETER", field=f"/{name}")
    if given["intent"] == "AUTHORIZE":
        raise PayPalError(400, "NOT_SUPPORTED", field="/intent", value="AUTHORIZE")
    if given["intent"] != "CAPTURE":
        raise PayPalError(400, "INVALID_PARAMETER_VALUE", field="/intent", value=str(given["intent"]))
    units = given["purchase_units"]
    if not isinstance(units, list):
        raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field="/purchase_units")
    if not 1 <= len(units) <= 10:
        issue = "INVALID_ARRAY_MAX_ITEMS" if units else "INVALID_ARRAY_MIN_ITEMS"
        raise PayPalError(400, issue, field="/purchase_units")
    source = given.get("payment_source")
    if source is not None and (not isinstance(source, dict) or set(source) - {"paypal"}):
        raise PayPalError(400, "NOT_SUPPORTED", field="/payment_source")
    currencies = {check_unit(unit, place) for place, unit in enumerate(units)}
    if len(currencies) > 1:
        raise PayPalError(422, "MULTI_CURRENCY_ORDER", field="/purchase_units")
    if len(units) > 1:
        names = [unit.get("reference_id") for unit in units]
        if None in names:
            raise PayPalError(422, "REFERENCE_ID_REQUIRED", field="/purchase_units")
        if len(set(names)) < len(names):
            raise PayPalError(422, "DUPLICATE_REFERENCE_ID", field="/purchase_units")


def check_unit(unit: Any, place: int) -> str:
    """Raises PayPalError when a purchase unit is not well-formed. Returns its currency."""
    at = f"/purchase_units/{place}"
    if not isinstance(unit, dict):
        raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field=at)
    for name in BEYOND:
        if name in unit:
            raise PayPalError(400, "NOT_SUPPORTED", field=f"{at}/{name}")
    for name, most in TEXTS.items():
        if name in unit and not isinstance(unit[name], str):
            raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field=f"{at}/{name}")
        if name in unit and not 1 <= len(unit[name]) <= most:
            raise PayPalError(400, "INVALID_STRING_LENGTH", field=f"{at}/{name}")
    if "amount" not in unit:
        raise PayPalError(400, "MISSING_REQUIRED_PARAMETER", field=f"{at}/amount")
    code = money.read(unit["amount"], f"{at}/amount")[0]
    items.check(unit, at)
    return code
