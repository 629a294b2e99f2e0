"""Two half-right ways to pay an order once. Each mends some of what goes wrong and breaks something else.

Notebook 09 holds them against the forty lines and against order_payment, which does both.
"""

import json
import logging
import os
import re

import boto3
import stripe
from access_ssm import get_ssm

logger = logging.getLogger()
logger.setLevel(logging.INFO)
logging.getLogger("stripe").setLevel(logging.WARNING)  # its own lines repeat an unknown token
stripe.api_base = os.environ["STRIPE_API_BASE"]
stripe.default_http_client = stripe.RequestsClient(timeout=4)
stripe.max_network_retries = 0
dynamodb = boto3.resource("dynamodb")


def by_key(event, context):
    """An idempotency key derived from the order: Stripe gives the first answer again, whatever it was."""
    try:
        order_id, charge = read(event)
    except ValueError as error:
        return answer(400, error=str(error))
    return pay(charge, idempotency_key=f"order-{order_id}")


def by_write(event, context):
    """A conditional write before the charge: only one request gets past it."""
    try:
        order_id, charge = read(event)
    except ValueError as error:
        return answer(400, error=str(error))
    claims = dynamodb.Table(os.environ["CLAIMS_TABLE"])
    try:
        claims.put_item(Item={"order_id": order_id}, ConditionExpression="attribute_not_exists(order_id)")
    except claims.meta.client.exceptions.ConditionalCheckFailedException:
        return answer(409, error="This order is being paid, or was.")
    response = pay(charge)
    if response["statusCode"] != 200:
        claims.delete_item(Key={"order_id": order_id})  # so that the customer can try again
    return response


def read(event):
    """The order's number and what to charge. Raises ValueError with the reason."""
    try:
        body = json.loads(event["body"])
        order_id, charge = body["order_id"], {name: body[name] for name in ("amount", "currency", "source")}
    except (TypeError, ValueError, KeyError, RecursionError):
        raise ValueError("Send JSON with order_id, amount, currency and source.") from None
    if [type(each) for each in (order_id, *charge.values())] != [str, int, str, str]:
        raise ValueError("amount is a whole number; order_id, currency, source are text.")
    if not re.fullmatch(r"[A-Za-z0-9-]{1,100}", order_id) or not (charge["currency"] + charge["source"]).isascii():
        raise ValueError("order_id has 1 to 100 letters, digits or hyphens; currency, source are plain text.")
    return order_id, charge


def pay(charge, **options):
    [stripe.api_key] = get_ssm(["stripe_test_key"])
    try:
        made = stripe.Charge.create(**charge, **options)
    except stripe.CardError as error:
        return answer(402, error=error.user_message)
    except stripe.InvalidRequestError as error:
        return answer(400, error=error.user_message)
    except stripe.StripeError as error:
        logger.error("No charge that we know of: %s", type(error).__name__)
        return answer(502, error="Stripe did not answer as expected.")
    return answer(200, id=made.id)


def answer(status, **body):
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
