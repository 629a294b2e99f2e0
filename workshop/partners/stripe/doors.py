"""What tests and lessons tell the stand-in, and the pages a buyer sees.

GET, POST /_stand_in/settings          network_seconds, requests_per_second, webhooks, …: see `Settings`
POST /_stand_in/keys                   {"key": "rk_test_…", "permissions": {"charge": "write"}}
POST /_stand_in/apple_pay_tokens       {"card": "visa"}: a token as Apple Pay on a phone makes it
POST /_stand_in/3d_secure              {"payment_intent": "pi_…", "passed": true}: the buyer's step without a page
POST /_stand_in/disputes               {"payment_intent": "pi_…", "reason": "fraudulent", "amount": 500}, or with
                                       "charge": opens a dispute; {"dispute": "du_…", "outcome": "won"}: decides one
POST /_stand_in/refunds                {"refund": "re_…", "outcome": "failed"}: the bank's late answer, now;
                                       `succeeded`, or `canceled` as in the Dashboard
GET  /_stand_in/deliveries             every webhook delivery and how it went
POST /_stand_in/deliver                {"event": "evt_…", "at": epoch seconds}: deliver (again), now
POST /_stand_in/settle                 {"timeout": 5}: wait until no delivery is on its way
"""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from workshop.partners.common import door, page
from workshop.partners.stripe import charging, currencies, disputes, refunds
from workshop.partners.stripe.account import Account
from workshop.partners.stripe.card_table import BY_NAME
from workshop.partners.stripe.confirming import buyer_answered
from workshop.partners.stripe.customers import make_token
from workshop.partners.stripe.operations import Call
from workshop.partners.stripe.store import Object


