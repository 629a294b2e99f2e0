"""What the challenge's grader does to a payment service: an honest buyer first, then everybody else."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

PRICES = {"pet-basic": 1299, "pet-plus": 2499}
KEY, WEBHOOK_SECRET = "stripe_test_key", "stripe_webhook_secret"


@dataclass(frozen=True)
class Attack:
    """What came of one attack: `why` is empty when the service held."""

    name: str
    why: str


class Broken(Exception):
    """The service did not hold; the message says what happened."""


class Attacker:
    """Somebody with the service's addresses, and a view into the merchant's Stripe account.

    Args:
        pay, webhook: the addresses of `POST /payments` and `POST /webhook`.
        stripe_key: the merchant's test key.
        secret: what Stripe signs webhooks with.
    """

    def __init__(self, pay: str, webhook: str, stripe_key: str, secret: str) -> None:
        import stripe

        self.pay_url, self.webhook_url, self.secret = pay, webhook, secret
        self.base = os.environ["STRIPE_API_BASE"]
        self.stripe = stripe.StripeClient(stripe_key, base_addresses={"api": self.base})
        self.http = httpx.Client(timeout=40, trust_env=False)

    def run(self) -> list[Attack]:
        """Every attack, in order; each with a reference of its own."""
        found = []
        for name, attack in self.attacks().items():
            try:
                attack()
                found.append(Attack(name, ""))
            except Broken as why:
                found.append(Attack(name, str(why)))
            except httpx.HTTPError as error:
                found.append(Attack(name, f"No answer ({type(error).__name__})."))
        self.http.close()
        return found

    def attacks(self) -> dict[str, Callable[[], None]]:
        """Their names and what they do."""
        return {
            "an honest payment": self.honest,
            "nonsense": self.nonsense,
            "a tampered amount": self.tampered,
            "a double submit": self.twice,
            "a decline, then another card": self.declined,
            "a bad webhook signature": self.forged,
            "the provider down": self.provider_down,
        }

    def charged(self) -> dict[str, int]:
        """The charges that succeeded, as Stripe knows them: id and amount."""
        charges = self.stripe.v1.charges.list({"limit": 100}).data
        return {charge.id: charge.amount for charge in charges if charge.status == "succeeded"}

    def post(self, reference: str, **changes: Any) -> httpx.Response:
        """One payment, with what the attack changes in it."""
        body = {"reference": reference, "plan": "pet-basic", "amount": 1299, "source": "tok_visa"} | changes
        return self.http.post(self.pay_url, json=body)

    def expect(self, response: httpx.Response, words: str, *statuses: int) -> None:
        """Goes on when the status is one of these."""
        if response.status_code not in statuses:
            wanted = " or ".join(map(str, statuses))
            raise Broken(f"{words}: it answers {response.status_code} {response.text[:80]!r}, not {wanted}.")

    def new_charges(self, before: dict[str, int]) -> list[int]:
        """The amounts charged since then."""
        return [amount for charge, amount in self.charged().items() if charge not in before]

    def honest(self) -> None:
        """Both plans are paid, at their price."""
        for plan, amount in PRICES.items():
            before = self.charged()
            response = self.post(fresh(), plan=plan, amount=amount)
            self.expect(response, f"{plan} for {amount} pence with tok_visa", 200)
            if self.new_charges(before) != [amount]:
                raise Broken(f"It answers 200, and Stripe has these new charges: {self.new_charges(before)}.")

    def nonsense(self) -> None:
        """Bodies that make no sense are refused politely, and charge nobody."""
        before = self.charged()
        for body in ("", "{", "[]", "7", json.dumps({"reference": fresh()}), json.dumps({"amount": True})):
            self.expect(self.http.post(self.pay_url, content=body), f"The body {body!r}", 400)
        self.expect(self.post(fresh(), plan="pet-gold"), "A plan that is not sold", 400)
        self.expect(self.post("x" * 2000), "A reference of 2,000 letters", 400)
        if self.new_charges(before):
            raise Broken("Nonsense was charged.")

    def tampered(self) -> None:
        """The price list decides, not the browser."""
        before = self.charged()
        for words, changes in (
            ("One penny for a plan of 1299", {"amount": 1}),
            ("The cheap price for the dear plan", {"plan": "pet-plus", "amount": 1299}),
            ("A negative amount", {"amount": -1299}),
            ("A float", {"amount": 1299.5}),
            ("An amount as text", {"amount": "1299"}),
        ):
            response = self.post(fresh(), **changes)
            if self.new_charges(before):
                raise Broken(f"{words}: charged {self.new_charges(before)[0]} pence.")
            self.expect(response, words, 400)

    def twice(self) -> None:
        """The same reference, at once and again later, is one charge."""
        reference, before = fresh(), self.charged()
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: self.post(reference), range(4)))
        answers.append(self.post(reference))
        amounts = self.new_charges(before)
        if len(amounts) != 1:
            raise Broken(f"Five requests with one reference: Stripe charged {len(amounts)} times.")
        self.expect(answers[-1], "Asked again after the payment", 200)
        for answer in answers:
            self.expect(answer, "One of several at once", 200, 409, 503)
        if self.post(reference, plan="pet-plus", amount=2499).status_code == 200 and len(self.new_charges(before)) == 1:
            raise Broken("Another plan under a paid reference answers 200, and nobody paid for it.")

    def declined(self) -> None:
        """A decline is told; with another card the same customer can pay."""
        reference, before = fresh(), self.charged()
        self.expect(self.post(reference, source="tok_chargeDeclined"), "A declined card", 402)
        if self.new_charges(before):
            raise Broken("A declined card was charged.")
        self.expect(self.post(reference), "The same reference with a good card, after a decline", 200)
        if len(self.new_charges(before)) != 1:
            raise Broken(f"After a decline and a good card Stripe charged {len(self.new_charges(before))} times.")

    def forged(self) -> None:
        """Only what Stripe signed, lately, is believed."""
        event = {"id": f"evt_{fresh()}", "object": "event", "type": "charge.succeeded", "data": {"object": {}}}
        body = json.dumps(event)
        now = int(time.time())
        for words, header, status in (
            ("A webhook without a signature", "", 400),
            ("A forged signature", signature(body, "whsec_guess", now), 400),
            ("A true signature, recorded an hour ago", signature(body, self.secret, now - 3600), 400),
            ("A true signature of another body", signature(body + " ", self.secret, now), 400),
            ("A true webhook", signature(body, self.secret, now), 200),
        ):
            headers = {"Stripe-Signature": header} if header else {}
            self.expect(self.http.post(self.webhook_url, content=body, headers=headers), words, status)

    def provider_down(self) -> None:
        """While Stripe fails the customer is told so; the same reference is then paid once."""
        lost = {"kind": "drop", "when": "after", "method": "POST", "path": "/v1/*"}
        for words, fault in (
            ("Stripe answers 500", {"kind": "status", "status": 500, "times": None, "path": "/v1/*"}),
            ("Stripe charges, and its answer is lost", lost),
        ):
            reference, before = fresh(), self.charged()
            faults = f"{self.base}/_stand_in/faults"
            self.http.post(faults, json=fault).raise_for_status()
            try:
                response = self.post(reference)
            finally:
                self.http.delete(faults)
            self.expect(response, words, 200, 502, 503)
            self.expect(self.post(reference), f"{words}; asked again when it is back", 200)
            if len(self.new_charges(before)) != 1:
                raise Broken(f"{words}; after asking again there are {len(self.new_charges(before))} charges.")


def fresh() -> str:
    """A reference that nobody has used."""
    return f"PET-{uuid.uuid4().hex[:12]}"


def signature(body: str, secret: str, when: int) -> str:
    """What Stripe writes into the header. https://docs.stripe.com/webhooks#verify-manually"""
    digest = hmac.new(secret.encode(), f"{when}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={when},v1={digest}"
