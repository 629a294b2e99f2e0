"""The shop's orders: checked on the server, paid once, booked once, whatever happens on the way."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from tests.demo_lambdas.paying import HALF_A_LETTER, KEY, NONSENSE, StandIn, books, in_base64, request, told
from tests.partners.serving import served
from tests.support import LONGEST, unique
from workshop.partners.stripe.events import signature

SESSION_KEY, WEBHOOK_SECRET = "a-long-random-text", "whsec_for_this_test"
GOOD = {"token": "tok_visa", "amount": 4999, "currency": "gbp"}


@pytest.fixture(scope="module")
def own_stripe() -> Iterator[StandIn]:
    with served("stripe") as url:
        yield StandIn(url)


class Shop:
    """The service, its tables and its customers."""

    def __init__(self, modules: SimpleNamespace, stand_in: StandIn, context: Any) -> None:
        self.modules, self.stand_in, self.context = modules, stand_in, context

    def order(self, customer: str = "ada", amount: int = 4999, currency: str = "gbp", **more: Any) -> str:
        name = unique("order")
        item = {"order_id": name, "customer": customer, "amount": amount, "currency": currency, "state": "open"}
        self.modules.books.items.put_item(Item=item | more)
        return name

    def item(self, name: str) -> dict[str, Any]:
        return self.modules.books.get(name)

    def headers(self, customer: str = "ada") -> dict[str, str]:
        return {"authorization": f"Bearer {self.modules.session.token_for(customer, SESSION_KEY)}"}

    def pay(self, name: str, body: Any = None, *, headers: Any = None, **change: Any) -> tuple[int, dict[str, Any]]:
        event = request(
            GOOD | change if body is None else body, headers=headers or self.headers(), path={"order_id": name}
        )
        return told(self.modules.handler.pay(event, self.context))

    def ledger(self, name: str) -> list[tuple[str, int]]:
        rows = self.modules.books.ledger.scan(ConsistentRead=True)["Items"]
        return sorted((row["kind"], int(row["amount"])) for row in rows if row["order_id"] == name)

    def event(self, kind: str) -> Any:
        """The newest event of a kind, as Stripe would send it."""
        return self.stand_in.stripe.events.list({"type": kind, "limit": 1}).data[0].to_dict()

    def webhook(self, event: Any, *, secret: str = WEBHOOK_SECRET, at: int | None = None, base64: bool = False) -> Any:
        raw = json.dumps(event, indent=2)
        headers = {"Stripe-Signature": signature(secret, raw.encode(), at or int(time.time()))}
        sent = request(raw, headers=headers)
        return told(self.modules.handler.webhook(in_base64(sent) if base64 else sent, self.context))


@pytest.fixture
def shop(service: Any, parameter: Any, own_stripe: StandIn, client: Any, cloud: Any, context: Any) -> Shop:
    own_stripe.reset()
    parameter("stripe_test_key", KEY)
    parameter("stripe_webhook_secret", WEBHOOK_SECRET)
    parameter("session_key", SESSION_KEY)
    variables = {
        "STRIPE_API_BASE": own_stripe.url,
        "RETURN_URL": "http://127.0.0.1:1/{name}",
        **books(client, "order_id"),
    }
    names = ("books", "moves", "session", "handler")
    modules = SimpleNamespace(**{name: service("order_payment", name, **variables) for name in names})
    import access_ssm

    access_ssm._seen.clear()
    return Shop(modules, own_stripe, context)


def test_an_apple_pay_token_pays_an_order(shop):
    name, token = shop.order(), shop.stand_in.tell("apple_pay_tokens", card="visa")["id"]
    status, body = shop.pay(name, token=token)
    assert (status, body["state"], body["order"]) == (200, "paid", name)
    [charge] = shop.stand_in.charges()
    assert charge.payment_method_details.card.wallet.type == "apple_pay"
    assert (charge.amount, charge.payment_intent) == (4999, body["payment"])
    assert (shop.item(name)["state"], shop.ledger(name)) == ("paid", [("payment", 4999)])


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"amount": 1}, 422),
        ({"amount": 49.99}, 400),
        ({"currency": "usd"}, 422),
        ({"amount": -4999}, 422),
        ({"amount": None}, 400),
        ({"amount": True}, 400),
        ({"amount": "4999"}, 400),
        ({"amount": 10**30}, 422),
        ({"currency": None}, 400),
        ({"token": None}, 400),
        ({"token": "pm_card_visa"}, 400),
        ({"token": "tok_nope"}, 400),
        ({"token": "tok_" + "x" * 500}, 400),
        ({"token": ["tok_visa"]}, 400),
        ({"token": HALF_A_LETTER}, 400),
        ({"token": "tok_visa&amount=1"}, 400),
        ({"currency": HALF_A_LETTER}, 422),
    ],
)
def test_bad_or_tampered_values_charge_nothing(shop, change, status):
    name = shop.order()
    answered, body = shop.pay(name, **change)
    assert (answered, bool(body["error"])) == (status, True)
    assert (shop.stand_in.charges(), shop.item(name)["state"], shop.ledger(name)) == ([], "open", [])


@pytest.mark.parametrize("body", NONSENSE[1:], ids=range(len(NONSENSE) - 1))
def test_nonsense_is_a_400(shop, body):
    status, answer = shop.pay(shop.order(), body)
    assert (status, bool(answer["error"])) == (400, True)
    assert shop.stand_in.charges() == []


@pytest.mark.parametrize("order_id", ["", "x" * 101, "x" * 3000], ids=len)
def test_a_number_that_no_key_can_be_is_no_order(shop, order_id):
    """DynamoDB raises an error for it: a partition key has 1 to 2048 bytes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    """
    assert shop.pay(order_id) == (404, {"error": "There is no such order."})
    assert "error" in shop.modules.handler.refund({"order_id": order_id}, shop.context)


def test_no_body_and_base64(shop):
    name = shop.order()
    event = request(None, headers=shop.headers(), path={"order_id": name})
    assert told(shop.modules.handler.pay(event, shop.context))[0] == 400
    event = in_base64(request(GOOD, headers=shop.headers(), path={"order_id": name}))
    assert told(shop.modules.handler.pay(event, shop.context))[0] == 200


def test_foreign_paid_and_unknown_orders(shop):
    foreign, paid = shop.order("grace"), shop.order()
    assert shop.pay(foreign) == (403, {"error": "This order is another customer's."})
    assert shop.pay("nope") == (404, {"error": "There is no such order."})
    assert shop.pay(paid)[0] == 200
    assert shop.pay(paid)[1] == {"state": "paid", "order": paid, "payment": shop.item(paid)["reference"]}
    assert len(shop.stand_in.charges()) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"x": "y"},
        {"authorization": "Bearer ada"},
        {"authorization": "Bearer ada.00"},
        {"authorization": "Bearer ädä.é"},
    ],
)
def test_without_a_session(shop, headers):
    assert shop.pay(shop.order(), headers=headers)[0] == 401
    assert shop.stand_in.charges() == []


def test_a_session_is_not_another_customers(shop):
    forged = shop.headers("ada")["authorization"].replace("ada.", "grace.")
    assert shop.pay(shop.order("grace"), headers={"authorization": forged})[0] == 401


def test_a_decline_then_another_card(shop):
    name = shop.order()
    assert shop.pay(name, token="tok_chargeDeclinedInsufficientFunds") == (
        402,
        {"error": "Your card has insufficient funds."},
    )
    assert shop.item(name)["state"] == "open"
    assert shop.pay(name)[0] == 200
    assert len(shop.stand_in.charges()) == 1


@pytest.mark.parametrize("path", ["/v1/payment_intents", "/v1/payment_intents/*/confirm"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_lost_answers_are_asked_for_again(shop, path, when):
    """Both tries of the library are lost. Where the money may have moved the service asks Stripe at once."""
    name = shop.order()
    shop.stand_in.tell("faults", kind="drop", when=when, path=path, method="POST", times=2)
    status, body = shop.pay(name)
    if when == "after" and path.endswith("confirm"):
        assert (status, body["state"]) == (200, "paid")
    else:
        assert (status, "Ask again" in body["error"]) == (503, True)
        assert shop.ledger(name) == []
    assert shop.pay(name)[0] == 200
    assert (len(shop.stand_in.charges()), shop.ledger(name)) == (1, [("payment", 4999)])


def test_a_crash_after_the_charge(shop, monkeypatch):
    """The function dies between Stripe's answer and the books."""
    name = shop.order()
    with monkeypatch.context() as patched:
        patched.setattr(shop.modules.books, "book", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            shop.pay(name)
    assert (len(shop.stand_in.charges()), shop.item(name)["state"]) == (1, "open")
    assert shop.pay(name)[0] == 200
    assert (len(shop.stand_in.charges()), shop.item(name)["state"]) == (1, "paid")
    assert shop.ledger(name) == [("payment", 4999)]


def test_ten_at_once(shop):
    name = shop.order()
    shop.stand_in.tell("settings", network_seconds=0.1)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: shop.pay(name)[0], range(10)))
    assert 200 in answers
    assert set(answers) <= {200, 409, 503}
    assert (len(shop.stand_in.charges()), shop.ledger(name)) == (1, [("payment", 4999)])


