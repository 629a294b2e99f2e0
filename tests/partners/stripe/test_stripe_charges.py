"""Charges and refunds: the outcomes that Stripe documents for its test cards."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.partners.serving import eventually

DECLINED = "Your card was declined."


def charge(api: Any, source: str = "tok_visa", **more: Any) -> Any:
    return api.charges.create({"amount": 1000, "currency": "gbp", "source": source, **more})


def test_tok_visa_is_charged(api):
    """https://docs.stripe.com/testing#cards · https://docs.stripe.com/api/charges/create"""
    made = charge(api, description="Sofa", metadata={"order": "42"})
    assert made.id.startswith("ch_")
    assert (made.status, made.paid, made.captured, made.amount) == ("succeeded", True, True, 1000)
    assert made.amount_captured == 1000
    assert made.payment_method_details.card.last4 == "4242"
    assert made.outcome.type == "authorized"
    assert made.metadata["order"] == "42"
    assert api.charges.retrieve(made.id).description == "Sofa"


@pytest.mark.parametrize(
    ("token", "brand", "last4"),
    [
        ("tok_visa", "visa", "4242"),
        ("tok_visa_debit", "visa", "5556"),
        ("tok_mastercard", "mastercard", "4444"),
        ("tok_mastercard_prepaid", "mastercard", "5100"),
        ("tok_amex", "amex", "0005"),
        ("tok_discover", "discover", "1117"),
        ("tok_jcb", "jcb", "0505"),
        ("tok_gb", "visa", "0000"),
    ],
)
def test_brands(api, token, brand, last4):
    """https://docs.stripe.com/testing?testing-method=tokens#cards"""
    card = charge(api, token).payment_method_details.card
    assert (card.brand, card.last4) == (brand, last4)


@pytest.mark.parametrize(
    ("token", "code", "decline_code", "message"),
    [
        ("tok_chargeDeclined", "card_declined", "generic_decline", DECLINED),
        ("tok_visa_chargeDeclined", "card_declined", "generic_decline", DECLINED),
        (
            "tok_chargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
            "Your card has insufficient funds.",
        ),
        ("tok_visa_chargeDeclinedLostCard", "card_declined", "lost_card", DECLINED),
        ("tok_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card", DECLINED),
        ("tok_chargeDeclinedExpiredCard", "expired_card", None, "Your card has expired."),
        ("tok_chargeDeclinedIncorrectCvc", "incorrect_cvc", None, "Your card's security code is incorrect."),
        (
            "tok_chargeDeclinedProcessingError",
            "processing_error",
            None,
            "An error occurred while processing your card. Try again in a little bit.",
        ),
        ("tok_chargeDeclinedFraudulent", "card_declined", "fraudulent", DECLINED),
        ("tok_chargeCustomerFail", "card_declined", "generic_decline", DECLINED),
        (
            "tok_visa_chargeDeclinedVelocityLimitExceeded",
            "card_declined",
            "card_velocity_exceeded",
            "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
        ),
        (
            "tok_threeDSecure2Required",
            "authentication_required",
            "authentication_required",
            "Your card was declined. This transaction requires authentication.",
        ),
    ],
)
def test_declines(api, token, code, decline_code, message):
    """https://docs.stripe.com/testing#declined-payments · https://docs.stripe.com/declines/codes"""
    with pytest.raises(stripe.CardError) as caught:
        charge(api, token)
    error = caught.value
    assert (error.http_status, error.code, error.user_message) == (402, code, message)
    assert error.error.decline_code == decline_code
    assert error.error.type == "card_error"
    assert error.error.doc_url.endswith(code.replace("_", "-"))
    assert error.request_id.startswith("req_")
    failed = api.charges.retrieve(error.error.charge)
    assert (failed.status, failed.paid, failed.failure_code) == ("failed", False, code)


def test_blocked_by_radar_says_so(api):
    """https://docs.stripe.com/testing#fraud-prevention"""
    with pytest.raises(stripe.CardError) as caught:
        charge(api, "tok_radarBlock")
    outcome = api.charges.retrieve(caught.value.error.charge).outcome
    assert (outcome.type, outcome.risk_level) == ("blocked", "highest")


def test_unknown_token(api):
    """https://docs.stripe.com/error-codes#resource-missing"""
    with pytest.raises(stripe.InvalidRequestError) as caught:
        charge(api, "tok_nope")
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (400, "resource_missing", "source")
    assert caught.value.user_message == "No such token: 'tok_nope'"


def test_neither_source_nor_customer(api):
    with pytest.raises(stripe.InvalidRequestError, match=r"Must provide source or customer\."):
        api.charges.create({"amount": 1000, "currency": "gbp"})


