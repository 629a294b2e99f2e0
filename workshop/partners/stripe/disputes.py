"""Disputes: the card's holder asks the bank for the money back, and the bank takes it first.

An inquiry asks without taking; a chargeback takes the amount and a fee. The account answers with evidence, and the bank
decides. https://docs.stripe.com/api/disputes · https://docs.stripe.com/disputes/how-disputes-work
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workshop.partners.stripe import bookings, errors
from workshop.partners.stripe.operations import CREATED, PAGING, Call, Object, operation
from workshop.partners.stripe.parameters import Flag, Metadata, Shape, Text, merged
from workshop.partners.stripe.store import page

if TYPE_CHECKING:
    from workshop.partners.stripe.account import Account

DAY = 24 * 3600
# What a dispute costs besides the amount, in minor units: $15 in the US. The stand-in takes it in every currency.
FEE = 1500
ANSWER_SECONDS = 20 * DAY  # how long a bank waits for evidence; networks differ
INQUIRY_SECONDS = 120 * DAY  # an inquiry that nobody escalates is closed
REASONS = (
    "credit_not_processed",
    "duplicate",
    "fraudulent",
    "general",
    "noncompliant",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
)
# The networks' own codes, for the reasons whose test cards have one.
CODES = {
    ("visa", "fraudulent"): "10.4",
    ("visa", "product_not_received"): "13.1",
    ("visa", "inquiry"): "10",
    ("mastercard", "fraudulent"): "4837",
    ("mastercard", "product_not_received"): "4855",
}
_TEXTS = (
    "access_activity_log billing_address cancellation_policy_disclosure cancellation_rebuttal customer_email_address "
    "customer_name customer_purchase_ip duplicate_charge_explanation duplicate_charge_id product_description "
    "refund_policy_disclosure refund_refusal_explanation service_date shipping_address shipping_carrier shipping_date "
    "shipping_tracking_number uncategorized_text"
)
_FILES = (
    "cancellation_policy customer_communication customer_signature duplicate_charge_documentation receipt "
    "refund_policy service_documentation shipping_documentation uncategorized_file"
)
TEXTS, FILES = tuple(_TEXTS.split()), tuple(_FILES.split())
OUTCOMES = ("won", "lost", "warning_closed")
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


def follow(account: Account, charge: Object, kind: str) -> None:
    """What a test card brings some time after its payment.

    Args:
        account, charge: whose payment.
        kind: a reason of a dispute, or `inquiry`, `multiple` (two of half the amount) or `warning`.

    https://docs.stripe.com/testing#disputes
    """
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left <= 0:
        return  # nobody asks for what was given back
    if kind == "warning":
        warn(account, charge)
    elif kind == "multiple":
        for amount in (left // 2, left - left // 2):
            begin(account, charge, "fraudulent", amount)
    elif kind == "inquiry":
        begin(account, charge, "fraudulent", left, inquiry=True)
    else:
        begin(account, charge, kind, left)


def warn(account: Account, charge: Object) -> Object:
    """An early fraud warning: the bank thinks that this payment was fraud, and nothing has moved yet.

    https://docs.stripe.com/api/radar/early_fraud_warnings/object
    """
    warning = account.store.add(
        {
            "id": account.store.new_id("radar.early_fraud_warning", "3" if charge["payment_intent"] else "1"),
            "object": "radar.early_fraud_warning",
            "actionable": True,
            "charge": charge["id"],
            "created": account.store.now(),
            "fraud_type": "misc",
            "livemode": False,
            "payment_intent": charge["payment_intent"],
        }
    )
    account.emit("radar.early_fraud_warning.created", warning)
    return warning


def body(account: Account, charge: Object, reason: str, amount: int, *, inquiry: bool) -> Object:
    """A new dispute (https://docs.stripe.com/api/disputes/object)."""
    store, card = account.store, charge["payment_method_details"]["card"]
    code = CODES.get((card["brand"], "inquiry" if inquiry else reason))
    return {
        "id": store.new_id("dispute", "3" if charge["payment_intent"] else "1"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": store.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys((*TEXTS, *FILES)), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": store.now() + (INQUIRY_SECONDS if inquiry else ANSWER_SECONDS),
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "manual",
        },
        "intended_submission_method": "manual",
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": code,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": card["brand"],
                "case_type": "inquiry" if inquiry else "compliance" if reason == "noncompliant" else "chargeback",
                "network": card["network"],
                "network_reason_code": code,
            },
            "type": "card",
        },
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


