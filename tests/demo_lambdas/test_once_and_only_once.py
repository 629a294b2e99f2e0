"""Every way in which an earlier version of the two payment services lost money, or let a stranger in.

Each test runs twice: on the services as they are, where it passes, and on those of November 2026, kept in
`tests/prove/specimens`, where it fails. A test that passes there shows nothing, and is an error (`xfail_strict`).
"""

from __future__ import annotations

import datetime
import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.client
import httpx
import pytest
import stripe
import yaml

from tests.demo_lambdas.conftest import SERVICES
from tests.demo_lambdas.paying import KEY, StandIn, books, request, told
from tests.partners.serving import served
from tests.support import unique
from workshop.partners.stripe.events import signature

SPECIMENS = Path(__file__).resolve().parents[1] / "prove" / "specimens"
SESSION_KEY, WEBHOOK_SECRET = "a-long-random-text", "whsec_for_this_test"
HOUR = 3600
LOST = pytest.mark.xfail(strict=True, reason="the version of November 2026")


def both(name: str) -> list[Any]:
    """A service as it is, and as it was."""
    then = SPECIMENS / f"{name}_2026_11"
    return [pytest.param(SERVICES / name, id="now"), pytest.param(then, id="2026-11", marks=LOST)]


class Clock:
    """The stand-ins' time: that of this machine, moved on by a test."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture(scope="module")
def later() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def stand_ins(later: Clock) -> Iterator[SimpleNamespace]:
    with served("stripe", later) as stripe_url, served("paypal", later) as paypal_url:
        yield SimpleNamespace(stripe=StandIn(stripe_url), paypal=StandIn(paypal_url))


class Running:
    """A service in this process, with tables of its own: what is common to both."""

    def __init__(self, folder: Path, load: Any, made: dict[str, str], stand_ins: Any, context: Any) -> None:
        forget()
        self.folder, self.made, self.stripe, self.paypal = folder, made, stand_ins.stripe, stand_ins.paypal
        self.context, self.load = context, load
        self.handler = load(folder, "handler", **made)
        tables = boto3.resource("dynamodb")
        self.items, self.ledger_rows, self.alarm_rows = (
            tables.Table(made[name]) for name in ("ITEMS_TABLE", "LEDGER_TABLE", "ALARMS_TABLE")
        )
        import access_ssm

        access_ssm._seen.clear()

    def again(self) -> Running:
        """The same service with the same tables, after another one ran in this process."""
        return type(self)(self.folder, self.load, self.made, self, self.context)

    def item(self, name: str) -> dict[str, Any]:
        return self.items.get_item(Key={self.made["ITEM_KEY"]: name}, ConsistentRead=True)["Item"]

    def ledger(self, name: str) -> int:
        """What the ledger says that we have of an item."""
        rows = self.ledger_rows.scan(ConsistentRead=True)["Items"]
        return sum(int(row["amount"]) for row in rows if row[self.made["ITEM_KEY"]] == name)

    def stripes(self) -> int:
        """What Stripe says that we have: what was charged and not given back."""
        return sum(each.amount_captured - each.amount_refunded for each in self.stripe.charges())

    def alarms(self) -> list[str]:
        return sorted(row["kind"] for row in self.alarm_rows.scan(ConsistentRead=True)["Items"])

    def refund(self, **wanted: Any) -> Any:
        return self.handler.refund(wanted, self.context)

    def reconcile(self, *, days: float = 0) -> Any:
        """As the schedule calls it, at a time so many days from now."""
        at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
        return self.handler.reconcile({"time": at.strftime("%Y-%m-%dT%H:%M:%SZ")}, self.context)

    def webhook(self, kind: str) -> tuple[int, Any]:
        """Stripe tells its newest event of a kind."""
        raw = json.dumps(self.stripe.stripe.events.list({"type": kind, "limit": 1}).data[0].to_dict())
        headers = {"Stripe-Signature": signature(WEBHOOK_SECRET, raw.encode(), int(time.time()))}
        return told(self.handler.webhook(request(raw, headers=headers, path={"provider": "stripe"}), self.context))

    def requests(self) -> int:
        return len(httpx.get(f"{self.stripe.url}/_stand_in/requests").json())


class Orders(Running):
    """`order_payment`."""

    def order(self, **more: Any) -> str:
        item = {"order_id": unique("order"), "customer": "ada", "amount": 4999, "currency": "gbp", "state": "open"}
        self.items.put_item(Item=item | more)
        return str((item | more)["order_id"])

    def change(self, name: str, **values: Any) -> None:
        """The shop's own hand on an order."""
        for key, value in values.items():
            self.items.update_item(
                Key={"order_id": name},
                UpdateExpression="SET #k = :v",
                ExpressionAttributeNames={"#k": key},
                ExpressionAttributeValues={":v": value},
            )

    def pay(self, name: str, card: str = "tok_visa", amount: int = 4999, customer: str = "ada") -> tuple[int, Any]:
        token = sys.modules["session"].token_for(customer, SESSION_KEY)
        event = request(
            {"token": card, "amount": amount, "currency": "gbp"},
            headers={"Authorization": f"Bearer {token}"},
            path={"order_id": name},
        )
        return told(self.handler.pay(event, self.context))


