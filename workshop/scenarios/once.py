"""Once, and only once: four ways to pay an order, five mishaps, and how many charges each makes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3
import httpx
import psutil

from workshop import lesson
from workshop.scenarios.shop import Shop
from workshop.show import Table

AMOUNT = {"amount": 4999, "currency": "gbp"}
GOOD, DECLINED = "tok_visa", "tok_chargeDeclined"
BRIEF = 3  # seconds: more than a charge takes, less than the functions wait for Stripe's answer


@dataclass(frozen=True)
class Way:
    """One way to pay an order.

    Attributes:
        name: as the table says it.
        function: the full name of its lambda.
        pay: `pay(order, card)` sends one request.
        asks: the path of the request that takes the money, for the mishaps.
    """

    name: str
    function: str
    pay: Callable[[str, str], httpx.Response]
    asks: str = "/v1/charges"


def four_ways(shop: Shop) -> list[Way]:
    """The forty lines, the two half-right ways and the shop's own service, deployed."""
    forty = lesson.deploy("demo_lambdas/stripe_payment", quiet=True).endpoints[0].url
    half = [each.url for each in lesson.deploy("demo_lambdas/half_right", quiet=True).endpoints]
    by_key, by_write = (next(url for url in half if url.endswith(name)) for name in ("/by-key", "/by-write"))

    for name in ("stripe-payment-dev-payment", "half-right-dev-byKey", "half-right-dev-byWrite"):
        be_patient(name)

    def post(url: str, card: str, **more: str) -> httpx.Response:
        return shop.http.post(url, json=AMOUNT | {"source": card} | more)

    return [
        Way("the forty lines", "stripe-payment-dev-payment", lambda order, card: post(forty, card)),
        Way("a key from the order", "half-right-dev-byKey", lambda order, card: post(by_key, card, order_id=order)),
        Way("a conditional write", "half-right-dev-byWrite", lambda order, card: post(by_write, card, order_id=order)),
        Way(
            "both", "order-payment-dev-pay", lambda order, card: shop.post(order, card), "/v1/payment_intents/*/confirm"
        ),
    ]


def be_patient(function: str, seconds: int = 29) -> None:
    """Gives a function 29 seconds, as long as API Gateway waits, or other ones.

    Ten processes that start at once on a small machine need more than Lambda's 6 seconds for their first answer. Then
    it would count how many were quick, not how many were charged.
    """
    client = boto3.client("lambda")
    client.update_function_configuration(FunctionName=function, Timeout=seconds)
    client.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def retried(shop: Shop, way: Way, order: str) -> list[httpx.Response]:
    """The answer never reached the phone, so the app sends the request again."""
    return [way.pay(order, GOOD) for _ in range(2)]


def crashed(shop: Shop, way: Way, order: str) -> list[httpx.Response]:
    """The function's process dies after Stripe took the money and before it heard so. Then the app tries again.

    Offline it is killed here. Elsewhere Lambda does it, when the function's time is over.
    """
    if not shop.cloud.is_offline:
        return _ended_by_lambda(shop, way, order)
    answers: list[httpx.Response] = []
    charged = len(shop.stripe.charges())
    with shop.stripe.mishap(kind="slow", when="after", seconds=20, path=way.asks, method="POST"):
        dying = threading.Thread(target=lambda: answers.append(way.pay(order, GOOD)))
        dying.start()
        until = time.monotonic() + 20
        while len(shop.stripe.charges()) == charged and time.monotonic() < until:
            time.sleep(0.02)
        for environment in shop.cloud.environments():
            if environment["function"] == way.function and environment["state"] == "busy":
                psutil.Process(environment["pid"]).kill()
        dying.join()
    answers.append(way.pay(order, GOOD))
    return answers


def _ended_by_lambda(shop: Shop, way: Way, order: str) -> list[httpx.Response]:
    """The same where nobody here can kill a process: Stripe's answer takes longer than the function may.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
    """
    shop.cloud.say_once(
        f"nobody here can kill a process of its functions. Lambda does it: their time is over after {BRIEF} seconds"
    )
    be_patient(way.function, BRIEF)
    try:
        with shop.stripe.mishap(kind="slow", when="after", seconds=3 * BRIEF, path=way.asks, method="POST"):
            answers = [way.pay(order, GOOD)]
    finally:
        be_patient(way.function)
    return [*answers, way.pay(order, GOOD)]


def ten_at_once(shop: Shop, way: Way, order: str) -> list[httpx.Response]:
    """An impatient thumb: ten requests at the same moment. The card network takes a fifth of a second."""
    shop.stripe.tell("settings", network_seconds=0.2)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: way.pay(order, GOOD), range(10)))
    shop.stripe.tell("settings", network_seconds=0)
    return answers


def lost(shop: Shop, way: Way, order: str) -> list[httpx.Response]:
    """The connection to Stripe breaks after the charge: its outcome is unknown. Then the app tries again."""
    with shop.stripe.mishap(kind="drop", when="after", path=way.asks, method="POST"):
        return [way.pay(order, GOOD) for _ in range(2)]


def another_card(shop: Shop, way: Way, order: str) -> list[httpx.Response]:
    """The card is declined, the customer takes another one."""
    return [way.pay(order, DECLINED), way.pay(order, GOOD)]


MISHAPS: dict[str, Callable[[Shop, Way, str], list[httpx.Response]]] = {
    "the app asks twice": retried,
    "a crash after the charge, then again": crashed,
    "ten at once": ten_at_once,
    "the answer of Stripe is lost, then again": lost,
    "declined, then another card": another_card,
}


def how_often(shop: Shop, mishaps: dict[str, Any] = MISHAPS) -> Table:
    """Every mishap in every way, and how often each order was charged. 1 is right.

    Args:
        shop: the shop; its service is one of the ways.
        mishaps: other mishaps than the five, by name.
    """
    each_way = four_ways(shop)
    rows = [[words, *(charged(shop, way, mishap) for way in each_way)] for words, mishap in mishaps.items()]
    return Table(rows, ["what happens", *(way.name for way in each_way)], "How often was the order charged?")


def charged(shop: Shop, way: Way, mishap: Callable[[Shop, Way, str], list[httpx.Response]]) -> str:
    """How often one order was charged, and whether anybody on our side knows."""
    order, before = shop.order(), len(shop.stripe.charges())
    answers = mishap(shop, way, order)
    count = len(shop.stripe.charges()) - before
    known = any(answer.status_code == 200 or "paid already" in answer.text for answer in answers)
    return f"{count}" if known or not count else f"{count}, unknown to us"