def begin(account: Account, charge: Object, reason: str, amount: int, *, inquiry: bool = False) -> Object:
    """Opens a dispute: a chargeback takes the money, an inquiry asks only."""
    dispute = account.store.add(body(account, charge, reason, amount, inquiry=inquiry))
    charge["disputed"] = True
    if not inquiry:
        move(account, dispute, taken=True)
    account.emit("charge.dispute.created", dispute)
    if not inquiry:
        account.emit("charge.dispute.funds_withdrawn", dispute)
    account.emit("charge.updated", charge)
    wait(account, dispute)
    return dispute


def wait(account: Account, dispute: Object) -> None:
    """When the bank's time for an answer is over, a chargeback is lost and an inquiry closed."""

    def too_late(status: str = dispute["status"]) -> None:
        if dispute["status"] == status:
            dispute["evidence_details"]["past_due"] = True
            end(account, dispute, "warning_closed" if status.startswith("warning") else "lost")

    account.later(dispute["evidence_details"]["due_by"] - account.clock() + 1, too_late)


def move(account: Account, dispute: Object, *, taken: bool) -> None:
    """Takes the disputed amount and the fee from the balance, or gives both back."""
    sign, what = (-1, "dispute") if taken else (1, "dispute_reversal")
    verb = "withdrawal" if taken else "reversal"
    entry = bookings.balance_transaction(
        account.store,
        dispute,
        sign * dispute["amount"],
        -sign * FEE,
        "adjustment",
        category=what,
        fee_for="Dispute fee",
        description=f"Chargeback {verb} for {dispute['charge']}",
    )
    dispute["balance_transactions"].append(account.store.add(entry))


def end(account: Account, dispute: Object, outcome: str) -> None:
    """Closes a dispute as `won`, `lost` or `warning_closed`; what was won comes back with the fee."""
    dispute["status"] = outcome
    if outcome == "won":
        move(account, dispute, taken=False)
        dispute["is_charge_refundable"] = True
    account.emit("charge.dispute.updated", dispute)
    account.emit("charge.dispute.closed", dispute)
    if outcome == "won":
        account.emit("charge.dispute.funds_reinstated", dispute)


def escalate(account: Account, dispute: Object) -> None:
    """An inquiry becomes a chargeback: now the money is taken."""
    dispute |= {"status": "needs_response", "is_charge_refundable": False}
    dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    dispute["evidence_details"] |= {"due_by": account.store.now() + ANSWER_SECONDS, "submission_count": 0}
    move(account, dispute, taken=True)
    account.emit("charge.dispute.updated", dispute)
    account.emit("charge.dispute.funds_withdrawn", dispute)
    wait(account, dispute)


def refunded(account: Account, charge: Object) -> None:
    """A payment that was given back whole: an inquiry into it ends, and a warning is no longer one to act on."""
    if not charge["refunded"]:
        return
    for warning in account.store.all("radar.early_fraud_warning"):
        if warning["charge"] == charge["id"]:
            warning["actionable"] = False
    for dispute in account.store.all("dispute"):
        if dispute["charge"] == charge["id"] and dispute["status"].startswith("warning_needs"):
            end(account, dispute, "warning_closed")


