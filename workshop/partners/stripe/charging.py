"""Asking the card: what charges and payment intents have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workshop.partners.stripe import bodies, bookings, cards, disputes, errors
from workshop.partners.stripe.operations import Call
from workshop.partners.stripe.store import Object, Store

if TYPE_CHECKING:
    from workshop.partners.stripe.account import Account

HELD_SECONDS = 7 * 24 * 3600  # how long most cards hold a reserved amount
# What one domestic card payment costs at Stripe in the UK: 1.5 % and 20p. The stand-in takes it of every payment.
FEE_SHARE, FEE_FIXED = 15, 20


def in_a_year(store: Store) -> tuple[int, int]:
    """When the cards behind test tokens expire: (year, month), a year from now."""
    today = datetime.fromtimestamp(store.now(), UTC)
    return today.year + 1, today.month


def take_card(store: Store, given: Object) -> dict[str, Any]:
    """The facts of a card given by its number. Raises ApiError as Stripe does for a number or date that cannot be."""
    today = datetime.fromtimestamp(store.now(), UTC)
    year = given["exp_year"] + 2000 if given["exp_year"] < 100 else given["exp_year"]
    card = cards.from_details(
        given["number"], given["exp_month"], year, given.get("cvc"), now=(today.year, today.month)
    )
    return {"card": card, "expiry": (year, given["exp_month"]), "wallet": None, "cvc": "cvc" in given}


def take_token(call: Call, identifier: str, param: str) -> dict[str, Any]:
    """The facts of the card behind a token, which may be used once; test tokens such as tok_visa any time.

    Raises:
        ApiError: there is no such token, or it was used.
    """
    store = call.store
    card = cards.named(identifier) if not identifier.startswith("pm_") else None
    if card is not None:
        return {"card": card, "expiry": in_a_year(store), "wallet": None, "cvc": False}
    item = store.get("token", identifier, param=param, status=400)
    if item["used"]:
        message = f"You cannot use a Stripe token more than once: {identifier}."
        raise errors.ApiError(400, message, code="token_already_used", saved=True)
    item["used"] = True
    return store.of(item["card"]["id"])


def attempt(
    call: Call,
    charge: Object,
    facts: dict[str, Any],
    *,
    capture: bool,
    authenticated: str = "",
    decline: cards.Decline | None = None,
    deferred: bool = False,
) -> cards.Decline | None:
    """Asks the card for the charge's amount; fills in, keeps and announces the charge.

    Args:
        charge: a new charge body with all that the caller knows.
        facts: `card`, `expiry`, `wallet`, `cvc` of the card.
        capture: False only reserves the amount.
        authenticated: the flow by which the buyer passed 3-D Secure, `challenge` or `frictionless`; `failed` when it
            could not be done; empty without.
        decline: why it fails before the card's own reason is asked for.
        deferred: the capture goes on in the background, and its balance transaction comes later.
            https://docs.stripe.com/payments/payment-intents/asynchronous-capture

    Returns:
        Why it failed; None when the charge succeeded.
    """
    store, card = call.store, facts["card"]
    decline = decline or card.decline
    charge["payment_method_details"] = bodies.charged_card(
        facts, address=charge["billing_details"]["address"], amount=charge["amount"], authenticated=authenticated
    )
    store.of(charge["id"]).update(facts)
    charge["outcome"] = outcome(card, decline, store)
    if decline is not None:
        charge |= {"status": "failed", "failure_code": decline.code, "failure_message": decline.message}
        charge["payment_method_details"]["card"]["amount_authorized"] = None
        store.add(charge)
        call.emit("charge.failed", charge)
        return decline
    charge |= {"status": "succeeded", "paid": True, "receipt_url": f"{call.base_url}/receipts/{charge['id']}"}
    if capture:
        charge |= {"captured": True, "amount_captured": charge["amount"]}
        if deferred:
            call.account.later(call.account.settings.balance_seconds, lambda: settle_late(call.account, charge))
        else:
            settle(store, charge)
    else:
        charge["payment_method_details"]["card"]["capture_before"] = store.now() + HELD_SECONDS
        call.account.later(HELD_SECONDS, lambda: expire(call.account, charge))
    store.add(charge)
    call.emit("charge.succeeded", charge)
    if capture:
        followed(call, charge)
    return None


def followed(call: Call, charge: Object) -> None:
    """What follows by itself once money was taken: a dispute or a warning, with the test cards that have one."""
    kind = call.store.of(charge["id"])["card"].dispute
    if kind:
        account = call.account
        account.later(account.settings.dispute_seconds, lambda: disputes.follow(account, charge, kind))


def expire(account: Account, charge: Object) -> None:
    """Releases a reserved amount that nobody captured in time, and cancels its payment intent.

    https://docs.stripe.com/payments/place-a-hold-on-a-payment-method
    """
    if charge["captured"] or charge["refunded"]:
        return
    charge |= {"refunded": True, "amount_refunded": charge["amount"]}
    account.emit("charge.expired", charge)
    if charge["payment_intent"]:
        intent = account.store.get("payment_intent", charge["payment_intent"])
        intent |= {
            "status": "canceled",
            "canceled_at": account.store.now(),
            "cancellation_reason": "automatic",
            "amount_capturable": 0,
        }
        account.emit("payment_intent.canceled", intent)


def settle_late(account: Account, charge: Object) -> None:
    """Books what was captured in the background, and says so."""
    settle(account.store, charge)
    account.emit("charge.updated", charge)


def settle(store: Store, charge: Object) -> None:
    """Books a captured charge to the balance."""
    amount = charge["amount_captured"]
    fee = min(amount, amount * FEE_SHARE // 1000 + FEE_FIXED)
    available = store.of(charge["id"])["card"].available
    entry = store.add(bookings.balance_transaction(store, charge, amount, fee, "charge", available=available))
    charge["balance_transaction"] = entry["id"]


def outcome(card: cards.TestCard, decline: cards.Decline | None, store: Store) -> Object:
    """Why a charge went as it did (https://docs.stripe.com/declines)."""
    scores = {"normal": (5, 30), "elevated": (65, 74), "highest": (75, 99), "blocked": (90, 99)}
    risk = {
        "risk_level": "highest" if card.risk == "blocked" else card.risk,
        "risk_score": store.chance.randint(*scores[card.risk]),
    }
    if decline is None:
        return {
            "network_status": "approved_by_network",
            "reason": None,
            **risk,
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    if card.risk == "blocked":
        return {
            "network_status": "not_sent_to_network",
            "reason": "highest_risk_level",
            **risk,
            "seller_message": "Stripe blocked this payment as too risky.",
            "type": "blocked",
        }
    sellers = {
        "generic_decline": "The bank did not return any further details with this decline.",
        "insufficient_funds": "The bank returned the decline code `insufficient_funds`.",
    }
    message = sellers.get(decline.reason, f"The bank returned the decline code `{decline.reason}`.")
    return {
        "network_status": "declined_by_network",
        "reason": decline.reason,
        **risk,
        "seller_message": message,
        "type": "issuer_declined",
    }


def check_attaches(facts: dict[str, Any]) -> None:
    """Saving a card asks the bank; a card that declines cannot be saved. Raises ApiError then."""
    card: cards.TestCard = facts["card"]
    if card.decline is not None and not card.attaches:
        raise card.decline.error()
