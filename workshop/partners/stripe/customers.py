"""Customers, tokens and payment methods.

https://docs.stripe.com/api/customers · https://docs.stripe.com/api/tokens · https://docs.stripe.com/api/payment_methods
"""

from __future__ import annotations

from typing import Any

from workshop.partners.stripe import bodies, cards, charging, errors
from workshop.partners.stripe.operations import (
    ADDRESS,
    BILLING,
    CREATED,
    PAGING,
    SHIPPING,
    Call,
    Object,
    cleared,
    deleted,
    one_of,
    operation,
)
from workshop.partners.stripe.parameters import Email, Metadata, Shape, Text, Whole, merged
from workshop.partners.stripe.store import page

PLAIN = {name: Text(clearable=True) for name in ("description", "name", "phone")} | {"email": Email(clearable=True)}
CUSTOMER = {
    **PLAIN,
    "address": ADDRESS,
    "shipping": SHIPPING,
    "metadata": Metadata(clearable=True),
    "source": Text(),
    "invoice_settings": Shape(
        fields={"default_payment_method": Text(clearable=True)},
        beyond=frozenset({"custom_fields", "footer", "rendering_options"}),
    ),
}
CUSTOMER_BEYOND = (
    "balance business_name cash_balance individual_name invoice_prefix next_invoice_sequence preferred_locales tax "
    "tax_exempt validate"
)
CARD = {
    "number": Text(required=True),
    "exp_month": Whole(required=True),
    "exp_year": Whole(required=True),
    "cvc": Text(),
}


@operation(
    "POST",
    "/v1/customers",
    "customer",
    {**CUSTOMER, "payment_method": Text()},
    beyond=f"{CUSTOMER_BEYOND} tax_id_data test_clock",
)
def create_customer(call: Call) -> Object:
    customer = bodies.customer(call.store)
    apply(call, customer)
    call.store.add(customer)
    if "payment_method" in call.given:
        attach(call, payment_method(call, call.given["payment_method"]), customer)
    call.emit("customer.created", customer)
    return customer


@operation("POST", "/v1/customers/{id}", "customer", {**CUSTOMER, "default_source": Text()}, beyond=CUSTOMER_BEYOND)
def update_customer(call: Call, id: str) -> Object:  # noqa: A002 (the name in the path)
    customer = call.store.get("customer", id)
    if "default_source" in call.given:
        card = call.store.tables["card"].get(call.given["default_source"])
        if card is None or card["customer"] != id:
            raise errors.no_such("source", call.given["default_source"], "default_source")
        customer["default_source"] = card["id"]
    apply(call, customer)
    call.emit("customer.updated", customer)
    return customer


def apply(call: Call, customer: Object) -> None:
    """Sets what a request says of a customer; a token becomes the customer's card."""
    given = call.given
    if "source" in given:
        facts = charging.take_token(call, given["source"], "source")
        charging.check_attaches(facts)
        item = call.store.tables["token"].get(given["source"])
        card = item["card"] if item else bodies.source_card(call.store, facts["card"], facts["expiry"], None, cvc=False)
        card["customer"] = customer["id"]
        customer["default_source"] = call.store.add(card)["id"]
    customer |= cleared(given, (*PLAIN, "shipping"))
    if "address" in given:
        customer["address"] = bodies.NO_ADDRESS | given["address"] if given["address"] else None
    default = given.get("invoice_settings", {}).get("default_payment_method")
    if default:
        method = payment_method(call, default)
        if method["customer"] != customer["id"]:
            message = (
                f"The customer does not have a payment method with the ID {method['id']}. The payment method must be "
                "attached to the customer."
            )
            param = "invoice_settings[default_payment_method]"
            raise errors.ApiError(400, message, code="resource_missing", param=param)
        customer["invoice_settings"]["default_payment_method"] = method["id"]
    customer["metadata"] = merged(customer["metadata"], given.get("metadata"))


@operation("GET", "/v1/customers", "customer", {**PAGING, **CREATED, "email": Text()}, beyond="test_clock")
def list_customers(call: Call) -> Object:
    email = call.given.get("email")
    rows = [item for item in call.store.all("customer") if email in (None, item["email"])]
    return page(rows, call.given, "/v1/customers", "customer")


