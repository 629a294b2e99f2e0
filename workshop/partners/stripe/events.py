"""Events, webhook endpoints and deliveries.

https://docs.stripe.com/api/events · https://docs.stripe.com/api/webhook_endpoints · https://docs.stripe.com/webhooks
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from workshop.core import net
from workshop.partners.common import deliver
from workshop.partners.stripe import errors, versions
from workshop.partners.stripe.operations import CREATED, PAGING, Call, Object, deleted, operation
from workshop.partners.stripe.parameters import Flag, Listing, Metadata, Text, merged
from workshop.partners.stripe.store import page

if TYPE_CHECKING:
    from workshop.partners.stripe.account import Account

# In a sandbox an endpoint that fails is asked three more times over a few hours; the exact times are ours.
# https://docs.stripe.com/webhooks#automatic-retries
RETRY_AFTER = (300.0, 1800.0, 7200.0)
LONGEST_URL = 5000
AT_ONCE = 4  # deliveries on their way at the same time: a small machine receives them
TYPES = (
    "charge.captured",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.expired",
    "charge.failed",
    "charge.refund.updated",
    "charge.refunded",
    "charge.succeeded",
    "charge.updated",
    "customer.created",
    "customer.deleted",
    "customer.updated",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.created",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_method.attached",
    "payment_method.detached",
    "payment_method.updated",
    "radar.early_fraud_warning.created",
    "refund.created",
    "refund.failed",
    "refund.updated",
)


@dataclass(slots=True)
class Delivery:
    """One event on its way to one endpoint. `state` is held, waiting, sent, failed or given up; times in seconds."""

    event: str
    type: str
    endpoint: str
    url: str
    due: float
    state: str = "waiting"
    attempts: int = 0
    status: int | None = None
    answer: str = ""


def signature(secret: str, body: bytes, at: int) -> str:
    """The `Stripe-Signature` header (https://docs.stripe.com/webhooks#verify-manually)."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


class Events:
    """Makes events and brings them to the account's webhook endpoints."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.deliveries: list[Delivery] = []
        self.room = asyncio.Semaphore(AT_ONCE)
        self.running: set[asyncio.Task[None]] = set()

    def emit(
        self,
        kind: str,
        item: Object,
        previous: Object | None = None,
        *,
        request_id: str | None,
        idempotency_key: str | None,
    ) -> None:
        """Keeps an event about an object and queues it for every endpoint that wants its kind.

        `previous` are the values that changed; for events that tell of a change they follow from the object's last one.
        """
        store = self.account.store
        if previous is None and kind.endswith((".updated", ".refunded")):
            previous = self.changes(item)
        store.of(item["id"])["shown"] = item
        data = {"object": item} if previous is None else {"object": item, "previous_attributes": previous}
        event = {
            "id": store.new_id("event", "3" if item["id"].startswith(("pi_", "ch_3", "re_3", "du_3")) else "1"),
            "object": "event",
            "api_version": versions.API_VERSION,
            "created": store.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": request_id, "idempotency_key": idempotency_key},
            "type": kind,
        }
        store.add(event)
        for endpoint in store.tables["webhook_endpoint"].values():
            wants = endpoint["enabled_events"]
            if endpoint["status"] == "enabled" and ("*" in wants or kind in wants):
                event["pending_webhooks"] += 1
                self.queue(event, endpoint)

    def changes(self, item: Object) -> Object | None:
        """What an object's fields were when an event last told of it, where they have changed since."""
        shown = self.account.store.of(item["id"]).get("shown", item)
        return {name: shown.get(name) for name in item if item[name] != shown.get(name)} or None

    def queue(self, event: Object, endpoint: Object) -> None:
        """Sends at once, unless deliveries are held back."""
        delivery = Delivery(event["id"], event["type"], endpoint["id"], endpoint["url"], self.account.store.clock())
        self.deliveries.append(delivery)
        if self.account.settings.webhooks == "held":
            delivery.state = "held"
        else:
            self.start(delivery)

    def start(self, delivery: Delivery) -> None:
        """Brings one event in the background; Stripe promises no order either."""
        task = asyncio.get_running_loop().create_task(self.when_there_is_room(delivery))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def when_there_is_room(self, delivery: Delivery) -> None:
        async with self.room:
            await self.attempt(delivery)

    async def attempt(self, delivery: Delivery, *, at: int | None = None) -> None:
        """One POST; an answer other than 2xx means another attempt later.

        The signature's time is this machine's, not the cloud's: the receiver compares it with its own clock.
        """
        store = self.account.store
        event, endpoint = store.tables["event"].get(delivery.event), self.endpoint(delivery)
        if event is None or endpoint is None:
            delivery.state = "given up"
            return
        body = json.dumps(in_version(event, endpoint["api_version"] or versions.API_VERSION), indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(store.of(endpoint["id"])["secret"], body, at or int(time.time())),
        }
        delivery.attempts += 1
        delivery.status, delivery.answer = await deliver(delivery.url, body, headers, timeout=20)
        if delivery.status is not None and 200 <= delivery.status < 300:
            if delivery.state != "sent":
                event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
            delivery.state = "sent"
        elif delivery.attempts > len(RETRY_AFTER):
            delivery.state = "given up"
        else:
            wait = RETRY_AFTER[delivery.attempts - 1]
            delivery.state, delivery.due = "failed", store.clock() + wait
            self.account.later(wait, lambda: self.retry(delivery))

    def retry(self, delivery: Delivery) -> None:
        """The next attempt, unless someone delivered it meanwhile."""
        if delivery.state == "failed":
            self.start(delivery)

    def endpoint(self, delivery: Delivery) -> Object | None:
        return self.account.store.tables["webhook_endpoint"].get(delivery.endpoint)

    async def settled(self, timeout: float) -> bool:
        """Waits until no delivery is on its way. False when that took longer than `timeout` seconds."""
        until = time.monotonic() + timeout
        while self.running and time.monotonic() < until:
            await asyncio.wait(set(self.running), timeout=max(0.0, until - time.monotonic()))
        return not self.running

    def described(self) -> list[dict[str, Any]]:
        """Every delivery as JSON, oldest first."""
        return [asdict(delivery) for delivery in self.deliveries]

    def clear(self) -> None:
        """Forgets all, also what is on its way."""
        for task in self.running:
            task.cancel()
        self.deliveries.clear()


def in_version(event: Object, version: str) -> Object:
    """An event as an endpoint of this version of the API gets it (https://docs.stripe.com/webhooks/versioning)."""
    data = event["data"] | {"object": versions.shown(event["data"]["object"], version)}
    return event | {"api_version": version, "data": data}


def check_url(url: str) -> None:
    """Webhooks reach this machine only. Raises ApiError otherwise, as Stripe does for an address it cannot reach."""
    try:
        parts = urlsplit(url if len(url) <= LONGEST_URL else "")
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # such as a port of 99999
        whole = False
    if not whole:
        raise errors.invalid("url", "Invalid URL: An explicit scheme (such as https) must be provided.", "url_invalid")
    if not net.is_loopback(parts.hostname or ""):
        message = "Invalid URL: the workshop's stand-in for Stripe delivers webhooks on this machine only (127.0.0.1)."
        raise errors.invalid("url", message, "url_invalid")


def check_types(wanted: list[str]) -> list[str]:
    """Raises ApiError for a kind of event that the stand-in never sends."""
    for place, kind in enumerate(wanted):
        if kind != "*" and kind not in TYPES:
            message = f"Invalid enabled_events[{place}]: must be one of *, {', '.join(TYPES)}"
            raise errors.invalid(f"enabled_events[{place}]", message)
    return wanted


@operation(
    "POST",
    "/v1/webhook_endpoints",
    "webhook",
    {
        "url": Text(required=True),
        "enabled_events": Listing(required=True),
        "description": Text(clearable=True),
        "metadata": Metadata(clearable=True),
        "api_version": Text(),
    },
    beyond="connect",
)
def create_endpoint(call: Call) -> Object:
    given, store = call.given, call.store
    check_url(given["url"])
    version = versions.check(given["api_version"], "api_version") if "api_version" in given else None
    secret = f"whsec_{store.letters(32)}"
    endpoint = store.add(
        {
            "id": store.new_id("webhook_endpoint"),
            "object": "webhook_endpoint",
            "api_version": version,
            "application": None,
            "created": store.now(),
            "description": given.get("description") or None,
            "enabled_events": check_types(given["enabled_events"]),
            "livemode": False,
            "metadata": merged({}, given.get("metadata")),
            "status": "enabled",
            "url": given["url"],
        }
    )
    store.of(endpoint["id"])["secret"] = secret
    return endpoint | {"secret": secret}  # shown once, at creation


@operation("GET", "/v1/webhook_endpoints", "webhook", PAGING)
def list_endpoints(call: Call) -> Object:
    return page(call.store.all("webhook_endpoint"), call.given, "/v1/webhook_endpoints", "webhook_endpoint")


@operation("GET", "/v1/webhook_endpoints/{id}", "webhook")
def get_endpoint(call: Call, id: str) -> Object:  # noqa: A002 (the name in the path)
    return call.store.get("webhook_endpoint", id)


@operation(
    "POST",
    "/v1/webhook_endpoints/{id}",
    "webhook",
    {
        "url": Text(),
        "enabled_events": Listing(),
        "disabled": Flag(),
        "description": Text(clearable=True),
        "metadata": Metadata(clearable=True),
    },
)
def update_endpoint(call: Call, id: str) -> Object:  # noqa: A002
    endpoint, given = call.store.get("webhook_endpoint", id), call.given
    if "url" in given:
        check_url(given["url"])
        endpoint["url"] = given["url"]
    if "enabled_events" in given:
        endpoint["enabled_events"] = check_types(given["enabled_events"])
    if "disabled" in given:
        endpoint["status"] = "disabled" if given["disabled"] else "enabled"
    if "description" in given:
        endpoint["description"] = given["description"] or None
    endpoint["metadata"] = merged(endpoint["metadata"], given.get("metadata"))
    return endpoint


@operation("DELETE", "/v1/webhook_endpoints/{id}", "webhook")
def delete_endpoint(call: Call, id: str) -> Object:  # noqa: A002
    endpoint = call.store.get("webhook_endpoint", id)
    del call.store.tables["webhook_endpoint"][id]
    return deleted(endpoint)


@operation(
    "GET", "/v1/events", "event", {**PAGING, **CREATED, "type": Text(), "types": Listing(), "delivery_success": Flag()}
)
def list_events(call: Call) -> Object:
    given = call.given
    if "type" in given and "types" in given:
        raise errors.invalid("types", "You may only specify one of these parameters: type, types.")
    rows = [event for event in call.store.all("event") if _wanted(event, given)]
    return page(rows, given, "/v1/events", "event")


def _wanted(event: Object, given: dict[str, Any]) -> bool:
    """Whether an event passes the list's filters; `type` may end in `.*`."""
    kind = given.get("type", event["type"])
    return (
        (event["type"] == kind or (kind.endswith(".*") and event["type"].startswith(kind[:-1])))
        and event["type"] in given.get("types", [event["type"]])
        and (event["pending_webhooks"] == 0) is given.get("delivery_success", event["pending_webhooks"] == 0)
    )


@operation("GET", "/v1/events/{id}", "event")
def get_event(call: Call, id: str) -> Object:  # noqa: A002
    return call.store.get("event", id)


@operation(
    "GET",
    "/v1/balance_transactions",
    "balance",
    {**PAGING, **CREATED, "source": Text(), "type": Text(), "currency": Text()},
    beyond="payout",
)
def list_balance(call: Call) -> Object:
    rows = [
        item
        for item in call.store.all("balance_transaction")
        if all(item[name] == call.given[name] for name in ("source", "type", "currency") if name in call.given)
    ]
    return page([matured(call, item) for item in rows], call.given, "/v1/balance_transactions", "balance_transaction")


@operation("GET", "/v1/balance_transactions/{id}", "balance")
def get_balance(call: Call, id: str) -> Object:  # noqa: A002
    return matured(call, call.store.get("balance_transaction", id))


def matured(call: Call, item: Object) -> Object:
    """A balance transaction as it is now: its money is available when its day has come."""
    if item["status"] == "pending" and call.store.now() >= item["available_on"]:
        item["status"] = "available"
    return item
