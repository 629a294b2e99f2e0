"""Three products, two providers: money that is right, one seam, paid once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests.demo_lambdas.paying import HALF_A_LETTER, KEY, NONSENSE, StandIn, books, request, told
from tests.partners.serving import served
from tests.support import unique

PRODUCTS = ("learner", "short_term", "new_driver")
GBP = {"amount": 1999, "currency": "GBP"}


@pytest.fixture(scope="module")
def own_stripe() -> Iterator[StandIn]:
    with served("stripe") as url:
        yield StandIn(url)


@pytest.fixture(scope="module")
def own_paypal() -> Iterator[StandIn]:
    with served("paypal") as url:
        yield StandIn(url)


class Service:
    """The service and its two providers."""

    def __init__(self, handler: Any, stripe: StandIn, paypal: StandIn, context: Any) -> None:
        self.handler, self.stripe, self.paypal, self.context = handler, stripe, paypal, context
        self.signature = sys.modules["signature"]

    def pay(self, body: Any = None, *, by: str = "", **change: Any) -> tuple[int, dict[str, Any]]:
        if body is None:
            body = {"product": "learner", "reference": unique("P"), "provider": "stripe", "money": GBP} | change
            body.setdefault("source", "tok_visa")
            by = by or (body["product"] if body["product"] in PRODUCTS else "")
        by = by or "learner"
        return self.send(self.handler.pay, request(body), by, "/payments")

    def send(self, function: Any, event: dict[str, Any], by: str, path: str) -> tuple[int, dict[str, Any]]:
        """A request, signed by a product."""
        raw = (event["body"] or "").encode("utf-8", "replace")
        signed = {"authorization": self.signature.header(by, f"key of {by}", path, raw)}
        return told(function(event | {"headers": signed, "path": path}, self.context))

    def finish(self, reference: str, product: str = "learner") -> tuple[int, dict[str, Any]]:
        path = {"product": product, "reference": reference}
        return self.send(
            self.handler.finish, request(None, path=path), product, f"/payments/{product}/{reference}/finish"
        )

    def captures(self) -> list[dict[str, Any]]:
        return httpx.get(f"{self.paypal.url}/_stand_in/captures").json()

    def approve(self, answered: dict[str, Any], instrument: str = "good") -> None:
        """The buyer's step at PayPal."""
        self.paypal.tell("approve", order=answered["url"].partition("token=")[2], instrument=instrument)


@pytest.fixture
def shop(service: Any, parameter: Any, own_stripe: Any, own_paypal: Any, client: Any, context: Any) -> Service:
    for stand_in in (own_stripe, own_paypal):
        stand_in.reset()
    for name, value in (
        ("stripe_test_key", KEY),
        ("paypal_client_id", "workshop-client"),
        ("paypal_client_secret", "workshop-secret"),
        *((f"product_key_{each}", f"key of {each}") for each in PRODUCTS),
    ):
        parameter(name, value)
    handler = service(
        "payment_service",
        STRIPE_API_BASE=own_stripe.url,
        PAYPAL_API_BASE=own_paypal.url,
        RETURN_URL="http://127.0.0.1:1/back",
        **books(client, "payment"),
    )
    import access_ssm

    access_ssm._seen.clear()
    return Service(handler, own_stripe, own_paypal, context)


@pytest.mark.parametrize("product", ["learner", "short_term", "new_driver"])
def test_three_products_by_card(shop, product):
    status, body = shop.pay(product=product)
    assert (status, body["state"], body["provider"], body["money"]) == (200, "paid", "stripe", "19.99 GBP")
    [charge] = shop.stripe.charges()
    assert (charge.amount, charge.currency, charge.metadata["payment"]) == (1999, "gbp", body["payment"])


def test_by_paypal(shop):
    status, body = shop.pay(provider="paypal", reference="P1", source="")
    assert (status, body["state"]) == (202, "pending")
    assert shop.finish("P1")[0] == 202  # the buyer has not been there yet
    shop.approve(body)
    status, body = shop.finish("P1")
    assert (status, body["state"]) == (200, "paid")
    [capture] = shop.captures()
    assert capture["amount"] == {"currency_code": "GBP", "value": "19.99"}
    assert capture["custom_id"].endswith("/learner-P1")
    assert shop.finish("P1")[0] == 200
    assert len(shop.captures()) == 1


@pytest.mark.parametrize(
    ("money", "text", "provider"),
    [
        ({"amount": 1999, "currency": "JPY"}, "1999 JPY", "stripe"),
        ({"amount": 1990, "currency": "KWD"}, "1.990 KWD", "stripe"),
        ({"amount": 5, "currency": "GBP"}, "0.05 GBP", "paypal"),
        ({"amount": 1999, "currency": "JPY"}, "1999 JPY", "paypal"),
    ],
)
def test_money_without_rounding(shop, money, text, provider):
    """https://docs.stripe.com/currencies#zero-decimal · https://developer.paypal.com/api/rest/reference/currency-codes/"""
    status, body = shop.pay(money=money, provider=provider, reference="P2")
    assert (status, body["money"]) == (200 if provider == "stripe" else 202, text)
    if provider == "paypal":
        shop.approve(body)
        shop.finish("P2")
        assert shop.captures()[0]["amount"]["value"] == text.partition(" ")[0]
    else:
        assert shop.stripe.charges()[0].amount == money["amount"]


