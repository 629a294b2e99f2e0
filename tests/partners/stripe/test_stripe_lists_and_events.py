"""Lists, search, expansion, events and webhooks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import stripe

from tests.partners.serving import eventually
from tests.partners.stripe.conftest import check

CHARGE = {"amount": 1000, "currency": "gbp", "source": "tok_visa"}


def charges(api: Any, count: int) -> list[str]:
    """Makes charges; returns their identifiers, newest first as lists have them."""
    made = [api.charges.create({**CHARGE, "amount": 1000 + place}).id for place in range(count)]
    return made[::-1]


# Lists: https://docs.stripe.com/api/pagination


def test_pages_go_both_ways(api):
    newest_first = charges(api, 5)
    first = api.charges.list({"limit": 2})
    assert ([each.id for each in first.data], first.has_more) == (newest_first[:2], True)
    second = api.charges.list({"limit": 2, "starting_after": first.data[-1].id})
    assert ([each.id for each in second.data], second.has_more) == (newest_first[2:4], True)
    last = api.charges.list({"limit": 2, "starting_after": second.data[-1].id})
    assert ([each.id for each in last.data], last.has_more) == (newest_first[4:], False)
    back = api.charges.list({"limit": 2, "ending_before": last.data[0].id})
    assert ([each.id for each in back.data], back.has_more) == (newest_first[2:4], True)


def test_the_library_walks_all_pages(api):
    expected = charges(api, 7)
    assert [each.id for each in api.charges.list({"limit": 3}).auto_paging_iter()] == expected


def test_ten_a_page_unless_told(api):
    charges(api, 12)
    assert len(api.charges.list().data) == 10


@pytest.mark.parametrize("limit", [0, 101, "many"])
def test_limits_are_1_to_100(api, limit):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.charges.list({"limit": limit})
    assert caught.value.param == "limit"


def test_cursors(api):
    with pytest.raises(stripe.InvalidRequestError, match="No such charge: 'ch_nope'"):
        api.charges.list({"starting_after": "ch_nope"})
    one = charges(api, 1)[0]
    with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
        api.charges.list({"starting_after": one, "ending_before": one})


def test_filters(api, clock):
    """https://docs.stripe.com/api/charges/list"""
    customer = api.customers.create({"source": "tok_visa"})
    begin = int(clock.time)
    early = api.charges.create({"amount": 500, "currency": "gbp", "customer": customer.id})
    clock.time += 100
    charges(api, 2)
    assert [each.id for each in api.charges.list({"customer": customer.id}).data] == [early.id]
    assert len(api.charges.list({"created": {"gt": begin}}).data) == 2
    assert len(api.charges.list({"created": {"gte": begin, "lt": begin + 100}}).data) == 1
    assert len(api.charges.list({"created": begin}).data) == 1


# Expansion: https://docs.stripe.com/expand


def test_expansion(api):
    customer = api.customers.create({"source": "tok_visa", "email": "ada@example.com"})
    made = api.charges.create({"amount": 500, "currency": "gbp", "customer": customer.id, "expand": ["customer"]})
    assert made.customer.email == "ada@example.com"
    listed = api.charges.list({"expand": ["data.customer", "data.balance_transaction"]}).data[0]
    assert (listed.customer.id, listed.balance_transaction.amount) == (customer.id, 500)
    refund = api.refunds.create({"charge": made.id, "expand": ["charge.customer"]})
    assert refund.charge.customer.id == customer.id


@pytest.mark.parametrize("path", ["amount", "nothing", "data.customer", "customer.email.x"])
def test_what_cannot_be_expanded(api, path):
    customer = api.customers.create({"source": "tok_visa", "email": "ada@example.com"})
    made = api.charges.create({"amount": 500, "currency": "gbp", "customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError, match=r"This property cannot be expanded"):
        api.charges.retrieve(made.id, {"expand": [path]})


# Search: https://docs.stripe.com/search


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status:'succeeded'", 3),
        ("status:'failed'", 1),
        ("amount>1000", 2),
        ("amount>=1000 AND amount<3000", 3),
        ("metadata['order']:'2'", 1),
        ('metadata["order"]:"2" OR metadata["order"]:"3"', 2),
        ("-metadata['order']:null status:'succeeded'", 3),
        ("-status:'succeeded'", 1),
        ("currency:'eur'", 0),
        ("created>0", 4),
    ],
)
def test_search(api, query, found):
    for place in (1, 2, 3):
        api.charges.create({**CHARGE, "amount": 1000 * place, "metadata": {"order": str(place)}})
    with pytest.raises(stripe.CardError):
        api.charges.create({**CHARGE, "source": "tok_chargeDeclined"})
    assert len(api.charges.search({"query": query}).data) == found


@pytest.mark.parametrize(
    "query",
    [
        "",
        "colour:'red'",
        "status",
        "amount:'x'",
        "metadata:'x'",
        "status>'a'",
        "a" * 100,
        "status:'a' AND status:'b' OR status:'c'",
        " AND ".join(["amount>1"] * 11),
    ],
)
def test_searches_that_cannot_be_read(api, query):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.charges.search({"query": query})
    assert caught.value.param == "query"


def test_search_has_pages(api):
    expected = charges(api, 5)
    rows = api.charges.search({"query": "status:'succeeded'", "limit": 2}).auto_paging_iter()
    assert [each.id for each in rows] == expected
    assert api.payment_intents.search({"query": "amount>0"}).data == []
    api.customers.create({"email": "ada@example.com"})
    assert len(api.customers.search({"query": "email~'ada'"}).data) == 1