class Payments(Running):
    """`payment_service`. Its products sign their requests, where it asks them to."""

    def send(self, work: Callable[..., Any], raw: str, path: str, names: dict[str, str] | None = None) -> Any:
        event = request(raw, path=names) | {"path": path}
        if "signature" in sys.modules:
            signed = sys.modules["signature"].header("learner", "key of learner", path, raw.encode())
            event["headers"] = {"Authorization": signed}
        return told(work(event, self.context))

    def pay(self, reference: str, **change: Any) -> tuple[int, Any]:
        body = {"product": "learner", "reference": reference, "provider": "stripe", "source": "tok_visa"}
        body |= {"money": {"amount": 1999, "currency": "GBP"}} | change
        return self.send(self.handler.pay, json.dumps(body), "/payments")

    def finish(self, reference: str) -> tuple[int, Any]:
        names = {"product": "learner", "reference": reference}
        return self.send(self.handler.finish, "", f"/payments/learner/{reference}/finish", names)

    def approve(self, answer: dict[str, Any], instrument: str = "good") -> None:
        self.paypal.tell("approve", order=answer["url"].partition("token=")[2], instrument=instrument)

    def captures(self) -> list[dict[str, Any]]:
        return httpx.get(f"{self.paypal.url}/_stand_in/captures").json()


def forget() -> None:
    """Lets go of a service's modules: another one has modules of the same names."""
    homes = (str(SERVICES), str(SPECIMENS))
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(homes) and "access_ssm" not in name:
            del sys.modules[name]


@pytest.fixture
def world(service: Any, parameter: Any, stand_ins: Any, client: Any, cloud: Any, context: Any, later: Clock) -> Any:
    """`world(Orders, folder)` runs a service, with tables that are its own."""
    later.ahead = 0.0
    stand_ins.stripe.reset()
    stand_ins.paypal.reset()
    secrets = {"stripe_test_key": KEY, "stripe_webhook_secret": WEBHOOK_SECRET, "session_key": SESSION_KEY}
    secrets |= {"paypal_client_id": "workshop-client", "paypal_client_secret": "workshop-secret"}
    secrets |= {f"product_key_{each}": f"key of {each}" for each in ("learner", "short_term", "new_driver")}
    for name, value in secrets.items():
        parameter(name, value)

    def make(kind: Any, folder: Path) -> Any:
        made = books(client, "order_id" if kind is Orders else "payment")
        made |= {"ORDERS_TABLE": made["ITEMS_TABLE"], "PAYMENTS_TABLE": made["ITEMS_TABLE"]}
        made |= {"STRIPE_API_BASE": stand_ins.stripe.url, "PAYPAL_API_BASE": stand_ins.paypal.url}
        made |= {"SHOP_URL": "http://127.0.0.1:1", "RETURN_URL": "http://127.0.0.1:1/{name}"}
        return kind(folder, service, made, stand_ins, context)

    return make


