"""Confirming a payment intent: the card is asked, the buyer authenticates when needed, the intent ends or waits.

https://docs.stripe.com/api/payment_intents/confirm · https://docs.stripe.com/payments/3d-secure
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from workshop.partners.stripe import bodies, cards, charging, errors
from workshop.partners.stripe.customers import (
    METHOD_DATA,
    OTHER_TYPES,
    check_reusable,
    new_payment_method,
    payment_method,
)
from workshop.partners.stripe.operations import Call, Object, cleared, one_of
from workshop.partners.stripe.parameters import Flag, Shape, Spec, Text, Url

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


@dataclass(frozen=True, slots=True)
class OffSession(Spec):
    """`true`, `false`, `one_off` or `recurring`."""

    def parse(self, value: Any, param: str) -> bool:
        return value in ("one_off", "recurring") or Flag().parse(value, param)


CONFIRM = {
    "payment_method": Text(),
    "payment_method_data": Shape(fields=METHOD_DATA, beyond=frozenset(OTHER_TYPES.split())),
    "payment_method_options": Shape(
        fields={"card": Shape(fields={"request_three_d_secure": one_of("automatic", "any", "challenge")})}
    ),
    "return_url": Url(),
    "off_session": OffSession(),
    "error_on_requires_action": Flag(),
    "use_stripe_sdk": Flag(),
}


def use_method(call: Call, intent: Object) -> None:
    """Sets the payment method that a request names or describes."""
    given = call.given
    if "payment_method_data" in given:
        method = new_payment_method(call, given["payment_method_data"], "payment_method_data")
    elif "payment_method" in given:
        method = payment_method(call, given["payment_method"])
    else:
        method = None
    if "payment_method_options" in given:
        intent["payment_method_options"]["card"] |= given["payment_method_options"].get("card", {})
    if method is None:
        return
    check_belongs(call, intent, method)
    intent["payment_method"] = method["id"]
    if intent["status"] == "requires_payment_method":
        intent["status"] = "requires_confirmation"


def check_belongs(call: Call, intent: Object, method: Object) -> None:
    """Raises ApiError when the payment method is another customer's, or was used up."""
    check_reusable(call, method)
    owner = method["customer"]
    if owner is None or owner == intent["customer"]:
        return
    if intent["customer"] is None:
        message = (
            f"The provided PaymentMethod ({method['id']}) belongs to a Customer. Please include the Customer in the "
            "`customer` parameter on the PaymentIntent."
        )
    else:
        message = (
            f"The customer does not have a payment method with the ID {method['id']}. The payment method must be "
            "attached to the customer."
        )
    raise errors.ApiError(400, message, code="resource_missing", param="payment_method")


def free(call: Call, identifier: str) -> Object:
    """The intent of an address. Raises ApiError 404 when there is none, 429 while another request confirms it.

    https://docs.stripe.com/rate-limits#object-lock-timeouts
    """
    intent = call.store.get("payment_intent", identifier, param="intent")
    if call.store.of(identifier).get("locked"):
        raise errors.locked()
    return intent


# What a buyer's browser may say when it confirms, and what it is shown of an intent.
BUYERS = {
    "client_secret",
    "expand",
    "payment_method",
    "payment_method_data",
    "payment_method_options",
    "receipt_email",
    "return_url",
    "setup_future_usage",
    "shipping",
    "use_stripe_sdk",
}
_PUBLIC = (
    "id object amount automatic_payment_methods canceled_at cancellation_reason capture_method client_secret "
    "confirmation_method created currency description last_payment_error livemode next_action payment_method "
    "payment_method_configuration_details payment_method_types processing receipt_email setup_future_usage shipping "
    "source status"
)
PUBLIC = tuple(_PUBLIC.split())


def check_buyer(call: Call, intent: Object) -> None:
    """A buyer's browser has a publishable key, and proves by the client secret which payment it may touch.

    https://docs.stripe.com/keys · https://docs.stripe.com/api/payment_intents/object#payment_intent_object-client_secret

    Raises:
        ApiError: the secret is missing or another payment's, or only a secret key may do this.
    """
    given = call.given
    if call.publishable and "client_secret" not in given:
        raise errors.missing("client_secret")
    if given.get("client_secret", intent["client_secret"]) != intent["client_secret"]:
        message = "The client_secret provided does not match the client_secret associated with this PaymentIntent."
        raise errors.ApiError(400, message, code="payment_intent_invalid_parameter", param="client_secret")
    for name in given if call.publishable else ():
        if name not in BUYERS:
            raise errors.invalid(name, f"You cannot use a publishable API key with the parameter {name}.")


