"""Payment intents, payment methods and customers."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import stripe

from tests.partners.stripe.conftest import make_client

NO_REDIRECTS = {"enabled": True, "allow_redirects": "never"}


def intent(api: Any, method: str | None = "pm_card_visa", **more: Any) -> Any:
    """A payment intent, confirmed unless told otherwise."""
    wanted = {"amount": 2500, "currency": "gbp", "confirm": True, "automatic_payment_methods": NO_REDIRECTS, **more}
    if method:
        wanted["payment_method"] = method
    return api.payment_intents.create(wanted)


def test_created_then_confirmed(api):
    """https://docs.stripe.com/payments/paymentintents/lifecycle"""
    made = intent(api, None, confirm=False, metadata={"order": "7"})
    assert (made.status, made.amount_received) == ("requires_payment_method", 0)
    assert made.client_secret.startswith(f"{made.id}_secret_")
    ready = api.payment_intents.update(made.id, {"payment_method": "pm_card_visa", "description": "Lamp"})
    assert ready.status == "requires_confirmation"
    paid = api.payment_intents.confirm(made.id)
    assert (paid.status, paid.amount_received, paid.last_payment_error) == ("succeeded", 2500, None)
    charge = api.charges.retrieve(paid.latest_charge)
    assert (charge.payment_intent, charge.metadata["order"], charge.description) == (made.id, "7", "Lamp")


def test_created_and_confirmed_at_once(api):
    assert intent(api).status == "succeeded"


def test_confirmed_twice(api):
    """https://docs.stripe.com/error-codes#payment-intent-unexpected-state"""
    made = intent(api)
    with pytest.raises(stripe.InvalidRequestError, match="has already succeeded") as caught:
        api.payment_intents.confirm(made.id)
    assert (caught.value.http_status, caught.value.code) == (400, "payment_intent_unexpected_state")
    assert len(api.charges.list().data) == 1


def test_confirmed_without_a_payment_method(api):
    made = intent(api, None, confirm=False)
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        api.payment_intents.confirm(made.id)


def test_a_return_url_is_wanted_unless_redirects_are_ruled_out(api):
    """https://docs.stripe.com/changelog/2023-08-16/automatic-payment-methods"""
    wanted = {"amount": 2500, "currency": "gbp", "confirm": True, "payment_method": "pm_card_visa"}
    with pytest.raises(stripe.InvalidRequestError, match="you must provide a `return_url`"):
        api.payment_intents.create(wanted)
    assert api.payment_intents.list().data == []
    assert api.payment_intents.create({**wanted, "return_url": "https://shop.example/done"}).status == "succeeded"
    assert api.payment_intents.create({**wanted, "off_session": True}).status == "succeeded"
    assert api.payment_intents.create({**wanted, "allowed_payment_method_types": ["card"]}).status == "succeeded"


def test_payment_method_types_can_no_longer_be_written(api):
    """https://docs.stripe.com/changelog/endive/2026-09-30/removes-the-payment-method-types-parameter-from-payment-intents-and-setup-intents"""
    with pytest.raises(stripe.InvalidRequestError) as caught:
        intent(api, payment_method_types=["card"])
    assert (caught.value.http_status, caught.value.code) == (400, "payment_method_types_no_longer_supported")


