"""Stripe: one PaymentIntent at a time, which succeeds once at most.

https://docs.stripe.com/payments/paymentintents/lifecycle · https://docs.stripe.com/error-low-level
"""

import os
import re
from dataclasses import replace
from functools import partial

import stripe as library
from access_ssm import get_ssm

from providers.base import About, BaseProvider, NotKnown, Outcome

# Three calls of two tries of 4 s each, with half a second between: Lambda gives the function 28 s.
client = library.StripeClient(
    "set at each request",
    base_addresses={"api": os.environ["STRIPE_API_BASE"]},
    http_client=library.RequestsClient(timeout=4),
    max_network_retries=1,
)
TOKEN = re.compile(r"tok_[A-Za-z0-9_]{1,96}")
WAITING = ("requires_payment_method", "requires_confirmation")
ITEM_KEY = os.environ["ITEM_KEY"]
# What Stripe tells by webhook, and under which name the event's object has the id of what we look up.
ABOUT = {"payment_intent": "id", "refund": "payment_intent", "dispute": "payment_intent"}
# https://docs.stripe.com/disputes/how-disputes-work: an inquiry (`warning_…`) takes no money.
TAKEN_BY_DISPUTE = {"needs_response", "under_review", "lost", "won", "prevented"}


class Provider(BaseProvider):
    """`source` is a card token, tok_…"""

    def check(self, currency, source):
        if not TOKEN.fullmatch(source):
            raise ValueError("source is a card token, tok_…")

    def begin(self, payment):
        wanted = {
            "amount": payment.amount,
            "currency": payment.currency.lower(),
            "allowed_payment_method_types": ["card"],
            "metadata": {ITEM_KEY: payment.name, "books": payment.books, "key": payment.key},
        }
        try:
            return outcome_of(client.v1.payment_intents.create(wanted, options(payment.key)))
        except library.IdempotencyError:  # the key was used for something else: an intent of another key moves nothing
            return Outcome("dead")
        except library.StripeError as error:
            return Outcome(meaning(error), reason=words(error))

    def take(self, payment, source):
        card = {"type": "card", "card": {"token": source}}
        wanted = {"payment_method_data": card, "return_url": payment.return_url}
        try:
            intent = client.v1.payment_intents.confirm(payment.reference, wanted, options(payment.try_key))
            if (intent.last_response.headers or {}).get("idempotent-replayed") != "true":
                return outcome_of(intent)
            return self.ask(payment)  # a repeated answer tells of then; what counts is now
        except library.StripeError as error:
            # No error is proof of anything: another try may have been quicker, or this one may have gone through.
            now = self.ask(payment)
            if now.state != "open":
                return now
            return Outcome(meaning(error), reference=payment.reference, reason=words(error))

    def ask(self, payment):
        try:
            return outcome_of(client.v1.payment_intents.retrieve(payment.reference, options=options()))
        except library.StripeError as error:
            return unsure(error, payment.reference)

    def stop(self, payment):
        try:
            return outcome_of(client.v1.payment_intents.cancel(payment.reference, options=options()))
        except library.StripeError:  # it has succeeded meanwhile, or is cancelled already
            now = self.ask(payment)
            return Outcome("unknown", payment.reference) if now.state == "open" else now

    def refund(self, payment, refund):
        wanted = {
            "payment_intent": payment.reference,
            "amount": refund.amount,
            "metadata": {"row": refund.name, "key": refund.key, "books": payment.books},
        }
        try:
            return refund_of(client.v1.refunds.create(wanted, options(refund.key)))
        except library.StripeError as error:
            now = self.ask_refund(payment, refund)
            if now.state != "absent":
                return now
            # `stale`: the key is taken by another request, and the list says that it was none of ours
            state = {"declined": "unknown", "stale": "refused"}.get(meaning(error), meaning(error))
            return Outcome(state, reason=words(error))

    def ask_refund(self, payment, refund):
        """By its id, or, when that was lost, by its key among all refunds of the payment. A key at Stripe is forgotten
        after a day, what a refund carries is not."""
        try:
            if refund.receipt:
                return refund_of(client.v1.refunds.retrieve(refund.receipt, options=options()))
            wanted = {"payment_intent": payment.reference, "limit": 100}
            every = client.v1.refunds.list(wanted, options()).auto_paging_iter()
            mine = (each for each in every if data(each.metadata).get("key") == refund.key)
            return next(map(refund_of, mine), Outcome("absent"))
        except library.StripeError as error:
            return unsure(error)

    def told(self, raw, headers):
        """What a webhook is about.

        Raises:
            ValueError: it is not Stripe's. The signature is over the raw bytes and the time.
            NotKnown: Stripe sends it again.

        https://docs.stripe.com/webhooks#verify-official-libraries
        """
        signature = headers.get("stripe-signature", "")
        if not signature.isascii():  # the library would stumble over it
            raise ValueError("The signature is none.")
        [secret] = get_ssm(["stripe_webhook_secret"])
        try:
            event = library.Webhook.construct_event(raw, signature, secret)
        except library.SignatureVerificationError:
            raise ValueError("The signature does not fit.") from None
        return self.about(event)

    def missed(self, since):
        """What Stripe could not tell us since then, of what nobody here waits for: refunds and disputes begun there.

        https://docs.stripe.com/webhooks/process-undelivered-events
        """
        kinds = ["refund.created", "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.closed"]
        wanted = {"types": kinds, "delivery_success": False, "created": {"gte": since}, "limit": 100}
        try:
            for event in client.v1.events.list(wanted, options()).auto_paging_iter():
                yield partial(self.about, event)
        except library.StripeError as error:
            raise NotKnown(type(error).__name__) from None

    def about(self, event):
        thing = event.data.object
        reference = getattr(thing, ABOUT[thing.object], None) if thing.object in ABOUT else None
        if reference is None:
            return About(event.type)
        try:
            intent = client.v1.payment_intents.retrieve(reference, options=options())
        except library.StripeError as error:
            if getattr(error, "code", "") != "resource_missing":
                raise NotKnown(type(error).__name__) from None
            return About(event.type)
        mine = data(intent.metadata)
        name = mine.get(ITEM_KEY, "") if mine.get("books") == os.environ["ITEMS_TABLE"] else ""
        return About(event.type, thing.object.removesuffix("_intent"), name, reference, thing.id)

    def ask_dispute(self, identifier):
        """A dispute: `succeeded` means that the bank took the money, `failed` that it came back, `pending` neither."""
        try:
            dispute = client.v1.disputes.retrieve(identifier, options=options())
        except library.StripeError as error:
            return unsure(error)
        state = "pending"
        if dispute.status in TAKEN_BY_DISPUTE:
            state = "failed" if dispute.status == "won" else "succeeded"
        return Outcome(
            state, dispute.payment_intent, dispute.id, dispute.amount, dispute.currency, reason=dispute.reason
        )


