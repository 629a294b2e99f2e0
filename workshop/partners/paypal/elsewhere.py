"""What PayPal's REST API has and the stand-in has not: known by address, so that a call to it is refused by name.

https://developer.paypal.com/api/rest/ lists the APIs and their operations.
"""

from __future__ import annotations

import re

_ADDRESSES = r"""
PATCH /v2/checkout/orders/{}
POST /v2/checkout/orders/{}/(authorize|confirm-payment-source|track)
PATCH /v2/checkout/orders/{}/trackers/{}
(GET|POST) /v2/payments/authorizations/{}(/(capture|reauthorize|void))?
POST /v2/payments/find-eligible-methods
(GET|POST) /v1/billing/(plans|subscriptions)
(GET|PATCH|POST) /v1/billing/(plans|subscriptions)/{}(/.+)?
(GET|POST) /v1/catalogs/products
(GET|PATCH) /v1/catalogs/products/{}
(GET|POST) /v1/customer/disputes(/.+)?
(GET|POST|PATCH|DELETE) /v1/(customer|identity|vault)/.+
(GET|POST) /v1/payments/payouts(/{})?
(GET|POST) /v1/payments/payouts-item/{}(/cancel)?
(GET|POST|PATCH|DELETE) /v1/payment-experience/web-profiles(/{})?
(GET|POST) /v1/reporting/(transactions|balances)
(GET|POST|PUT) /v1/shipping/trackers.*
POST /v1/oauth2/token/terminate
GET /v1/notifications/webhooks-event-types
GET /v1/notifications/webhooks/{}/event-types
(GET|POST|DELETE) /v1/notifications/webhooks-lookup(/{})?
POST /v1/notifications/simulate-event
(GET|POST|PATCH|PUT|DELETE) /v2/invoicing/.+
(GET|POST) /v2/customer/partner-referrals(/{})?
(GET|POST|DELETE|PATCH) /v3/vault/(payment|setup)-tokens(/{})?
"""
ADDRESSES = [
    (re.compile(method), re.compile(path.replace("{}", "[^/]+")))
    for method, path in (line.split(" ", 1) for line in _ADDRESSES.strip().splitlines())
]


def knows(method: str, path: str) -> bool:
    """Whether PayPal has something at an address that the stand-in has nothing at."""
    return any(methods.fullmatch(method) and paths.fullmatch(path) for methods, paths in ADDRESSES)


def refusal(method: str, path: str) -> str:
    """The sentence to answer."""
    return (
        f"The workshop's stand-in for PayPal does not do {method} {path[:200]}. PayPal itself does: try it in its "
        "sandbox."
    )
