"""Refunds: money that goes back, and what becomes of it later.

https://docs.stripe.com/api/refunds · https://docs.stripe.com/refunds
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workshop.partners.stripe import bookings, currencies, disputes, errors
from workshop.partners.stripe.operations import CREATED, PAGING, Call, Object, one_of, operation
from workshop.partners.stripe.parameters import Metadata, Text, Whole, merged
from workshop.partners.stripe.store import page

if TYPE_CHECKING:
    from workshop.partners.stripe.account import Account

CANCELABLE_SECONDS = 30 * 60


@operation(
    "POST",
    "/v1/refunds",
    "charge",
    {
        "charge": Text(),
        "payment_intent": Text(),
        "amount": Whole(least=1),
        "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
        "metadata": Metadata(clearable=True),
    },
    beyond="currency customer instructions_email origin refund_application_fee reverse_transfer",
)
def create_refund(call: Call) -> Object:
    given, store = call.given, call.store
    charge = charge_to_refund(call)
    check_disputes(call, charge)
    if charge["status"] != "succeeded" or not charge["paid"]:
        raise errors.ApiError(400, f"Charge {charge['id']} was not successful and cannot be refunded.", saved=True)
    left = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise errors.ApiError(400, message, code="charge_already_refunded", saved=True)
    amount = given.get("amount", left)
    if amount > left:
        whole = charge["amount_refunded"] == 0
        words = "charge amount" if whole else "unrefunded amount on charge"
        shown = (currencies.shown(each, charge["currency"]) for each in (amount, left))
        message = f"Refund amount ({next(shown)}) is greater than {words} ({next(shown)})"
        raise errors.ApiError(400, message, param="amount", saved=True)
    if not charge["captured"] and amount != charge["amount"]:
        message = (
            "You cannot partially refund an uncaptured charge. Instead, capture the charge for an amount less than "
            "the original amount"
        )
        raise errors.ApiError(400, message, saved=True)
    currencies.check_digits(amount, charge["currency"])
    refund = store.add(bookings.refund(store, charge, amount))
    refund |= {"reason": given.get("reason"), "metadata": merged({}, given.get("metadata"))}
    book_refund(call, refund, charge)
    return refund


def charge_to_refund(call: Call) -> Object:
    """The charge that a refund names, itself or by its payment intent."""
    given, store = call.given, call.store
    if ("charge" in given) == ("payment_intent" in given):
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise errors.ApiError(400, message, code="parameter_missing")
    if "charge" in given:
        return store.get("charge", given["charge"], param="charge", status=400)
    intent = store.get("payment_intent", given["payment_intent"], param="payment_intent", status=400)
    if not intent["latest_charge"] or not intent["amount_received"]:
        message = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        raise errors.ApiError(400, message, code="resource_missing", param="payment_intent")
    return store.get("charge", intent["latest_charge"])


def check_disputes(call: Call, charge: Object) -> None:
    """Raises ApiError when the card's bank took the money back already.

    https://docs.stripe.com/error-codes#charge-disputed
    """
    disputes = (
        [item for item in call.store.all("dispute") if item["charge"] == charge["id"]] if charge["disputed"] else []
    )
    if any(not item["is_charge_refundable"] for item in disputes):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise errors.ApiError(400, message, code="charge_disputed", saved=True)


def book_refund(call: Call, refund: Object, charge: Object) -> None:
    """Gives the money back; two test cards do so late or fail (https://docs.stripe.com/testing#refunds)."""
    store, card = call.store, call.store.of(charge["id"])["card"]
    charge["amount_refunded"] += refund["amount"]
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    if charge["captured"]:
        entry = bookings.balance_transaction(store, refund, -refund["amount"], 0, "refund")
        refund["balance_transaction"] = store.add(entry)["id"]
    if card.refund == "pending":
        refund |= {"status": "pending", "pending_reason": "processing"}
    call.emit("refund.created", refund)
    call.emit("charge.refunded", charge)
    answers = {"pending": succeeded, "failed": failed}
    if card.refund:
        account = call.account
        account.later(account.settings.refund_seconds, lambda: answers[card.refund](account, refund))
    disputes.refunded(call.account, charge)


def announce(account: Account, refund: Object, *, failed: bool = False) -> None:
    """The events about a refund that changed by itself: two for every change, one more when it failed."""
    changes = account.events.changes(refund)
    account.emit("charge.refund.updated", refund, changes)
    account.emit("refund.updated", refund, changes)
    if failed:
        account.emit("refund.failed", refund)


def succeeded(account: Account, refund: Object) -> None:
    """The bank says late that it has given the money back."""
    if refund["status"] == "pending":
        refund |= {"status": "succeeded", "pending_reason": None}
        announce(account, refund)


def failed(account: Account, refund: Object) -> None:
    """The bank says late that it could not give the money back, so it is the account's again.

    https://docs.stripe.com/refunds#failed-refunds
    """
    if refund["status"] in ("pending", "succeeded"):
        refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
        take_back(account, refund)
        announce(account, refund, failed=True)


def canceled(account: Account, refund: Object) -> None:
    """Cancels a refund as the Dashboard does. Raises ValueError when it is too late.

    A card's refund is cancelled there only, in a test within 30 minutes (https://docs.stripe.com/testing#refunds).
    """
    if refund["status"] not in ("pending", "succeeded"):
        raise ValueError(f"this refund is {refund['status']} and cannot be cancelled")
    if account.clock() - refund["created"] > CANCELABLE_SECONDS:
        raise ValueError("a refund can be cancelled within 30 minutes")
    refund |= {"status": "canceled", "failure_reason": "merchant_request"}
    take_back(account, refund)
    announce(account, refund)


def take_back(account: Account, refund: Object) -> None:
    """Books the money of a refund that was not given to the account's balance again."""
    charge = account.store.get("charge", refund["charge"])
    if refund["balance_transaction"]:
        entry = bookings.balance_transaction(account.store, refund, refund["amount"], 0, "refund_failure")
        refund["failure_balance_transaction"] = account.store.add(entry)["id"]
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False


@operation("GET", "/v1/refunds", "charge", {**PAGING, **CREATED, "charge": Text(), "payment_intent": Text()})
def list_refunds(call: Call) -> Object:
    rows = [
        item
        for item in call.store.all("refund")
        if all(item[name] == call.given[name] for name in ("charge", "payment_intent") if name in call.given)
    ]
    return page(rows, call.given, "/v1/refunds", "refund")


@operation("GET", "/v1/refunds/{id}", "charge")
def get_refund(call: Call, id: str) -> Object:  # noqa: A002
    return call.store.get("refund", id)


@operation("POST", "/v1/refunds/{id}", "charge", {"metadata": Metadata(clearable=True)})
def update_refund(call: Call, id: str) -> Object:  # noqa: A002
    refund = call.store.get("refund", id)
    refund["metadata"] = merged(refund["metadata"], call.given.get("metadata"))
    call.emit("refund.updated", refund)
    return refund


@operation("POST", "/v1/refunds/{id}/cancel", "charge")
def cancel_refund(call: Call, id: str) -> Object:  # noqa: A002
    """Only a refund that waits for the buyer can be cancelled here, and no card's does.

    https://docs.stripe.com/api/refunds/cancel
    """
    refund = call.store.get("refund", id)
    message = (
        f"You cannot cancel refund {refund['id']}: its status is {refund['status']}, and only a refund with the status "
        "requires_action can be canceled. A card's refund is canceled in the Dashboard."
    )
    raise errors.ApiError(400, message, saved=True)