def public(intent: Object) -> Object:
    """An intent as a publishable key sees it: nothing that is the shop's."""
    return {name: intent[name] for name in PUBLIC}


async def confirm(call: Call, intent: Object, *, new: bool = False) -> Object:
    """Confirms an intent that exists, or one that is being created.

    Raises:
        ApiError: 400 in the wrong state or without a payment method, 402 when the card declines.
    """
    given, hidden = call.given, call.store.of(intent["id"])
    wanted = copy.deepcopy(intent)  # nothing of it counts when a parameter is refused
    if not new:
        check_state(intent)
        check_key(call, intent)
        wanted |= cleared(given, ("receipt_email", "setup_future_usage", "shipping", "capture_method"))
        use_method(call, wanted)
    if not wanted["payment_method"]:
        raise no_method(intent)
    if wanted["customer"]:  # who may have been deleted since
        call.store.get("customer", wanted["customer"], param="customer", status=400)
    check_return_url(wanted, given)
    intent.update(wanted)
    if new:
        call.store.add(intent)
        call.emit("payment_intent.created", intent)
    hidden["locked"] = True
    try:
        await call.network()
    finally:
        hidden["locked"] = False
    settle_confirmation(call, intent)
    return intent


def check_key(call: Call, intent: Object) -> None:
    """An intent that is confirmed by hand is confirmed by the shop. Raises ApiError otherwise."""
    if call.publishable and intent["confirmation_method"] == "manual":
        message = (
            f"This PaymentIntent {intent['id']} cannot be confirmed using your publishable key because its "
            "`confirmation_method` is set to `manual`. Please use your secret key instead, or create a PaymentIntent "
            "with `confirmation_method` set to `automatic`."
        )
        raise errors.ApiError(400, message, code="payment_intent_unexpected_state")


def check_state(intent: Object) -> None:
    """Raises ApiError when the intent can no longer be confirmed."""
    if intent["status"] == "succeeded":
        message = (
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
        )
        raise errors.unexpected_state(message, payment_intent=dict(intent))
    if intent["status"] not in CONFIRMABLE:
        message = (
            f"This PaymentIntent's status is {intent['status']}; only one with one of the following statuses may be "
            f"confirmed: {', '.join(CONFIRMABLE)}."
        )
        raise errors.unexpected_state(message, payment_intent=dict(intent))


def no_method(intent: Object) -> errors.ApiError:
    return errors.unexpected_state(
        "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
        "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment "
        "method or ConfirmationToken.",
        payment_intent=dict(intent),
    )


def check_return_url(intent: Object, given: Object) -> None:
    """Automatic payment methods may redirect: they need a place to come back to, unless redirects are ruled out.

    https://docs.stripe.com/changelog/2023-08-16/automatic-payment-methods
    """
    automatic = intent["automatic_payment_methods"]
    if not automatic:
        return
    if given.get("error_on_requires_action"):
        message = "You cannot use `error_on_requires_action` with automatic payment methods."
        raise errors.invalid("error_on_requires_action", message)
    if automatic["allow_redirects"] == "always" and not given.get("return_url") and not given.get("off_session"):
        message = (
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of "
            "these payment methods might redirect your customer off of your page, you must provide a `return_url`. If "
            "you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to "
            "`true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and "
            "Payment Intents."
        )
        raise errors.ApiError(400, message, payment_intent=dict(intent))


def settle_confirmation(call: Call, intent: Object) -> None:
    """Pays, asks for authentication, or fails."""
    given, hidden = call.given, call.store.of(intent["id"])
    facts = call.store.of(intent["payment_method"])
    if hidden.get("authenticated") == intent["payment_method"]:
        pay(call, intent, authenticated="challenge")
        return
    step = authentication(intent, facts, off_session=given.get("off_session", False))
    if step == "challenge":
        if given.get("off_session") or given.get("error_on_requires_action"):
            pay(call, intent, declined=cards.NEEDS_AUTHENTICATION)
        ask_buyer(call, intent, given.get("return_url"))
        return
    pay(call, intent, authenticated=step, declined=cards.GENERIC if step == "failed" else None)