def outcome_of(intent):
    """What a PaymentIntent's status means here."""
    if intent.status == "succeeded":
        return Outcome("paid", intent.id, intent.latest_charge, intent.amount_received, intent.currency)
    if intent.status == "requires_action":
        return Outcome("pending", intent.id, url=intent.next_action.redirect_to_url.url)
    if intent.status in WAITING:
        failed = intent.last_payment_error
        return Outcome("open", intent.id, reason=(failed.message or "The payment failed.") if failed else "")
    return Outcome({"canceled": "dead", "processing": "processing"}.get(intent.status, "unknown"), intent.id)


def refund_of(refund):
    """https://docs.stripe.com/api/refunds/object#refund_object-status"""
    state = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}.get(refund.status, "pending")
    ours = data(refund.metadata)
    made = Outcome(state, refund.payment_intent, refund.id, refund.amount, refund.currency)
    return replace(made, row=ours.get("row", ""), key=ours.get("key", ""))


def meaning(error):
    """What a StripeError says about the call that it answers; about earlier calls it says nothing."""
    for kind, state in (
        (library.CardError, "declined"),
        (library.IdempotencyError, "stale"),
        (library.InvalidRequestError, "refused"),
        (library.AuthenticationError, "broken"),
        (library.PermissionError, "broken"),
    ):
        if isinstance(error, kind):
            return state
    return "unknown"


def unsure(error, reference=""):
    """The outcome of a question that was not answered: never a known good state."""
    return Outcome("broken" if meaning(error) == "broken" else "unknown", reference, reason=words(error))


def words(error):
    return error.user_message or "Stripe refused the request."


def data(metadata):
    return metadata.to_dict() if metadata else {}


def options(key=None):
    """The key from the Parameter Store, which may change while the function lives."""
    [api_key] = get_ssm(["stripe_test_key"])
    return {"api_key": api_key} | ({"idempotency_key": key} if key else {})
