"""What is refused leaves nothing behind: no charge, no half-made change, and never a 500."""

from __future__ import annotations

import threading

import httpx
import pytest
import stripe

from tests.partners.serving import eventually, under_way
from tests.partners.stripe.conftest import check, make_client

CHARGE = {"amount": 1000, "currency": "gbp", "source": "tok_visa"}
INTENT = {"amount": 1000, "currency": "gbp", "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}


@pytest.mark.parametrize("path", ["nope", "amount", "payment_method", "customer.nope", "a.b.c.d.e", "data.customer"])
def test_what_cannot_be_expanded_is_refused_before_the_charge(api, path):
    """https://docs.stripe.com/expand. A 400 after the work would lose the charge, and its idempotency key with it."""
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            api.charges.create({**CHARGE, "expand": [path]}, {"idempotency_key": "order-50"})
        assert (caught.value.http_status, caught.value.param) == (400, "expand")
    assert api.charges.list().data == []
    assert api.charges.create(CHARGE, {"idempotency_key": "order-50"}).paid


def test_lists_are_expanded_below_data(api):
    """https://docs.stripe.com/expand#lists"""
    made = api.charges.create(CHARGE)
    with pytest.raises(stripe.InvalidRequestError, match=r"cannot be expanded \(customer\)"):
        api.charges.list({"expand": ["customer"]})
    booked = api.balance_transactions.list({"expand": ["data.source.customer", "data.source.transfer"]}).data[0]
    assert booked.source.id == made.id


@pytest.mark.parametrize(
    "asked",
    [
        "/v1/charges?expand[%C2%B2]=customer",
        f"/v1/charges?expand[{'9' * 4400}]=customer",
        "/v1/charges?limit=%C2%B2",
        "/v1/charges/search?query=amount:'%C2%B2'",
        f"/v1/charges/search?query=amount:{'9' * 4400}",
        "/v1/charges/search?query=status:'succeeded'&page=%C2%B2",
    ],
)
def test_digits_that_are_no_numbers_are_a_400(raw, asked):
    raw.post("/v1/charges", data=CHARGE)
    answer = raw.get(asked)
    check(answer.json())
    assert answer.status_code == 400


def test_a_refused_update_changes_nothing(api):
    made = api.payment_intents.create(INTENT)
    with pytest.raises(stripe.InvalidRequestError, match="No such PaymentMethod"):
        api.payment_intents.update(made.id, {"amount": 500, "payment_method": "pm_nope"})
    with pytest.raises(stripe.InvalidRequestError, match="No such PaymentMethod"):
        api.payment_intents.confirm(made.id, {"receipt_email": "ada@example.com", "payment_method": "pm_nope"})
    after = api.payment_intents.retrieve(made.id)
    assert (after.amount, after.receipt_email, after.status) == (1000, None, "requires_payment_method")


@pytest.mark.parametrize("change", ["cancel", "update", "confirm", "capture"])
def test_an_intent_under_way_is_locked(url, door, api, change):
    """https://docs.stripe.com/rate-limits#object-lock-timeouts: a payment that is cancelled is not paid as well."""
    made = api.payment_intents.create({**INTENT, "payment_method": "pm_card_visa"})
    door("settings", network_seconds=1.5)
    first = threading.Thread(target=api.payment_intents.confirm, args=(made.id,))
    first.start()
    assert eventually(lambda: under_way(url))
    with pytest.raises(stripe.RateLimitError) as caught:
        getattr(make_client(url).v1.payment_intents, change)(made.id)
    first.join()
    assert caught.value.error.code == "lock_timeout"
    assert api.payment_intents.retrieve(made.id).status == "succeeded"


@pytest.mark.parametrize("header", ["Stripe-Account", "Stripe-Context"])
def test_another_account_is_refused(raw, header):
    """https://docs.stripe.com/connect/authentication: only platforms reach other accounts"""
    answer = raw.post("/v1/charges", data=CHARGE, headers={header: "acct_1Other"})
    check(answer.json())
    assert answer.status_code == 403
    assert answer.json()["error"]["message"].startswith("Only Stripe Connect platforms can work with other accounts.")
    assert raw.get("/v1/charges").json()["data"] == []


@pytest.mark.parametrize("link", ["nonsense", "/done", "javascript:alert(1)", "https://", "app:///", "https://a b"])
def test_the_buyer_needs_an_address_to_come_back_to(api, link):
    """https://docs.stripe.com/error-codes#url-invalid"""
    wanted = {"amount": 1000, "currency": "gbp", "confirm": True, "payment_method": "pm_card_visa"}
    with pytest.raises(stripe.InvalidRequestError, match="Not a valid URL") as caught:
        api.payment_intents.create({**wanted, "return_url": link})
    assert (caught.value.code, caught.value.param) == ("url_invalid", "return_url")
    for good in ("https://shop.example.com/done?order=1", "http://127.0.0.1:8888/", "shop-app://paid"):
        assert api.payment_intents.create({**wanted, "return_url": good}).status == "succeeded"


@pytest.mark.parametrize("mail", ["nope", "a@b", "a b@example.com", "@example.com"])
def test_an_address_of_mail_looks_like_one(api, mail):
    """https://docs.stripe.com/error-codes#email-invalid"""
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.customers.create({"email": mail})
    assert (caught.value.code, caught.value.param) == ("email_invalid", "email")
    with pytest.raises(stripe.InvalidRequestError, match="Invalid email address"):
        api.charges.create({**CHARGE, "receipt_email": mail})
    assert api.charges.list().data == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/balance"),
        ("POST", "/v1/setup_intents"),
        ("POST", "/v1/checkout/sessions"),
        ("GET", "/v2/core/events"),
        ("POST", "/v1/payment_intents/pi_1/increment_authorization"),
        ("GET", "/v1/customers/cus_1/sources"),
    ],
)
def test_what_only_stripe_does_is_said(raw, method, path):
    answer = raw.request(method, path)
    check(answer.json())
    assert answer.status_code == 404
    assert f"does not do {method} {path}. Stripe itself does" in answer.json()["error"]["message"]


def test_an_empty_identifier_is_explained(raw):
    """Stripe's own hint, as in https://github.com/stripe/stripe-php/issues/968"""
    message = raw.get("/v1/payment_intents/").json()["error"]["message"]
    assert message.startswith("Unrecognized request URL (GET: /v1/payment_intents/). If you are trying to list")


@pytest.mark.parametrize(
    "link", ["nonsense", "http://", "http://[::1", "http://127.0.0.1:99999/", "http://127.0.0.1:x/"]
)
def test_a_webhook_needs_an_address(api, link):
    """https://docs.stripe.com/error-codes#url-invalid"""
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.webhook_endpoints.create({"url": link, "enabled_events": ["*"]})
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (400, "url_invalid", "url")
    assert api.webhook_endpoints.list().data == []


def test_type_or_types_of_events(api):
    """https://docs.stripe.com/api/events/list: one or the other"""
    with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
        api.events.list({"type": "charge.failed", "types": ["charge.failed"]})


def test_a_live_key_reaches_no_other_door(url):
    """The doors for tests take no live key either."""
    answer = httpx.post(f"{url}/_stand_in/keys", json={"key": "sk_live_x"})
    assert (answer.status_code, "live keys" in answer.text, "sk_live_x" in answer.text) == (400, True, False)
