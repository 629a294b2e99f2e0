"""A stand-in for Stripe's test mode: the endpoints that take, refund and report card payments.

It is driven by the official `stripe` library through its base address and by nothing else. It answers as Stripe
documents: the same bodies, errors, test cards, idempotency, events and signatures. What it does not do it refuses with
a sentence, never in silence. No money moves, and no card number but Stripe's test numbers is taken.

    client = stripe.StripeClient("sk_test_workshop", base_addresses={"api": "http://127.0.0.1:…"})

Rooms: `api` (requests), `operations` (the table of endpoints), `elsewhere` (what it does not do), `parameters`,
`errors`, `charges`, `payment_intents` with `confirming`, `customers` (also tokens and payment methods), `events` (also
webhooks), `search`, `expanding`, `cards` (test cards), `currencies`, `bodies` (responses), `store`, `keys`,
`idempotency`, `doors` (for tests and lessons).
"""

from __future__ import annotations

from workshop.core.net import ASGIApp
from workshop.partners import PartnerContext


def app(context: PartnerContext) -> ASGIApp:
    """The stand-in as an ASGI app with an account of its own."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    from workshop.partners.common import StandIn
    from workshop.partners.stripe.account import Account
    from workshop.partners.stripe.api import Api
    from workshop.partners.stripe.doors import Doors
    from workshop.partners.stripe.errors import told_to

    base_url = context.urls.get("stripe", "")
    account = Account(context)
    doors = Doors(account, base_url)
    methods = ["GET", "POST", "DELETE", "PUT", "PATCH"]
    inner = Starlette(routes=[*doors.pages(), Route("/{path:path}", Api(account, base_url).__call__, methods=methods)])
    return StandIn(inner, context, doors=doors.routes(), reset=account.reset, error_body=told_to, knows_live_keys=True)
