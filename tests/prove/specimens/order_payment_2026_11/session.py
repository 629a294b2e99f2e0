"""Who is calling: the app sends the session token that the shop's login gave it."""

import hashlib
import hmac

from access_ssm import get_ssm


def token_for(customer, key):
    """What the login gives a customer: the name, and its signature."""
    return f"{customer}.{hmac.new(key.encode(), customer.encode(), hashlib.sha256).hexdigest()}"


def customer_of(headers):
    """The customer whose token is in the Authorization header, or None."""
    given = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
    token = given.removeprefix("Bearer ")
    [key] = get_ssm(["session_key"])
    customer = token.partition(".")[0]
    return customer if hmac.compare_digest(token.encode(), token_for(customer, key).encode()) else None
