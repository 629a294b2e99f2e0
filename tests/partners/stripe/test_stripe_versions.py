"""Versions of the API, and what a publishable key may do."""

from __future__ import annotations

import inspect
import json
import re
from importlib import import_module

import httpx
import pytest
import stripe

from tests.partners.stripe import stripe_endpoints
from tests.partners.stripe.conftest import check, make_client
from workshop.partners.stripe import elsewhere, versions

OLD = {"Stripe-Version": "2026-08-26.dahlia"}
INTENT = {"amount": 1000, "currency": "gbp"}


def test_the_versions_are_the_librarys():
    """The library lists them for webhook endpoints: https://docs.stripe.com/api/webhook_endpoints/create"""
    source = inspect.getsource(import_module("stripe.params._webhook_endpoint_create_params"))
    listed = re.findall(r'"(20\d\d-\d\d-\d\d(?:\.\w+)?)"', source)
    assert [*versions.OLDER, *versions.SPOKEN] == listed
    assert listed[-1] == versions.API_VERSION


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ("yesterday", "Invalid Stripe API version: yesterday"),
        ("2026-10-29", "Invalid Stripe API version: 2026-10-29"),
        ("2026-10-28.dahlia", "Invalid Stripe API version"),
        ("2020-08-27", "does not do API version 2020-08-27: it speaks 2022-11-15 and later"),
        ("2026-10-28.preview", "does not do previews"),
        ("2026-10-28.endive; feature_beta=v3", "does not do previews"),
    ],
)
def test_unknown_versions_are_a_400(raw, version, says):
    """https://docs.stripe.com/api/versioning"""
    answer = raw.post("/v1/payment_intents", data=INTENT, headers={"Stripe-Version": version})
    check(answer.json())
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


@pytest.mark.parametrize("version", versions.SPOKEN)
def test_known_versions_are_spoken(raw, version):
    answer = raw.get("/v1/charges", headers={"Stripe-Version": version})
    assert (answer.status_code, answer.headers["stripe-version"]) == (200, version)


def test_types_of_payment_before_and_after_endive(raw):
    """https://docs.stripe.com/changelog/endive/2026-09-30/removes-the-payment-method-types-parameter-from-payment-intents-and-setup-intents"""
    wanted = {**INTENT, "payment_method_types[]": "card", "payment_method": "pm_card_visa", "confirm": "true"}
    old = raw.post("/v1/payment_intents", data=wanted, headers=OLD)
    assert (old.json()["status"], old.json()["automatic_payment_methods"]) == ("succeeded", None)
    new = raw.post("/v1/payment_intents", data=wanted)
    assert new.json()["error"]["code"] == "payment_method_types_no_longer_supported"
    klarna = raw.post("/v1/payment_intents", data={**INTENT, "payment_method_types[]": "klarna"}, headers=OLD)
    assert "does not do payment_method_types[0]=klarna" in klarna.json()["error"]["message"]


def test_allowed_types_are_unknown_before_they_came(raw):
    wanted = {**INTENT, "allowed_payment_method_types[]": "card"}
    answer = raw.post("/v1/payment_intents", data=wanted, headers={"Stripe-Version": "2026-06-24.dahlia"})
    assert answer.json()["error"]["code"] == "parameter_unknown"
    assert raw.post("/v1/payment_intents", data=wanted, headers=OLD).status_code == 200


def test_defaults_of_older_versions(raw):
    """https://docs.stripe.com/changelog/2023-08-16/automatic-payment-methods ·
    https://docs.stripe.com/changelog/2024-04-10/automatic-sync-default-paymentintents"""
    shown = {}
    for version in ("2022-11-15", "2023-10-16", "2024-04-10"):
        made = raw.post("/v1/payment_intents", data=INTENT, headers={"Stripe-Version": version}).json()
        shown[version] = (made["automatic_payment_methods"] is not None, made["capture_method"], "invoice" in made)
    assert shown == {
        "2022-11-15": (False, "automatic", True),
        "2023-10-16": (True, "automatic", True),
        "2024-04-10": (True, "automatic_async", True),
    }
    assert "invoice" not in raw.post("/v1/payment_intents", data=INTENT).json()