@pytest.mark.parametrize("body", NONSENSE[1:], ids=range(len(NONSENSE) - 1))
def test_nonsense_is_a_400(shop, body):
    status, answer = shop.pay(body)
    assert (status, bool(answer["error"])) == (400, True)


@pytest.mark.parametrize(
    "change",
    [
        {"product": "boat"},
        {"product": None},
        {"product": ["learner"]},
        {"reference": ""},
        {"reference": "a b"},
        {"reference": "x" * 41},
        {"reference": 7},
        {"provider": "cash"},
        {"provider": "base"},
        {"provider": None},
        {"provider": "../handler"},
        {"provider": {}},
        {"money": 1999},
        {"money": {"amount": 19.99, "currency": "GBP"}},
        {"money": {"amount": -1, "currency": "GBP"}},
        {"money": {"amount": 0, "currency": "GBP"}},
        {"money": {"amount": 10**9, "currency": "GBP"}},
        {"money": {"amount": True, "currency": "GBP"}},
        {"money": {"amount": 1999, "currency": "XYZ"}},
        {"money": {"amount": 1999}},
        {"money": {"amount": 1999, "currency": []}},
        {"money": {"amount": 1995, "currency": "KWD"}},
        {"money": {"amount": 1, "currency": "GBP"}},
        {"provider": "paypal", "money": {"amount": 1990, "currency": "KWD"}},
        {"source": "4242424242424242"},
        {"source": "tok_nope"},
        {"source": "x" * 101},
        {"source": 4},
        {"source": HALF_A_LETTER},
        {"product": HALF_A_LETTER},
        {"reference": HALF_A_LETTER},
        {"provider": HALF_A_LETTER},
    ],
)
def test_bad_values_are_a_400_with_a_reason(shop, change):
    status, answer = shop.pay(**change)
    assert (status, bool(answer["error"])) == (400, True)
    assert (shop.stripe.charges(), shop.captures()) == ([], [])


def test_a_decline_then_another_card(shop):
    status, body = shop.pay(reference="P3", source="tok_chargeDeclined")
    assert (status, body["state"], body["error"]) == (402, "open", "Your card was declined.")
    assert shop.pay(reference="P3", source="tok_mastercard")[0] == 200
    assert len(shop.stripe.charges()) == 1


def test_a_declined_instrument_then_another(shop):
    _, body = shop.pay(provider="paypal", reference="P4")
    shop.approve(body, "declined")
    status, body = shop.finish("P4")
    assert (status, "declined" in body["error"]) == (202, True)
    shop.approve(body)
    assert shop.finish("P4")[0] == 200
    assert len(shop.captures()) == 1


def test_the_same_reference_is_the_same_payment(shop):
    for _ in range(3):
        assert shop.pay(reference="P5")[0] == 200
    assert len(shop.stripe.charges()) == 1
    for change in ({"money": {"amount": 1, "currency": "GBP"}}, {"provider": "paypal"}):
        status, body = shop.pay(reference="P5", **change)
        assert (status, "choose another reference" in body["error"]) == (400, True)
    assert shop.pay(reference="P5", product="short_term")[0] == 200
    assert len(shop.stripe.charges()) == 2


