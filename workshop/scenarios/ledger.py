"""A thousand payments on a bad day, and whether both sides' books agree afterwards."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import boto3
import httpx
import psutil

from workshop import lesson
from workshop.core.telling import Said
from workshop.scenarios.shop import FOLDER, Shop
from workshop.scenarios.stripe_side import money
from workshop.show import Table

AT_ONCE = 12
# What goes wrong on that day, and how often.
FAULTS = (
    {"kind": "drop", "when": "before", "rate": 0.02, "seed": 1, "path": "/v1/payment_intents*", "method": "POST"},
    {"kind": "drop", "when": "after", "rate": 0.04, "seed": 2, "path": "/v1/payment_intents*", "method": "POST"},
    {"kind": "status", "status": 500, "rate": 0.02, "seed": 3, "path": "/v1/payment_intents*", "method": "POST"},
    {
        "kind": "status",
        "status": 503,
        "when": "after",
        "rate": 0.01,
        "seed": 4,
        "path": "/v1/payment_intents*",
        "method": "POST",
    },
)
DECLINED_SHARE, TWICE_SHARE, IMPATIENT_SHARE, LEAVING_SHARE = 0.10, 0.10, 0.05, 0.5
PAY = "order-payment-dev-pay"
KILL_EVERY = 50  # customers


@dataclass
class Books:
    """Both sides' books after the day, order by order.

    Attributes:
        charged: order -> how many charges Stripe has of it.
        stripe: what those charges sum up to, in pence.
        paid: orders that are paid in our table.
        lines: order -> how many lines of payment our ledger has.
        ledger: what they sum up to, in pence.
        answers: how often the app got each status.
        orders: how many there were.
        struck: how many requests to Stripe a fault struck.
        killed: how many of the function's processes were killed at work.
        mended: orders settled by `reconcile`.
        seconds: how long the day took.
    """

    charged: Counter[str] = field(default_factory=Counter)
    stripe: int = 0
    paid: set[str] = field(default_factory=set)
    lines: Counter[str] = field(default_factory=Counter)
    ledger: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    orders: int = 0
    struck: int = 0
    killed: int = 0
    mended: int = 0
    seconds: float = 0.0

    @property
    def agree(self) -> bool:
        """Every order is paid exactly once or not at all, here as there, and the sums are equal."""
        return (
            set(self.charged) == self.paid == set(self.lines)
            and set(self.charged.values()) | set(self.lines.values()) <= {1}
            and self.stripe == self.ledger
        )

    def table(self) -> Table:
        """The day in figures."""
        asked = sum(self.answers.values())
        often = ", ".join(f"{count} x {status}" for status, count in sorted(self.answers.items()))
        twice = sum(count > 1 for count in self.charged.values())
        return Table(
            [
                ("orders", f"{self.orders:,}"),
                ("requests of the app", f"{asked:,} ({often})"),
                ("requests to Stripe that a fault struck", f"{self.struck:,}"),
                ("processes killed at work", f"{self.killed:,}"),
                ("settled by reconcile afterwards", f"{self.mended:,}"),
                ("orders charged at Stripe", f"{len(self.charged):,}"),
                ("orders paid in our table", f"{len(self.paid):,}"),
                ("orders charged twice", f"{twice:,}"),
                ("Stripe's sum", money(self.stripe, "gbp")),
                ("our ledger's sum", money(self.ledger, "gbp")),
                ("the books agree", "yes" if self.agree else "NO"),
                ("seconds", f"{self.seconds:.1f}"),
            ],
            ["a bad day", ""],
        )


def bad_day(shop: Shop, count: int = 1000, seed: int = 7) -> Books:
    """Pays so many orders while connections break, Stripe fails, processes die, cards are declined, thumbs are quick.

    No webhook arrives on this day either: what is lost must be found by `reconcile`.

    Args:
        shop: the shop, with the stand-in as its Stripe.
        count: how many orders.
        seed: of the customers' behaviour; the same seed is the same day.
    """
    chance = random.Random(seed)
    orders = {f"day-{seed}-{number}": chance.randrange(500, 20_000) for number in range(count)}
    plans = [plan(name, amount, chance) for name, amount in orders.items()]
    begun, books = time.monotonic(), Books(orders=count)
    with shop.orders.batch_writer() as writer:
        for name, amount in orders.items():
            writer.put_item(
                Item={"order_id": name, "customer": "ada", "amount": amount, "currency": "gbp", "state": "open"}
            )
    shop.stripe.tell("settings", webhooks="held")
    for fault in FAULTS:
        shop.stripe.tell("faults", times=None, **fault)
    said = Said()
    with ThreadPoolExecutor(at_once()) as pool:
        for number, answers in enumerate(pool.map(lambda one: customer(shop, *one), plans), 1):
            books.answers.update(answers)
            if number % KILL_EVERY == 0:
                books.killed += kill_one(shop)
                said(f"{number:,} of {count:,} orders, {books.killed} processes killed")
    end_of_day(shop, books)
    compare(shop, books, orders)
    books.seconds = time.monotonic() - begun
    return books


def kill_one(shop: Shop) -> int:
    """Kills a process that is just paying an order, if there is one. Offline cloud only. Returns how many."""
    if not shop.cloud.is_offline:
        shop.cloud.say_once("nobody here can kill a process of its functions, so none is killed on this day")
        return 0
    for environment in shop.cloud.environments():
        if environment["function"] == PAY and environment["state"] == "busy":
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(environment["pid"]).kill()
                return 1
    return 0


def at_once() -> int:
    """How many customers come at the same moment: fewer where an account may run few functions.

    Each takes up to four: an impatient one pays twice, and each payment asks Stripe's stand-in through one more.
    https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
    """
    limit = boto3.client("lambda").get_account_settings()["AccountLimit"]
    return max(1, min(AT_ONCE, limit.get("UnreservedConcurrentExecutions", 4 * AT_ONCE) // 4))


def plan(name: str, amount: int, chance: random.Random) -> tuple[str, int, list[str], bool, bool]:
    """What one customer will do: (order, amount, cards in turn, presses twice at once, leaves when all is unclear)."""
    cards = ["tok_visa"]
    if chance.random() < DECLINED_SHARE:
        cards = ["tok_chargeDeclined"] if chance.random() < 0.5 else ["tok_chargeDeclined", "tok_mastercard"]
    if chance.random() < TWICE_SHARE:
        cards = [*cards, cards[-1]]
    return name, amount, cards, chance.random() < IMPATIENT_SHARE, chance.random() < LEAVING_SHARE


def customer(shop: Shop, name: str, amount: int, cards: list[str], impatient: bool, leaves: bool) -> list[int]:
    """One customer at the app: every card once; when nobody knows what happened, once more, or never again."""
    answers = []
    for card in cards:
        for _ in range(2):
            if impatient:
                with ThreadPoolExecutor(2) as thumbs:
                    both = list(thumbs.map(lambda _, card=card: shop.post(name, card, amount=amount), range(2)))
                answers += [each.status_code for each in both]
            else:
                answers.append(shop.post(name, card, amount=amount).status_code)
            if answers[-1] < 500:
                break
            if leaves:
                return answers
    return answers


def end_of_day(shop: Shop, books: Books) -> None:
    """Ends the mishaps and reconciles."""
    faults = httpx.get(f"{shop.stripe.url}/_stand_in/faults", timeout=60).json()
    books.struck = sum(fault["struck"] for fault in faults)
    httpx.delete(f"{shop.stripe.url}/_stand_in/faults", timeout=60)
    shop.stripe.tell("settings", webhooks="sent")
    books.mended = lesson.invoke(FOLDER, "reconcile", {}).payload["mended"]


def compare(shop: Shop, books: Books, orders: dict[str, int]) -> None:
    """Reads both sides' books."""
    by_intent = {
        intent.id: intent.metadata.to_dict().get("order_id")
        for intent in shop.stripe.api.payment_intents.list({"limit": 100}).auto_paging_iter()
    }
    for charge in shop.stripe.charges():
        order = by_intent.get(charge.payment_intent)
        if order in orders:
            books.charged[order] += 1
            books.stripe += charge.amount_captured
    for item in every(shop.orders):
        if item["order_id"] in orders and item["state"] == "paid":
            books.paid.add(item["order_id"])
    for item in every(shop.ledger):
        if item["order_id"] in orders:
            books.lines[item["order_id"]] += 1
            books.ledger += int(item["amount"])


def every(table: Any) -> Any:
    """All items of a table, page by page."""
    page = table.scan(ConsistentRead=True)
    yield from page["Items"]
    while "LastEvaluatedKey" in page:
        page = table.scan(ConsistentRead=True, ExclusiveStartKey=page["LastEvaluatedKey"])
        yield from page["Items"]
