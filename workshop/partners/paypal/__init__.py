"""A stand-in for PayPal's sandbox: token, order, the buyer's approval, capture, refund.

    POST /v1/oauth2/token                       client credentials `workshop-client`, `workshop-secret`
    POST /v2/checkout/orders                    create
    GET  /v2/checkout/orders/{id}
    POST /v2/checkout/orders/{id}/capture
    GET  /v2/payments/captures/{id}
    POST /v2/payments/captures/{id}/refund
    GET  /v2/payments/refunds/{id}
    GET  /checkoutnow?token={id}                the page where the buyer approves or cancels

Doors besides the common ones: `POST /_stand_in/approve` `{"order": "…", "instrument": "good" | "declined"}` takes the
buyer's step, `POST /_stand_in/settings` `{"network_seconds": 0.3}` makes captures take time, and
`GET /_stand_in/captures` lists every capture.

Rooms: `api` (HTTP, tokens, request ids), `orders` (orders, captures, refunds), `money`, `errors`, `doors`.
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
    from workshop.partners.paypal.orders import Merchant

    base_url = context.urls.get("paypal", "")
    api = Api(Merchant(context.clock, base_url), context.clock)
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