def test_a_token_pays_once(api):
    """https://docs.stripe.com/error-codes#token-already-used"""
    token = api.tokens.create({"card": {"number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2030}})
    charge(api, token.id)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        charge(api, token.id)
    assert caught.value.code == "token_already_used"


def test_charge_of_a_customers_card(api):
    """https://docs.stripe.com/api/charges/create#create_charge-customer"""
    customer = api.customers.create({"email": "ada@example.com", "source": "tok_visa"})
    made = api.charges.create({"amount": 500, "currency": "eur", "customer": customer.id})
    assert (made.customer, made.source.id) == (customer.id, customer.default_source)


def test_saving_works_but_charging_fails(api):
    """https://docs.stripe.com/testing#declined-payments (decline after attaching)"""
    customer = api.customers.create({"source": "tok_chargeCustomerFail"})
    with pytest.raises(stripe.CardError, match="declined"):
        api.charges.create({"amount": 500, "currency": "eur", "customer": customer.id})


def test_declining_cards_cannot_be_saved(api):
    """https://docs.stripe.com/testing#declined-payments: cards that decline cannot be attached to a customer"""
    with pytest.raises(stripe.CardError, match="declined"):
        api.customers.create({"source": "tok_chargeDeclined"})


def test_a_customer_without_a_card(api):
    customer = api.customers.create({})
    with pytest.raises(stripe.CardError) as caught:
        api.charges.create({"amount": 500, "currency": "eur", "customer": customer.id})
    assert (caught.value.code, caught.value.user_message) == (
        "missing",
        "Cannot charge a customer that has no active card",
    )


def test_authorize_then_capture_a_part(api):
    """https://docs.stripe.com/payments/place-a-hold-on-a-payment-method"""
    held = charge(api, capture=False)
    assert (held.status, held.captured, held.balance_transaction) == ("succeeded", False, None)
    taken = api.charges.capture(held.id, {"amount": 600})
    assert (taken.captured, taken.amount_captured, taken.amount_refunded) == (True, 600, 400)
    with pytest.raises(stripe.InvalidRequestError, match="already been captured") as caught:
        api.charges.capture(held.id)
    assert caught.value.code == "charge_already_captured"


def test_refunds_in_parts(api):
    """https://docs.stripe.com/api/refunds/create"""
    made = charge(api)
    first = api.refunds.create({"charge": made.id, "amount": 400, "reason": "requested_by_customer"})
    assert (first.status, first.amount, first.charge, first.reason) == (
        "succeeded",
        400,
        made.id,
        "requested_by_customer",
    )
    after = api.charges.retrieve(made.id)
    assert (after.amount_refunded, after.refunded) == (400, False)
    api.refunds.create({"charge": made.id})
    after = api.charges.retrieve(made.id, {"expand": ["refunds"]})
    assert (after.amount_refunded, after.refunded, len(after.refunds.data)) == (1000, True, 2)
    with pytest.raises(stripe.InvalidRequestError, match="has already been refunded") as caught:
        api.refunds.create({"charge": made.id})
    assert caught.value.code == "charge_already_refunded"


def test_over_refund_is_refused(api):
    """https://docs.stripe.com/refunds: no more than the original charge"""
    made = charge(api)
    with pytest.raises(stripe.InvalidRequestError, match=r"\(£20.00\) is greater than charge amount \(£10.00\)"):
        api.refunds.create({"charge": made.id, "amount": 2000})
    api.refunds.create({"charge": made.id, "amount": 700})
    message = r"\(£5.00\) is greater than unrefunded amount on charge \(£3.00\)"
    with pytest.raises(stripe.InvalidRequestError, match=message) as caught:
        api.refunds.create({"charge": made.id, "amount": 500})
    assert caught.value.param == "amount"
    assert api.charges.retrieve(made.id).amount_refunded == 700


def test_failed_charges_cannot_be_refunded(api):
    with pytest.raises(stripe.CardError) as declined:
        charge(api, "tok_chargeDeclined")
    with pytest.raises(stripe.InvalidRequestError, match="was not successful"):
        api.refunds.create({"charge": declined.value.error.charge})


def test_refund_names_what_it_refunds(api):
    with pytest.raises(stripe.InvalidRequestError, match="payment_intent or charge"):
        api.refunds.create({"amount": 100})
    with pytest.raises(stripe.InvalidRequestError, match="No such charge: 'ch_nope'") as caught:
        api.refunds.create({"charge": "ch_nope"})
    assert caught.value.http_status == 400


def test_balance_transactions_add_up(api):
    """https://docs.stripe.com/api/balance_transactions"""
    made = charge(api, expand=["balance_transaction"])
    booked = made.balance_transaction
    assert booked.net == booked.amount - booked.fee
    refund = api.refunds.create({"charge": made.id})
    assert api.balance_transactions.retrieve(refund.balance_transaction).amount == -1000
    assert {row.type for row in api.balance_transactions.list().data} == {"charge", "refund"}


def test_late_and_failing_refunds(api, clock):
    """https://docs.stripe.com/testing#refunds"""
    late, failing = charge(api, "tok_pendingRefund"), charge(api, "tok_refundFail")
    refunds = [api.refunds.create({"charge": each.id}) for each in (late, failing)]
    assert [each.status for each in refunds] == ["pending", "succeeded"]
    clock.time += 60
    assert eventually(lambda: [api.refunds.retrieve(each.id).status for each in refunds] == ["succeeded", "failed"])
    assert api.charges.retrieve(failing.id).amount_refunded == 0


def test_update_keeps_what_is_not_named(api):
    """https://docs.stripe.com/metadata"""
    made = charge(api, metadata={"order": "42", "team": "sofas"}, description="Sofa")
    changed = api.charges.update(made.id, {"metadata": {"team": "", "paid": "yes"}, "description": ""})
    assert changed.metadata.to_dict() == {"order": "42", "paid": "yes"}
    assert changed.description is None