def test_two_cards_at_once(shop):
    name = shop.order()
    shop.stand_in.tell("settings", network_seconds=0.2)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda token: shop.pay(name, token=token)[0], ["tok_visa", "tok_mastercard"]))
    assert 200 in answers
    assert (len(shop.stand_in.charges()), shop.ledger(name)) == (1, [("payment", 4999)])


def test_three_d_secure(shop):
    name = shop.order()
    status, body = shop.pay(name, token="tok_threeDSecure2Required")
    assert (status, body["state"]) == (202, "authenticate")
    assert body["url"].startswith(shop.stand_in.url)
    assert shop.pay(name, token="tok_threeDSecure2Required")[0] == 202
    assert shop.stand_in.charges() == []
    shop.stand_in.tell("3d_secure", payment_intent=shop.item(name)["reference"])
    assert shop.webhook(shop.event("payment_intent.succeeded"))[0] == 200
    assert (shop.item(name)["state"], shop.ledger(name)) == ("paid", [("payment", 4999)])


def test_a_webhook_twice_and_late(shop):
    name = shop.order()
    shop.pay(name)
    event = shop.event("payment_intent.succeeded")
    assert [shop.webhook(event)[0] for _ in range(2)] == [200, 200]
    assert shop.ledger(name) == [("payment", 4999)]


