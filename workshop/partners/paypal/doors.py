"""The buyer's step: as a page to click through, and as a door for tests."""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from workshop.partners.common import door, page
from workshop.partners.paypal.api import Api
from workshop.partners.paypal.orders import INSTRUMENTS, PAYER

CHOICES = {
    "good": "Pay now",
    "declined": "Pay with a card that is declined",
    "echeck": "Pay from a bank account: pending for six days",
    "review": "Pay, and be reviewed for a day",
    "cancel": "Cancel and return",
}


class Doors:
    """The stand-in's own doors and the buyer's page."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def routes(self) -> list[Route]:
        """What goes below `/_stand_in`."""
        named = {
            "approve": self.approve,
            "settings": self.settings,
            "captures": self.captures,
            "decide": self.decide,
            "deliveries": self.deliveries,
            "deliver": self.deliver,
            "settle": self.settle,
        }
        return [Route(f"/{name}", door(work), methods=["GET", "POST"]) for name, work in named.items()]

    def pages(self) -> list[Route]:
        return [Route("/checkoutnow", self.checkout, methods=["GET", "POST"])]

    def reset(self) -> None:
        """A new merchant, default settings."""
        api = self.api
        api.later.clear()
        api.webhooks.clear()
        api.merchant = api.new_merchant()
        api.network_seconds = 0.0
        api.tokens.clear()
        api.remembered.clear()

    async def approve(self, body: dict[str, Any]) -> Any:
        order = self.api.merchant.orders.get(str(body.get("order")))
        if order is None or order.status not in ("CREATED", "APPROVED"):
            raise ValueError("order names one that waits for its buyer")
        instrument = body.get("instrument", "good")
        if instrument not in INSTRUMENTS:
            raise ValueError(f"instrument is one of {', '.join(INSTRUMENTS)}")
        self.api.merchant.approve(order, instrument=instrument)
        return order.body

    async def settings(self, body: dict[str, Any]) -> Any:
        seconds = body.get("network_seconds", self.api.network_seconds)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 60:
            raise ValueError("network_seconds is a number from 0 to 60")
        webhooks = body.get("webhooks", "held" if self.api.webhooks.held else "sent")
        if webhooks not in ("sent", "held"):
            raise ValueError("webhooks is sent or held")
        self.api.network_seconds, self.api.webhooks.held = seconds, webhooks == "held"
        return {"network_seconds": seconds, "webhooks": webhooks}

    async def decide(self, body: dict[str, Any]) -> Any:
        merchant, status = self.api.merchant, body.get("status")
        capture, refund = merchant.captures.get(str(body.get("capture"))), merchant.refunds.get(str(body.get("refund")))
        found = capture or refund
        words = ("COMPLETED", "DECLINED") if capture else ("COMPLETED", "FAILED")
        if found is None or found["status"] != "PENDING" or status not in words:
            raise ValueError(f"capture or refund names one that is PENDING, and status is one of {', '.join(words)}")
        if capture:
            merchant.decide(capture, status)
        else:
            merchant.end_refund(found, status)
        return found

    async def deliveries(self, _: dict[str, Any]) -> Any:
        return self.api.webhooks.described()

    async def deliver(self, body: dict[str, Any]) -> Any:
        webhooks = self.api.webhooks
        found = [each for each in webhooks.deliveries if each.event == body.get("event")]
        if not found:
            raise ValueError("event names one that a webhook wants")
        for delivery in found:
            await webhooks.attempt(delivery)
        return [{"url": each.url, "status": each.status, "answer": each.answer} for each in found]

    async def settle(self, body: dict[str, Any]) -> Any:
        return {"settled": await self.api.webhooks.settled(min(float(body.get("timeout", 5)), 60))}

    async def captures(self, _: dict[str, Any]) -> Any:
        return list(self.api.merchant.captures.values())

    async def checkout(self, request: Request) -> Response:
        """PayPal's page: the amount and three buttons, then back to the shop."""
        order = self.api.merchant.orders.get(request.query_params.get("token", ""))
        if order is None or order.status not in ("CREATED", "APPROVED"):
            return page("Nothing to pay", "<p>This link leads to no open order.</p>", 404)
        if request.method == "GET":
            amounts = ", ".join(
                f"{unit['amount']['value']} {unit['amount']['currency_code']}" for unit in order.body["purchase_units"]
            )
            choices = CHOICES.items()
            buttons = "".join(f'<p><button name="choice" value="{name}">{text}</button>' for name, text in choices)
            return page("PayPal sandbox", f'<p>Pay {html.escape(amounts)}?</p><form method="post">{buttons}</form>')
        choice = parse_qs((await request.body()).decode("utf-8", "replace")).get("choice", [""])[0]
        if choice not in CHOICES:
            return page("Nothing chosen", "<p>Go back and press one of the buttons.</p>", 400)
        if choice != "cancel":
            self.api.merchant.approve(order, instrument=choice)
        target = order.cancel_url if choice == "cancel" else order.return_url
        if not target:
            return page("Done", "<p>You can close this page.</p>")
        query = {"token": order.body["id"]} | ({} if choice == "cancel" else {"PayerID": PAYER["payer_id"]})
        return RedirectResponse(f"{target}{'&' if '?' in target else '?'}{urlencode(query)}", 303)
