"""One payment service for three insurance products: Stripe or PayPal, by a field."""

import base64
import json
import logging
import re
import time
from datetime import datetime

import books
import moves
from access_ssm import MissingParameter
from botocore.exceptions import BotoCoreError, ClientError
from entries import name_of, register
from money import Money
from providers import provider
from providers.base import NotKnown
from signature import PRODUCTS, product_of

logger = logging.getLogger()
logger.setLevel(logging.INFO)
for library in ("stripe", "httpx"):
    logging.getLogger(library).setLevel(logging.WARNING)  # their own lines, one a call, tell us nothing new
REFERENCE = re.compile(r"[A-Za-z0-9-]{1,40}")
# What was begun when one of these came up is recorded: asking again, the webhook or `reconcile` ends it.
BUSY = (books.Changed, MissingParameter, BotoCoreError, ClientError)
ASK_AGAIN = "Not known yet whether the payment went through. Ask again: it cannot be taken twice."
STATUS = {"paid": 200, "refunded": 200, "pending": 202, "processing": 202, "review": 409, "broken": 500, "unknown": 503}


def pay(event, context):
    """POST /payments {"product", "reference", "provider", "money": {"amount", "currency"}, "source"}"""
    try:
        caller = product_of(event["headers"] or {}, event["path"], raw_body(event))
        if caller is None:
            return answer(401, error="Sign the request with your product's key.")
        wanted = read(event)
        if wanted["product"] != caller:
            return answer(403, error=f"The signature is that of {caller}.")
        entry = register(wanted)
        logger.info("About to charge %s with %s: %s", entry["payment"], entry["provider"], wanted["money"])
        return told(*moves.pay(lambda: books.get(entry["payment"]), wanted["source"]))
    except ValueError as error:
        return answer(400, error=str(error))
    except books.TooManyTries:
        return answer(429, error="Too many cards were tried for this payment.")
    except BUSY as error:
        logger.error("Outcome unknown: %s", type(error).__name__)
        return answer(503, error=ASK_AGAIN)


def finish(event, context):
    """POST /payments/{product}/{reference}/finish: the buyer came back from PayPal or from the bank."""
    try:
        caller = product_of(event["headers"] or {}, event["path"], raw_body(event))
        if caller is None:
            return answer(401, error="Sign the request with your product's key.")
        entry = books.get(name_of(**event["pathParameters"]))
        if entry is None or entry["product"] != caller:
            return answer(404, error="There is no such payment.")
        return told(*moves.look(entry["payment"]))
    except BUSY as error:
        logger.error("Outcome unknown: %s", type(error).__name__)
        return answer(503, error=ASK_AGAIN)


def webhook(event, context):
    """POST /webhooks/{provider}: Stripe or PayPal tells what happened, perhaps twice, perhaps late."""
    headers = {name.lower(): value for name, value in (event["headers"] or {}).items()}
    try:
        there = provider(event["pathParameters"]["provider"])
        about = there.told(raw_body(event), headers)
        known = moves.hear(there, about)
    except ValueError:
        return answer(400, error="This is not a webhook of ours.")
    except (NotKnown, *BUSY) as error:
        logger.error("Not settled yet: %s", type(error).__name__)
        return answer(503, error="Not known yet: tell us again.")
    logger.info("Webhook %s: %s", about.event, about.name or "none of ours")
    return answer(200, **({"received": about.event} if known else {"ignored": about.event}))


def refund(event, context):
    """For the staff, called by name and not from outside: {"payment": "learner-P100"}. Gives back all of it, once."""
    entry = books.get(event.get("payment"))
    if entry is None or not entry.get("received"):
        return {"error": "Only a payment that was paid can be refunded."}
    try:
        row, outcome = moves.refund(entry["payment"], None, "all")
    except ValueError as error:
        return {"error": str(error)}
    except BUSY as error:
        logger.error("%s: refund unknown, %s", entry["payment"], type(error).__name__)
        return {"error": "Not known yet. Ask again: it cannot be given back twice."}
    logger.info("%s: refund %s, %s", entry["payment"], outcome.state, outcome.receipt)
    if outcome.state in ("pending", "succeeded"):
        return {"payment": entry["payment"], "refund": row["receipt"], "state": row["state"]}
    if outcome.state in ("refused", "failed"):
        return {"error": outcome.reason or f"The refund {outcome.state}."}
    return {"error": "Not known yet. Ask again: it cannot be given back twice."}


def reconcile(event, context):
    """Every quarter of an hour: what was lost on the way is settled by what the providers say."""
    at = datetime.fromisoformat(event["time"]).timestamp() if "time" in event else time.time()  # the schedule's
    done = moves.reconcile(lambda: context.get_remaining_time_in_millis() / 1000, int(at))
    logger.info("Reconciled: %s", dict(done))
    return {"mended": done["mended"]} | dict(done)


def read(event):
    """What the request wants. Raises ValueError with the reason when it cannot be had."""
    try:
        wanted = json.loads(raw_body(event))
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
    money = Money.of(wanted.get("money"))
    provider(wanted.get("provider")).check(money.currency, source)  # a ValueError also when there is no such provider
    return wanted | {"money": money, "source": source}


def told(entry, outcome):
    """The answer to the product that asked."""
    state = outcome.state
    if entry.get("received") and entry.get("refunded") == entry["received"]:
        state = "refunded"
    logger.info("%s: %s, %s", entry["payment"], state, outcome.reference or "no reference yet")
    if state == "refused":
        return answer(400, error=outcome.reason)
    body = {
        "payment": entry["payment"],
        "state": state if state in STATUS else "open",
        "provider": entry["provider"],
        "money": str(Money(int(entry["amount"]), entry["currency"])),
    }
    body |= {"url": outcome.url} if state == "pending" else {}
    reason = {
        "review": "There is money that does not fit this payment. A person looks at it.",
        "broken": "Nothing was charged: our payments are out of order.",
        "unknown": ASK_AGAIN,
    }.get(state, outcome.reason)
    if state not in STATUS:
        reason = reason or "Nothing was charged. Try again."
    return answer(STATUS.get(state, 402), **body, **({"error": reason} if reason else {}))


def raw_body(event):
    """The body's bytes as they were sent: a signature fits no other."""
    body = event["body"] or ""
    return base64.b64decode(body) if event["isBase64Encoded"] else body.encode("utf-8", "replace")


def answer(status, **body):
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