def test_a_webhook_before_our_own_answer(shop):
    """Stripe's event is quicker than its answer to us."""
    name = shop.order()
    shop.stand_in.tell("faults", kind="slow", when="after", seconds=0.5, path="/v1/payment_intents/*/confirm")
    paying = threading.Thread(target=lambda: answers.append(shop.pay(name)))
    answers: list[Any] = []
    paying.start()
    until = time.monotonic() + LONGEST
    while not shop.stand_in.charges() and time.monotonic() < until:
        time.sleep(0.02)
    assert shop.webhook(shop.event("payment_intent.succeeded"))[0] == 200
    assert shop.item(name)["state"] == "paid"
    paying.join()
    assert answers[0][0] == 200
    assert shop.ledger(name) == [("payment", 4999)]


def test_webhooks_out_of_order(shop):
    """The failure of the first card arrives after the success of the second."""
    name = shop.order()
    shop.pay(name, token="tok_chargeDeclined")
    failed = shop.event("payment_intent.payment_failed")
    shop.pay(name)
    assert shop.webhook(failed)[0] == 200
    assert (shop.item(name)["state"], shop.ledger(name)) == ("paid", [("payment", 4999)])


@pytest.mark.parametrize("wrong", [{"secret": "whsec_other"}, {"at": 1_500_000_000}])
def test_webhooks_that_are_not_stripes(shop, wrong):
    name = shop.order()
    shop.pay(name)
    assert shop.webhook(shop.event("payment_intent.succeeded"), **wrong)[0] == 400


