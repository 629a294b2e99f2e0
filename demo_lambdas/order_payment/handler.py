"""Pays the shop's orders: the app sends a token from Apple Pay, an amount and an order's number."""

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
from providers import provider
from providers.base import NotKnown
from session import customer_of

logger = logging.getLogger()
logger.setLevel(logging.INFO)
logging.getLogger("stripe").setLevel(logging.WARNING)  # its own lines, two a call, tell us nothing new
# What was begun when one of these came up is recorded: asking again, the webhook or `reconcile` ends it.
BUSY = (books.Changed, MissingParameter, BotoCoreError, ClientError)
ASK_AGAIN = "Not known yet whether the payment went through. Ask again: it cannot be taken twice."
TOKEN = re.compile(r"tok_[A-Za-z0-9_]{1,96}")
WHICH = re.compile(r"[A-Za-z0-9-]{1,40}")


class Refused(Exception):
    """A request that is answered with a status and a reason, and charges nothing."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status, self.reason = status, reason


def pay(event, context):
    """POST /orders/{order_id}/payment {"token": "tok_…", "amount": 4999, "currency": "gbp"}"""
    try:
        customer = customer_of(event["headers"] or {})
        if customer is None:
            raise Refused(401, "Sign in first: the session token is missing, wrong or too old.")
        token, amount, currency = read(event)
        order_id = event["pathParameters"]["order_id"]
        order, outcome = moves.pay(lambda: checked(books.get(order_id), customer, amount, currency), token)
    except Refused as refusal:
        logger.warning("Refused: %s", refusal.reason)
        return answer(refusal.status, error=refusal.reason)
    except books.TooManyTries:
        return answer(429, error="Too many cards were tried for this order. Please call us.")
    except BUSY as error:
        logger.error("Outcome unknown: %s", type(error).__name__)
        return answer(503, error=ASK_AGAIN)
    return told(order, outcome)


def read(event):
    """The request's token, amount and currency. Raises Refused for anything else."""
    try:
        body = json.loads(raw_body(event))
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Refused(400, "The body is not a JSON object.")
    token, amount, currency = body.get("token"), body.get("amount"), body.get("currency")
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise Refused(400, "token is a card token, tok_…")
    if type(amount) is not int:
        raise Refused(400, "amount is a whole number in the currency's minor unit.")
    if not isinstance(currency, str):
        raise Refused(400, "currency is a code such as gbp.")
    return token, amount, currency


def checked(order, customer, amount, currency):
    """The order, when it may be paid so. What the app sent is compared, never used."""
    if order is None:
        raise Refused(404, "There is no such order.")
    if order["customer"] != customer:
        raise Refused(403, "This order is another customer's.")
    if order["state"] not in ("open", "paid", "review"):
        raise Refused(409, f"This order is {order['state']}.")
    if (amount, currency) != (order["amount"], order["currency"]):
        raise Refused(422, "The amount is not the order's.")
    return order


def told(order, outcome):
    """The answer to the app. A paid order is told as paid, however often one asks."""
    order_id = order["order_id"]
    logger.info("Order %s: %s %s", order_id, outcome.state, outcome.reference)
    match outcome.state:
        case "paid":
            return answer(200, state="paid", order=order_id, payment=order["reference"])
        case "pending":
            return answer(202, state="authenticate", order=order_id, url=outcome.url)
        case "processing":
            return answer(202, state="processing", order=order_id)
        case "declined":
            return answer(402, error=outcome.reason)
        case "refused":
            return answer(400, error=outcome.reason)
        case "review":
            return answer(
                409, error="We have a payment that does not fit the order any more. We look at it, and write."
            )
        case "broken":
            return answer(500, error="You were not charged: our payments are out of order.")
    return answer(503, error=ASK_AGAIN)


def webhook(event, context):
    """POST /webhook: Stripe tells what happened, perhaps twice, perhaps late, perhaps before our own answer."""
    headers = {name.lower(): value for name, value in (event["headers"] or {}).items()}
    stripe = provider("stripe")
    try:
        about = stripe.told(raw_body(event), headers)
        known = moves.hear(stripe, about)
    except ValueError:
        return answer(400, error="This is not a webhook of ours.")
    except (NotKnown, *BUSY) as error:
        logger.error("Not settled yet: %s", type(error).__name__)
        return answer(503, error="Not known yet: tell us again.")
    logger.info("Webhook %s: order %s", about.event, about.name or "none of ours")
    return answer(200, **({"received": about.event} if known else {"ignored": about.event}))


def refund(event, context):
    """For the shop's staff, called by name and not from outside: {"order_id": "42", "amount": 500, "refund": "lamp"}

    `refund` names the refund. Without a name it is called by its amount: the same amount again is the same refund, also
    tomorrow, and a second one of that amount needs a name of its own.
    """
    order, amount = books.get(event.get("order_id")), event.get("amount")
    if order is None or not order.get("received"):
        return {"error": "Only an order that was paid can be refunded."}
    which = event.get("refund", "all" if amount is None else str(amount))
    if not isinstance(which, str) or not WHICH.fullmatch(which):
        return {"error": "amount is a whole number; refund has 1 to 40 letters, digits or hyphens."}
    try:
        row, outcome = moves.refund(order["order_id"], amount, which)
    except ValueError as error:
        return {"error": str(error)}
    except BUSY as error:
        logger.error("Refund unknown: order %s, %s", order["order_id"], type(error).__name__)
        return {"error": "Not known yet. Ask again: it cannot be given back twice."}
    logger.info("Refund of order %s: %s, %s", order["order_id"], outcome.state, outcome.receipt)
    if outcome.state in ("pending", "succeeded"):
        return {"refund": row["receipt"], "amount": int(row["amount"]), "state": row["state"]}
    if outcome.state in ("refused", "failed"):
        return {"error": outcome.reason or f"The refund {outcome.state}."}
    return {"error": "Not known yet. Ask again: it cannot be given back twice."}


def reconcile(event, context):
    """Every quarter of an hour: what was lost on the way is settled by what Stripe says."""
    at = datetime.fromisoformat(event["time"]).timestamp() if "time" in event else time.time()  # the schedule's
    done = moves.reconcile(lambda: context.get_remaining_time_in_millis() / 1000, int(at))
    logger.info("Reconciled: %s", dict(done))
    return {"mended": done["mended"]} | dict(done)


def raw_body(event):
    """The body's bytes as they were sent: a signature fits no other."""
    body = event["body"] or ""
    return base64.b64decode(body) if event["isBase64Encoded"] else body.encode("utf-8", "replace")


def answer(status, **body):
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
