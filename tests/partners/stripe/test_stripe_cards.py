"""Every test card that Stripe documents: it does what is written, or it is named as one that the stand-in lacks."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.partners.stripe.test_stripe_intents import intent
from workshop.partners.stripe.card_table import BY_NAME, BY_NUMBER, MISSING
from workshop.partners.stripe.cards import luhn

# Copied number by number from the tables of https://docs.stripe.com/testing, October 2026.
_NUMBERS = """
4242424242424242 4000056655665556 5555555555554444 2223003122003222 5200828282828210 5105105105105100 378282246310005
371449635398431 6011111111111117 6011000990139424 6011981111111113 3056930009020004 36227206271667 6555900000604105
3566002020360505 6200000000000005 6200000000000047 6205500000000000004 4000002500001001 5555552500001001
4000050360000001 5555050360000080 4000000320000021 4000000760000002 4000001240000000 4000001520000001 4000001700000003
4000001880000005 4000002180000000 4000004840008001 5062210000000009 4000005910000000 4000006000000066 4000006040000068
4000008580000003 4000007840000001 5200007840000022 4000000400000008 4000000560000004 4000001000000000 4000001120000005
4000001910000009 4000001960000008 4000002030000002 4000002080000001 4000002330000009 4000002460000001 4000002500000003
4000002760000016 4000002920000005 4000003000000030 4000003480000005 4000003720000005 4000003800000008 4000004280000005
4000004380000004 4000004400000000 4000004420000006 4000004700000007 4000005280000002 4000005780000007 4000006160000005
4000006200000007 4000006420000001 4000006820000007 4000007050000006 4000007030000001 4000007240000007 4000007520000008
4000007560000009 4000008260000000 4000058260000005 5555558265554449 4000000360000006 4000001560000002 4000003440000004
4000003560000008 4000003920000003 3530111333300000 4000004580000002 4000005540000008 4000007020000003 4000001580000008
4000007640000003 4000057640000008 4000051230000072 5200828282828897 4000000000000002 4000000000009995 4000000000009987
4000000000009979 4000000000000069 4000000000000127 4000000000000119 4000000000006975 4000000000000341 4100000000000019
4000000000004954 4000000000009235 4000008400000407 4000008400000159 4000008400001017 4000008405600003 4000000000000101
4000000000000036 4000058400307872 4000058400306072 4000000000000028 4000000000000010 4000000000000044 4000000000000259
4000000000002685 4000000000001976 4000000000005423 4000000404000079 4000000404000038 4000008400000779 5105008400000002
4000000001000043 4000000404004816 4000000404005649 5105000300000018 4000000000007726 4000000000005126 4000000000000077
4000003720000278 4000002500003155 4000002760003184 4000003800000446 4000008260003178 4000000000003220 4000008400000027
4000008400001629 4000008400001280 4000000000003055 4000000000003097 4000000032200000 4000582600000094 4000582600000045
4000582600000102 4000582600000110 4000000000001208 4000000000003725 4001007020000002 4000008260000075 4001000360000005
4000002760000008
"""
DOCUMENTED = _NUMBERS.split()


def token(api: Any, number: str, **more: Any) -> Any:
    card = {"number": number, "exp_month": 12, "exp_year": 2030, **more}
    return api.tokens.create({"card": card})


@pytest.mark.parametrize("number", DOCUMENTED)
def test_no_documented_card_is_called_a_live_one(api, number):
    if number in MISSING:
        with pytest.raises(stripe.InvalidRequestError, match=r"one of Stripe's test values.*does not do it") as caught:
            token(api, number)
        assert MISSING[number] in caught.value.user_message and number not in caught.value.user_message
    else:
        assert token(api, number).card.last4 == number[-4:]


def test_the_table_has_no_number_of_its_own():
    """4012… and 4000000000003063 were documented for years and still work at Stripe."""
    assert set(BY_NUMBER) - set(DOCUMENTED) == {"4012888888881881", "4000000000003063"}
    assert all(luhn(card.number) for card in BY_NUMBER.values())


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_each_name_is_a_token_and_a_payment_method(api, name):
    card = BY_NAME[name]
    if card.attaches:
        customer = api.customers.create({"payment_method": f"pm_card_{name}", "source": f"tok_{name}"})
        assert api.customers.payment_methods.list(customer.id).data[0].card.last4 == card.last4
        assert api.customers.retrieve(customer.id, {"expand": ["default_source"]}).default_source.last4 == card.last4
    else:
        for one in ({"payment_method": f"pm_card_{name}"}, {"source": f"tok_{name}"}):
            with pytest.raises(stripe.CardError):
                api.customers.create(one)


@pytest.mark.parametrize("name", ["pm_usBankAccount_success", "pm_sepaDebit_success_at", "offline_pin_cvm"])
def test_other_test_values_are_named(api, name):
    """https://docs.stripe.com/testing#non-card-payments"""
    with pytest.raises(stripe.InvalidRequestError, match=r"one of Stripe's test values.*does not do it"):
        intent(api, name)


