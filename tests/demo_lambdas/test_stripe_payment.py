"""The forty lines, and the two half-right ways, against the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.demo_lambdas.paying import HALF_A_LETTER, KEY, NONSENSE, StandIn, request, table, told
from tests.partners.serving import served

SERVICES = Path(__file__).parents[2] / "demo_lambdas"
GOOD = {"amount": 1999, "currency": "gbp", "source": "tok_visa"}


@pytest.fixture(scope="module")
def own_stripe() -> Iterator[StandIn]:
    with served("stripe") as url:
        yield StandIn(url)


@pytest.fixture
def stand_in_stripe(own_stripe: StandIn) -> StandIn:
    own_stripe.reset()
    return own_stripe


@pytest.fixture
def pay(service: Any, parameter: Any, stand_in_stripe: StandIn, context: Any) -> Any:
    """The handler as Lambda calls it: `pay(body)` gives status and JSON."""
    parameter("stripe_test_key", KEY)
    module = service("stripe_payment", STRIPE_API_BASE=stand_in_stripe.url)
    return lambda body: told(module.handler(request(body), context))


def test_it_is_forty_lines_at_most():
    text = (SERVICES / "stripe_payment" / "handler.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40


def test_tok_visa_is_charged(pay, stand_in_stripe, capsys):
    status, body = pay(GOOD)
    assert (status, body["id"]) == (200, stand_in_stripe.charges()[0].id)
    assert capsys.readouterr().out.splitlines() == ["About to charge 1999 gbp", f"Charged: {body['id']}"]


def test_tok_charge_declined(pay, stand_in_stripe, capsys):
    assert pay(GOOD | {"source": "tok_chargeDeclined"}) == (402, {"error": "Your card was declined."})
    assert "Declined: card_declined" in capsys.readouterr().out
    assert stand_in_stripe.charges() == []


@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_a_400(pay, stand_in_stripe, body):
    status, answer = pay(body)
    assert (status, bool(answer["error"])) == (400, True)
    assert stand_in_stripe.charges() == []


@pytest.mark.parametrize(
    "change",
    [
        {"amount": -5},
        {"amount": 0},
        {"amount": 19.99},
        {"amount": "1999"},
        {"amount": True},
        {"amount": None},
        {"amount": 10**20},
        {"amount": 10**9},
        {"currency": "xyz"},
        {"currency": 3},
        {"source": "tok_nope"},
        {"source": None},
        {"source": ["tok_visa"]},
        {"amount": 1},
        {"source": HALF_A_LETTER},
        {"currency": HALF_A_LETTER},
    ],
)
def test_bad_values_are_a_400_with_a_reason(pay, stand_in_stripe, change):
    status, answer = pay(GOOD | change)
    assert (status, bool(answer["error"])) == (400, True)
    assert stand_in_stripe.charges() == []


@pytest.mark.parametrize(
    "fault", [{"kind": "drop"}, {"kind": "status", "status": 500}, {"kind": "status", "status": 429}]
)
def test_no_answer_from_stripe_is_a_502(pay, stand_in_stripe, fault):
    stand_in_stripe.tell("faults", path="/v1/charges", method="POST", **fault)
    assert pay(GOOD) == (502, {"error": "Stripe did not answer as expected."})


def test_a_wrong_key_is_nobodys_business(pay, stand_in_stripe, parameter, capsys, service):
    parameter("stripe_test_key", "sk_test_not_the_right_one")
    import access_ssm

    access_ssm._seen.clear()
    status, answer = pay(GOOD)
    assert status == 502
    assert "sk_test" not in answer["error"] + capsys.readouterr().out
    parameter("stripe_test_key", KEY)


# The two half-right ways


@pytest.fixture
def half_raw(service: Any, parameter: Any, stand_in_stripe: StandIn, client: Any, context: Any) -> Any:
    parameter("stripe_test_key", KEY)
    module = service("half_right", STRIPE_API_BASE=stand_in_stripe.url, CLAIMS_TABLE=table(client, "order_id"))
    return lambda name, body: told(getattr(module, name)(request(body), context))


@pytest.fixture
def half(half_raw: Any) -> Any:
    return lambda name, **change: half_raw(name, GOOD | {"order_id": "42"} | change)


def test_by_key_charges_once_and_then_only_declines(half, stand_in_stripe):
    assert half("by_key")[1]["id"] == half("by_key")[1]["id"]
    assert len(stand_in_stripe.charges()) == 1
    assert half("by_key", order_id="43", source="tok_chargeDeclined")[0] == 402
    assert half("by_key", order_id="43")[0] == 502  # the key was used with another card
    assert half("by_key", order_id="43", source="tok_chargeDeclined")[0] == 402


def test_by_write_charges_once_but_twice_when_the_answer_was_lost(half, stand_in_stripe):
    assert [half("by_write")[0] for _ in range(2)] == [200, 409]
    assert len(stand_in_stripe.charges()) == 1
    assert half("by_write", order_id="43", source="tok_chargeDeclined")[0] == 402
    assert half("by_write", order_id="43")[0] == 200
    stand_in_stripe.tell("faults", kind="drop", when="after", path="/v1/charges", method="POST")
    assert [half("by_write", order_id="44")[0] for _ in range(2)] == [502, 200]
    assert len(stand_in_stripe.charges()) == 4


@pytest.mark.parametrize("way", ["by_key", "by_write"])
def test_half_right_logs_no_token(half, caplog, way):
    """Stripe's library would log its error, and the error repeats the token."""
    caplog.set_level("DEBUG", logger="root")
    assert half(way, order_id="46", source="tok_mine")[0] == 400
    assert "tok_mine" not in caplog.text


@pytest.mark.parametrize("way", ["by_key", "by_write"])
def test_half_right_answers_nonsense_right(half_raw, stand_in_stripe, way):
    """A 400 with a reason, and the order is as free as before."""
    for body in NONSENSE:
        status, answer = half_raw(way, body)
        assert (status, bool(answer["error"])) == (400, True)
    for change in (
        {"order_id": ""},
        {"order_id": 4},
        {"order_id": "x" * 3000},
        {"order_id": HALF_A_LETTER},
        {"order_id": "4\n"},
        {"amount": 1.5},
        {"amount": -5},
        {"source": HALF_A_LETTER},
        {"source": "tok_nope"},
    ):
        status, answer = half_raw(way, GOOD | {"order_id": "45"} | change)
        assert (status, bool(answer["error"])) == (400, True)
    assert stand_in_stripe.charges() == []
    assert half_raw(way, GOOD | {"order_id": "45"})[0] == 200