def test_the_signature_is_over_the_raw_body(shop):
    name = shop.order()
    shop.pay(name)
    event = shop.event("payment_intent.succeeded")
    assert shop.webhook(event, base64=True)[0] == 200
    other = signature(WEBHOOK_SECRET, b"other", int(time.time()))
    sent = request(json.dumps(event), headers={"Stripe-Signature": other})
    assert told(shop.modules.handler.webhook(sent, shop.context))[0] == 400
    assert told(shop.modules.handler.webhook(request("x"), shop.context))[0] == 400
    for strange in ("t=1,v1=é", "t=x", "é", "t=1,v1=" + "0" * 64):
        sent = request(json.dumps(event), headers={"Stripe-Signature": strange})
        assert told(shop.modules.handler.webhook(sent, shop.context))[0] == 400


def test_events_about_something_else_are_ignored(shop):
    shop.stand_in.stripe.customers.create({})
    assert shop.webhook(shop.event("customer.created"))[1] == {"ignored": "customer.created"}
    shop.stand_in.stripe.payment_intents.create({"amount": 500, "currency": "gbp"})
    assert shop.webhook(shop.event("payment_intent.created"))[1] == {"ignored": "payment_intent.created"}


def test_refunds(shop):
    name = shop.order()
    assert "error" in shop.modules.handler.refund({"order_id": name}, shop.context)
    shop.pay(name)
    for amount in (0, -1, 5000, 1.5, "x"):
        assert "error" in shop.modules.handler.refund({"order_id": name, "amount": amount}, shop.context)
    assert "error" in shop.modules.handler.refund({}, shop.context)
    first = shop.modules.handler.refund({"order_id": name, "amount": 999}, shop.context)
    assert first["amount"] == 999
    assert shop.webhook(shop.event("refund.created"))[0] == 200  # booked once, heard of twice
    assert shop.modules.handler.refund({"order_id": name}, shop.context)["amount"] == 4000
    assert shop.ledger(name) == [("payment", 4999), ("refund", -4000), ("refund", -999)]
    assert shop.modules.handler.refund({"order_id": name}, shop.context)["amount"] == 4000  # the same one again
    assert "error" in shop.modules.handler.refund({"order_id": name, "amount": 1}, shop.context)
    assert "error" in shop.modules.handler.refund({"order_id": "nope"}, shop.context)
    assert len(shop.stand_in.stripe.refunds.list().data) == 2


def test_refunds_made_at_stripe_are_booked(shop):
    name = shop.order()
    shop.pay(name)
    shop.stand_in.stripe.refunds.create({"payment_intent": shop.item(name)["reference"], "amount": 100})
    assert shop.webhook(shop.event("refund.created"))[0] == 200
    assert shop.ledger(name) == [("payment", 4999), ("refund", -100)]


def test_reconciling(shop, monkeypatch):
    lost, open_ = shop.order(), shop.order()
    with monkeypatch.context() as patched:
        patched.setattr(shop.modules.books, "book", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            shop.pay(lost)
    shop.pay(open_, token="tok_chargeDeclined")
    assert shop.modules.handler.reconcile({}, shop.context)["mended"] == 1
    assert (shop.item(lost)["state"], shop.item(open_)["state"]) == ("paid", "open")
    assert shop.modules.handler.reconcile({}, shop.context)["mended"] == 0


def test_nothing_secret_in_the_logs(shop, caplog):
    caplog.set_level("DEBUG", logger="root")
    secrets = [KEY, WEBHOOK_SECRET, SESSION_KEY, "tok_visa", "tok_chargeDeclined", shop.headers()["authorization"]]
    name = shop.order()
    shop.pay(name, token="tok_chargeDeclined")
    shop.pay(name)
    shop.pay(name, amount=1)
    shop.webhook(shop.event("payment_intent.succeeded"), secret="whsec_other")
    shop.modules.handler.refund({"order_id": name}, shop.context)
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name == "root")
    assert name in ours
    assert [secret for secret in secrets if secret in ours] == []
    assert boto3  # the SDK's own debug lines are not ours to judge: Lambda's level is INFO