def test_a_number_that_is_no_test_card_is_refused_as_a_live_one(api):
    """https://docs.stripe.com/declines/codes#test_mode_live_card"""
    with pytest.raises(stripe.CardError) as caught:
        token(api, "4111111111111111")
    assert caught.value.error.decline_code == "test_mode_live_card"


def test_a_security_code_that_is_not_given_is_not_wrong(api):
    """https://docs.stripe.com/testing#declined-payments"""
    card = {"number": "4000000000000127", "exp_month": 12, "exp_year": 2030}
    assert intent(api, None, payment_method_data={"type": "card", "card": card}).status == "succeeded"
    with pytest.raises(stripe.CardError) as caught:
        intent(api, None, payment_method_data={"type": "card", "card": {**card, "cvc": "123"}})
    assert caught.value.code == "incorrect_cvc"


# 3-D Secure, https://docs.stripe.com/testing#regulatory-cards


@pytest.mark.parametrize(
    ("name", "asked", "status"),
    [
        ("threeDSecure2Required", None, "requires_action"),
        ("threeDSecureOptional", None, "succeeded"),
        ("threeDSecureOptional", "any", "requires_action"),
        ("threeDSecureOptional", "challenge", "requires_action"),
        ("threeDSecureOptionalProcessingError", None, "succeeded"),
        ("visa", "challenge", "succeeded"),
        ("amex_threeDSecureNotSupported", "challenge", "succeeded"),
        ("adaptive3dsChallenge", None, "succeeded"),
    ],
)
def test_who_is_asked(api, name, asked, status):
    options = {"payment_method_options": {"card": {"request_three_d_secure": asked}}} if asked else {}
    assert intent(api, f"pm_card_{name}", **options).status == status


@pytest.mark.parametrize(
    ("name", "asked"), [("threeDSecureRequiredProcessingError", None), ("threeDSecureOptionalProcessingError", "any")]
)
def test_when_the_bank_cannot_be_asked_the_payment_is_declined(api, name, asked):
    options = {"payment_method_options": {"card": {"request_three_d_secure": asked}}} if asked else {}
    with pytest.raises(stripe.CardError) as caught:
        intent(api, f"pm_card_{name}", **options)
    assert caught.value.code == "card_declined"
    secure = api.charges.retrieve(caught.value.error.charge).payment_method_details.card.three_d_secure
    assert secure.result == "processing_error"


def test_a_bank_that_is_content_without_asking(api):
    method = {"type": "card", "card": {"number": "4000000032200000", "exp_month": 12, "exp_year": 2030}}
    made = intent(api, None, payment_method_data=method)
    secure = api.charges.retrieve(made.latest_charge).payment_method_details.card.three_d_secure
    assert (made.status, secure.authentication_flow, secure.result) == ("succeeded", "frictionless", "authenticated")


def test_the_bank_page_of_an_older_try_is_dead_and_the_new_one_works(api, raw, door):
    made = intent(api, "pm_card_authenticationRequired", return_url="http://127.0.0.1:9/done")
    old = made.next_action.redirect_to_url.url
    door("3d_secure", payment_intent=made.id, passed=False)
    again = api.payment_intents.confirm(
        made.id, {"payment_method": "pm_card_authenticationRequired", "return_url": "http://127.0.0.1:9/done"}
    )
    new = again.next_action.redirect_to_url.url
    assert raw.post(old, data={"outcome": "passed"}).status_code == 404
    assert raw.post(new, data={"outcome": "passed"}).status_code == 303
    assert api.payment_intents.retrieve(made.id).status == "succeeded"


def test_a_cancelled_intent_cannot_be_authenticated(api, raw):
    made = intent(api, "pm_card_authenticationRequired", return_url="http://127.0.0.1:9/done")
    page = made.next_action.redirect_to_url.url
    assert api.payment_intents.cancel(made.id).status == "canceled"
    assert raw.post(page, data={"outcome": "passed"}).status_code == 409
    assert api.charges.list().data == []
