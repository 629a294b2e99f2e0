"""Response bodies of what moves money after a charge: refunds and balance transactions."""

from __future__ import annotations

from workshop.partners.stripe.store import Object, Store


def refund(store: Store, charge_: Object, amount: int) -> Object:
    """A refund of a charge (https://docs.stripe.com/api/refunds/object)."""
    return {
        "id": store.new_id("refund", "3" if charge_["payment_intent"] else "1"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge_["id"],
        "created": store.now(),
        "currency": charge_["currency"],
        "destination_details": {
            "card": {
                "reference": None,
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund" if charge_["captured"] else "reversal",
            },
            "type": "card",
        },
        "metadata": {},
        "payment_intent": charge_["payment_intent"],
        "pending_reason": None,
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def balance_transaction(
    store: Store,
    source: Object,
    amount: int,
    fee: int,
    kind: str,
    *,
    category: str = "",
    fee_for: str = "Stripe processing fees",
    description: str | None = None,
    available: bool = False,
) -> Object:
    """What a charge, a refund or a dispute does to the balance.

    Args:
        source: what the money moves for.
        amount, fee: in the currency's minor unit; what is withdrawn is negative.
        kind: the entry's `type`; `category` is its `reporting_category` where that is another word.
        fee_for, description: the words beside the fee and the entry.
        available: True when the money needs not wait.

    https://docs.stripe.com/api/balance_transactions/object
    """
    currency = source["currency"]
    fees = (
        [
            {
                "amount": fee,
                "application": None,
                "currency": currency,
                "description": fee_for,
                "type": "stripe_fee",
            }
        ]
        if fee
        else []
    )
    return {
        "id": store.new_id("balance_transaction", "3" if source["payment_intent"] else "1"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": store.now() + (0 if available else 4 * 24 * 3600),
        "balance_type": "payments",
        "created": store.now(),
        "currency": currency,
        "description": description or source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": fees,
        "net": amount - fee,
        "reporting_category": category or kind,
        "source": source["id"],
        "status": "available" if available else "pending",
        "type": kind,
    }
