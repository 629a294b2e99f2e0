"""Stripe: one PaymentIntent a payment (https://docs.stripe.com/api/payment_intents)."""

import hashlib
import os
from functools import partial

import stripe as stripe_library
from access_ssm import get_ssm

from providers.base import BaseProvider, Outcome

client = stripe_library.StripeClient(
    "set at each request",
    base_addresses={"api": os.environ["STRIPE_API_BASE"]},
    http_client=stripe_library.RequestsClient(timeout=4),
    max_network_retries=1,
)


class Provider(BaseProvider):
    """`source` is a card token, tok_…"""

    def pay(self, payment, source):
        if not source.startswith("tok_"):
            raise ValueError("source is a card token, tok_…")
        wanted = {
            "amount": payment.money.amount,
            "currency": payment.money.currency.lower(),
            "allowed_payment_method_types": ["card"],
            "metadata": {"payment": payment.key},
        }
        begun = (
            self.finish(payment)
            if payment.reference
            else outcome_of(partial(client.v1.payment_intents.create, wanted, options(payment.key)))
        )
        if begun.state != "declined":  # paid, or the buyer is at the bank, or nobody knows
            return begun
        card = {"type": "card", "card": {"token": source}}
        attempt = hashlib.sha256(source.encode()).hexdigest()[:16]
        confirm = partial(
            client.v1.payment_intents.confirm,
            begun.reference,
            {"payment_method_data": card, "return_url": payment.return_url},
            options(f"{payment.key}-{attempt}"),
        )
        return outcome_of(confirm, begun.reference)

    def finish(self, payment):
        retrieve = partial(client.v1.payment_intents.retrieve, payment.reference, options=options())
        return outcome_of(retrieve, payment.reference)

    def refund(self, payment):
        try:
            made = client.v1.refunds.create({"payment_intent": payment.reference}, options(f"refund-{payment.key}"))
        except stripe_library.InvalidRequestError as error:
            raise ValueError(error.user_message) from None
        except stripe_library.StripeError:
            raise ValueError("Stripe does not answer. Ask again: it cannot be given back twice.") from None
        return Outcome("refunded", made.id)


def outcome_of(call, reference=""):
    """What Stripe's answer means here, or its error."""
    try:
        intent = call()
    except stripe_library.CardError as error:
        return Outcome("declined", reference, reason=error.user_message)
    except stripe_library.InvalidRequestError as error:
        raise ValueError(error.user_message) from None
    except stripe_library.StripeError:
        return Outcome("unknown", reference)
    if intent.status == "succeeded":
        return Outcome("paid", intent.id)
    if intent.status == "requires_action":
        return Outcome("pending", intent.id, url=intent.next_action.redirect_to_url.url)
    return Outcome("declined", intent.id, reason="The card was not charged.")


def options(key=None):
    [api_key] = get_ssm(["stripe_test_key"])
    return {"api_key": api_key} | ({"idempotency_key": key} if key else {})