def test_a_decline_then_another_card(api):
    """https://docs.stripe.com/payments/paymentintents/lifecycle: a decline goes back to requires_payment_method"""
    made = intent(api, None, confirm=False)
    with pytest.raises(stripe.CardError) as caught:
        api.payment_intents.confirm(made.id, {"payment_method": "pm_card_chargeDeclinedInsufficientFunds"})
    error = caught.value.error
    assert (error.code, error.decline_code) == ("card_declined", "insufficient_funds")
    assert error.payment_intent.status == "requires_payment_method"
    after = api.payment_intents.retrieve(made.id)
    assert (after.status, after.payment_method) == ("requires_payment_method", None)
    assert after.last_payment_error.decline_code == "insufficient_funds"
    assert api.payment_intents.confirm(made.id, {"payment_method": "pm_card_visa"}).status == "succeeded"
    charges = api.charges.list({"payment_intent": made.id}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


def test_manual_capture(api):
    """https://docs.stripe.com/payments/place-a-hold-on-a-payment-method"""
    held = intent(api, capture_method="manual")
    assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 2500, 0)
    with pytest.raises(stripe.InvalidRequestError, match="greater than the amount you can capture"):
        api.payment_intents.capture(held.id, {"amount_to_capture": 2501})
    taken = api.payment_intents.capture(held.id, {"amount_to_capture": 2000})
    assert (taken.status, taken.amount_capturable, taken.amount_received) == ("succeeded", 0, 2000)
    with pytest.raises(stripe.InvalidRequestError, match="could not be captured because it has a status of succeeded"):
        api.payment_intents.capture(held.id)


def test_canceling(api):
    """https://docs.stripe.com/api/payment_intents/cancel"""
    held = intent(api, capture_method="manual")
    gone = api.payment_intents.cancel(held.id, {"cancellation_reason": "abandoned"})
    assert (gone.status, gone.cancellation_reason, gone.amount_capturable) == ("canceled", "abandoned", 0)
    assert api.charges.retrieve(held.latest_charge).refunded
    for refused in (api.payment_intents.cancel, api.payment_intents.confirm, api.payment_intents.capture):
        with pytest.raises(stripe.InvalidRequestError, match="canceled"):
            refused(held.id)


def test_only_open_intents_change_their_amount(api):
    made = intent(api, None, confirm=False)
    assert api.payment_intents.update(made.id, {"amount": 3000}).amount == 3000
    api.payment_intents.confirm(made.id, {"payment_method": "pm_card_visa"})
    with pytest.raises(stripe.InvalidRequestError, match="has a status of succeeded"):
        api.payment_intents.update(made.id, {"amount": 1})
    assert api.payment_intents.update(made.id, {"metadata": {"a": "b"}}).metadata["a"] == "b"


# 3-D Secure: https://docs.stripe.com/payments/3d-secure · https://docs.stripe.com/testing#regulatory-cards


def test_the_buyer_authenticates_on_the_banks_page(api):
    asked = intent(api, "pm_card_threeDSecure2Required", return_url="http://127.0.0.1:1/back?order=7")
    assert (asked.status, asked.next_action.type) == ("requires_action", "redirect_to_url")
    assert api.charges.list().data == []
    page = asked.next_action.redirect_to_url.url
    assert "£25.00" in httpx.get(page).text
    back = httpx.post(page, data={"outcome": "passed"})
    query = parse_qs(urlsplit(back.headers["location"]).query)
    assert back.status_code == 303
    assert (query["order"], query["payment_intent"], query["redirect_status"]) == (["7"], [asked.id], ["succeeded"])
    paid = api.payment_intents.retrieve(asked.id, {"expand": ["latest_charge"]})
    assert paid.status == "succeeded"
    assert paid.latest_charge.payment_method_details.card.three_d_secure.result == "authenticated"
    assert httpx.post(page, data={"outcome": "passed"}).status_code == 409
    assert len(api.charges.list().data) == 1


def test_the_buyer_fails_to_authenticate(api, door):
    asked = intent(api, "pm_card_threeDSecure2Required")
    assert asked.next_action.type == "use_stripe_sdk"
    door("3d_secure", payment_intent=asked.id, passed=False)
    after = api.payment_intents.retrieve(asked.id)
    assert after.status == "requires_payment_method"
    assert after.last_payment_error.code == "payment_intent_authentication_failure"
    assert api.charges.list().data == []


def test_authenticated_and_then_declined(api, door):
    asked = intent(api, "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")
    door("3d_secure", payment_intent=asked.id)
    after = api.payment_intents.retrieve(asked.id)
    assert (after.status, after.last_payment_error.decline_code) == ("requires_payment_method", "insufficient_funds")