@pytest.mark.parametrize("provider", ["stripe", "paypal"])
def test_ten_at_once(shop, provider):
    if provider == "paypal":
        shop.approve(shop.pay(provider="paypal", reference="P6")[1])
    for stand_in in (shop.stripe, shop.paypal):
        stand_in.tell("settings", network_seconds=0.1)
    with ThreadPoolExecutor(10) as pool:
        ask = (lambda _: shop.pay(reference="P6")[0]) if provider == "stripe" else (lambda _: shop.finish("P6")[0])
        answers = set(pool.map(ask, range(10)))
    assert 200 in answers
    assert answers <= {200, 503}
    assert len(shop.stripe.charges()) + len(shop.captures()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_lost_answers_from_stripe(shop, when):
    """Where the money was taken, asking at once says so."""
    shop.stripe.tell("faults", kind="drop", when=when, path="/v1/payment_intents/*/confirm", times=2)
    assert shop.pay(reference="P7")[0] == (503 if when == "before" else 200)
    assert shop.pay(reference="P7")[0] == 200
    assert len(shop.stripe.charges()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_lost_answers_from_paypal(shop, when):
    shop.paypal.tell("faults", kind="drop", when=when, path="/v2/checkout/orders", method="POST")
    assert shop.pay(provider="paypal", reference="P8")[0] == 503
    status, body = shop.pay(provider="paypal", reference="P8")
    assert status == 202
    shop.approve(body)
    shop.paypal.tell("faults", kind="drop", when=when, path="*/capture", method="POST")
    assert shop.finish("P8")[0] == (503 if when == "before" else 200)
    assert shop.finish("P8")[0] == 200
    assert len(shop.captures()) == 1


def test_three_d_secure(shop):
    status, body = shop.pay(reference="P9", source="tok_threeDSecure2Required")
    assert (status, body["state"], body["url"].startswith(shop.stripe.url)) == (202, "pending", True)
    httpx.post(body["url"], data={"outcome": "passed"})
    assert shop.finish("P9")[1]["state"] == "paid"
    assert len(shop.stripe.charges()) == 1


def test_three_d_secure_failed_then_another_card(shop):
    _, body = shop.pay(reference="P10", source="tok_threeDSecure2Required")
    httpx.post(body["url"], data={"outcome": "failed"})
    assert shop.finish("P10")[0] == 402
    assert shop.pay(reference="P10")[0] == 200


@pytest.mark.parametrize("provider", ["stripe", "paypal"])
def test_refunds_once(shop, provider):
    _, body = shop.pay(provider=provider, reference="P11")
    if provider == "paypal":
        shop.approve(body)
        shop.finish("P11")
    made = shop.handler.refund({"payment": "learner-P11"}, shop.context)
    assert made["refund"]
    assert shop.handler.refund({"payment": "learner-P11"}, shop.context) == made
    assert shop.pay(provider=provider, reference="P11")[1]["state"] == "refunded"


def test_what_is_not_there(shop):
    assert shop.finish("nope") == (404, {"error": "There is no such payment."})
    for name in ("nope", "", "x" * 3000, None, 4):
        assert "error" in shop.handler.refund({"payment": name}, shop.context)
    assert "error" in shop.handler.refund({}, shop.context)
    assert shop.finish("x" * 3000) == (404, {"error": "There is no such payment."})


@pytest.mark.parametrize("status", [404, 409, 429, 500])
def test_an_answer_of_paypal_that_says_nothing_is_not_known_yet(shop, status):
    """Too many requests, for example, comes without details (https://developer.paypal.com/api/rest/responses/)."""
    shop.paypal.tell("faults", kind="status", status=status, path="/v2/checkout/orders")
    assert shop.pay(provider="paypal", reference="P14")[0] == 503
    status_then, body = shop.pay(provider="paypal", reference="P14")
    assert status_then == 202
    shop.approve(body)
    shop.paypal.tell("faults", kind="status", status=status, path="*/capture")
    assert shop.finish("P14")[0] == 503
    assert shop.finish("P14")[0] == 200
    shop.paypal.tell("faults", kind="status", status=status, path="*/refund")
    assert "Ask again" in shop.handler.refund({"payment": "learner-P14"}, shop.context)["error"]
    assert shop.handler.refund({"payment": "learner-P14"}, shop.context)["refund"]


@pytest.mark.parametrize("fault", [{"kind": "drop", "when": "after"}, {"kind": "status", "status": 503}])
def test_a_refund_whose_answer_was_lost(shop, fault):
    shop.pay(reference="P15")
    shop.stripe.tell("faults", path="/v1/refunds", method="POST", times=2, **fault)
    first = shop.handler.refund({"payment": "learner-P15"}, shop.context)
    assert first.get("refund") or "Ask again" in first["error"]  # lost after it was made: Stripe's list has it
    assert shop.handler.refund({"payment": "learner-P15"}, shop.context)["refund"]
    assert len(shop.stripe.stripe.refunds.list().data) == 1


def test_a_third_provider_is_one_file(shop, tmp_path, monkeypatch):
    """A provider that exists in this test only: a module in the package's path."""
    (tmp_path / "voucher.py").write_text(
        "from providers.base import BaseProvider, Outcome\n\n\n"
        "class Provider(BaseProvider):\n"
        "    def take(self, payment, source):\n"
        "        if source == 'GIFT':\n"
        "            return self.paid(payment, f'voucher-{payment.key}')\n"
        "        return Outcome('declined', reason='No such voucher.')\n",
        encoding="utf-8",
    )
    import providers

    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(tmp_path)])
    monkeypatch.setattr(providers, "NAMES", [*providers.NAMES, "voucher"])
    assert shop.pay(provider="voucher", source="GIFT")[1]["state"] == "paid"
    assert shop.pay(provider="voucher", source="x")[1]["error"] == "No such voucher."
    sys.modules.pop("providers.voucher", None)


def test_nothing_secret_in_the_logs(shop, caplog):
    caplog.set_level("DEBUG", logger="root")
    shop.pay(source="tok_chargeDeclined")
    shop.pay(reference="P12")
    shop.approve(shop.pay(provider="paypal", reference="P13")[1])
    shop.finish("P13")
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name == "root")
    assert "learner-P12" in ours
    assert [word for word in (KEY, "workshop-secret", "tok_", "Bearer", "A21AA") if word in ours] == []


def test_money_is_itself(shop):
    money = SimpleNamespace(of=sys.modules["money"].Money)
    assert str(money.of(123456, "GBP")) == "1234.56 GBP"
    assert money.of(5, "KWD").text == "0.005"
