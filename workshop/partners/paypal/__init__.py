"""A stand-in for PayPal's sandbox: token, order, the buyer's approval, capture, refund.

    POST /v1/oauth2/token                       client credentials `workshop-client`, `workshop-secret`
    POST /v2/checkout/orders                    create
    GET  /v2/checkout/orders/{id}
    POST /v2/checkout/orders/{id}/capture
    GET  /v2/payments/captures/{id}
    POST /v2/payments/captures/{id}/refund
    GET  /v2/payments/refunds/{id}
    GET, POST /v1/notifications/webhooks        also GET, PATCH, DELETE …/{id}
    POST /v1/notifications/verify-webhook-signature
    GET  /v1/notifications/webhooks-events      also …/{id} and POST …/{id}/resend
    GET  /checkoutnow?token={id}                the page where the buyer approves or cancels

Doors besides the common ones:

    POST /_stand_in/approve     {"order": "…", "instrument": "good"}: the buyer's step; `declined`, `refused` (the
                                capture is DECLINED), `echeck` (PENDING for six days) or `review` (PENDING for a day)
    POST /_stand_in/decide      {"capture": "…", "status": "DECLINED"} or {"refund": "…", "status": "FAILED"}: what is
                                PENDING is decided now; `COMPLETED` for either
    POST /_stand_in/settings    {"network_seconds": 0.3}: captures take time; {"webhooks": "held"}: kept back
    GET  /_stand_in/captures    every capture
    GET  /_stand_in/deliveries  every webhook delivery; POST deliver {"event": "WH-…"} sends one again, settle waits

Rooms: `api` (HTTP, tokens, request ids), `orders` (orders, captures, refunds), `items` (what an order is made of),
`webhooks` (events and signatures), `elsewhere` (what it does not do), `money`, `errors`, `doors`.
"""

from __future__ import annotations

from workshop.core.net import ASGIApp
from workshop.partners import PartnerContext


def app(context: PartnerContext) -> ASGIApp:
    """The stand-in as an ASGI app with a merchant of its own."""
    from starlette.applications import Starlette

    from workshop.partners.common import StandIn
    from workshop.partners.paypal.api import Api
    from workshop.partners.paypal.doors import Doors
    from workshop.partners.paypal.errors import error_body

    base_url = context.urls.get("paypal", "")
    api = Api(context.clock, base_url)
    doors = Doors(api)
    nowhere = dict.fromkeys((404, 405), api.nowhere)
    inner = Starlette(routes=[*api.routes(), *doors.pages()], exception_handlers=nowhere)
    return StandIn(
        inner,
        context,
        doors=doors.routes(),
        reset=doors.reset,
        error_body=lambda status: error_body(status, "f0000000000000"[:13]),
    )
