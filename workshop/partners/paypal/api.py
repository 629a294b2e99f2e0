"""PayPal's HTTP API: tokens, request ids, answers.

https://developer.paypal.com/api/rest/authentication/ · https://developer.paypal.com/reference/guidelines/idempotency/
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workshop.partners.common import BadBody, JsonAnswer, json_body
from workshop.partners.later import Later
from workshop.partners.paypal import elsewhere
from workshop.partners.paypal.errors import ISSUES, PayPalError, error_body
from workshop.partners.paypal.orders import Merchant, Object, Order
from workshop.partners.paypal.webhooks import CERTIFICATE, Webhooks

CLIENT_ID, CLIENT_SECRET = "workshop-client", "workshop-secret"
TOKEN_SECONDS = 32_400  # nine hours
# How long a PayPal-Request-Id is remembered: six hours for orders, 45 days for payments.
KEPT_SECONDS = {"orders": 6 * 3600, "payments": 45 * 24 * 3600}
MOCK = "paypal-mock-response"


@dataclass(slots=True)
class Remembered:
    """One PayPal-Request-Id: what it made; None while that is under way."""

    at: float
    made: Object | Order | None = None


@dataclass(slots=True)
class Api:
    """The endpoints for one merchant.

    Attributes:
        network_seconds: how long a capture takes; 0 answers at once.
    """

    clock: Callable[[], float]
    base_url: str
    network_seconds: float = 0.0
    tokens: dict[str, float] = field(default_factory=dict)
    remembered: dict[tuple[str, str], Remembered] = field(default_factory=dict)
    later: Later = field(init=False)
    webhooks: Webhooks = field(init=False)
    merchant: Merchant = field(init=False)

    def __post_init__(self) -> None:
        self.later = Later(self.clock)
        self.webhooks = Webhooks(self.clock, self.base_url, self.later)
        self.merchant = self.new_merchant()

    def new_merchant(self) -> Merchant:
        """A merchant who has nothing yet."""
        return Merchant(self.clock, self.base_url, self.later.do, self.webhooks.emit)

    def routes(self) -> list[Route]:
        orders, payments, notes = "/v2/checkout/orders", "/v2/payments", "/v1/notifications"
        return [
            Route("/v1/oauth2/token", self.token, methods=["POST"]),
            Route(orders, self.answering(self.create), methods=["POST"]),
            Route(f"{orders}/{{id}}", self.answering(self.get_order)),
            Route(f"{orders}/{{id}}/capture", self.answering(self.capture), methods=["POST"]),
            Route(f"{payments}/captures/{{id}}", self.answering(self.get_capture)),
            Route(f"{payments}/captures/{{id}}/refund", self.answering(self.refund), methods=["POST"]),
            Route(f"{payments}/refunds/{{id}}", self.answering(self.get_refund)),
            Route(f"{notes}/webhooks", self.answering(self.webhook_list), methods=["GET", "POST"]),
            Route(f"{notes}/webhooks/{{id}}", self.answering(self.webhook), methods=["GET", "PATCH", "DELETE"]),
            Route(f"{notes}/verify-webhook-signature", self.answering(self.verify), methods=["POST"]),
            Route(f"{notes}/webhooks-events", self.answering(self.events)),
            Route(f"{notes}/webhooks-events/{{id}}", self.answering(self.event)),
            Route(f"{notes}/webhooks-events/{{id}}/resend", self.answering(self.resend), methods=["POST"]),
            Route(CERTIFICATE, self.certificate),
        ]

    async def token(self, request: Request) -> Response:
        """Client credentials for a bearer token, valid for nine hours."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(value, validate=True).decode("utf-8") if scheme.lower() == "basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            given = ""
        if not secrets.compare_digest(given.encode(), f"{CLIENT_ID}:{CLIENT_SECRET}".encode()):
            return JsonAnswer({"error": "invalid_client", "error_description": "Client Authentication failed"}, 401)
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        if form.get("grant_type") != ["client_credentials"]:
            message = "Unsupported grant_type"
            return JsonAnswer({"error": "unsupported_grant_type", "error_description": message}, 400)
        made = f"A21AA{secrets.token_urlsafe(32)}"
        self.tokens[made] = self.clock() + TOKEN_SECONDS
        scope = "https://uri.paypal.com/services/payments/payment/authcapture"
        return JsonAnswer(
            {
                "scope": scope,
                "access_token": made,
                "token_type": "Bearer",
                "app_id": "APP-80W284485P519543T",
                "expires_in": TOKEN_SECONDS,
                "nonce": self.merchant.now() + secrets.token_urlsafe(16),
            }
        )

    def answering(self, work: Callable[[Request, Object], Any]) -> Callable[[Request], Any]:
        """An endpoint around an operation: the token first, then the body; errors in PayPal's form."""

        async def endpoint(request: Request) -> Response:
            debug_id = secrets.token_hex(7)[:13]
            headers = {"Paypal-Debug-Id": debug_id}
            try:
                self.check_token(request.headers.get("authorization", ""))
                status, body = await work(request, await read_body(request))
            except PayPalError as error:
                status, body = error.status, error.body(debug_id)
            return Response(status_code=204, headers=headers) if status == 204 else JsonAnswer(body, status, headers)

        return endpoint

    async def nowhere(self, request: Request, error: Exception) -> Response:
        """An address or a method that the stand-in does not have: in PayPal's words, or by name where PayPal has it."""
        status, debug_id = getattr(error, "status_code", 404), secrets.token_hex(7)[:13]
        if elsewhere.knows(request.method, request.url.path):
            body = error_body(404, debug_id) | {"message": elsewhere.refusal(request.method, request.url.path)}
            return JsonAnswer(body, 404, {"Paypal-Debug-Id": debug_id})
        return JsonAnswer(error_body(status, debug_id), status, {"Paypal-Debug-Id": debug_id})

    async def webhook_list(self, request: Request, given: Object) -> tuple[int, Object]:
        if request.method == "POST":
            return 201, self.webhooks.create(given)
        return 200, {"webhooks": list(self.webhooks.webhooks.values())}

    async def webhook(self, request: Request, given: Object) -> tuple[int, Object]:
        identifier = request.path_params["id"]
        if request.method == "PATCH":
            return 200, self.webhooks.change(identifier, given)
        found = self.webhooks.get(identifier)
        if request.method == "DELETE":
            del self.webhooks.webhooks[identifier]
            return 204, {}
        return 200, found

    async def verify(self, _: Request, given: Object) -> tuple[int, Object]:
        return 200, {"verification_status": await self.webhooks.verify(given)}

    async def events(self, _: Request, __: Object) -> tuple[int, Object]:
        found = list(reversed(self.webhooks.events.values()))
        return 200, {"events": found, "count": len(found), "links": []}

    async def event(self, request: Request, _: Object) -> tuple[int, Object]:
        found = self.webhooks.events.get(request.path_params["id"])
        if found is None:
            raise PayPalError(404, "INVALID_RESOURCE_ID")
        return 200, found

    async def resend(self, request: Request, given: Object) -> tuple[int, Object]:
        _, event = await self.event(request, given)
        wanted = given.get("webhook_ids") or list(self.webhooks.webhooks)
        if not isinstance(wanted, list):
            raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field="/webhook_ids")
        for webhook in [self.webhooks.get(str(each)) for each in wanted]:
            self.webhooks.send(event, webhook)
        return 202, event

    async def certificate(self, _: Request) -> Response:
        """The certificate that the signatures of webhooks are checked with; everybody may read it."""
        return Response((await self.webhooks.signer()).pem(), media_type="application/x-pem-file")

    def check_token(self, header: str) -> None:
        """Raises PayPalError 401 without a bearer token that is still valid."""
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "bearer" or self.tokens.get(value.strip(), 0.0) <= self.clock():
            raise PayPalError(401)

    async def create(self, request: Request, given: Object) -> tuple[int, Object]:
        mock_response(request)
        found = self.recall(request, "create", "orders")
        if found is not None:
            return 200, shown(found, request)
        with_id = self.begin(request, "create")
        try:
            order = self.merchant.create(given)
        except PayPalError:
            self.forget(request, "create")
            raise
        with_id.made = order
        return 201, shown(order, request)

    async def get_order(self, request: Request, _: Object) -> tuple[int, Object]:
        return 200, self.merchant.order(request.path_params["id"]).body

    async def capture(self, request: Request, _: Object) -> tuple[int, Object]:
        order = self.merchant.order(request.path_params["id"])
        what = f"capture {order.body['id']}"
        found = self.recall(request, what, "orders")
        if found is not None:
            return 200, shown(found, request, captured=True)
        with_id = self.begin(request, what)
        try:
            mock_response(request)
            self.merchant.check_capturable(order)
            await asyncio.sleep(self.network_seconds)
            self.merchant.capture(order)
        except PayPalError:
            self.forget(request, what)
            raise
        with_id.made = order
        return 201, shown(order, request, captured=True)

    async def get_capture(self, request: Request, _: Object) -> tuple[int, Object]:
        return 200, self.merchant.get_capture(request.path_params["id"])

    async def refund(self, request: Request, given: Object) -> tuple[int, Object]:
        capture = self.merchant.get_capture(request.path_params["id"])
        what = f"refund {capture['id']}"
        found = self.recall(request, what, "payments")
        if found is not None:
            return 200, refund_shown(found, request)
        with_id = self.begin(request, what)
        try:
            mock_response(request, "payments")
            refund = self.merchant.refund(capture, given)
        except PayPalError:
            self.forget(request, what)
            raise
        with_id.made = refund
        return 201, refund_shown(refund, request)

    async def get_refund(self, request: Request, _: Object) -> tuple[int, Object]:
        found = self.merchant.refunds.get(request.path_params["id"])
        if found is None:
            raise PayPalError(404, "INVALID_RESOURCE_ID", api="payments")
        return 200, found

    def recall(self, request: Request, what: str, api: str) -> Any:
        """What an earlier request with this PayPal-Request-Id made, as it is by now; None when there was none.

        Raises:
            PayPalError: 409 while the earlier request is under way.
        """
        known = self.remembered.get((what, request.headers.get("paypal-request-id", "")))
        if known is None or self.clock() - known.at >= KEPT_SECONDS[api]:
            return None
        if known.made is None:
            raise PayPalError(409, "PREVIOUS_REQUEST_IN_PROGRESS", api=api)
        return known.made

    def begin(self, request: Request, what: str) -> Remembered:
        """Notes that a request with its id is under way; without an id nothing is remembered."""
        noted = Remembered(self.clock())
        identifier = request.headers.get("paypal-request-id")
        if identifier:
            self.remembered[what, identifier] = noted
        return noted

    def forget(self, request: Request, what: str) -> None:
        """The request failed: its id may be used again."""
        self.remembered.pop((what, request.headers.get("paypal-request-id", "")), None)