def authentication(intent: Object, facts: dict[str, Any], *, off_session: bool) -> str:
    """How the bank wants the buyer to prove who they are (https://docs.stripe.com/testing#regulatory-cards).

    Returns:
        `challenge`: the buyer is asked; `frictionless`: the bank is content without; `failed`: it could not be asked;
        empty: no proof is wanted.
    """
    how = facts["card"].authentication
    if how.startswith("on_request"):
        asked = intent["payment_method_options"]["card"].get("request_three_d_secure") != "automatic"
        return "" if not asked or off_session else "failed" if how.endswith("fails") else "challenge"
    if how in ("", "frictionless"):
        return how
    if how == "fails":
        return "failed"
    if not off_session:
        return "challenge"
    return "challenge" if how == "always" or (how == "unless_set_up" and not facts.get("set_up")) else ""


def ask_buyer(call: Call, intent: Object, return_url: str | None) -> None:
    """The buyer's step: with a return address a page to go to, else a challenge for Stripe.js."""
    hidden = call.store.of(intent["id"])
    hidden |= {"return_url": return_url, "challenge": call.store.letters(24)}
    page = f"{call.base_url}/3d_secure/{intent['id']}/{hidden['challenge']}"
    if return_url:
        action = {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": page}}
    else:
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": page}}
    intent |= {"status": "requires_action", "next_action": action}
    call.emit("payment_intent.requires_action", intent)


def pay(call: Call, intent: Object, *, authenticated: str = "", declined: cards.Decline | None = None) -> None:
    """Charges the intent's card. Raises ApiError 402 when it declines."""
    store = call.store
    method = store.get("payment_method", intent["payment_method"])
    facts = store.of(method["id"])
    charge = bodies.charge(store, generation="3", amount=intent["amount"], currency=intent["currency"])
    copied = ("customer", "description", "metadata", "receipt_email", "shipping", "statement_descriptor_suffix")
    charge |= {name: intent[name] for name in copied} | {
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "billing_details": method["billing_details"],
        "metadata": dict(intent["metadata"]),
    }
    manual = intent["capture_method"] == "manual"
    declined = charging.attempt(
        call,
        charge,
        facts,
        capture=not manual,
        authenticated=authenticated,
        decline=declined,
        deferred=intent["capture_method"] == "automatic_async",
    )
    intent |= {"latest_charge": charge["id"], "next_action": None}
    if declined:
        raise failed(call, intent, charge, method, declined)
    store.of(method["id"])["used"] = True
    if manual:
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
        call.emit("payment_intent.amount_capturable_updated", intent)
    else:
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
        call.emit("payment_intent.succeeded", intent)
    intent["last_payment_error"] = None
    if intent["customer"] and intent["setup_future_usage"] and not method["customer"]:
        method["customer"] = intent["customer"]
        call.emit("payment_method.attached", method)
    if intent["setup_future_usage"] == "off_session":
        store.of(method["id"])["set_up"] = True


def failed(call: Call, intent: Object, charge: Object, method: Object, decline: cards.Decline) -> errors.ApiError:
    """Puts a declined intent back to its beginning; returns the 402 to answer."""
    error = decline.error(charge=charge["id"], payment_method=dict(method))
    intent |= {"status": "requires_payment_method", "payment_method": None, "last_payment_error": dict(error.body)}
    call.emit("payment_intent.payment_failed", intent)
    error.body["payment_intent"] = dict(intent)
    return error


def buyer_answered(call: Call, intent: Object, *, passed: bool) -> None:
    """Goes on after the buyer's step: pays when it was passed, else the intent wants another payment method."""
    if passed:
        call.store.of(intent["id"])["authenticated"] = intent["payment_method"]
        if intent["confirmation_method"] == "manual":
            intent |= {"status": "requires_confirmation", "next_action": None}
            return
        try:
            pay(call, intent, authenticated="challenge")
        except errors.ApiError:
            return  # the intent says why, as it does at Stripe: nobody waits for this answer
        return
    error = errors.ApiError(
        402,
        "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
        code="payment_intent_authentication_failure",
        payment_method=dict(call.store.get("payment_method", intent["payment_method"])),
    )
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": error.body,
    }
    call.emit("payment_intent.payment_failed", intent)
