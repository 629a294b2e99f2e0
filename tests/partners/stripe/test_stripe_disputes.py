"""Disputes, refunds that end later, and what else happens to a payment as time goes by."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.partners.serving import eventually
from tests.partners.stripe.test_stripe_intents import intent

DAY = 24 * 3600


@pytest.fixture
def paid(api: Any) -> Any:
    """A payment intent that is paid."""
    return intent(api)


def kinds(api: Any) -> list[str]:
    return [event.type for event in reversed(api.events.list({"limit": 100}).data)]


def disputed(api: Any, clock: Any, method: str) -> Any:
    """The first dispute that a test card brings, and its charge."""
    made = intent(api, method)
    clock.time += 3
    assert eventually(lambda: api.disputes.list({"payment_intent": made.id}).data), kinds(api)
    return api.disputes.list({"payment_intent": made.id}).data[0]


def test_a_chargeback_takes_the_amount_and_a_fee(api, clock):
    """https://docs.stripe.com/testing#disputes · https://docs.stripe.com/api/disputes/object"""
    dispute = disputed(api, clock, "pm_card_createDispute")
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 2500)
    assert (dispute.is_charge_refundable, dispute.network_reason_code) == (False, "10.4")
    assert dispute.payment_method_details.card.case_type == "chargeback"
    (taken,) = dispute.balance_transactions
    assert (taken.amount, taken.net, taken.reporting_category) == (-2500, -2500 - taken.fee, "dispute")
    assert api.charges.retrieve(dispute.charge).disputed
    assert kinds(api)[-3:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.updated"]


def test_a_charge_that_was_charged_back_is_not_refunded(api, clock):
    """https://docs.stripe.com/error-codes#charge-disputed"""
    dispute = disputed(api, clock, "pm_card_createDispute")
    with pytest.raises(stripe.InvalidRequestError, match="has been charged back; cannot issue a refund") as caught:
        api.refunds.create({"charge": dispute.charge})
    assert caught.value.code == "charge_disputed"
    assert api.refunds.list().data == []


@pytest.mark.parametrize(
    ("words", "status", "entries", "last"),
    [
        ("winning_evidence", "won", 2, "charge.dispute.funds_reinstated"),
        ("losing_evidence", "lost", 1, "charge.dispute.closed"),
    ],
)
def test_evidence_decides(api, clock, words, status, entries, last):
    """https://docs.stripe.com/testing#evidence"""
    dispute = disputed(api, clock, "pm_card_createDisputeProductNotReceived")
    assert (dispute.reason, dispute.network_reason_code) == ("product_not_received", "13.1")
    staged = api.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}, "submit": False})
    assert (staged.status, staged.evidence_details.has_evidence) == ("needs_response", True)
    sent = api.disputes.update(dispute.id, {"evidence": {"uncategorized_text": words}})
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    with pytest.raises(stripe.InvalidRequestError, match="no longer be answered"):
        api.disputes.update(dispute.id, {"evidence": {"customer_name": "Bob"}})
    clock.time += 3
    assert eventually(lambda: api.disputes.retrieve(dispute.id).status == status)
    after = api.disputes.retrieve(dispute.id)
    assert len(after.balance_transactions) == entries
    assert sum(entry.net for entry in after.balance_transactions) == (0 if status == "won" else -4000)
    assert eventually(lambda: kinds(api)[-1] == last)


def test_an_inquiry_takes_nothing_until_it_is_escalated(api, clock):
    """https://docs.stripe.com/disputes/how-disputes-work#inquiries"""
    dispute = disputed(api, clock, "pm_card_createDisputeInquiry")
    assert (dispute.status, dispute.is_charge_refundable) == ("warning_needs_response", True)
    assert dispute.balance_transactions == []
    assert "charge.dispute.funds_withdrawn" not in kinds(api)
    api.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "escalate_inquiry_evidence"}})
    clock.time += 3
    assert eventually(lambda: api.disputes.retrieve(dispute.id).status == "needs_response")
    assert len(api.disputes.retrieve(dispute.id).balance_transactions) == 1


def test_a_full_refund_ends_an_inquiry(api, clock):
    """https://docs.stripe.com/api/disputes/object#dispute_object-is_charge_refundable"""
    dispute = disputed(api, clock, "pm_card_createDisputeInquiry")
    api.refunds.create({"charge": dispute.charge})
    assert api.disputes.retrieve(dispute.id).status == "warning_closed"


def test_who_does_not_answer_loses(api, clock):
    """https://docs.stripe.com/disputes/responding: after the deadline the dispute is lost"""
    dispute = disputed(api, clock, "pm_card_createDispute")
    clock.time = dispute.evidence_details.due_by + 2
    assert eventually(lambda: api.disputes.retrieve(dispute.id).status == "lost")


def test_accepting_a_dispute_loses_it(api, clock):
    """https://docs.stripe.com/api/disputes/close"""
    dispute = disputed(api, clock, "pm_card_createDispute")
    assert api.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="its status is lost"):
        api.disputes.close(dispute.id)


def test_two_disputes_and_a_warning(api, clock):
    """https://docs.stripe.com/disputes/how-disputes-work#multiple-disputes · …#early-fraud-warnings"""
    twice, warned = intent(api, "pm_card_createMultipleDisputes"), intent(api, "pm_card_createIssuerFraudRecord")
    clock.time += 3
    assert eventually(lambda: len(api.disputes.list({"payment_intent": twice.id}).data) == 2)
    assert sum(each.amount for each in api.disputes.list({"payment_intent": twice.id}).data) == 2500
    (warning,) = api.radar.early_fraud_warnings.list({"payment_intent": warned.id}).data
    assert warning.actionable
    api.refunds.create({"payment_intent": warned.id})
    assert not api.radar.early_fraud_warnings.retrieve(warning.id).actionable
    assert "radar.early_fraud_warning.created" in kinds(api)