def test_an_endpoint_has_a_version_of_its_own(api):
    """https://docs.stripe.com/webhooks/versioning"""
    wanted = {"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]}
    assert api.webhook_endpoints.create({**wanted, "api_version": "2024-06-20"}).api_version == "2024-06-20"
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version") as caught:
        api.webhook_endpoints.create({**wanted, "api_version": "2024-06-21"})
    assert caught.value.param == "api_version"


# Addresses


def test_the_addresses_are_the_librarys():
    listed = json.loads(stripe_endpoints.LIST.read_text(encoding="utf-8"))
    assert listed == stripe_endpoints.in_the_library()


@pytest.mark.parametrize(
    ("method", "path", "knows"),
    [
        ("POST", "/v1/checkout/sessions", True),
        ("GET", "/v1/subscriptions/sub_1", True),
        ("POST", "/v1/test_helpers/refunds/re_1/expire", True),
        ("POST", "/v1/payment_intents/pi_1/increment_authorization", True),
        ("GET", "/v1/checkout/nonsense", False),
        ("GET", "/v1/charges/ch_1/nonsense", False),
        ("PUT", "/v1/checkout/sessions", False),
        ("GET", "/v2/nonsense", False),
    ],
)
def test_what_stripe_has_and_what_nobody_has(raw, method, path, knows):
    answer = raw.request(method, path)
    check(answer.json())
    says = "does not do" if knows else "Unrecognized request URL"
    assert (answer.status_code, says in answer.json()["error"]["message"]) == (404, True)
    assert elsewhere.knows(method, path) is knows


# Publishable keys


@pytest.fixture
def browser(url: str):
    """A buyer's browser: it has the publishable key only."""
    with httpx.Client(base_url=url, headers={"Authorization": "Bearer pk_test_workshop"}) as client:
        yield client


def test_a_browser_confirms_with_the_client_secret(api, browser):
    """https://docs.stripe.com/keys · https://docs.stripe.com/payments/payment-intents#client-secret"""
    made = api.payment_intents.create({**INTENT, "metadata": {"margin": "12"}})
    card = {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2030"}
    method = browser.post("/v1/payment_methods", data=card).json()["id"]
    path, wanted = f"/v1/payment_intents/{made.id}", {"payment_method": method, "return_url": "http://127.0.0.1:9/"}
    assert browser.get(path).json()["error"]["param"] == "client_secret"
    assert browser.post(f"{path}/confirm", data=wanted).json()["error"]["param"] == "client_secret"
    wrong = browser.post(f"{path}/confirm", data={**wanted, "client_secret": f"{made.id}_secret_x"})
    assert wrong.json()["error"]["code"] == "payment_intent_invalid_parameter"
    wanted["client_secret"] = made.client_secret
    cheap = browser.post(f"{path}/confirm", data={**wanted, "off_session": "true"})
    assert "publishable" in cheap.json()["error"]["message"]
    assert api.payment_intents.retrieve(made.id).status == "requires_payment_method"
    paid = browser.post(f"{path}/confirm", data=wanted).json()
    assert (paid["status"], "metadata" in paid, "latest_charge" in paid) == ("succeeded", False, False)
    seen = browser.get(path, params={"client_secret": made.client_secret}).json()
    assert (seen["status"], "metadata" in seen) == ("succeeded", False)


def test_an_intent_confirmed_by_hand_is_the_shops(api, browser):
    made = api.payment_intents.create({**INTENT, "confirmation_method": "manual", "payment_method": "pm_card_visa"})
    wanted = {"client_secret": made.client_secret, "return_url": "http://127.0.0.1:9/"}
    answer = browser.post(f"/v1/payment_intents/{made.id}/confirm", data=wanted)
    assert "cannot be confirmed using your publishable key" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/charges", "/v1/refunds", "/v1/payment_intents", "/v1/customers"])
def test_a_browser_does_nothing_else(browser, path):
    answer = browser.post(path, data=INTENT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "secret_key_required")


def test_keys_that_ended_charge_again(url, clock, api):
    """https://docs.stripe.com/api/idempotent_requests: they end after 24 hours."""
    client = make_client(url)
    wanted = {**INTENT, "payment_method": "pm_card_visa", "confirm": True, "allowed_payment_method_types": ["card"]}
    first = client.v1.payment_intents.create(wanted, {"idempotency_key": "order-1"})
    clock.time += 23 * 3600
    assert client.v1.payment_intents.create(wanted, {"idempotency_key": "order-1"}).id == first.id
    clock.time += 2 * 3600
    assert client.v1.payment_intents.create(wanted, {"idempotency_key": "order-1"}).id != first.id
    assert len(api.charges.list().data) == 2
