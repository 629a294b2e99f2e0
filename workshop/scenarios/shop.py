"""A furniture shop with its orders: the app, the customer and the tamperer around `demo_lambdas/order_payment`."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from typing import Any

import boto3
import httpx

from workshop import lesson
from workshop.core.errors import WorkshopError
from workshop.scenarios.stripe_side import StripeSide, delete_secrets, money, put_secrets
from workshop.show import Http, Table

FOLDER = "demo_lambdas/order_payment"
WANTED_EVENTS = [
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.closed",
]
HOUR = 3600
SESSION_KEY = "the-shops-own-session-key"


class Shop:
    """The deployed service with its webhook registered and its secrets stored.

    Args:
        cloud: what `connect()` gave.
    """

    def __init__(self, cloud: Any) -> None:
        self.cloud, self.stripe = cloud, StripeSide(cloud)
        put_secrets(stripe_test_key=self.stripe.key, session_key=SESSION_KEY)
        lesson.deploy("demo_lambdas/access_ssm", quiet=True)
        self.deployed = lesson.deploy(FOLDER, quiet=True)
        stage = f"/{self.deployed.stage}/"
        self.base = {each.url.rpartition(stage)[0] + stage.rstrip("/") for each in self.deployed.endpoints}.pop()
        secret = "whsec_none"
        if self.stripe.is_stand_in:  # Stripe itself reaches a public address only
            secret = self.stripe.register(f"{self.base}/webhook", WANTED_EVENTS)
        put_secrets(stripe_webhook_secret=secret)
        tables = boto3.resource("dynamodb")
        self.orders = tables.Table(self.deployed.outputs["OrdersTable"])
        self.ledger = tables.Table(self.deployed.outputs["LedgerTable"])
        self.refunds = tables.Table(self.deployed.outputs["RefundsTable"])
        self.alarm_rows = tables.Table(self.deployed.outputs["AlarmsTable"])
        self.http = httpx.Client(timeout=60)

    def order(self, name: str = "", customer: str = "ada", amount: int = 4999, currency: str = "gbp") -> str:
        """Puts an open order into the table. Returns its number."""
        name = name or f"order-{uuid.uuid4().hex[:8]}"
        item = {"order_id": name, "customer": customer, "amount": amount, "currency": currency, "state": "open"}
        self.orders.put_item(Item=item)
        return name

    def open_orders(self, *orders: tuple[str, str, int]) -> Table:
        """Puts orders (number, customer, amount in pence) into the table and shows it."""
        for name, customer, amount in orders:
            self.order(name, customer, amount)
        return self.table(*(name for name, _, _ in orders))

    def table(self, *names: str) -> Table:
        """These orders, as the table has them now."""
        rows = []
        for name in names:
            item = self.orders.get_item(Key={"order_id": name}, ConsistentRead=True)["Item"]
            rows.append((name, item["customer"], money(int(item["amount"]), item["currency"]), item["state"]))
        return Table(rows, ["order", "customer", "amount", "state"])

    def session(self, customer: str = "ada") -> dict[str, str]:
        """The header that the app sends after the customer signed in."""
        import hashlib
        import hmac

        said = f"{customer}.{int(time.time()) + HOUR}"
        signed = hmac.new(SESSION_KEY.encode(), said.encode(), hashlib.sha256).hexdigest()
        return {"Authorization": f"Bearer {said}.{signed}"}

    def post(self, name: str, token: str = "tok_visa", *, customer: str = "ada", **change: Any) -> httpx.Response:
        """What the app sends to pay an order; `change` is what a tamperer makes of it."""
        body = {"token": token, "amount": 4999, "currency": "gbp"} | change
        headers = self.session(customer)
        return self.http.post(f"{self.base}/orders/{name}/payment", json=body, headers=headers)

    def pay(self, name: str, token: str = "tok_visa", **change: Any) -> Http:
        """Pays an order and shows the exchange."""
        return Http(self.post(name, token, **change))

    def tamper(self, *tries: tuple[str, str, dict[str, Any]]) -> Table:
        """Pays with what an honest app would not send: (what it is, order, what is changed). Counts the charges."""
        rows = []
        for words, name, change in tries:
            before = len(self.stripe.charges())
            answer = self.post(name, **change)
            charged = len(self.stripe.charges()) - before
            rows.append((words, answer.status_code, self.reason(answer), charged))
        return Table(rows, ["the app sends", "answer", "reason", "charges"])

    def reason(self, answer: httpx.Response) -> str:
        """Why not; or, where the answer is that of an earlier request, what it says."""
        body = answer.json()
        return body.get("error") or f"{body['state']}, as before"

    def alarms(self) -> list[dict[str, Any]]:
        """What a person must look at, as the service has written it down."""
        return self.alarm_rows.scan(ConsistentRead=True)["Items"]

    def lines(self, name: str) -> list[tuple[str, int]]:
        """An order's lines in the ledger: (kind, amount)."""
        from boto3.dynamodb.conditions import Attr

        found = self.ledger.scan(FilterExpression=Attr("order_id").eq(name), ConsistentRead=True)["Items"]
        return sorted((item["kind"], int(item["amount"])) for item in found)

    def state(self, name: str) -> str:
        return self.orders.get_item(Key={"order_id": name}, ConsistentRead=True)["Item"]["state"]

    def settled(self) -> None:
        """Waits until Stripe's webhooks have arrived."""
        if self.stripe.is_stand_in:
            self.stripe.tell("settle", timeout=30)

    # Webhooks, as the lesson plays with them

    def webhooks(self) -> Table:
        """The same payment told five ways: forged, too old, before our own answer, twice, and in the wrong order."""
        rows = [self._forged(), self._too_old(), self._before_the_answer(), self._twice(), self._wrong_order()]
        return Table(rows, ["the webhook", "answer", "the order is", "lines in the ledger"])

    def _row(self, words: str, name: str, status: Any) -> tuple[str, Any, str, int]:
        return words, status, self.state(name), len(self.lines(name))

    def _unpaid(self) -> tuple[str, str]:
        """An order that Stripe has charged and our books do not know of yet: (order, event)."""
        name = self.order()
        self.stripe.tell("settings", webhooks="held")
        with self.stripe.mishap(kind="drop", when="after", path="/v1/payment_intents/*/confirm", times=2):
            self.stripe.tell("faults", kind="drop", path="/v1/payment_intents/*", method="GET", times=2)  # asking, too
            self.post(name)
        return name, self.stripe.newest_event("payment_intent.succeeded").id

    def _deliver(self, event: str, **more: Any) -> int:
        return self.stripe.tell("deliver", event=event, **more)[0]["status"]

    def _forged(self) -> tuple[str, Any, str, int]:
        name, event = self._unpaid()
        body = json.dumps(self.stripe.api.events.retrieve(event).to_dict())
        header = {"Stripe-Signature": f"t={int(time.time())},v1={'0' * 64}"}
        answer = self.http.post(f"{self.base}/webhook", content=body, headers=header)
        return self._row("forged: somebody else signed it", name, answer.status_code)

    def _too_old(self) -> tuple[str, Any, str, int]:
        name, event = self._unpaid()
        return self._row("recorded, played again later", name, self._deliver(event, at=int(time.time()) - 600))

    def _before_the_answer(self) -> tuple[str, Any, str, int]:
        name, event = self._unpaid()
        return self._row("arrives while our answer is lost", name, self._deliver(event))

    def _twice(self) -> tuple[str, Any, str, int]:
        name, event = self._unpaid()
        first, second = self._deliver(event), self._deliver(event)
        return self._row("arrives twice", name, f"{first}, {second}")

    def _wrong_order(self) -> tuple[str, Any, str, int]:
        name = self.order()
        self.post(name, "tok_chargeDeclined")
        failed = self.stripe.newest_event("payment_intent.payment_failed").id
        self.post(name)
        status = self._deliver(failed)
        self.stripe.tell("settings", webhooks="sent")
        return self._row("a failure, told after the success", name, status)

    # The buyer's step

    def authenticate(self, answer: httpx.Response, *, passed: bool = True) -> Table:
        """The buyer presses a button on the bank's page, and Stripe tells us. Shows the order before and after."""
        name = answer.json()["order"]
        asked = (f"the app pays: {answer.status_code}", self.state(name))
        self.http.post(answer.json()["url"], data={"outcome": "passed" if passed else "failed"})
        self.settled()
        did = "confirms" if passed else "does not confirm"
        return Table([asked, (f"the buyer {did} at the bank", self.state(name))], ["step", f"the order {name} is"])

    def search_logs(self) -> Table:
        """Looks for keys, tokens and card numbers in the logs of all payment services."""
        from workshop.scenarios.secrets_in_logs import search

        return search(["order-payment-", "stripe-payment-", "half-right-", "payment-service-"])

    def close(self) -> str:
        """Removes the services of this lesson that are deployed, the secrets, and the tables that a removal keeps."""
        self.http.close()
        self.stripe.unregister(f"{self.base}/webhook")
        kept = [self.orders, self.ledger, self.refunds, self.alarm_rows]
        delete_secrets("stripe_test_key", "stripe_webhook_secret", "session_key")
        for folder in (FOLDER, "demo_lambdas/half_right", "demo_lambdas/stripe_payment", "demo_lambdas/access_ssm"):
            with contextlib.suppress(WorkshopError):  # not every lesson deployed all of them
                lesson.remove(folder, quiet=True)
        delete_tables(*(table.name for table in kept))
        return (
            f"The shop is closed. Removing kept {len(kept)} tables (DeletionPolicy: Retain); they are deleted by name."
        )


def delete_tables(*names: str) -> None:
    """Deletes tables that a removed service left behind; those that are gone already do not matter."""
    dynamodb = boto3.client("dynamodb")
    for name in names:
        with contextlib.suppress(dynamodb.exceptions.ResourceNotFoundException):
            dynamodb.delete_table(TableName=name)
