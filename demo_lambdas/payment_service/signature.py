"""Which product is calling: each signs its requests with a key of its own, as Stripe signs webhooks.

    Authorization: Signature learner:1774850400:5257a869…

The signature is HMAC-SHA-256 of the time, the path and the body, joined by dots. A request that somebody recorded is of
no use after five minutes; before, it can only repeat what is done once.
"""

import hashlib
import hmac
import re
import time

from access_ssm import get_ssm

PRODUCTS = ("learner", "short_term", "new_driver")
FORM = re.compile(r"Signature (?P<product>[a-z_]+):(?P<at>[0-9]{1,12}):(?P<signed>[0-9a-f]{64})")
MOST_SECONDS = 300


def signature(key, at, path, raw):
    """The signature of a request, in hexadecimal."""
    return hmac.new(key.encode(), b".".join([str(at).encode(), path.encode(), raw]), hashlib.sha256).hexdigest()


def header(product, key, path, raw, at=None):
    """What a product sends as `Authorization`."""
    at = int(time.time()) if at is None else at
    return f"Signature {product}:{at}:{signature(key, at, path, raw)}"


def product_of(headers, path, raw):
    """The product that signed a request, or None."""
    given = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
    found = FORM.fullmatch(given)
    if found is None or found["product"] not in PRODUCTS or abs(time.time() - int(found["at"])) > MOST_SECONDS:
        return None
    [key] = get_ssm([f"product_key_{found['product']}"])
    right = signature(key, found["at"], path, raw)
    return found["product"] if hmac.compare_digest(found["signed"], right) else None