@operation("GET", "/v1/customers/{id}", "customer")
def get_customer(call: Call, id: str) -> Object:  # noqa: A002
    gone = call.store.of(id).get("deleted") if id.startswith("cus_") and id in call.store.hidden else None
    return gone or call.store.get("customer", id)


@operation("DELETE", "/v1/customers/{id}", "customer")
def delete_customer(call: Call, id: str) -> Object:  # noqa: A002
    customer = call.store.get("customer", id)
    for method in call.store.all("payment_method"):
        if method["customer"] == id:
            method["customer"] = None
            call.store.of(method["id"])["used"] = True  # it was detached, and can be used no more
    for card in call.store.all("card"):
        if card["customer"] == id:
            del call.store.tables["card"][card["id"]]
    del call.store.tables["customer"][id]
    call.store.of(id)["deleted"] = deleted(customer)
    call.emit("customer.deleted", customer)
    return deleted(customer)


@operation(
    "POST",
    "/v1/tokens",
    "token",
    {"card": Shape(required=True, fields=CARD)},
    beyond="account bank_account customer cvc_update person pii",
    publishable=True,
)
def create_token(call: Call) -> Object:
    facts = charging.take_card(call.store, call.given["card"])
    return make_token(call.store, facts)


def make_token(store: Any, facts: dict[str, Any]) -> Object:
    """Keeps a new token for a card."""
    card = bodies.source_card(store, facts["card"], facts["expiry"], facts["wallet"], cvc=facts["cvc"])
    return store.add(bodies.token(store, card))


@operation("GET", "/v1/tokens/{id}", "token", publishable=True)
def get_token(call: Call, id: str) -> Object:  # noqa: A002
    return call.store.get("token", id)


METHOD_DATA = {
    "type": one_of("card"),
    "card": Shape(
        fields={name: type(spec)() for name, spec in CARD.items()} | {"token": Text()}, beyond=frozenset({"networks"})
    ),
    "billing_details": BILLING,
    "metadata": Metadata(clearable=True),
}
OTHER_TYPES = (
    "acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit bacs_debit bancontact billie bizum blik "
    "boleto cashapp crypto customer_balance eps fpx giropay grabpay ideal interac_present kakao_pay klarna konbini "
    "kr_card link mb_way mobilepay multibanco naver_pay nz_bank_account oxxo p24 pay_by_bank payco paynow paypal "
    "paypay payto pix promptpay radar_options revolut_pay samsung_pay satispay scalapay sepa_debit sequra sofort "
    "sunbit swish twint upi us_bank_account wechat_pay zip allow_redisplay"
)


@operation(
    "POST",
    "/v1/payment_methods",
    "payment_method",
    METHOD_DATA,
    beyond=f"{OTHER_TYPES} custom customer payment_method",
    publishable=True,
)
def create_payment_method(call: Call) -> Object:
    return new_payment_method(call, call.given)


def new_payment_method(call: Call, given: Object, within: str = "") -> Object:
    """A payment method from a card's number or from a token."""

    def named(name: str) -> str:
        return f"{within}[{name}]" if within else name

    if "type" not in given:
        raise errors.missing(named("type"))
    if "card" not in given:
        raise errors.missing(named("card"))
    card = given["card"]
    if "token" in card:
        facts = charging.take_token(call, card["token"], f"{named('card')}[token]")
    else:
        for name in ("number", "exp_month", "exp_year"):
            if name not in card:
                raise errors.missing(f"{named('card')}[{name}]")
        facts = charging.take_card(call.store, card)
    method = bodies.payment_method(
        call.store,
        facts["card"],
        facts["expiry"],
        facts["wallet"],
        cvc=facts["cvc"],
        details=given.get("billing_details"),
    )
    method["metadata"] = merged({}, given.get("metadata"))
    return call.store.add(method)


