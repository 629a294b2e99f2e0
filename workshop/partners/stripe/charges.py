"""Charges: https://docs.stripe.com/api/charges."""

from __future__ import annotations

from workshop.partners.stripe import bodies, cards, charging, currencies, errors
from workshop.partners.stripe.operations import CREATED, PAGING, SHIPPING, Call, Object, cleared, operation
from workshop.partners.stripe.parameters import Email, Flag, Metadata, Text, Whole, merged
from workshop.partners.stripe.store import page

TEXTS = {"description": Text(clearable=True), "receipt_email": Email(clearable=True)}
DESCRIPTOR = {"statement_descriptor": Text(most=22), "statement_descriptor_suffix": Text(most=22)}


@operation(
    "POST",
    "/v1/charges",
    "charge",
    {
        "amount": Whole(required=True, least=1),
        "currency": Text(required=True),
        "source": Text(),
        "customer": Text(),
        "capture": Flag(),
        "metadata": Metadata(clearable=True),
        "shipping": SHIPPING,
        **TEXTS,
        **DESCRIPTOR,
    },
    beyond="application_fee application_fee_amount destination on_behalf_of radar_options transfer_data transfer_group",
)
async def create_charge(call: Call) -> Object:
    given, store = call.given, call.store
    currency = currencies.check_currency(given["currency"])
    currencies.check_amount(given["amount"], currency)
    if "source" not in given and "customer" not in given:
        raise errors.ApiError(400, "Must provide source or customer.", code="parameter_missing")
    customer = store.get("customer", given["customer"], param="customer", status=400) if "customer" in given else None
    charge = bodies.charge(store, generation="1", amount=given["amount"], currency=currency)
    charge |= cleared(given, (*TEXTS, *DESCRIPTOR, "shipping"))
    charge |= {"metadata": merged({}, given.get("metadata")), "customer": customer and customer["id"]}
    facts, source = card_of(call, customer)
    charge |= {"source": source, "payment_method": source["id"]}
    await call.network()
    # The Charges API knows no buyer's step: a card that wants one fails (https://docs.stripe.com/payments/3d-secure).
    asks = facts["card"].authentication in ("always", "unless_set_up", "set_up", "fails")
    unproven = cards.NEEDS_AUTHENTICATION if asks else None
    decline = charging.attempt(call, charge, facts, capture=given.get("capture", True), decline=unproven)
    if decline:
        raise decline.error(charge=charge["id"])
    return charge


def card_of(call: Call, customer: Object | None) -> tuple[dict, Object]:
    """The card a charge is made on: a token, or one that the customer has. Returns its facts and its body."""
    given, store = call.given, call.store
    if "source" not in given:
        default = customer and customer["default_source"]
        if not default:
            message = "Cannot charge a customer that has no active card"
            raise errors.ApiError(402, message, type="card_error", code="missing", param="card")
        return store.of(default), store.tables["card"][default]
    source = given["source"]
    if customer is not None:
        card = store.tables["card"].get(source)
        if card is None or card["customer"] != customer["id"]:
            message = f"Customer {customer['id']} does not have a linked source with ID {source[:100]}."
            raise errors.ApiError(400, message, code="missing", param="source")
        return store.of(source), card
    facts = charging.take_token(call, source, "source")
    item = store.tables["token"].get(source)
    shown = item["card"] if item else bodies.source_card(store, facts["card"], facts["expiry"], None, cvc=False)
    return facts, shown


@operation(
    "GET",
    "/v1/charges",
    "charge",
    {**PAGING, **CREATED, "customer": Text(), "payment_intent": Text()},
    beyond="transfer_group",
)
def list_charges(call: Call) -> Object:
    rows = [
        item
        for item in call.store.all("charge")
        if all(item[name] == call.given[name] for name in ("customer", "payment_intent") if name in call.given)
    ]
    return page(rows, call.given, "/v1/charges", "charge")


@operation("GET", "/v1/charges/{id}", "charge")
def get_charge(call: Call, id: str) -> Object:  # noqa: A002 (the name in the path)
    return call.store.get("charge", id)


@operation(
    "POST",
    "/v1/charges/{id}",
    "charge",
    {**TEXTS, "metadata": Metadata(clearable=True), "shipping": SHIPPING},
    beyond="customer fraud_details transfer_group",
)
def update_charge(call: Call, id: str) -> Object:  # noqa: A002
    charge = call.store.get("charge", id)
    charge |= cleared(call.given, (*TEXTS, "shipping"))
    charge["metadata"] = merged(charge["metadata"], call.given.get("metadata"))
    call.emit("charge.updated", charge)
    return charge


@operation(
    "POST",
    "/v1/charges/{id}/capture",
    "charge",
    {"amount": Whole(least=1), "receipt_email": Email(), **DESCRIPTOR},
    beyond="application_fee application_fee_amount transfer_data transfer_group",
)
def capture_charge(call: Call, id: str) -> Object:  # noqa: A002
    charge = call.store.get("charge", id)
    if charge["payment_intent"]:
        message = f"This charge belongs to {charge['payment_intent']}; capture that PaymentIntent instead."
        raise errors.ApiError(400, message)
    capture(call, charge, call.given.get("amount", charge["amount"]))
    charge |= cleared(call.given, ("receipt_email", *DESCRIPTOR))
    return charge


def capture(call: Call, charge: Object, amount: int) -> None:
    """Takes a reserved amount, or part of it; the rest is released. Raises ApiError when it cannot be."""
    if charge["captured"]:
        message = f"Charge {charge['id']} has already been captured."
        raise errors.ApiError(400, message, code="charge_already_captured", saved=True)
    if charge["refunded"] or charge["status"] != "succeeded":
        message = f"Charge {charge['id']} cannot be captured: it was released or failed."
        raise errors.ApiError(400, message, code="charge_already_refunded", saved=True)
    if amount > charge["amount"]:
        too_much = currencies.shown(amount, charge["currency"])
        held = currencies.shown(charge["amount"], charge["currency"])
        raise errors.invalid("amount", f"You cannot capture more ({too_much}) than was authorized ({held}).")
    rest = charge["amount"] - amount
    charge |= {"captured": True, "amount_captured": amount, "amount_refunded": rest}
    charging.settle(call.store, charge)
    call.emit("charge.captured", charge)
    charging.followed(call, charge)
