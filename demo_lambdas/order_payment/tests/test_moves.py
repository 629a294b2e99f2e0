"""Copy me with the service: no cloud, no Stripe. DynamoDB is moto's, the provider is the small double below."""

import sys
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

HERE = Path(__file__).resolve().parents[1]
TABLES = {"ITEMS_TABLE": "order_id", "REFUNDS_TABLE": "refund", "LEDGER_TABLE": "entry_id", "ALARMS_TABLE": "alarm"}


class Bank:
    """A provider that takes all the money, or says what it is told to say next."""

    def __init__(self, outcome):
        self.paid, self.calls, self.says, self.outcome = {}, [], [], outcome

    def begin(self, payment):
        self.calls.append("begin")
        return self.outcome("open", reference=f"ref-{payment.key}")

    def take(self, payment, source):
        self.calls.append("take")
        self.paid[payment.reference] = self.outcome(
            "paid", payment.reference, f"money-{payment.key}", payment.amount, payment.currency
        )
        return self.says.pop() if self.says else self.ask(payment)

    def ask(self, payment):
        self.calls.append("ask")
        return self.paid.get(payment.reference, self.outcome("open", payment.reference))

    def stop(self, payment):
        return self.paid.get(payment.reference, self.outcome("dead", payment.reference))

    def refund(self, payment, refund):
        self.calls.append("refund")
        return self.outcome("succeeded", receipt=f"back-{refund.key}", amount=refund.amount)

    def ask_refund(self, payment, refund):
        return self.outcome("absent")


@pytest.fixture
def service(monkeypatch):
    """`service.books`, `service.moves`, `service.bank`, with empty tables."""
    for name in (*TABLES, "SERVICE"):
        monkeypatch.setenv(name, name)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in {"ITEM_KEY": "order_id", "RETURN_URL": "https://shop.example.com"}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.syspath_prepend(str(HERE))
    with mock_aws():
        for name, key in TABLES.items():
            boto3.client("dynamodb").create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            )
        for name in ("books", "moves", "providers", "providers.base"):
            sys.modules.pop(name, None)
        import books
        import moves

        bank = Bank(moves.Outcome)
        monkeypatch.setattr(moves, "provider", lambda name: bank)
        yield type("Service", (), {"books": books, "moves": moves, "bank": bank})


@pytest.fixture
def order(service):
    item = {"order_id": "42", "customer": "ada", "amount": 4999, "currency": "gbp", "state": "open"}
    service.books.items.put_item(Item=item)
    return "42"


def pay(service, order, card="tok_visa"):
    return service.moves.pay(lambda: service.books.get(order), card)[1].state


def ledger(service):
    return sorted((row["kind"], int(row["amount"])) for row in service.books.ledger.scan()["Items"])


def test_paid_once_however_often_one_asks(service, order):
    assert [pay(service, order) for _ in range(3)] == ["paid"] * 3
    assert (service.bank.calls.count("take"), ledger(service)) == (1, [("payment", 4999)])


def test_the_keys_are_recorded_before_the_provider_is_asked(service, order):
    seen = []
    begin = service.bank.begin
    service.bank.begin = lambda payment: seen.append(service.books.get(order)) or begin(payment)
    pay(service, order)
    assert {"pay_key", "try_key", "unsettled"} <= set(seen[0])


def test_an_answer_that_was_lost_is_asked_for(service, order):
    service.bank.says = [service.moves.Outcome("unknown")]
    assert pay(service, order) == "unknown"
    assert (service.books.get(order)["state"], ledger(service)) == ("open", [])
    assert pay(service, order) == "paid"
    assert (service.bank.calls.count("take"), ledger(service)) == (1, [("payment", 4999)])


def test_money_that_does_not_fit_is_booked_and_a_person_is_told(service, order):
    take = service.bank.take
    service.bank.take = lambda payment, source: replace(take(payment, source), amount=1)
    assert pay(service, order) == "review"
    assert (ledger(service), len(service.books.alarms.scan()["Items"])) == ([("payment", 1)], 1)


def test_the_same_refund_is_given_once(service, order):
    pay(service, order)
    rows = [service.moves.refund(order, 999, "lamp")[0] for _ in range(2)]
    assert rows[0]["receipt"] == rows[1]["receipt"]
    assert ledger(service) == [("payment", 4999), ("refund", -999)]
    with pytest.raises(ValueError, match="from 1 to 4000"):
        service.moves.refund(order, 4001, "table")


def test_eight_cards_are_enough(service, order):
    service.bank.take = lambda payment, source: service.moves.Outcome("declined", reason="no")
    assert [pay(service, order, f"tok_{number}") for number in range(8)] == ["declined"] * 8
    with pytest.raises(service.books.TooManyTries):
        pay(service, order, "tok_9")
