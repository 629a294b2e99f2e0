"""Pays the shop's orders: the app sends a token from Apple Pay, an amount and an order's number."""

import base64
import json
import logging
import re

import orders
import payments
import stripe
from session import customer_of

logger = logging.getLogger()
logger.setLevel(logging.INFO)
logging.getLogger("stripe").setLevel(logging.WARNING)  # its own lines, two a call, tell us nothing new


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
            raise Refused(401, "Sign in first: the session token is missing or wrong.")
        token, amount, currency = read(event)
        order = checked(orders.get(event["pathParameters"]["order_id"]), customer, amount, currency)
        return charge(order, token)
    except Refused as refusal:
        logger.warning("Refused: %s", refusal.reason)
        return answer(refusal.status, error=refusal.reason)


def read(event):
    """The request's token, amount and currency. Raises Refused for anything else."""
    try:
        body = json.loads(raw_body(event))
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Refused(400, "The body is not a JSON object.")
    token, amount, currency = body.get("token"), body.get("amount"), body.get("currency")
    if not isinstance(token, str) or not re.fullmatch(r"tok_[A-Za-z0-9_]{1,96}", token):
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
    if order["state"] != "open":
        raise Refused(409, f"This order is {order['state']} already.")
    if (amount, currency) != (order["amount"], order["currency"]):
        raise Refused(422, "The amount is not the order's.")
    return order


def charge(order, token):
    """Pays an open order with its one PaymentIntent, and books what came of it."""
    order_id = order["order_id"]
    logger.info("About to charge order %s: %d %s", order_id, order["amount"], order["currency"])
    try:
        intent = payments.intent_of(order)
        orders.remember_intent(order_id, intent.id)
        if intent.status not in ("succeeded", "requires_action"):
            intent = payments.confirm(order, intent, token)
    except stripe.CardError as error:
        logger.warning("Declined: order %s, %s, %s", order_id, error.code, error.request_id)
        return answer(402, error=error.user_message)
    except stripe.InvalidRequestError as error:
        if error.code == "payment_intent_unexpected_state":  # another request was quicker
            return settle(order, payments.retrieve(intent.id))
        logger.warning("Stripe refused: order %s, %s, %s", order_id, error.code, error.request_id)
        return answer(400, error=error.user_message)
    except stripe.StripeError as error:
        # Perhaps it was charged. Nothing is booked: a retry, the webhook or `reconcile` asks Stripe.
        logger.error("Outcome unknown: order %s, %s", order_id, type(error).__name__)
        return answer(503, error="Not known yet whether the payment went through. Ask again: it cannot be taken twice.")
    return settle(order, intent)


def settle(order, intent):
    """Books what Stripe says of an intent, and tells the app."""
    order_id = order["order_id"]
    if intent.status == "succeeded":
        first = orders.mark_paid(order_id, intent.id, intent.latest_charge, intent.amount_received, intent.currency)
        logger.info("Paid: order %s, %s%s", order_id, intent.id, "" if first else " (booked before)")
        return answer(200, state="paid", order=order_id, payment=intent.id)
    if intent.status == "requires_action":
        logger.info("The buyer must authenticate: order %s, %s", order_id, intent.id)
        return answer(202, state="authenticate", order=order_id, url=intent.next_action.redirect_to_url.url)
    return answer(409, error=f"The payment is {intent.status}. Try again.")


def webhook(event, context):
    """POST /webhook: Stripe tells what happened, perhaps twice, perhaps late, perhaps before our own answer."""
    signature = next((v for k, v in (event["headers"] or {}).items() if k.lower() == "stripe-signature"), "")
    try:
        message = payments.event_from(raw_body(event), signature)
    except ValueError:
        return answer(400, error="This is not a webhook of ours.")
    told = message.data.object
    about = {"payment_intent": "id", "refund": "payment_intent"}.get(told.object)
    if about is None or getattr(told, about) is None:
        return answer(200, ignored=message.type)
    intent = payments.retrieve(getattr(told, about))  # an event tells of then; what counts is now
    order = orders.get(intent.metadata.to_dict().get("order_id", "none"))
    if order is None:
        return answer(200, ignored=message.type)
    logger.info("Webhook %s %s: order %s", message.type, message.id, order["order_id"])
    settle(order, intent)
    if message.type == "refund.created":
        orders.mark_refunded(order["order_id"], told.id, told.amount, told.currency)
    return answer(200, received=message.id)


def refund(event, context):
    """For the shop's staff, called by name and not from outside: {"order_id": "42", "amount": 500}"""
    order = orders.get(event.get("order_id"))
    if order is None or order["state"] != "paid":
        return {"error": "Only a paid order can be refunded."}
    left = int(order["amount"] - order.get("refunded", 0))
    amount = event.get("amount", left)
    if type(amount) is not int or not 0 < amount <= left:
        return {"error": f"The amount is from 1 to {left}."}
    made = payments.refund(order, amount)
    orders.mark_refunded(order["order_id"], made.id, made.amount, made.currency)
    logger.info("Refunded: order %s, %s, %d", order["order_id"], made.id, made.amount)
    return {"refund": made.id, "amount": made.amount}


def reconcile(event, context):
    """Every quarter of an hour: orders whose outcome was lost are settled by what Stripe says."""
    mended = 0
    for order in orders.unsettled():
        intent = payments.retrieve(order["payment_intent"])
        mended += intent.status == "succeeded" and settle(order, intent)["statusCode"] == 200
    logger.info("Reconciled: %d orders mended", mended)
    return {"mended": mended}


def raw_body(event):
    """The body's bytes as they were sent: a signature fits no other."""
    body = event["body"] or ""
    return base64.b64decode(body) if event["isBase64Encoded"] else body.encode()


def answer(status, **body):
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
