"""Imports Stripe's library and makes a client. It says when each was done."""

import time

began = time.time()

import stripe  # noqa: E402  (the time before it is measured)

imported = time.time()

client = stripe.StripeClient("sk_test_never_used")

ready = time.time()


def handler(event, context):
    return {"statusCode": 200, "began": began, "imported": imported, "ready": ready, "body": "Hello"}