def decided(account: Account, dispute: Object) -> None:
    """The bank's decision on the evidence of a test: it follows from the words in `uncategorized_text`.

    Other evidence stays under review, until a test says how it ends.
    """
    words = dispute["evidence"]["uncategorized_text"]
    warning = dispute["status"] == "warning_under_review"
    if dispute["status"] not in ("under_review", "warning_under_review"):
        return
    if words == "escalate_inquiry_evidence" and warning:
        escalate(account, dispute)
    elif words == "winning_evidence":
        end(account, dispute, "warning_closed" if warning else "won")
    elif words == "losing_evidence":
        end(account, dispute, "warning_closed" if warning else "lost")


@operation("GET", "/v1/disputes", "dispute", {**PAGING, **CREATED, "charge": Text(), "payment_intent": Text()})
def list_disputes(call: Call) -> Object:
    rows = [
        item
        for item in call.store.all("dispute")
        if all(item[name] == call.given[name] for name in ("charge", "payment_intent") if name in call.given)
    ]
    return page(rows, call.given, "/v1/disputes", "dispute")


@operation("GET", "/v1/disputes/{id}", "dispute")
def get_dispute(call: Call, id: str) -> Object:  # noqa: A002 (the name in the path)
    return call.store.get("dispute", id)


@operation(
    "POST",
    "/v1/disputes/{id}",
    "dispute",
    {
        "evidence": Shape(
            fields={name: Text(clearable=True, most=20_000) for name in TEXTS},
            beyond=frozenset((*FILES, "appeal", "enhanced_evidence")),
        ),
        "metadata": Metadata(clearable=True),
        "submit": Flag(),
    },
    beyond="intended_submission_method",
)
def update_dispute(call: Call, id: str) -> Object:  # noqa: A002
    """Evidence is handed to the bank at once unless `submit` is false, and can be handed in once."""
    dispute, given = call.store.get("dispute", id), call.given
    evidence = given.get("evidence", {})
    submits = given.get("submit", bool(evidence))
    if (evidence or submits) and dispute["status"] not in ("needs_response", "warning_needs_response"):
        raise closed(dispute)
    dispute["evidence"] |= {name: text or None for name, text in evidence.items()}
    dispute["metadata"] = merged(dispute["metadata"], given.get("metadata"))
    details = dispute["evidence_details"]
    details["has_evidence"] = any(dispute["evidence"][name] for name in TEXTS)
    if submits:
        details["submission_count"] += 1
        dispute["status"] = dispute["status"].replace("needs_response", "under_review")
        account = call.account
        account.later(account.settings.dispute_seconds, lambda: decided(account, dispute))
    call.emit("charge.dispute.updated", dispute)
    return dispute


@operation("POST", "/v1/disputes/{id}/close", "dispute")
def close_dispute(call: Call, id: str) -> Object:  # noqa: A002
    """Accepts the dispute: it is lost, for good."""
    dispute = call.store.get("dispute", id)
    if dispute["status"] not in ("needs_response", "warning_needs_response"):
        raise closed(dispute)
    end(call.account, dispute, "warning_closed" if dispute["status"].startswith("warning") else "lost")
    return dispute


def closed(dispute: Object) -> errors.ApiError:
    message = f"Dispute {dispute['id']} can no longer be answered: its status is {dispute['status']}."
    return errors.ApiError(400, message, saved=True)


@operation(
    "GET",
    "/v1/radar/early_fraud_warnings",
    "charge",
    {**PAGING, **CREATED, "charge": Text(), "payment_intent": Text()},
)
def list_warnings(call: Call) -> Object:
    rows = [
        item
        for item in call.store.all("radar.early_fraud_warning")
        if all(item[name] == call.given[name] for name in ("charge", "payment_intent") if name in call.given)
    ]
    return page(rows, call.given, "/v1/radar/early_fraud_warnings", "radar.early_fraud_warning")


@operation("GET", "/v1/radar/early_fraud_warnings/{id}", "charge")
def get_warning(call: Call, id: str) -> Object:  # noqa: A002
    return call.store.get("radar.early_fraud_warning", id)
