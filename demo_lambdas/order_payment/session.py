"""Who is calling: the app sends the session token that the shop's login gave it. A session ends."""

import hashlib
import hmac
import time
from urllib.parse import quote, unquote

from access_ssm import get_ssm

HOUR = 3600


def token_for(customer, key, seconds=HOUR):
    """What the login gives a customer: the name, when the session ends, and the signature of both."""
    said = f"{quote(customer, safe='')}.{int(time.time()) + seconds}"
    return f"{said}.{signature(said, key)}"


def customer_of(headers):
    """The customer whose token is in the Authorization header, or None."""
    given = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
    said, _, signed = given.removeprefix("Bearer ").rpartition(".")
    [key] = get_ssm(["session_key"])
    if not hmac.compare_digest(signed.encode(), signature(said, key).encode()):
        return None
    name, _, until = said.rpartition(".")
    return unquote(name) if int(until) > time.time() else None


def signature(said, key):
    return hmac.new(key.encode(), said.encode(), hashlib.sha256).hexdigest()