def test_a_door_opens_and_decides_a_dispute(api, door, paid):
    dispute = door("disputes", payment_intent=paid.id, reason="duplicate", amount=500)
    assert (dispute["status"], dispute["reason"], dispute["amount"]) == ("needs_response", "duplicate", 500)
    assert door("disputes", dispute=dispute["id"], outcome="won")["status"] == "won"
    assert api.refunds.create({"payment_intent": paid.id}).status == "succeeded"


# Refunds


def test_a_failed_refund_is_announced(api, clock):
    """https://docs.stripe.com/testing#refunds · https://docs.stripe.com/refunds#failed-refunds"""
    made = intent(api, "pm_card_refundFail")
    refund = api.refunds.create({"payment_intent": made.id, "amount": 1000})
    clock.time += 6
    assert eventually(lambda: api.refunds.retrieve(refund.id).status == "failed")
    failed = api.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    assert failed.failure_reason == "expired_or_canceled_card"
    assert failed.failure_balance_transaction.amount == 1000
    assert api.charges.retrieve(made.latest_charge).amount_refunded == 0
    assert eventually(lambda: kinds(api)[-3:] == ["charge.refund.updated", "refund.updated", "refund.failed"])
    last = api.events.list({"type": "refund.updated"}).data[0]
    assert last.data.previous_attributes.status == "succeeded"
    assert last.request.id is None


def test_a_pending_refund_succeeds_later(api, clock):
    """https://docs.stripe.com/testing#refunds"""
    made = intent(api, "pm_card_pendingRefund")
    refund = api.refunds.create({"payment_intent": made.id})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    clock.time += 6
    assert eventually(lambda: api.refunds.retrieve(refund.id).status == "succeeded")


def test_a_cards_refund_is_cancelled_in_the_dashboard_only(api, door, clock, paid):
    """https://docs.stripe.com/api/refunds/cancel · https://docs.stripe.com/testing#refunds: within 30 minutes"""
    refund = api.refunds.create({"payment_intent": paid.id})
    with pytest.raises(stripe.InvalidRequestError, match="canceled in the Dashboard"):
        api.refunds.cancel(refund.id)
    assert door("refunds", refund=refund.id, outcome="canceled")["status"] == "canceled"
    assert api.charges.retrieve(paid.latest_charge).amount_refunded == 0
    again = api.refunds.create({"payment_intent": paid.id})
    clock.time += 31 * 60
    with pytest.raises(AssertionError, match="within 30 minutes"):
        door("refunds", refund=again.id, outcome="canceled")


# What comes later by itself


def test_the_balance_transaction_comes_later(api, clock, paid):
    """https://docs.stripe.com/payments/payment-intents/asynchronous-capture"""
    assert api.charges.retrieve(paid.latest_charge).balance_transaction is None
    assert [event.data.object.balance_transaction for event in api.events.list({"type": "charge.succeeded"})] == [None]
    clock.time += 2
    assert eventually(lambda: api.charges.retrieve(paid.latest_charge).balance_transaction)
    (event,) = api.events.list({"type": "charge.updated"}).data
    assert event.data.previous_attributes.balance_transaction is None
    assert event.data.object.balance_transaction.startswith("txn_")


def test_a_synchronous_capture_has_it_at_once(api):
    made = intent(api, capture_method="automatic")
    assert api.charges.retrieve(made.latest_charge).balance_transaction
    assert api.events.list({"type": "charge.updated"}).data == []


def test_money_becomes_available(api, clock):
    """https://docs.stripe.com/testing#available-balance"""
    made = intent(api, capture_method="automatic")
    at_once = intent(api, "pm_card_bypassPending", capture_method="automatic")
    status = {each.source: each.status for each in api.balance_transactions.list({"type": "charge"}).data}
    assert status == {made.latest_charge: "pending", at_once.latest_charge: "available"}
    clock.time += 5 * DAY
    assert {each.status for each in api.balance_transactions.list({"type": "charge"}).data} == {"available"}


def test_a_hold_that_nobody_captures_ends_after_seven_days(api, clock):
    """https://docs.stripe.com/payments/place-a-hold-on-a-payment-method"""
    made = intent(api, capture_method="manual")
    clock.time += 7 * DAY + 1
    assert eventually(lambda: api.payment_intents.retrieve(made.id).status == "canceled")
    assert api.payment_intents.retrieve(made.id).cancellation_reason == "automatic"
    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        api.payment_intents.capture(made.id)
    assert kinds(api)[-2:] == ["charge.expired", "payment_intent.canceled"]


# Customers that are gone


def test_a_deleted_customers_cards_pay_no_more(api):
    """https://docs.stripe.com/api/customers/delete · https://docs.stripe.com/api/payment_methods/detach"""
    customer = api.customers.create({"payment_method": "pm_card_visa", "source": "tok_visa"})
    method = api.customers.payment_methods.list(customer.id).data[0]
    card, open_intent = customer.default_source, intent(api, method.id, customer=customer.id, confirm=False)
    api.customers.delete(customer.id)
    assert api.payment_methods.retrieve(method.id).customer is None
    with pytest.raises(stripe.InvalidRequestError, match="It may not be used"):
        intent(api, method.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        api.payment_intents.confirm(open_intent.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        api.charges.create({"amount": 500, "currency": "gbp", "customer": customer.id, "source": card})
    with pytest.raises(stripe.InvalidRequestError, match="No such token"):
        api.charges.create({"amount": 500, "currency": "gbp", "source": card})
    shown = api.payment_intents.retrieve(open_intent.id, {"expand": ["customer"]})
    assert shown.customer.deleted
    assert api.charges.list().data == []
