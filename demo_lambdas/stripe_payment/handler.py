"""A payment service in forty lines: POST /payment {"amount", "currency", "source"}."""

import json
import os

import stripe
from access_ssm import get_ssm

stripe.api_base = os.environ["STRIPE_API_BASE"]
stripe.default_http_client = stripe.RequestsClient(timeout=4)  # not 80 s: Lambda waits 6
stripe.max_network_retries = 0


def handler(event, context):
    [stripe.api_key] = get_ssm(["stripe_test_key"])
    try:
        body = json.loads(event["body"])
        amount, currency, source = body["amount"], body["currency"], body["source"]
    except (TypeError, ValueError, KeyError, RecursionError):
        return answer(400, error="Send JSON with amount, currency and source.")
    kinds = [type(each) for each in (amount, currency, source)]
    if kinds != [int, str, str] or not (currency + source).isascii():
        return answer(400, error="amount is a whole number; currency, source are text.")
    print(f"About to charge {amount} {currency[:3]}")
    try:
        charge = stripe.Charge.create(amount=amount, currency=currency, source=source)
    except stripe.CardError as error:
        print(f"Declined: {error.code}")
        return answer(402, error=error.user_message)
    except stripe.InvalidRequestError as error:
        return answer(400, error=error.user_message)
    except stripe.StripeError as error:
        print(f"No charge that we know of: {type(error).__name__}")
        return answer(502, error="Stripe did not answer as expected.")
    print(f"Charged: {charge.id}")
    return answer(200, id=charge.id)


def answer(status, **body):
    return {"statusCode": status, "body": json.dumps(body)}
