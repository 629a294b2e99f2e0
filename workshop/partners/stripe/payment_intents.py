"""Payment intents: a payment from the wish to the money, with 3-D Secure on the way when the card asks for it.

https://docs.stripe.com/api/payment_intents · https://docs.stripe.com/payments/paymentintents/lifecycle
"""

from __future__ import annotations

import copy

from workshop.partners.stripe import bodies, currencies, errors, versions
from workshop.partners.stripe.charges import capture
from workshop.partners.stripe.confirming import CONFIRM, check_buyer, confirm, free, public, use_method
from workshop.partners.stripe.operations import CREATED, PAGING, SHIPPING, Call, Object, cleared, one_of, operation
from workshop.partners.stripe.parameters import Email, Flag, Listing, Metadata, Shape, Text, Whole, merged
from workshop.partners.stripe.store import page

CLEARABLE = {
    "description": Text(clearable=True),
    "receipt_email": Email(clearable=True),
    "shipping": SHIPPING,
    "statement_descriptor_suffix": Text(most=22),
    "setup_future_usage": one_of("off_session", "on_session"),
}
COMMON = {
    **CLEARABLE,
    "customer": Text(),
    "metadata": Metadata(clearable=True),
    "capture_method": one_of("automatic", "automatic_async", "manual"),
}
BEYOND = (
    "amount_details application_fee_amount customer_account excluded_payment_method_types hooks payment_details "
    "payment_method_configuration statement_descriptor transfer_data transfer_group"
)


@operation(
    "POST",
    "/v1/payment_intents",
    "payment_intent",
    {
        **COMMON,
        **CONFIRM,
        "amount": Whole(required=True, least=1),
        "currency": Text(required=True),
        "confirm": Flag(),
        "confirmation_method": one_of("automatic", "manual"),
        "automatic_payment_methods": Shape(
            fields={"enabled": Flag(required=True), "allow_redirects": one_of("always", "never")}
        ),
        "allowed_payment_method_types": Listing(),
        "payment_method_types": Listing(),
    },
    beyond=f"{BEYOND} confirmation_token mandate mandate_data on_behalf_of radar_options",
)
async def create_intent(call: Call) -> Object:
    given = call.given
    refuse_types(call)
    currency = currencies.check_currency(given["currency"])
    currencies.check_amount(given["amount"], currency)
    if not given.get("confirm"):
        for name in ("return_url", "off_session", "error_on_requires_action"):
            if name in given:
                message = f"You can only set `{name}` when `confirm` is true."
                raise errors.invalid(name, message)
    intent = bodies.payment_intent(call.store, amount=given["amount"], currency=currency)
    intent["confirmation_method"] = given.get("confirmation_method", "automatic")
    if call.before(versions.ASYNCHRONOUS_CAPTURE):
        intent["capture_method"] = "automatic"
    choose_types(call, intent)
    apply(call, intent)
    if not given.get("confirm"):
        call.store.add(intent)
        call.emit("payment_intent.created", intent)
        return intent
    return await confirm(call, intent, new=True)


def refuse_types(call: Call) -> None:
    """Looks at the kinds of payment that a request wants; which of the two parameters there is depends on the version.

    Since version 2026-09-30.endive the types follow from the account's settings.
    https://docs.stripe.com/changelog/endive/2026-09-30/removes-the-payment-method-types-parameter-from-payment-intents-and-setup-intents
    """
    if call.before(versions.ALLOWED_TYPES) and "allowed_payment_method_types" in call.given:
        raise errors.unknown_parameters(["allowed_payment_method_types"])
    if call.before(versions.NO_TYPES):
        for place, kind in enumerate(call.given.get("payment_method_types", [])):
            if kind != "card":
                raise errors.beyond(f"payment_method_types[{place}]={kind[:40]}")
    elif "payment_method_types" in call.given:
        message = (
            "`payment_method_types` is no longer supported. Use `allowed_payment_method_types` or "
            "`excluded_payment_method_types`, or let Stripe choose from your Dashboard settings."
        )
        raise errors.invalid("payment_method_types", message, "payment_method_types_no_longer_supported")


def choose_types(call: Call, intent: Object) -> None:
    """Which kinds of payment the intent takes: those allowed by name, else automatically the account's (cards)."""
    given = call.given
    allowed = given.get("allowed_payment_method_types")
    if allowed is not None:
        if "automatic_payment_methods" in given:
            both = "allowed_payment_method_types, automatic_payment_methods"
            message = f"You may only specify one of these parameters: {both}."
            raise errors.invalid("allowed_payment_method_types", message)
        if "card" not in allowed:
            message = "No valid payment method types for this Payment Intent. The stand-in's account takes cards only."
            raise errors.invalid("allowed_payment_method_types", message)
        intent["allowed_payment_method_types"] = allowed
        return
    if "payment_method_types" in given:
        if "automatic_payment_methods" in given:
            both = "automatic_payment_methods, payment_method_types"
            raise errors.invalid("payment_method_types", f"You may only specify one of these parameters: {both}.")
        return
    if call.before(versions.AUTOMATIC_METHODS) and "automatic_payment_methods" not in given:
        return
    wanted = given.get("automatic_payment_methods", {})
    if not wanted.get("enabled", True):
        message = "You can only set `automatic_payment_methods[enabled]` to `true`."
        raise errors.invalid("automatic_payment_methods[enabled]", message)
    intent["automatic_payment_methods"] = {
        "allow_redirects": wanted.get("allow_redirects", "always"),
        "enabled": True,
    }


