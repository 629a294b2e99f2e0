"""Stripe, for orders: one PaymentIntent an order, so that an order can be charged once at most.

https://docs.stripe.com/payments/paymentintents/lifecycle
"""

import hashlib
import os

import stripe
from access_ssm import get_ssm

# Lambda gives the function 20 s. Two calls of two tries of 4 s each, with half a second between, fit into that.
client = stripe.StripeClient(
    "set at each request",
    base_addresses={"api": os.environ["STRIPE_API_BASE"]},
    http_client=stripe.RequestsClient(timeout=4),
    max_network_retries=1,
)


def stripe_for(request_key=None):
    """The options of a call: the key from the Parameter Store, which may change while the function lives."""
    [api_key] = get_ssm(["stripe_test_key"])
    return {"api_key": api_key} | ({"idempotency_key": request_key} if request_key else {})


def intent_of(order):
    """The order's PaymentIntent. Its idempotency key is the order, so there is never a second one."""
    if "payment_intent" in order:
        return retrieve(order["payment_intent"])
    return client.v1.payment_intents.create(
        {
            "amount": int(order["amount"]),  # the order's own, not what the app sent
            "currency": order["currency"],
            "allowed_payment_method_types": ["card"],
            "metadata": {"order_id": order["order_id"]},
        },
        stripe_for(f"order-{order['order_id']}"),
    )


def confirm(order, intent, token):
    """Tries to pay the intent with a card token, from Apple Pay for example.

    The idempotency key is the order and the token: the same try again gets the same answer, another card is another
    try. https://docs.stripe.com/api/idempotent_requests
    """
    attempt = hashlib.sha256(token.encode()).hexdigest()[:16]
    return client.v1.payment_intents.confirm(
        intent.id,
        {
            "payment_method_data": {"type": "card", "card": {"token": token}},
            "return_url": f"{os.environ['SHOP_URL']}/orders/{order['order_id']}",
        },
        stripe_for(f"order-{order['order_id']}-{attempt}"),
    )


def retrieve(intent_id):
    """What Stripe knows of an intent by now."""
    return client.v1.payment_intents.retrieve(intent_id, options=stripe_for())


def refund(order, amount):
    """Gives money back. What was given back before is part of the key: the same request twice refunds once."""
    key = f"refund-{order['order_id']}-{order.get('refunded', 0)}-{amount}"
    return client.v1.refunds.create(
        {"payment_intent": order["payment_intent"], "amount": amount, "metadata": {"order_id": order["order_id"]}},
        stripe_for(key),
    )


def event_from(raw, signature):
    """A webhook's event, when it is Stripe's: the signature is over the raw bytes. Raises ValueError otherwise.

    https://docs.stripe.com/webhooks#verify-official-libraries
    """
    if not signature.isascii():  # the library would stumble over it
        raise ValueError("The signature is none.")
    [secret] = get_ssm(["stripe_webhook_secret"])
    try:
        return stripe.Webhook.construct_event(raw, signature, secret)
    except stripe.SignatureVerificationError:
        raise ValueError("The signature does not fit.") from None
