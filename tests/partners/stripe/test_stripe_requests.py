"""What every request has in common: keys, parameters, errors, idempotency, limits, faults."""

from __future__ import annotations

import base64
import importlib
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import stripe

from tests.partners.serving import eventually, under_way
from tests.partners.stripe.conftest import KEY, Checking, check, make_client
from workshop.partners.stripe.operations import OPERATIONS

CHARGE = {"amount": 1000, "currency": "gbp", "source": "tok_visa"}


# Parameters


@pytest.mark.parametrize(
    ("change", "code", "param", "message"),
    [
        ({"amount": None}, "parameter_missing", "amount", "Missing required param: amount."),
        ({"currency": None}, "parameter_missing", "currency", "Missing required param: currency."),
        ({"amount": 10.5}, "parameter_invalid_integer", "amount", "Invalid integer: 10.5"),
        ({"amount": "ten"}, "parameter_invalid_integer", "amount", "Invalid integer: ten"),
        ({"amount": "1e3"}, "parameter_invalid_integer", "amount", "Invalid integer: 1e3"),
        ({"amount": 0}, "parameter_invalid_integer", "amount", "This value must be greater than or equal to 1."),
        ({"amount": -5}, "parameter_invalid_integer", "amount", "This value must be greater than or equal to 1."),
        ({"amount": ""}, "parameter_invalid_empty", "amount", "You passed an empty string for 'amount'."),
        ({"amount": 29}, "amount_too_small", "amount", "Amount must be at least £0.30 gbp"),
        ({"amount": 49, "currency": "usd"}, "amount_too_small", "amount", "Amount must be at least $0.50 usd"),
        ({"amount": 49, "currency": "jpy"}, "amount_too_small", "amount", "Amount must be at least ¥50 jpy"),
        ({"amount": 100_000_000}, "amount_too_large", "amount", "Amount must be no more than £999,999.99 gbp"),
        ({"amount": 5125, "currency": "kwd"}, "parameter_invalid_integer", "amount", "divisible by 10"),
        ({"amount": 510, "currency": "isk"}, "parameter_invalid_integer", "amount", "divisible by 100"),
        ({"currency": "xyz"}, None, "currency", "Invalid currency: xyz."),
        ({"colour": "red"}, "parameter_unknown", "colour", "Received unknown parameter: colour"),
        ({"a": 1, "b": 2}, "parameter_unknown", "a", "Received unknown parameters: a, b"),
        ({"metadata": {"x": "y" * 501}}, None, "metadata", "Metadata values can have up to 500 characters"),
        ({"metadata": {"x" * 41: "y"}}, None, "metadata", "Metadata keys can have up to 40 characters"),
        ({"metadata": {str(n): "y" for n in range(51)}}, None, "metadata", "up to 50 keys"),
        ({"capture": "perhaps"}, None, "capture", "Invalid boolean: perhaps"),
        ({"description": {"a": "b"}}, "parameter_invalid_string_blank", "description", "Invalid string"),
        ({"transfer_group": "x"}, None, "transfer_group", "stand-in for Stripe does not do transfer_group"),
    ],
)
def test_bad_parameters(api, change, code, param, message):
    """https://docs.stripe.com/error-codes · https://docs.stripe.com/currencies · https://docs.stripe.com/metadata"""
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.charges.create({**CHARGE, **change})
    error = caught.value
    assert (error.http_status, error.code, error.param) == (400, code, param)
    assert message in error.user_message
    assert api.charges.list().data == []


@pytest.mark.parametrize(
    ("amount", "currency"),
    [(30, "gbp"), (50, "jpy"), (5120, "kwd"), (99_999_999, "usd"), (500, "isk"), (1000, "GBP"), (1, "bhd")],
)
def test_amounts_that_are_fine(api, amount, currency):
    """Zero-decimal, three-decimal, special cases: https://docs.stripe.com/currencies"""
    if currency == "bhd":
        amount = 10
    made = api.charges.create({**CHARGE, "amount": amount, "currency": currency})
    assert (made.amount, made.currency) == (amount, currency.lower())