def test_manual_confirmation_confirms_again_after_the_buyers_step(api, door):
    """https://docs.stripe.com/payments/accept-a-payment-synchronously"""
    asked = intent(api, "pm_card_threeDSecure2Required", confirmation_method="manual")
    door("3d_secure", payment_intent=asked.id)
    assert api.payment_intents.retrieve(asked.id).status == "requires_confirmation"
    assert api.payment_intents.confirm(asked.id).status == "succeeded"


def test_off_session_cannot_ask_the_buyer(api):
    """https://docs.stripe.com/declines/codes (authentication_required)"""
    customer = api.customers.create({})
    method = api.payment_methods.attach("pm_card_authenticationRequired", {"customer": customer.id})
    with pytest.raises(stripe.CardError) as caught:
        intent(api, method.id, customer=customer.id, off_session=True)
    assert (caught.value.http_status, caught.value.code) == (402, "authentication_required")
    after = api.payment_intents.retrieve(caught.value.error.payment_intent.id)
    assert after.status == "requires_payment_method"


def test_set_up_once_then_off_session(api, door):
    """https://docs.stripe.com/testing#regulatory-cards (authenticate unless set up)"""
    customer = api.customers.create({})
    first = intent(api, "pm_card_authenticationRequiredOnSetup", customer=customer.id, setup_future_usage="off_session")
    door("3d_secure", payment_intent=first.id)
    method = api.payment_intents.retrieve(first.id).payment_method
    assert api.payment_methods.retrieve(method).customer == customer.id
    assert intent(api, method, customer=customer.id, off_session=True).status == "succeeded"


def test_error_on_requires_action(api):
    """https://docs.stripe.com/api/payment_intents/create#create_payment_intent-error_on_requires_action"""
    wanted = {
        "amount": 900,
        "currency": "eur",
        "confirm": True,
        "payment_method": "pm_card_authenticationRequired",
        "error_on_requires_action": True,
    }
    with pytest.raises(stripe.CardError) as caught:
        api.payment_intents.create({**wanted, "allowed_payment_method_types": ["card"]})
    assert caught.value.code == "authentication_required"
    with pytest.raises(stripe.InvalidRequestError, match="automatic payment methods"):
        api.payment_intents.create({**wanted, "automatic_payment_methods": NO_REDIRECTS})


@pytest.mark.parametrize("name", ["return_url", "off_session", "error_on_requires_action"])
def test_what_only_confirming_takes(api, name):
    value = "https://shop.example" if name == "return_url" else True
    with pytest.raises(stripe.InvalidRequestError, match="when `confirm` is true") as caught:
        intent(api, confirm=False, **{name: value})
    assert caught.value.param == name


# Apple Pay, payment methods, customers


def test_an_apple_pay_token_pays_an_intent(api, door):
    """A token from Apple Pay says so: https://docs.stripe.com/api/tokens/object#token_object-card-tokenization_method"""
    token = door("apple_pay_tokens", card="visa")
    assert token["card"]["tokenization_method"] == "apple_pay"
    data = {"type": "card", "card": {"token": token["id"]}}
    paid = intent(api, None, payment_method_data=data, expand=["latest_charge"])
    assert paid.status == "succeeded"
    assert paid.latest_charge.payment_method_details.card.wallet.type == "apple_pay"
    with pytest.raises(stripe.InvalidRequestError, match="more than once"):
        intent(api, None, payment_method_data=data)