def payment_method(call: Call, identifier: str) -> Object:
    """The payment method that a parameter names; a test name such as pm_card_visa makes a new one each time."""
    card = cards.named(identifier) if not identifier.startswith("tok_") else None
    if card is None:
        return call.store.get("payment_method", identifier, param="payment_method", status=400)
    method = bodies.payment_method(call.store, card, charging.in_a_year(call.store), None, cvc=False, details=None)
    return call.store.add(method)


@operation(
    "GET",
    "/v1/payment_methods",
    "payment_method",
    {**PAGING, "customer": Text(), "type": one_of("card")},
    beyond="allow_redisplay customer_account",
)
def list_payment_methods(call: Call) -> Object:
    customer = call.given.get("customer")
    saved = [item for item in call.store.all("payment_method") if item["customer"]]
    rows = [item for item in saved if customer in (None, item["customer"])]
    return page(rows, call.given, "/v1/payment_methods", "payment_method")


@operation(
    "GET",
    "/v1/customers/{id}/payment_methods",
    "payment_method",
    {**PAGING, "type": one_of("card")},
    beyond="allow_redisplay",
)
def list_customers_methods(call: Call, id: str) -> Object:  # noqa: A002
    call.store.get("customer", id)
    rows = [item for item in call.store.all("payment_method") if item["customer"] == id]
    return page(rows, call.given, f"/v1/customers/{id}/payment_methods", "payment_method")


@operation("GET", "/v1/payment_methods/{id}", "payment_method")
def get_payment_method(call: Call, id: str) -> Object:  # noqa: A002
    return call.store.get("payment_method", id, param="payment_method")


@operation(
    "POST",
    "/v1/payment_methods/{id}",
    "payment_method",
    {"billing_details": BILLING, "metadata": Metadata(clearable=True)},
    beyond="allow_redisplay card us_bank_account",
)
def update_payment_method(call: Call, id: str) -> Object:  # noqa: A002
    method = call.store.get("payment_method", id, param="payment_method")
    if not method["customer"]:
        message = f"You must save this PaymentMethod to a customer before you can update it: {id}."
        raise errors.ApiError(400, message)
    if "billing_details" in call.given:
        method["billing_details"] = bodies.billing(method["billing_details"] | call.given["billing_details"])
    method["metadata"] = merged(method["metadata"], call.given.get("metadata"))
    call.emit("payment_method.updated", method)
    return method


@operation(
    "POST",
    "/v1/payment_methods/{id}/attach",
    "payment_method",
    {"customer": Text(required=True)},
    beyond="customer_account",
)
def attach_payment_method(call: Call, id: str) -> Object:  # noqa: A002
    method = payment_method(call, id)
    attach(call, method, call.store.get("customer", call.given["customer"], param="customer", status=400))
    return method


def attach(call: Call, method: Object, customer: Object) -> None:
    """Saves a payment method to a customer. Raises ApiError when the card declines or was used up."""
    check_reusable(call, method)
    if method["customer"] not in (None, customer["id"]):
        message = "The payment method you provided has already been attached to a customer."
        raise errors.ApiError(400, message, saved=True)
    charging.check_attaches(call.store.of(method["id"]))
    method["customer"] = customer["id"]
    call.emit("payment_method.attached", method)


def check_reusable(call: Call, method: Object) -> None:
    """A payment method that belongs to no customer pays once. Raises ApiError the second time."""
    if method["customer"] is None and call.store.of(method["id"]).get("used"):
        message = (
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared "
            "with a connected account without Customer attachment, or was detached from a Customer. It may not be used "
            "again. To use a PaymentMethod multiple times, you must attach it to a Customer first."
        )
        raise errors.ApiError(400, message)


@operation("POST", "/v1/payment_methods/{id}/detach", "payment_method")
def detach_payment_method(call: Call, id: str) -> Object:  # noqa: A002
    method = call.store.get("payment_method", id, param="payment_method")
    if method["customer"] is None:
        message = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise errors.ApiError(400, message, saved=True)
    previous = {"customer": method["customer"]}
    method["customer"] = None
    call.store.of(id)["used"] = True
    call.emit("payment_method.detached", method, previous)
    return method