async def read_body(request: Request) -> Any:
    """The JSON object of a request, of a PATCH its list. Raises PayPalError 400 when it is none."""
    if request.method == "GET":
        return {}
    try:
        given = await json_body(request)
    except BadBody:
        raise PayPalError(400, "MALFORMED_REQUEST_JSON") from None
    if not isinstance(given, dict) and not (request.method == "PATCH" and isinstance(given, list)):
        raise PayPalError(400, "MALFORMED_REQUEST_JSON")
    return given


def mock_response(request: Request, api: str = "orders") -> None:
    """Negative testing: a header of the sandbox asks for one of the documented issues.

    https://developer.paypal.com/tools/sandbox/negative-testing/request-headers/
    """
    if MOCK not in request.headers:
        return
    try:
        issue = json.loads(request.headers[MOCK])["mock_application_codes"]
    except (ValueError, KeyError, TypeError):
        issue = None
    if issue not in ISSUES:
        raise PayPalError(400, "INVALID_PARAMETER_VALUE", field=f"/{MOCK}")
    raise PayPalError(422, issue, api=api)


def shown(order: Order, request: Request, *, captured: bool = False) -> Object:
    """An order as the `Prefer` header wants it: whole, or the least."""
    if request.headers.get("prefer") == "return=representation":
        return order.body
    names = (
        ("id", "status", "payment_source", "purchase_units", "payer", "links")
        if captured
        else ("id", "status", "links")
    )
    least = {name: order.body[name] for name in names if name in order.body}
    if captured:
        units = [
            {name: unit[name] for name in ("reference_id", "payments") if name in unit}
            for unit in order.body["purchase_units"]
        ]
        least["purchase_units"] = units
    return least


def refund_shown(refund: Object, request: Request) -> Object:
    """A refund as the `Prefer` header wants it."""
    if request.headers.get("prefer") == "return=representation":
        return refund
    return {name: refund[name] for name in ("id", "status", "links")}