def test_a_card_by_its_number(api):
    """https://docs.stripe.com/api/payment_methods/create"""
    card = {"number": "5555555555554444", "exp_month": 4, "exp_year": 2030, "cvc": "314"}
    method = api.payment_methods.create({"type": "card", "card": card})
    assert (method.card.brand, method.card.last4, method.card.checks.cvc_check) == ("mastercard", "4444", "pass")
    assert intent(api, method.id).status == "succeeded"


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"number": "4242424242424241"}, "incorrect_number", "number"),
        ({"number": "42"}, "incorrect_number", "number"),
        ({"exp_month": 13}, "invalid_expiry_month", "exp_month"),
        ({"exp_year": 2019}, "invalid_expiry_year", "exp_year"),
        ({"cvc": "12"}, "invalid_cvc", "cvc"),
        ({"number": "4929420573595709"}, "card_declined", ""),  # passes the check digit, is no test card
    ],
)
def test_cards_that_cannot_be(api, change, code, param):
    """https://docs.stripe.com/testing#invalid-data · https://docs.stripe.com/declines/codes (test_mode_live_card)"""
    card = {"number": "4242424242424242", "exp_month": 4, "exp_year": 2030, "cvc": "314", **change}
    with pytest.raises(stripe.CardError) as caught:
        api.tokens.create({"card": card})
    assert (caught.value.http_status, caught.value.code, caught.value.param or "") == (402, code, param)
    assert str(card["number"]) not in str(caught.value)


def test_an_unsaved_payment_method_pays_once(api):
    """https://docs.stripe.com/payments/payment-methods#attach"""
    used = intent(api).payment_method
    with pytest.raises(stripe.InvalidRequestError, match="It may not be used again"):
        intent(api, used)


def test_a_saved_payment_method_belongs_to_its_customer(api):
    mine, other = api.customers.create({}), api.customers.create({})
    method = api.payment_methods.attach("pm_card_visa", {"customer": mine.id})
    for _ in range(2):
        assert intent(api, method.id, customer=mine.id).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="must be attached to the customer"):
        intent(api, method.id, customer=other.id)
    with pytest.raises(stripe.InvalidRequestError, match="Please include the Customer"):
        intent(api, method.id)
    assert [each.id for each in api.customers.payment_methods.list(mine.id).data] == [method.id]
    assert api.payment_methods.detach(method.id).customer is None
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        api.payment_methods.detach(method.id)


def test_customers(api):
    """https://docs.stripe.com/api/customers"""
    made = api.customers.create(
        {"email": "ada@example.com", "name": "Ada", "payment_method": "pm_card_visa", "address": {"city": "London"}}
    )
    assert made.address.city == "London"
    method = api.payment_methods.list({"customer": made.id}).data[0]
    changed = api.customers.update(
        made.id, {"name": "", "invoice_settings": {"default_payment_method": method.id}, "phone": "1"}
    )
    assert (changed.name, changed.phone) == (None, "1")
    assert api.customers.list({"email": "ada@example.com"}).data[0].id == made.id
    expanded = api.customers.retrieve(made.id, {"expand": ["invoice_settings.default_payment_method"]})
    assert expanded.invoice_settings.default_payment_method.card.last4 == "4242"
    assert api.customers.delete(made.id).deleted
    assert api.customers.retrieve(made.id).deleted
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        api.customers.update(made.id, {"name": "x"})


def test_refund_of_an_intent(api):
    """https://docs.stripe.com/refunds"""
    paid = intent(api)
    refund = api.refunds.create({"payment_intent": paid.id, "amount": 500})
    assert (refund.payment_intent, refund.charge) == (paid.id, paid.latest_charge)
    assert api.refunds.list({"payment_intent": paid.id}).data[0].id == refund.id
    unpaid = intent(api, None, confirm=False)
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        api.refunds.create({"payment_intent": unpaid.id})


def test_confirming_twice_at_once_charges_once(url, door, api):
    """https://docs.stripe.com/error-codes#lock-timeout"""
    from concurrent.futures import ThreadPoolExecutor

    made = intent(api, None, confirm=False)
    door("settings", network_seconds=0.2)
    client = make_client(url).v1

    def confirm(_: int) -> str:
        try:
            return client.payment_intents.confirm(made.id, {"payment_method": "pm_card_visa"}).status
        except stripe.StripeError as error:
            return error.error.code

    with ThreadPoolExecutor(3) as pool:
        outcomes = sorted(pool.map(confirm, range(3)))
    assert outcomes == ["lock_timeout", "lock_timeout", "succeeded"]
    assert len(api.charges.list().data) == 1