class Doors:
    """The stand-in's own doors and pages for one account."""

    def __init__(self, account: Account, base_url: str) -> None:
        self.account, self.base_url = account, base_url

    def routes(self) -> list[Route]:
        """What goes below `/_stand_in`."""
        named = {
            "settings": self.settings,
            "keys": self.keys,
            "apple_pay_tokens": self.apple_pay_token,
            "3d_secure": self.three_d_secure,
            "disputes": self.disputes,
            "refunds": self.refunds,
            "deliveries": self.deliveries,
            "deliver": self.deliver,
            "settle": self.settle,
        }
        return [Route(f"/{name}", door(work), methods=["GET", "POST"]) for name, work in named.items()]

    def pages(self) -> list[Route]:
        """What a buyer opens in a browser."""
        return [
            Route("/3d_secure/{intent}/{challenge}", self.challenge, methods=["GET", "POST"]),
            Route("/receipts/{charge}", self.receipt),
        ]

    async def settings(self, body: dict[str, Any]) -> Any:
        self.account.settings.change(body)
        settings = self.account.settings
        return {name: getattr(settings, name) for name in settings.__slots__}

    async def keys(self, body: dict[str, Any]) -> Any:
        self.account.keys.add(str(body.get("key", "")), body.get("permissions"))
        return {"added": True}

    async def apple_pay_token(self, body: dict[str, Any]) -> Any:
        card = BY_NAME.get(body.get("card", "visa"))
        if card is None:
            raise ValueError(f"card is one of {', '.join(sorted(BY_NAME))}")
        store = self.account.store
        return make_token(
            store, {"card": card, "expiry": charging.in_a_year(store), "wallet": "apple_pay", "cvc": False}
        )

    async def three_d_secure(self, body: dict[str, Any]) -> Any:
        intent = self.account.store.tables["payment_intent"].get(str(body.get("payment_intent")))
        if intent is None or intent["status"] != "requires_action":
            raise ValueError("payment_intent names one that requires_action")
        self.answer(intent, passed=body.get("passed", True) is True)
        return intent

    def named(self, kind: str, body: dict[str, Any], name: str) -> Object:
        """The object that a field of the body names. Raises ValueError when there is none."""
        found = self.account.store.tables[kind].get(str(body.get(name)))
        if found is None:
            raise ValueError(f"{name} names no {kind.replace('_', ' ')}: {str(body.get(name))[:60]!r}")
        return found

    async def disputes(self, body: dict[str, Any]) -> Any:
        if "dispute" in body:
            dispute, outcome = self.named("dispute", body, "dispute"), body.get("outcome")
            if outcome not in disputes.OUTCOMES or dispute["status"] not in disputes.OPEN:
                raise ValueError(f"outcome is one of {', '.join(disputes.OUTCOMES)}, of a dispute that is open")
            disputes.end(self.account, dispute, outcome)
            return dispute
        if "payment_intent" in body:
            charge = self.account.store.get(
                "charge", str(self.named("payment_intent", body, "payment_intent")["latest_charge"])
            )
        else:
            charge = self.named("charge", body, "charge")
        left = charge["amount_captured"] - charge["amount_refunded"]
        reason, amount = body.get("reason", "fraudulent"), body.get("amount", left)
        if reason not in (*disputes.REASONS, "inquiry"):
            raise ValueError(f"reason is one of {', '.join(disputes.REASONS)}, or inquiry")
        if not charge["paid"] or isinstance(amount, bool) or not isinstance(amount, int) or not 0 < amount <= left:
            raise ValueError(f"amount is a whole number from 1 to what is left of a paid charge, here {left}")
        inquiry = reason == "inquiry"
        return disputes.begin(self.account, charge, "fraudulent" if inquiry else reason, amount, inquiry=inquiry)

    async def refunds(self, body: dict[str, Any]) -> Any:
        refund, outcome = self.named("refund", body, "refund"), body.get("outcome", "failed")
        answers = {"failed": refunds.failed, "succeeded": refunds.succeeded, "canceled": refunds.canceled}
        if outcome not in answers:
            raise ValueError(f"outcome is one of {', '.join(answers)}")
        answers[outcome](self.account, refund)
        return refund

    async def deliveries(self, _: dict[str, Any]) -> Any:
        return self.account.events.described()

    async def deliver(self, body: dict[str, Any]) -> Any:
        events = self.account.events
        found = [each for each in events.deliveries if each.event == body.get("event")]
        if not found:
            raise ValueError("event names one that an endpoint wants")
        for delivery in found:
            await events.attempt(delivery, at=body.get("at"))
        return [{"url": each.url, "status": each.status, "answer": each.answer} for each in found]

    async def settle(self, body: dict[str, Any]) -> Any:
        return {"settled": await self.account.events.settled(min(float(body.get("timeout", 5)), 60))}

    def answer(self, intent: Object, *, passed: bool) -> None:
        """The buyer's step, outside of any API request."""
        call = Call(self.account, {}, "", None, self.base_url)
        buyer_answered(call, intent, passed=passed)

    async def challenge(self, request: Request) -> Response:
        """The bank's page in 3-D Secure: two buttons, then back to the shop."""
        intent = self.account.store.tables["payment_intent"].get(request.path_params["intent"])
        hidden = self.account.store.of(intent["id"]) if intent else {}
        if not intent or hidden.get("challenge") != request.path_params["challenge"]:
            return page("Nothing to authenticate", "<p>This link is not one of the bank's.</p>", 404)
        if intent["status"] != "requires_action":
            return page("Nothing to authenticate", f"<p>This payment is {html.escape(intent['status'])}.</p>", 409)
        amount = html.escape(currencies.shown(intent["amount"], intent["currency"]))
        if request.method == "GET":
            buttons = "".join(
                f'<button name="outcome" value="{value}">{label}</button>'
                for value, label in (("passed", "Complete authentication"), ("failed", "Fail authentication"))
            )
            question = f'<p>Is this payment of {amount} yours?</p><form method="post">{buttons}</form>'
            return page("3D Secure 2 test page", question)
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        passed = form.get("outcome") == ["passed"]
        self.answer(intent, passed=passed)
        if not hidden.get("return_url"):
            return page("Done", "<p>You can close this page.</p>")
        query = urlencode(
            {
                "payment_intent": intent["id"],
                "payment_intent_client_secret": intent["client_secret"],
                "redirect_status": "succeeded" if passed else "failed",
            }
        )
        joint = "&" if "?" in hidden["return_url"] else "?"
        return RedirectResponse(f"{hidden['return_url']}{joint}{query}", 303)

    async def receipt(self, request: Request) -> Response:
        charge = self.account.store.tables["charge"].get(request.path_params["charge"])
        if charge is None or not charge["paid"]:
            return page("No such receipt", "<p>This link leads nowhere.</p>", 404)
        amount = html.escape(currencies.shown(charge["amount"], charge["currency"]))
        card = charge["payment_method_details"]["card"]
        paid_with = f"{card['brand']} ending in {card['last4']}"
        return page("Receipt", f"<p>{amount}, paid with {paid_with}. A test: no money moved.</p>")
