"""Exercises of notebook 08: yen have no pennies, and a key that makes a second charge the first one."""

from __future__ import annotations

import uuid
from typing import Any

from workshop.exercises.asking import address, ask, body_of, expect, number
from workshop.exercises.exercise import Attempt, Exercise, Untouched, need


def accepted(amount: int) -> str:
    """What Stripe says to a charge of so many yen; empty when it takes it."""
    import os

    import stripe

    from workshop.cloud.switch import connect

    client = stripe.StripeClient(connect().stripe_key, base_addresses={"api": os.environ["STRIPE_API_BASE"]})
    try:
        client.v1.charges.create({"amount": amount, "currency": "jpy", "source": "tok_visa"})
    except stripe.StripeError as error:
        return str(error.user_message or error)
    return ""


def grade_smallest_in_yen(answer: Any) -> str:
    """The smallest amount that Stripe takes; Stripe itself is asked."""
    amount = number(answer, "yen")
    need(amount == int(amount), f"Yen have no decimals, so {amount} is no amount.")
    refused = accepted(int(amount))
    need(not refused, f"Stripe refuses {amount:.0f} yen: {refused}")
    need(accepted(int(amount) - 1), f"Stripe takes {amount - 1:.0f} yen, too. What is the least?")
    return f"Stripe takes {amount:.0f} yen and refuses {amount - 1:.0f}. The unit is the yen: there are no hundredths."


smallest_in_yen = Exercise(
    name="smallest_in_yen",
    title="The smallest charge in yen",
    task="What is the smallest amount in yen (`jpy`) that Stripe charges? (A number, in Stripe's unit.)",
    nudge='Post some to the payment service, with `"currency": "jpy"`. Who refuses, and why?',
    solved="exercises.smallest_in_yen.check(50)",
    grade=grade_smallest_in_yen,
    wrong=(
        Attempt("exercises.smallest_in_yen.check(1)", "Stripe refuses 1 yen"),
        Attempt("exercises.smallest_in_yen.check(5000)", "Stripe takes 4999 yen, too"),
        Attempt("exercises.smallest_in_yen.check(0.5)", "Yen have no decimals"),
        Attempt('exercises.smallest_in_yen.check("50 JPY")', "A plain number"),
    ),
)


def grade_same_key_same_charge(answer: Any) -> str:
    """Same key, same charge; another key, another charge; no key, still a charge; a decline stays a decline."""
    endpoints = getattr(answer, "endpoints", None)
    url = address(endpoints[0] if endpoints else answer)

    def pay(key: str | None, source: str = "tok_visa", status: int = 200) -> str:
        headers = {"Idempotency-Key": key} if key else {}
        words = f"({'with' if key else 'without'} an Idempotency-Key)"
        response = ask(url, "POST", json={"amount": 1999, "currency": "gbp", "source": source}, headers=headers)
        expect(response, status, words)
        return body_of(response).get("id", "")

    first, second = uuid.uuid4().hex, uuid.uuid4().hex
    charge = pay(first)
    again, other = pay(first), pay(second)
    if charge != again and other not in (charge, again) and pay(None):
        raise Untouched(f"Two requests with the same Idempotency-Key are still two charges: {charge} and {again}.")
    need(other != charge, "Two customers with two keys get the same charge: one of them pays nothing.")
    need(charge == again, f"The same key gave two charges, {charge} and {again}.")
    need(pay(None) != pay(None), "Without a key, two requests are two charges; here they are one.")
    pay(uuid.uuid4().hex, "tok_chargeDeclined", 402)
    return f"Asked twice with one key, Stripe charged once: {charge}. Other keys are other charges."


KEY = """edit(f"{{folder}}/handler.py", "source=source)", "source=source, idempotency_key={})")
exercises.same_key_same_charge.check(deploy(folder, quiet=True))"""

same_key_same_charge = Exercise(
    name="same_key_same_charge",
    title="The same key, the same charge",
    stretch=True,
    task="Take a copy of `stripe_payment` (`copies.copy_of` from `workshop.scenarios`). When a request has the header "
    "`Idempotency-Key`, hand it to Stripe, so that the same request sent twice is one charge. Deploy, and pass what "
    "deploy returned.",
    nudge="`stripe.Charge.create` takes `idempotency_key=`. The event has `headers`; a request may lack this one.",
    before="""from workshop import connect, deploy, edit
from workshop.scenarios import copies
from workshop.scenarios.stripe_side import put_secrets

put_secrets(stripe_test_key=connect().stripe_key)
deploy("demo_lambdas/access_ssm", quiet=True)
folder = copies.copy_of("stripe_payment")""",
    solved=KEY.format("event['headers'].get('Idempotency-Key')"),
    grade=grade_same_key_same_charge,
    wrong=(
        Attempt(KEY.format("'my-key'"), "Two customers with two keys"),
        Attempt(KEY.format("event['headers']['Idempotency-Key']"), "(without an Idempotency-Key)"),
        Attempt(KEY.format("source"), "Two customers with two keys"),
    ),
)
