"""After the charge, or in its middle: refunds that fail, orders that change, disputes. Do the books agree?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx

from workshop import lesson
from workshop.core.errors import WorkshopError
from workshop.scenarios.shop import FOLDER, Shop
from workshop.scenarios.stripe_side import money
from workshop.show import Table

CONFIRM = "/v1/payment_intents/*/confirm"
LONGEST = 60.0  # seconds until something has happened that always does


def a_day_later(shop: Shop, name: str) -> httpx.Response:
    """No answer reached us; the same request again, when Stripe has forgotten every key."""
    with shop.stripe.mishap(kind="drop", when="after", path=CONFIRM, times=2):
        shop.stripe.tell("faults", kind="drop", path="/v1/payment_intents/*", method="GET", times=2)
        shop.post(name)
    shop.cloud.clock.advance(hours=25)
    return shop.post(name)


def the_refund_fails(shop: Shop, name: str) -> httpx.Response:
    """The bank sends a refund back, some seconds after it was booked."""
    answer = shop.post(name, "tok_refundFail")
    lesson.invoke(FOLDER, "refund", {"order_id": name})
    shop.cloud.clock.advance(seconds=30)
    heard_of(shop, "refund.failed", name)
    return answer


def the_order_changes(shop: Shop, name: str) -> httpx.Response:
    """The shop changes the price while Stripe takes the money."""
    return meanwhile(shop, name, "amount", 9999)


def cancelled_meanwhile(shop: Shop, name: str) -> httpx.Response:
    """The shop cancels the order while Stripe takes the money."""
    return meanwhile(shop, name, "state", "cancelled")


def a_dispute(shop: Shop, name: str) -> httpx.Response:
    """The buyer tells the bank that the payment was not theirs; the bank takes the money back."""
    answer = shop.post(name, "tok_createDispute")
    heard_of(shop, "charge.dispute.created", name)
    return answer


CASES: dict[str, Callable[[Shop, str], httpx.Response]] = {
    "the order changes": the_order_changes,
    "cancelled meanwhile": cancelled_meanwhile,
    "the refund fails": the_refund_fails,
    "a dispute": a_dispute,
    "a day later": a_day_later,
}


def meanwhile(shop: Shop, name: str, what: str, value: object) -> httpx.Response:
    """Pays an order, and changes it when Stripe has taken the money and its answer is still on the way."""
    charged = len(shop.stripe.charges())
    shop.stripe.tell("settings", webhooks="held")  # else Stripe's webhook may be quicker than the change
    with shop.stripe.mishap(kind="slow", when="after", seconds=1.5, path=CONFIRM), ThreadPoolExecutor(1) as pool:
        paying = pool.submit(shop.post, name)
        wait(lambda: len(shop.stripe.charges()) > charged)
        change(shop, name, what, value)
        answer = paying.result()
    shop.stripe.tell("settings", webhooks="sent")
    return answer


def change(shop: Shop, name: str, what: str, value: object) -> None:
    """Changes an order, as the shop does: again when it met a transaction of the service.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
    """
    until = time.monotonic() + LONGEST
    while True:
        try:
            shop.orders.update_item(
                Key={"order_id": name},
                UpdateExpression="SET #what = :value",
                ExpressionAttributeNames={"#what": what},
                ExpressionAttributeValues={":value": value},
            )
            return
        except shop.orders.meta.client.exceptions.TransactionConflictException:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def heard_of(shop: Shop, kind: str, name: str) -> None:
    """Waits until Stripe has told the service of a kind of event, and the service has booked it."""
    lines = len(shop.lines(name))
    wait(lambda: shop.stripe.api.events.list({"type": kind, "limit": 1}).data)
    shop.settled()
    wait(lambda: len(shop.lines(name)) > lines or any(name in row["name"] for row in shop.alarms()))


def wait(true: Callable[[], object]) -> None:
    """Raises WorkshopError when it does not come true within a minute."""
    until = time.monotonic() + LONGEST
    while not true():
        if time.monotonic() > until:
            raise WorkshopError("What was waited for did not happen.", fix="Run the cell again.")
        time.sleep(0.05)


def afterwards(shop: Shop, cases: dict[str, Callable[[Shop, str], httpx.Response]] = CASES) -> Table:
    """Each case with an order of its own: what the app was told, and whether both sides' books agree.

    Args:
        shop: the shop, with the stand-in as its Stripe.
        cases: `case(shop, order)`, by what happens.
    """
    return Table(list(rows(shop, cases)), ["what happens", "the app is told", "Stripe has", "our ledger has", "alarms"])


def rows(
    shop: Shop, cases: dict[str, Callable[[Shop, str], httpx.Response]]
) -> Iterator[tuple[str, str, str, str, int]]:
    for words, case in cases.items():
        name, alarms = shop.order(), len(shop.alarms())
        answer = case(shop, name)
        kept = sum(amount for _, amount in shop.lines(name))
        shown = answer.json().get("state") or "it does not fit: we look at it"
        yield (
            words,
            f"{answer.status_code}, {shown}",
            money(held(shop, name), "gbp"),
            money(kept, "gbp"),
            len(shop.alarms()) - alarms,
        )


def held(shop: Shop, name: str) -> int:
    """What Stripe holds of an order: charged, not given back, not taken by a dispute."""
    total = 0
    for charge in shop.stripe.charges():
        intent = shop.stripe.api.payment_intents.retrieve(charge.payment_intent) if charge.payment_intent else None
        if intent is not None and intent.metadata.to_dict().get("order_id") == name:
            total += charge.amount_captured - charge.amount_refunded - (charge.amount if charge.disputed else 0)
    return total