def apply(call: Call, intent: Object) -> None:
    """Sets what a request says of an intent."""
    given = call.given
    if "customer" in given:
        intent["customer"] = call.store.get("customer", given["customer"], param="customer", status=400)["id"]
    intent |= cleared(given, CLEARABLE)
    if "capture_method" in given:
        intent["capture_method"] = given["capture_method"]
    intent["metadata"] = merged(intent["metadata"], given.get("metadata"))
    use_method(call, intent)


@operation(
    "GET", "/v1/payment_intents", "payment_intent", {**PAGING, **CREATED, "customer": Text()}, beyond="customer_account"
)
def list_intents(call: Call) -> Object:
    customer = call.given.get("customer")
    rows = [item for item in call.store.all("payment_intent") if customer in (None, item["customer"])]
    return page(rows, call.given, "/v1/payment_intents", "payment_intent")


@operation("GET", "/v1/payment_intents/{id}", "payment_intent", {"client_secret": Text()}, publishable=True)
def get_intent(call: Call, id: str) -> Object:  # noqa: A002 (the name in the path)
    intent = call.store.get("payment_intent", id, param="intent")
    check_buyer(call, intent)
    return public(intent) if call.publishable else intent


@operation(
    "POST",
    "/v1/payment_intents/{id}",
    "payment_intent",
    {
        **COMMON,
        **{name: CONFIRM[name] for name in ("payment_method", "payment_method_data", "payment_method_options")},
        "amount": Whole(least=1),
        "currency": Text(),
        "payment_method_types": Listing(),
    },
    beyond=f"{BEYOND} allowed_payment_method_types",
)
def update_intent(call: Call, id: str) -> Object:  # noqa: A002
    intent, given = free(call, id), call.given
    refuse_types(call)
    open_states = ("requires_payment_method", "requires_confirmation", "requires_action")
    fixed = [name for name in given if name not in ("metadata", "description", "expand", "receipt_email", "shipping")]
    if fixed and intent["status"] not in open_states:
        message = (
            f"This PaymentIntent's {fixed[0]} could not be updated because it has a status of {intent['status']}. You "
            f"may only update the {fixed[0]} of a PaymentIntent with one of the following statuses: "
            f"{', '.join(open_states)}."
        )
        raise errors.unexpected_state(message, payment_intent=dict(intent))
    currency = currencies.check_currency(given.get("currency", intent["currency"]))
    amount = given.get("amount", intent["amount"])
    currencies.check_amount(amount, currency)
    changed = copy.deepcopy(intent) | {"amount": amount, "currency": currency}
    apply(call, changed)  # all of it or nothing: a parameter may still be refused
    intent.update(changed)
    return intent


@operation(
    "POST",
    "/v1/payment_intents/{id}/confirm",
    "payment_intent",
    {
        **CONFIRM,
        **{name: COMMON[name] for name in ("capture_method", "receipt_email", "setup_future_usage", "shipping")},
        "payment_method_types": Listing(),
        "client_secret": Text(),
    },
    beyond=(
        "allowed_payment_method_types amount_details amount_to_confirm confirmation_token hooks mandate "
        "excluded_payment_method_types mandate_data payment_details radar_options"
    ),
    publishable=True,
)
async def confirm_intent(call: Call, id: str) -> Object:  # noqa: A002
    intent = free(call, id)
    check_buyer(call, intent)
    refuse_types(call)
    await confirm(call, intent)
    return public(intent) if call.publishable else intent


@operation(
    "POST",
    "/v1/payment_intents/{id}/capture",
    "payment_intent",
    {
        "amount_to_capture": Whole(least=1),
        "metadata": Metadata(clearable=True),
        "final_capture": Flag(),
        "statement_descriptor_suffix": Text(most=22),
    },
    beyond=("amount_details application_fee_amount hooks payment_details statement_descriptor transfer_data"),
)
def capture_intent(call: Call, id: str) -> Object:  # noqa: A002
    intent = free(call, id)
    if intent["status"] != "requires_capture":
        message = (
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a "
            "PaymentIntent with one of the following statuses may be captured: requires_capture."
        )
        raise errors.unexpected_state(message, payment_intent=dict(intent))
    if call.given.get("final_capture") is False:
        raise errors.beyond("final_capture=false")
    amount = call.given.get("amount_to_capture", intent["amount_capturable"])
    if amount > intent["amount_capturable"]:
        message = "The requested capture amount is greater than the amount you can capture for this PaymentIntent."
        raise errors.invalid("amount_to_capture", message, "amount_too_large")
    capture(call, call.store.get("charge", intent["latest_charge"]), amount)
    intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
    intent["metadata"] = merged(intent["metadata"], call.given.get("metadata"))
    call.emit("payment_intent.succeeded", intent)
    return intent


REASONS = one_of("duplicate", "fraudulent", "requested_by_customer", "abandoned")


@operation("POST", "/v1/payment_intents/{id}/cancel", "payment_intent", {"cancellation_reason": REASONS})
def cancel_intent(call: Call, id: str) -> Object:  # noqa: A002
    intent, store = free(call, id), call.store
    states = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing")
    if intent["status"] not in states:
        message = (
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            f"with one of the following statuses may be canceled: {', '.join(states)}."
        )
        raise errors.unexpected_state(message, payment_intent=dict(intent))
    if intent["status"] == "requires_capture":
        charge = store.get("charge", intent["latest_charge"])
        charge |= {"refunded": True, "amount_refunded": charge["amount"]}
        call.emit("charge.refunded", charge)
    intent |= {
        "status": "canceled",
        "canceled_at": store.now(),
        "cancellation_reason": call.given.get("cancellation_reason"),
        "amount_capturable": 0,
        "next_action": None,
    }
    call.emit("payment_intent.canceled", intent)
    return intent