@pytest.fixture(params=both("order_payment"))
def orders(request: pytest.FixtureRequest, world: Any) -> Orders:
    return world(Orders, request.param)


@pytest.fixture(params=both("payment_service"))
def payments(request: pytest.FixtureRequest, world: Any) -> Payments:
    return world(Payments, request.param)


@pytest.fixture
def at_request(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """`at_request(part, work)` does something once, when a request to a provider has been answered."""
    waiting: list[tuple[str, Callable[[], None]]] = []

    def struck(method: str, url: str) -> None:
        for each in list(waiting):
            if method.lower() == "post" and str(url).endswith(each[0]):
                waiting.remove(each)
                each[1]()

    def watch(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def call(self: Any, method: str, url: str, *args: Any, **more: Any) -> Any:
            answer = real(self, method, url, *args, **more)
            struck(method, url)
            return answer

        monkeypatch.setattr(owner, name, call)

    watch(stripe.RequestsClient, "request")
    watch(httpx.Client, "request")
    yield lambda part, work: waiting.append((part, work))
    assert waiting == []


def die() -> None:
    """The process ends here: nothing after this line is done."""
    raise SystemExit


def killed(work: Callable[[], Any]) -> None:
    with pytest.raises(SystemExit):
        work()


# 1, 2: a provider's payment is recorded before it can take money


def test_killed_after_the_charge_and_asked_again_25_hours_later(payments, at_request, later):
    """Stripe forgets a key after 24 hours (https://docs.stripe.com/api/idempotent_requests)."""
    at_request("/confirm", die)
    killed(lambda: payments.pay("P1"))
    later.ahead = 25 * HOUR
    payments.pay("P1")
    assert len(payments.stripe.charges()) == 1


def test_killed_after_paypals_capture_and_paid_again(payments, at_request, later):
    _, answer = payments.pay("P2", provider="paypal", source="")
    payments.approve(answer)
    at_request("/capture", die)
    killed(lambda: payments.finish("P2"))
    later.ahead = 7 * HOUR  # PayPal keeps the ids of requests about orders for six
    assert payments.pay("P2", provider="paypal", source="")[1]["state"] == "paid"
    assert payments.finish("P2")[1]["state"] == "paid"
    assert len(payments.captures()) == 1


# 3: an order may change at any time


def test_the_amount_changes_after_a_decline(orders):
    name = orders.order()
    orders.pay(name, "tok_chargeDeclined")
    orders.change(name, amount=9999)
    assert orders.pay(name, amount=9999)[0] == 200
    assert (orders.stripes(), orders.ledger(name), orders.item(name)["state"]) == (9999, 9999, "paid")


def test_cancelled_while_it_is_charged(orders, at_request):
    name = orders.order()
    at_request("/confirm", lambda: orders.change(name, state="cancelled"))
    status, _ = orders.pay(name)
    assert (status, orders.stripes(), orders.ledger(name)) == (409, 4999, 4999)
    assert len(orders.alarms()) == 1
    assert orders.refund(order_id=name)["amount"] == 4999
    assert (orders.stripes(), orders.ledger(name)) == (0, 0)


def test_another_amount_while_it_is_charged(orders, at_request):
    name = orders.order()
    at_request("/confirm", lambda: orders.change(name, amount=9999))
    assert orders.pay(name)[0] == 409
    assert (orders.stripes(), orders.ledger(name), len(orders.alarms())) == (4999, 4999, 1)
    for _ in range(2):
        assert orders.reconcile()["mended"] == 0


# 4: refunds


def test_a_refund_that_the_bank_sends_back(orders, later):
    """https://docs.stripe.com/testing#refunds · https://docs.stripe.com/refunds#failed-refunds"""
    name = orders.order()
    orders.pay(name, "tok_refundFail")
    assert orders.refund(order_id=name)["amount"] == 4999
    assert (orders.stripes(), orders.ledger(name)) == (0, 0)
    later.ahead = 60
    failed = orders.stripe.stripe.events
    until = time.monotonic() + 20
    while not failed.list({"type": "refund.failed"}).data and time.monotonic() < until:
        time.sleep(0.05)
    assert orders.webhook("refund.failed")[0] == 200
    assert (orders.stripes(), orders.ledger(name)) == (4999, 4999)
    assert len(orders.alarms()) == 1


def test_a_refund_whose_answer_was_lost_and_that_is_repeated_the_next_day(orders, at_request, later):
    name = orders.order()
    orders.pay(name)
    at_request("/v1/refunds", die)
    killed(lambda: orders.refund(order_id=name, amount=500))
    later.ahead = 25 * HOUR
    assert orders.refund(order_id=name, amount=500)["amount"] == 500
    assert (len(orders.stripe.stripe.refunds.list().data), orders.ledger(name)) == (1, 4499)


# 5: reconcile


def test_one_unknown_intent_does_not_stop_the_others(orders, at_request):
    names = [orders.order() for _ in range(3)]
    for name in names:
        at_request("/confirm", die)
        killed(lambda name=name: orders.pay(name))
    orders.change(names[0], payment_intent="pi_nobody_knows", reference="pi_nobody_knows")
    orders.change(names[1], payment_intent="pi_nobody_knows", reference="pi_nobody_knows")
    orders.reconcile()
    assert [orders.item(name)["state"] for name in names] == ["open", "open", "paid"]


def test_abandoned_carts_are_not_asked_about_for_ever(orders):
    waiting, declined = orders.order(), orders.order()
    orders.pay(waiting, "tok_threeDSecure2Required")
    orders.pay(declined, "tok_chargeDeclined")
    orders.reconcile()
    orders.reconcile(days=2)
    asked = orders.requests()
    orders.reconcile(days=3)
    about = httpx.get(f"{orders.stripe.url}/_stand_in/requests").json()[asked:]
    assert [each["path"] for each in about if "payment_intents" in each["path"]] == []
    statuses = {intent.status for intent in orders.stripe.stripe.payment_intents.list().data}
    assert statuses == {"canceled"}  # neither can be paid any more, and nobody is asked again


# 6: keys


@pytest.mark.parametrize("folder", both("order_payment"))
def test_the_same_order_number_in_two_stages_on_one_stripe_account(folder, world):
    """Or in a table that was made anew: another customer's payment is no answer."""
    name = unique("order")
    charges = []
    for customer in ("ada", "grace"):
        stage = world(Orders, folder)
        stage.order(order_id=name, customer=customer)
        status, body = stage.pay(name, customer=customer)
        charges.append((status, body["payment"], stage.ledger(name)))
    assert [(status, kept) for status, _, kept in charges] == [(200, 4999), (200, 4999)]
    assert len({payment for _, payment, _ in charges}) == len(stage.stripe.charges()) == 2


@pytest.mark.parametrize("folder", both("order_payment"))
def test_what_stripe_tells_of_another_stage_is_not_booked_here(folder, world):
    name = unique("order")
    here, there = world(Orders, folder), None
    here.order(order_id=name)
    there = world(Orders, folder)
    there.order(order_id=name)
    there.pay(name)
    here = here.again()
    assert here.webhook("payment_intent.succeeded")[0] == 200
    assert (here.item(name)["state"], here.ledger(name)) == ("open", 0)


# 7: the buyer's step


def bank(answer: dict[str, Any], outcome: str) -> None:
    httpx.post(answer["url"], data={"outcome": outcome})


def test_after_a_failed_bank_page_the_same_card_gets_a_link_that_works(orders):
    name = orders.order()
    bank(orders.pay(name, "tok_threeDSecure2Required")[1], "failed")
    status, answer = orders.pay(name, "tok_threeDSecure2Required")
    assert (status, httpx.get(answer["url"]).status_code) == (202, 200)
    bank(answer, "passed")
    assert orders.pay(name)[0] == 200
    assert (orders.stripes(), orders.ledger(name)) == (4999, 4999)


def test_another_card_while_one_waits_for_its_bank(orders):
    name = orders.order()
    assert orders.pay(name, "tok_threeDSecure2Required")[0] == 202
    assert orders.pay(name, "tok_mastercard")[0] == 200


def test_an_order_whose_intent_was_cancelled_can_be_paid(orders):
    name = orders.order()
    orders.pay(name, "tok_chargeDeclined")
    intent = orders.stripe.stripe.payment_intents.list().data[0].id
    orders.stripe.stripe.payment_intents.cancel(intent)
    assert orders.pay(name)[0] == 200


# 8: open doors


def test_a_stranger_cannot_register_a_reference(payments):
    body = {"product": "learner", "reference": "P8", "provider": "stripe", "source": "tok_visa"}
    raw = json.dumps(body | {"money": {"amount": 30, "currency": "GBP"}})
    event = request(raw) | {"path": "/payments"}
    assert told(payments.handler.pay(event, payments.context))[0] == 401
    assert payments.stripe.charges() == []
    assert payments.pay("P8")[0] == 200


def test_sixty_stolen_cards_on_one_order(orders):
    name = orders.order()
    answers = [orders.pay(name, "tok_chargeDeclined")[0] for _ in range(60)]
    tried = orders.stripe.stripe.charges.list({"limit": 100}).data
    assert (len(tried) <= 10, answers[-1], len(orders.alarms())) == (True, 429, 1)


def test_a_session_ends(orders, monkeypatch):
    token, real = sys.modules["session"].token_for("ada", SESSION_KEY), time.time
    monkeypatch.setattr(sys.modules["session"], "token_for", lambda *_: token)
    monkeypatch.setattr(time, "time", lambda: real() + 24 * HOUR)
    assert orders.pay(orders.order())[0] == 401


def test_a_name_with_a_dot_signs_in(orders):
    assert orders.pay(orders.order(customer="ada.lovelace"), customer="ada.lovelace")[0] == 200


# 9: the cloud, PayPal, and what outlives the service


def test_two_transactions_meet_after_a_charge(orders, monkeypatch):
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""
    real, met = botocore.client.BaseClient._make_api_call, []

    def call(self: Any, operation: str, parameters: Any) -> Any:
        if operation == "TransactWriteItems" and not met:
            met.append(operation)
            reasons = [{"Code": "TransactionConflict"}, *({"Code": "None"} for _ in parameters["TransactItems"][1:])]
            error = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
            raise self.exceptions.TransactionCanceledException(error, operation)
        return real(self, operation, parameters)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    name = orders.order()
    assert orders.pay(name)[0] == 200
    assert (met, orders.ledger(name)) == (["TransactWriteItems"], 4999)


def test_a_pending_capture_is_not_paid(payments):
    """https://developer.paypal.com/docs/api/payments/v2/#captures_get"""
    _, answer = payments.pay("P9", provider="paypal", source="")
    payments.approve(answer, "echeck")
    status, answer = payments.finish("P9")
    assert (status, answer["state"], payments.ledger("learner-P9")) == (202, "processing", 0)
    [capture] = payments.captures()
    payments.paypal.tell("decide", capture=capture["id"], status="COMPLETED")
    payments.reconcile()
    assert (payments.item("learner-P9")["state"], payments.ledger("learner-P9")) == ("paid", 1999)


@pytest.mark.parametrize("provider", ["stripe", "paypal"])
def test_the_buyer_confirms_and_closes_the_page(payments, provider):
    source = "tok_threeDSecure2Required" if provider == "stripe" else ""
    _, answer = payments.pay("P10", provider=provider, source=source)
    if provider == "stripe":
        bank(answer, "passed")
    else:
        payments.approve(answer)
    assert payments.reconcile()["mended"] == 1
    assert (payments.item("learner-P10")["state"], payments.ledger("learner-P10")) == ("paid", 1999)


@pytest.mark.parametrize("folder", [*both("order_payment"), *both("payment_service")])
def test_a_removal_keeps_the_books_and_no_function_may_do_another_s_work(folder):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html"""
    file = yaml.safe_load((folder / "serverless.yml").read_text(encoding="utf-8"))
    tables = [each for each in file["resources"]["Resources"].values() if each["Type"] == "AWS::DynamoDB::Table"]
    for table in tables:
        assert table.get("DeletionPolicy") == table.get("UpdateReplacePolicy") == "Retain"
        assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert "TableName" not in table["Properties"]  # so that the service can be deployed again beside it
    roles = [function.get("role") for function in file["functions"].values()]
    assert (None in roles, len(set(roles))) == (False, len(roles))
    pays = json.dumps(file["resources"]["Resources"]["PayRole"])
    assert '"Refunds"' not in pays


# 11: answers


def test_the_paying_request_s_own_retry_is_told_the_same(orders):
    name = orders.order()
    assert orders.pay(name) == orders.pay(name)
    assert orders.pay(name)[0] == 200


@pytest.mark.parametrize("provider", ["stripe", "paypal"])
def test_wrong_keys_have_certainly_not_charged(payments, parameter, provider):
    parameter("stripe_test_key", "sk_test_wrong")
    parameter("paypal_client_secret", "wrong")
    status, answer = payments.pay("P11", provider=provider, source="tok_visa")
    assert (status, answer["state"]) == (500, "broken")
    assert "Nothing was charged" in answer["error"]


# And what follows


@pytest.fixture
def today(world: Any) -> Orders:
    return world(Orders, SERVICES / "order_payment")


def test_fifty_cards_at_once_are_one_charge(today):
    name = today.order()
    cards = [today.stripe.tell("apple_pay_tokens", card="visa")["id"] for _ in range(50)]
    today.stripe.tell("settings", network_seconds=0.1)
    with ThreadPoolExecutor(50) as pool:
        answers = set(pool.map(lambda card: today.pay(name, card)[0], cards))
    assert (200 in answers, answers <= {200, 429, 503}) == (True, True)
    assert (len(today.stripe.charges()), today.stripes(), today.ledger(name)) == (1, 4999, 4999)


def test_a_dispute_is_booked_and_raises_an_alarm(today):
    """https://docs.stripe.com/testing#disputes"""
    name = today.order()
    today.pay(name, "tok_createDispute")
    until = time.monotonic() + 20
    while not today.stripe.stripe.disputes.list().data and time.monotonic() < until:
        time.sleep(0.05)
    assert today.webhook("charge.dispute.created")[0] == 200
    assert (today.ledger(name), len(today.alarms())) == (0, 1)


def test_a_dispute_that_stripe_could_not_tell_is_heard_of_by_reconcile(today):
    name = today.order()
    today.stripe.stripe.webhook_endpoints.create({"url": "http://127.0.0.1:1/", "enabled_events": ["*"]})
    today.pay(name, "tok_createDispute")
    until = time.monotonic() + 20
    while not today.stripe.stripe.disputes.list().data and time.monotonic() < until:
        time.sleep(0.05)
    today.reconcile()
    assert (today.ledger(name), len(today.alarms())) == (0, 1)


def test_a_refund_made_by_hand_at_stripe_counts(today):
    name = today.order()
    today.pay(name)
    today.stripe.stripe.refunds.create({"payment_intent": today.item(name)["reference"], "amount": 4000})
    assert today.webhook("refund.created")[0] == 200
    assert today.ledger(name) == 999
    assert "error" in today.refund(order_id=name, amount=1000)
    assert today.refund(order_id=name, amount=999)["amount"] == 999


def test_a_failed_refund_may_be_asked_for_again(today, later):
    name = today.order()
    today.pay(name, "tok_refundFail")
    for _ in range(2):
        today.refund(order_id=name)
        later.ahead += 60
        known = len(today.stripe.stripe.refunds.list().data)
        until = time.monotonic() + 20
        while len(today.stripe.stripe.events.list({"type": "refund.failed"}).data) < known:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert today.webhook("refund.failed")[0] == 200
    assert (len(today.stripe.stripe.refunds.list().data), today.stripes(), today.ledger(name)) == (2, 4999, 4999)


def test_the_files_that_both_services_have_are_the_same():
    for name in ("books.py", "moves.py", "providers/base.py", "providers/__init__.py", "providers/stripe.py"):
        one, other = (SERVICES / folder / name for folder in ("order_payment", "payment_service"))
        assert one.read_bytes() == other.read_bytes(), name
