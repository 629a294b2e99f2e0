"""One payment service for three insurance products: Stripe or PayPal, by a field."""

import base64
import json
import logging
import os
import re

import payments
from money import Money
from providers import provider
from providers.base import Payment

logger = logging.getLogger()
logger.setLevel(logging.INFO)
for library in ("stripe", "httpx"):
    logging.getLogger(library).setLevel(logging.WARNING)  # their own lines, one a call, tell us nothing new
PRODUCTS = ("learner", "short_term", "new_driver")
REFERENCE = re.compile(r"[A-Za-z0-9-]{1,40}")
STATUS = {"paid": 200, "refunded": 200, "pending": 202, "open": 402, "unknown": 503}


def pay(event, context):
    """POST /payments {"product", "reference", "provider", "money": {"amount", "currency"}, "source"}"""
    try:
        wanted = read(event)
        entry = payments.register(wanted)
        if entry["state"] in ("paid", "refunded"):
            return told(entry)
        logger.info("About to charge %s with %s: %s", entry["payment"], entry["provider"], wanted["money"])
        outcome = provider(entry["provider"]).pay(payment_of(entry), wanted["source"])
    except ValueError as error:
        return answer(400, error=str(error))
    return noted(entry, outcome)


def finish(event, context):
    """POST /payments/{product}/{reference}/finish: the buyer came back from PayPal or from the bank."""
    entry = payments.get("{product}-{reference}".format(**event["pathParameters"]))
    if entry is None:
        return answer(404, error="There is no such payment.")
    if entry["state"] != "pending":
        return told(entry)
    return noted(entry, provider(entry["provider"]).finish(payment_of(entry)))


def refund(event, context):
    """For the staff, called by name and not from outside: {"payment": "learner-P100"}. Gives back all of it, once."""
    entry = payments.get(event.get("payment"))
    if entry is None or entry["state"] != "paid":
        return {"error": "Only a payment that is paid can be refunded."}
    try:
        outcome = provider(entry["provider"]).refund(payment_of(entry))
    except ValueError as error:
        return {"error": str(error)}
    payments.move(entry, "refunded", refund=outcome.reference)
    logger.info("%s: refunded, %s", entry["payment"], outcome.reference)
    return {"payment": entry["payment"], "refund": outcome.reference}


def read(event):
    """What the request wants. Raises ValueError with the reason when it cannot be had."""
    body = event["body"] or ""
    try:
        wanted = json.loads(base64.b64decode(body) if event["isBase64Encoded"] else body)
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON") from None
    if not isinstance(wanted, dict):
        raise ValueError("the body is not a JSON object")
    if wanted.get("product") not in PRODUCTS:
        raise ValueError(f"product is one of {', '.join(PRODUCTS)}")
    if not isinstance(wanted.get("reference"), str) or not REFERENCE.fullmatch(wanted["reference"]):
        raise ValueError("reference has 1 to 40 letters, digits or hyphens")
    source = wanted.get("source", "")
    if not isinstance(source, str) or len(source) > 100 or not source.isascii():
        raise ValueError("source is the provider's token")
    provider(wanted.get("provider"))  # a ValueError when there is no such provider
    return wanted | {"money": Money.of(wanted.get("money")), "source": source}


def payment_of(entry):
    money = Money(int(entry["amount"]), entry["currency"])
    return Payment(entry["payment"], money, entry.get("reference", ""), os.environ["RETURN_URL"])


def noted(entry, outcome):
    """Writes down what came of a try and tells it."""
    logger.info("%s: %s, %s", entry["payment"], outcome.state, outcome.reference or "no reference yet")
    state = {"declined": "open", "unknown": entry["state"]}.get(outcome.state, outcome.state)
    more = {name: value for name, value in (("reference", outcome.reference), ("url", outcome.url)) if value}
    entry = payments.move(entry, state, **more)
    if outcome.state == "unknown" and entry["state"] != "paid":
        text = "Not known yet whether the payment went through. Ask again: it cannot be taken twice."
        return answer(503, **shown(entry), error=text)
    return told(entry, outcome.reason)


def told(entry, reason=""):
    """The answer to the product that asked."""
    return answer(STATUS[entry["state"]], **shown(entry), **({"error": reason} if reason else {}))


def shown(entry):
    body = {
        "payment": entry["payment"],
        "state": entry["state"],
        "provider": entry["provider"],
        "money": str(payment_of(entry).money),
    }
    return body | ({"url": entry["url"]} if entry["state"] == "pending" and "url" in entry else {})


def answer(status, **body):
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