# Events: https://docs.stripe.com/api/events


def test_events_say_what_happened_as_it_was_then(api):
    made = api.charges.create(CHARGE, {"idempotency_key": "order-1"})
    api.refunds.create({"charge": made.id})
    kinds = [event.type for event in api.events.list().data]
    assert kinds == ["charge.refunded", "refund.created", "charge.succeeded"]
    event = api.events.list({"type": "charge.succeeded"}).data[0]
    assert event.data.object.amount_refunded == 0
    assert (event.request.idempotency_key, event.request.id[:4]) == ("order-1", "req_")
    assert event.api_version == "2026-10-28.endive"
    assert len(api.events.list({"type": "charge.*"}).data) == 2
    assert len(api.events.list({"types": ["refund.created"]}).data) == 1


def test_an_intents_events(api, door):
    wanted = {
        "amount": 2500,
        "currency": "gbp",
        "confirm": True,
        "payment_method": "pm_card_threeDSecure2Required",
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
    }
    asked = api.payment_intents.create(wanted)
    door("3d_secure", payment_intent=asked.id)
    kinds = [event.type for event in api.events.list().data][::-1]
    assert kinds == [
        "payment_intent.created",
        "payment_intent.requires_action",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


# Webhooks: https://docs.stripe.com/webhooks


class Receiver:
    """An endpoint that keeps what arrives and answers what it is told."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.server.shutdown()
    one.server.server_close()


def test_webhooks_are_signed_over_the_raw_body(api, receiver, door):
    """https://docs.stripe.com/webhooks#verify-official-libraries"""
    endpoint = api.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["charge.succeeded"]})
    assert endpoint.secret.startswith("whsec_")
    api.charges.create(CHARGE)
    assert door("settle") == {"settled": True}
    [(headers, body)] = receiver.received
    event = stripe.Webhook.construct_event(body, headers["stripe-signature"], endpoint.secret)
    check(event.to_dict())
    assert (event.type, event.data.object.amount) == ("charge.succeeded", 1000)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body + b" ", headers["stripe-signature"], endpoint.secret)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, headers["stripe-signature"], "whsec_other")
    assert api.events.retrieve(event.id).pending_webhooks == 0


def test_old_signatures_are_out_of_tolerance(api, receiver, door):
    """https://docs.stripe.com/webhooks#replay-attacks"""
    endpoint = api.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    door("settings", webhooks="held")
    api.charges.create(CHARGE)
    event = api.events.list().data[0]
    assert receiver.received == []
    door("deliver", event=event.id, at=int(time.time()) - 301)
    headers, body = receiver.received[0]
    with pytest.raises(stripe.SignatureVerificationError, match="tolerance"):
        stripe.Webhook.construct_event(body, headers["stripe-signature"], endpoint.secret)


def test_failed_deliveries_are_tried_three_more_times(api, receiver, door, clock):
    """https://docs.stripe.com/webhooks#automatic-retries: in a sandbox three times over a few hours"""
    api.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["charge.succeeded"]})
    receiver.answers = [500, 404, 302, 500]
    api.charges.create(CHARGE)
    door("settle")
    assert len(receiver.received) == 1
    assert api.events.list({"delivery_success": False}).data[0].pending_webhooks == 1
    for attempts in (2, 3, 4):
        clock.time += 3 * 3600
        assert eventually(lambda wanted=attempts: len(receiver.received) == wanted)
        door("settle")
    clock.time += 24 * 3600
    time.sleep(0.2)
    [delivery] = door("deliveries")
    assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("given up", 4, 500)
    assert len({body for _, body in receiver.received}) == 1  # the same event each time


def test_delivered_twice_and_in_another_order(api, receiver, door):
    """https://docs.stripe.com/webhooks#best-practices: duplicates happen, order is not promised"""
    api.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    door("settings", webhooks="held")
    made = api.charges.create(CHARGE)
    api.refunds.create({"charge": made.id})
    newest_first = [event.id for event in api.events.list().data]
    for event in (*newest_first, newest_first[0]):
        door("deliver", event=event)
    sent = [json.loads(body)["id"] for _, body in receiver.received]
    assert sent == [*newest_first, newest_first[0]]


def test_endpoints_are_managed(api, receiver, door):
    """https://docs.stripe.com/api/webhook_endpoints"""
    made = api.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    assert "secret" not in api.webhook_endpoints.retrieve(made.id)
    assert api.webhook_endpoints.update(made.id, {"disabled": True}).status == "disabled"
    api.charges.create(CHARGE)
    door("settle")
    assert receiver.received == []
    assert [each.id for each in api.webhook_endpoints.list().data] == [made.id]
    assert api.webhook_endpoints.delete(made.id).deleted
    assert api.webhook_endpoints.list().data == []


@pytest.mark.parametrize(
    ("target", "events"),
    [
        ("nonsense", ["*"]),
        ("ftp://127.0.0.1/x", ["*"]),
        ("https://example.com/hook", ["*"]),
        ("http://127.0.0.1/x", ["charge.suceeded"]),
    ],
)
def test_endpoints_that_cannot_be(api, target, events):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.webhook_endpoints.create({"url": target, "enabled_events": events})
    assert caught.value.http_status == 400


def test_receipts_and_pages(api, url):
    made = api.charges.create(CHARGE)
    assert "£10.00" in httpx.get(made.receipt_url).text
    assert httpx.get(f"{url}/receipts/ch_nope").status_code == 404
    assert httpx.get(f"{url}/3d_secure/pi_nope/x").status_code == 404