def test_json_bodies_are_refused(raw):
    """https://docs.stripe.com/api: v1 takes forms"""
    answer = raw.post("/v1/charges", json=CHARGE)
    check(answer.json())
    assert answer.status_code == 400
    assert "check that your POST content type is application/x-www-form-urlencoded" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe\x00", b"a=2&a[x]=3", b"&".join(b"a%d=1" % n for n in range(2000)), b"a" + b"[b]" * 50 + b"=1"],
)
def test_nonsense_is_a_400(raw, body):
    answer = raw.post("/v1/charges", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    check(answer.json())
    assert answer.status_code == 400


def test_a_megabyte_of_nonsense_is_refused(raw):
    answer = raw.post("/v1/charges", content=b"x" * 1_100_000)
    assert answer.status_code == 413


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/nothing"), ("GET", "/"), ("DELETE", "/v1/charges")])
def test_unknown_addresses(raw, method, path):
    """https://docs.stripe.com/error-codes#url-invalid"""
    answer = raw.request(method, path)
    assert answer.status_code == 404
    assert f"Unrecognized request URL ({method}: {path})" in answer.json()["error"]["message"]


def test_unknown_objects_are_404(api):
    """https://docs.stripe.com/api/errors"""
    for service, identifier in (
        (api.charges, "ch_nope"),
        (api.payment_intents, "pi_nope"),
        (api.customers, "cus_nope"),
        (api.refunds, "re_nope"),
        (api.events, "evt_nope"),
        (api.webhook_endpoints, "we_nope"),
        (api.tokens, "tok_nope"),
    ):
        with pytest.raises(stripe.InvalidRequestError, match=f"No such .*'{identifier}'") as caught:
            service.retrieve(identifier)
        assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_the_api_version_is_named(raw):
    """https://docs.stripe.com/api/versioning"""
    assert raw.get("/v1/charges").headers["stripe-version"] == "2026-10-28.endive"
    answer = raw.get("/v1/charges", headers={"Stripe-Version": "yesterday"})
    assert answer.json()["error"]["message"] == "Invalid Stripe API version: yesterday"


SDK_PARAMETERS = {
    "POST /v1/charges": "charge_create_params.ChargeCreateParams",
    "GET /v1/charges": "charge_list_params.ChargeListParams",
    "POST /v1/charges/{id}": "charge_update_params.ChargeUpdateParams",
    "POST /v1/charges/{id}/capture": "charge_capture_params.ChargeCaptureParams",
    "GET /v1/charges/search": "charge_search_params.ChargeSearchParams",
    "POST /v1/tokens": "token_create_params.TokenCreateParams",
    "POST /v1/payment_methods": "payment_method_create_params.PaymentMethodCreateParams",
    "GET /v1/payment_methods": "payment_method_list_params.PaymentMethodListParams",
    "POST /v1/payment_methods/{id}": "payment_method_update_params.PaymentMethodUpdateParams",
    "POST /v1/payment_methods/{id}/attach": "payment_method_attach_params.PaymentMethodAttachParams",
    "GET /v1/customers/{id}/payment_methods": "customer_list_payment_methods_params.CustomerListPaymentMethodsParams",
    "POST /v1/payment_intents": "payment_intent_create_params.PaymentIntentCreateParams",
    "GET /v1/payment_intents": "payment_intent_list_params.PaymentIntentListParams",
    "POST /v1/payment_intents/{id}": "payment_intent_modify_params.PaymentIntentModifyParams",
    "POST /v1/payment_intents/{id}/confirm": "payment_intent_confirm_params.PaymentIntentConfirmParams",
    "POST /v1/payment_intents/{id}/capture": "payment_intent_capture_params.PaymentIntentCaptureParams",
    "POST /v1/payment_intents/{id}/cancel": "payment_intent_cancel_params.PaymentIntentCancelParams",
    "POST /v1/customers": "customer_create_params.CustomerCreateParams",
    "GET /v1/customers": "customer_list_params.CustomerListParams",
    "POST /v1/customers/{id}": "customer_update_params.CustomerUpdateParams",
    "POST /v1/refunds": "refund_create_params.RefundCreateParams",
    "GET /v1/refunds": "refund_list_params.RefundListParams",
    "POST /v1/refunds/{id}": "refund_update_params.RefundUpdateParams",
    "GET /v1/disputes": "dispute_list_params.DisputeListParams",
    "POST /v1/disputes/{id}": "dispute_update_params.DisputeUpdateParams",
    "POST /v1/disputes/{id}/close": "dispute_close_params.DisputeCloseParams",
    "POST /v1/refunds/{id}/cancel": "refund_cancel_params.RefundCancelParams",
    "GET /v1/events": "event_list_params.EventListParams",
    "POST /v1/webhook_endpoints": "webhook_endpoint_create_params.WebhookEndpointCreateParams",
    "GET /v1/webhook_endpoints": "webhook_endpoint_list_params.WebhookEndpointListParams",
    "POST /v1/webhook_endpoints/{id}": "webhook_endpoint_update_params.WebhookEndpointUpdateParams",
    "GET /v1/balance_transactions": "balance_transaction_list_params.BalanceTransactionListParams",
}
# Parameters of Stripe's that the library no longer names for this version, or that only Stripe.js sends.
OLDER = {"payment_method_types", "statement_descriptor", "networks", "customer", "client_secret"}


@pytest.mark.parametrize("endpoint", SDK_PARAMETERS)
def test_every_parameter_of_the_library_is_taken_or_refused_by_name(endpoint):
    """No parameter that Stripe's library offers is `unknown` here, and none is made up."""
    module, name = SDK_PARAMETERS[endpoint].split(".")
    offered = set(inspect.get_annotations(getattr(importlib.import_module(f"stripe.params._{module}"), name)))
    offered -= set(inspect.get_annotations(stripe.RequestOptions))
    method, path = endpoint.split()
    operation = next(each for each in OPERATIONS if (each.method, each.path) == (method, path))
    ours = set(operation.takes) | operation.beyond
    assert offered - ours == set()
    assert ours - offered - OLDER - {"expand"} == set()


# Keys


def test_without_a_key(url):
    """https://docs.stripe.com/api/authentication"""
    answer = httpx.get(f"{url}/v1/charges")
    check(answer.json())
    assert answer.status_code == 401
    assert answer.json()["error"]["message"].startswith("You did not provide an API key.")


def test_a_wrong_key_is_shown_redacted(url):
    with pytest.raises(stripe.AuthenticationError) as caught:
        make_client(url, "sk_test_wrong-1234").v1.charges.list()
    assert caught.value.user_message == "Invalid API Key provided: sk_test_******1234"


@pytest.mark.parametrize("key", ["sk_live_abc", "rk_live_abc"])
def test_live_keys_are_refused_and_not_repeated(url, key):
    with pytest.raises(stripe.AuthenticationError, match="live key") as caught:
        make_client(url, key).v1.charges.create(CHARGE)
    assert key not in str(caught.value)
    assert key not in httpx.get(f"{url}/_stand_in/requests").text


def test_basic_authentication(url):
    """https://docs.stripe.com/api/authentication: the key as the user name"""
    assert httpx.get(f"{url}/v1/charges", auth=(KEY, "")).status_code == 200
    assert httpx.get(f"{url}/v1/charges", headers={"Authorization": "Basic !!"}).status_code == 401
    nothing = base64.b64encode(b":").decode()
    assert httpx.get(f"{url}/v1/charges", headers={"Authorization": f"Basic {nothing}"}).status_code == 401


def test_publishable_keys_make_tokens_only(url):
    """https://docs.stripe.com/keys"""
    client = make_client(url, "pk_test_workshop").v1
    assert client.tokens.create({"card": {"number": "4242424242424242", "exp_month": 1, "exp_year": 2030}}).id
    with pytest.raises(stripe.AuthenticationError) as caught:
        client.charges.create(CHARGE)
    assert caught.value.error.code == "secret_key_required"


def test_restricted_keys(url, door):
    """https://docs.stripe.com/keys/restricted-api-keys"""
    door("keys", key="rk_test_charges_only", permissions={"charge": "write", "customer": "read"})
    client = make_client(url, "rk_test_charges_only").v1
    assert client.charges.create(CHARGE).paid
    assert client.customers.list().data == []
    with pytest.raises(stripe.PermissionError, match="rak_payment_intent_read") as caught:
        client.payment_intents.list()
    assert caught.value.http_status == 403
    with pytest.raises(stripe.PermissionError, match="rak_customer_write"):
        client.customers.create({})


# Idempotency: https://docs.stripe.com/api/idempotent_requests


def test_the_same_key_replays_status_and_body(raw):
    headers = {"Idempotency-Key": "order-42"}
    first = raw.post("/v1/charges", data=CHARGE, headers=headers)
    again = raw.post("/v1/charges", data=dict(reversed(CHARGE.items())), headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["original-request"] == first.headers["request-id"] != again.headers["request-id"]
    assert len(raw.get("/v1/charges").json()["data"]) == 1


def test_declines_replay(raw):
    headers = {"Idempotency-Key": "order-43"}
    first, again = (
        raw.post("/v1/charges", data={**CHARGE, "source": "tok_chargeDeclined"}, headers=headers) for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (402, 402)
    assert again.headers["idempotent-replayed"] == "true"
    assert first.content == again.content
    assert len(raw.get("/v1/charges").json()["data"]) == 1


def test_other_parameters_or_another_endpoint_are_an_error(api):
    options = {"idempotency_key": "order-44"}
    api.charges.create(CHARGE, options)
    with pytest.raises(stripe.IdempotencyError) as caught:
        api.charges.create({**CHARGE, "amount": 999}, options)
    assert caught.value.http_status == 400
    assert caught.value.error.type == "idempotency_error"
    assert caught.value.user_message.startswith(
        "Keys for idempotent requests can only be used with the same parameters they were first used with."
    )
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        api.customers.create({}, options)


def test_validation_errors_are_not_kept(api):
    options = {"idempotency_key": "order-45"}
    for wrong in ({"amount": 1.5}, {"amount": 1}, {"source": "tok_nope"}, {"colour": "red"}):
        with pytest.raises(stripe.InvalidRequestError):
            api.charges.create({**CHARGE, **wrong}, options)
    assert api.charges.create(CHARGE, options).paid


def test_a_request_in_flight_is_a_conflict(url, door, api):
    door("settings", network_seconds=1.5)
    outcomes: list[object] = []

    def pay() -> None:
        try:
            outcomes.append(api.charges.create(CHARGE, {"idempotency_key": "order-46"}).status)
        except stripe.StripeError as error:
            outcomes.append((error.http_status, error.error.code))

    first = threading.Thread(target=pay)
    first.start()
    assert eventually(lambda: under_way(url))
    pay()
    first.join()
    assert outcomes == [(409, "idempotency_key_in_use"), "succeeded"]
    assert api.charges.create(CHARGE, {"idempotency_key": "order-46"}).status == "succeeded"
    assert len(api.charges.list().data) == 1


def test_ten_at_once_with_one_key_charge_once(url, door):
    """The library repeats a 409 after a moment (https://docs.stripe.com/error-low-level#idempotency)."""
    door("settings", network_seconds=0.05)
    client = make_client(url, retries=6).v1
    with ThreadPoolExecutor(10) as pool:
        charges = list(pool.map(lambda _: client.charges.create(CHARGE, {"idempotency_key": "once"}).id, range(10)))
    assert len(set(charges)) == 1
    assert len(client.charges.list().data) == 1


def test_keys_are_forgotten_after_a_day(api, clock):
    first = api.charges.create(CHARGE, {"idempotency_key": "order-47"})
    clock.time += 24 * 3600 + 1
    assert api.charges.create(CHARGE, {"idempotency_key": "order-47"}).id != first.id


def test_keys_have_at_most_255_letters(api):
    with pytest.raises(stripe.IdempotencyError, match="255"):
        api.charges.create(CHARGE, {"idempotency_key": "x" * 256})


# Limits and faults


def test_too_many_requests(url, door):
    """https://docs.stripe.com/rate-limits"""
    door("settings", requests_per_second=2)
    client = make_client(url).v1
    with pytest.raises(stripe.RateLimitError) as caught:
        for _ in range(5):
            client.charges.list()
    assert (caught.value.http_status, caught.value.error.code) == (429, "rate_limit")


def test_dropped_after_charging_is_charged(url, door, api):
    """The worst case: the money moved and nobody heard of it. The same key finds out."""
    door("faults", kind="drop", when="after", path="/v1/charges", method="POST")
    with pytest.raises(stripe.APIConnectionError):
        api.charges.create(CHARGE, {"idempotency_key": "order-48"})
    assert len(api.charges.list().data) == 1
    assert api.charges.create(CHARGE, {"idempotency_key": "order-48"}).paid
    assert len(api.charges.list().data) == 1


def test_the_library_retries_a_dropped_connection_by_itself(url, door):
    """https://docs.stripe.com/error-low-level: it sends a key of its own with every POST"""
    door("faults", kind="drop", when="after", path="/v1/charges", method="POST")
    client = make_client(url, retries=2).v1
    assert client.charges.create(CHARGE).paid
    assert len(client.charges.list().data) == 1


def test_slow_answers_time_out(url, door):
    door("faults", kind="slow", when="after", path="/v1/charges", method="POST", seconds=2)
    client = make_client(url, http=Checking(timeout=0.2)).v1
    with pytest.raises(stripe.APIConnectionError):
        client.charges.create(CHARGE)
    assert len(client.charges.list().data) == 1


def test_failing_before_the_work(url, door, api):
    door("faults", kind="status", status=500, path="/v1/charges", method="POST", times=2)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            api.charges.create(CHARGE, {"idempotency_key": "order-49"})
    assert api.charges.create(CHARGE, {"idempotency_key": "order-49"}).paid


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "explode"},
        {"kind": "drop", "when": "later"},
        {"kind": "slow", "seconds": 999},
        {"kind": "drop", "x": 1},
        {"kind": "status", "status": 9},
        {"kind": "drop", "times": 0},
        {"kind": "drop", "rate": 2},
        [],
    ],
)
def test_nonsense_faults_are_refused(url, fault):
    answer = httpx.post(f"{url}/_stand_in/faults", json=fault)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("That is no fault:")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("settings", {"network_seconds": -1}),
        ("settings", {"x": 1}),
        ("settings", {"webhooks": "never"}),
        ("keys", {"key": "sk_live_x"}),
        ("keys", {"key": "rk_test_x", "permissions": {"x": "read"}}),
        ("apple_pay_tokens", {"card": "nope"}),
        ("3d_secure", {"payment_intent": "pi_x"}),
        ("deliver", {"event": "x"}),
    ],
)
def test_nonsense_at_the_doors_is_refused(url, name, body):
    answer = httpx.post(f"{url}/_stand_in/{name}", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("That does not work:")


def test_the_request_log_hides_keys(url, api):
    api.charges.list()
    entry = httpx.get(f"{url}/_stand_in/requests").json()[-1]
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/v1/charges", 200)
    assert entry["headers"]["authorization"] == "Bearer ****shop"
