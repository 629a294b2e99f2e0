"""Exercises of notebook 09: money without floats, and a webhook that is believed for a reason."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from workshop.exercises.asking import called
from workshop.exercises.exercise import Attempt, Exercise, NotYet, need, shown

AMOUNTS = {
    ("19.99", "GBP"): 1999,
    ("1999", "JPY"): 1999,
    ("1.990", "KWD"): 1990,
    ("5", "EUR"): 500,
    ("0.29", "USD"): 29,
    ("1.1", "GBP"): 110,
    ("4.35", "GBP"): 435,
}
REFUSED = {("19.999", "GBP"): "a tenth of a penny", ("0.5", "JPY"): "half a yen", ("-1.00", "GBP"): "a negative price"}


def grade_to_pennies(answer: Any) -> str:
    """Whole numbers in the smallest unit; what cannot be paid is a ValueError."""
    for (text, currency), right in AMOUNTS.items():
        got = called(answer, text, currency)
        wrong = f"{text} {currency} becomes {shown(got)}, not {right}."
        if currency == "JPY" and got == right * 100:
            wrong += " Yen have no decimals."
        elif currency == "KWD" and got != right:
            wrong += " Dinars have three decimals."
        elif isinstance(got, float) or (isinstance(got, int) and abs(got - right) == 1):
            wrong += " Floats lose pennies: count with `decimal.Decimal`, or with whole numbers."
        need(type(got) is int and got == right, wrong)
    for (text, currency), why in REFUSED.items():
        try:
            got = answer(text, currency)
        except ValueError:
            continue
        except Exception as error:
            raise NotYet(f"{text} {currency} ({why}) ends in {type(error).__name__}; raise a ValueError.") from None
        raise NotYet(f"{text} {currency} ({why}) becomes {shown(got)}. Refuse it: raise ValueError.")
    return f"{len(AMOUNTS)} prices in four kinds of money, to the penny, and {len(REFUSED)} refused."


PENNIES = """from decimal import Decimal

def smallest_unit(text, currency):
    decimals = {{"JPY": 0, "KWD": 3}}.get(currency, 2)
    amount = Decimal(text) * 10**decimals
    if {}:
        raise ValueError(f"{{text}} {{currency}} cannot be paid")
    return int(amount)

exercises.to_pennies.check(smallest_unit)"""

to_pennies = Exercise(
    name="to_pennies",
    title="The smallest unit",
    task='Write `smallest_unit(text, currency)`: `("19.99", "GBP")` is 1999, `("1999", "JPY")` 1999, '
    '`("1.990", "KWD")` 1990 (dinars have three decimals). What cannot be paid, such as `"19.999"` pounds, is a '
    "`ValueError`. Pass the function.",
    nudge="`Decimal(text)` is exact, `float(text)` is not. How many decimals has each currency?",
    solved=PENNIES.format("amount != int(amount) or amount <= 0"),
    grade=grade_to_pennies,
    wrong=(
        Attempt("exercises.to_pennies.check(lambda text, currency: int(float(text) * 100))", "Floats lose pennies"),
        Attempt("exercises.to_pennies.check(lambda text, currency: round(float(text) * 100))", "Yen have no decimals"),
        Attempt(PENNIES.format("amount <= 0"), "a tenth of a penny"),
        Attempt(PENNIES.format("amount != int(amount)"), "a negative price"),
    ),
)

NOW, TRUE_SECRET, PAYLOAD = 1_774_850_400, "whsec_exercise", b'{"id": "evt_1",  "type": "payment_intent.succeeded"}'


def stamped(payload: bytes, secret: str, when: int) -> str:
    """Stripe's signature of a payload. https://docs.stripe.com/webhooks#verify-manually"""
    return hmac.new(secret.encode(), str(when).encode() + b"." + payload, hashlib.sha256).hexdigest()


def deliveries() -> list[tuple[str, bytes, str, bool]]:
    """What may arrive: in words, the body, the header, and whether it is true."""
    good, forged = stamped(PAYLOAD, TRUE_SECRET, NOW), stamped(PAYLOAD, "whsec_guess", NOW)
    old = stamped(PAYLOAD, TRUE_SECRET, NOW - 3600)
    return [
        ("A true delivery", PAYLOAD, f"t={NOW},v1={good}", True),
        ("A forged one", PAYLOAD, f"t={NOW},v1={forged}", False),
        ("A true signature under another body", PAYLOAD.replace(b"evt_1", b"evt_2"), f"t={NOW},v1={good}", False),
        ("A delivery recorded an hour ago", PAYLOAD, f"t={NOW - 3600},v1={old}", False),
        ("A recorded one with a new time written in", PAYLOAD, f"t={NOW},v1={old}", False),
        (
            "A delivery while the secret changes (two signatures, the second is ours)",
            PAYLOAD,
            f"t={NOW},v1={forged},v1={good}",
            True,
        ),
        ("A signature of the scheme v0", PAYLOAD, f"t={NOW},v0={good}", False),
        ("No header at all", PAYLOAD, "", False),
    ]


def grade_signed_by_stripe(answer: Any) -> str:
    """Takes what Stripe signed, and nothing else."""
    for words, payload, header, true in deliveries():
        got = called(answer, payload, header, TRUE_SECRET, NOW, what=words)
        need(isinstance(got, bool), f"{words}: it returns {shown(got)}; True or False is wanted.")
        need(got is true, f"{words} is {'refused' if true else 'believed'}.")
    return "Forged, changed, recorded and unsigned ones are refused, true ones are believed."


VERIFY = """import hashlib, hmac

def is_true(payload, header, secret, now):
    parts = [part.partition("=")[::2] for part in header.split(",")]
    time = dict(parts).get("t", "0")
    expected = hmac.new(secret.encode(), time.encode() + b"." + payload, hashlib.sha256).hexdigest()
    signed = any(name == "v1" and hmac.compare_digest(value, expected) for name, value in parts)
    return signed and abs(now - int(time)) <= 300

exercises.signed_by_stripe.check(is_true)"""

signed_by_stripe = Exercise(
    name="signed_by_stripe",
    title="Signed by Stripe",
    stretch=True,
    task="Write `is_true(payload, header, secret, now)`: does a webhook come from Stripe? The header is "
    "`t=time,v1=signature`; the signature is HMAC-SHA-256 of `time.payload` (bytes), in hexadecimal. Not older than "
    "300 seconds. While a secret changes, there are several `v1`. Return True or False.",
    nudge="Split at commas, then at the first `=`. One good `v1` is enough. What does an empty header give?",
    solved=VERIFY,
    grade=grade_signed_by_stripe,
    wrong=(
        Attempt(VERIFY.replace(" and abs(now - int(time)) <= 300", ""), "recorded an hour ago is believed"),
        Attempt(
            VERIFY.replace(
                'any(name == "v1" and hmac.compare_digest(value, expected) for name, value in parts)',
                'dict(parts[:2]).get("v1") == expected',
            ),
            "while the secret changes",
        ),
        Attempt(VERIFY.replace('name == "v1" and ', ""), "scheme v0"),
        Attempt(VERIFY.replace('time.encode() + b"." + payload', "payload"), "A true delivery is refused"),
        Attempt("exercises.signed_by_stripe.check(lambda payload, header, secret, now: True)", "forged"),
    ),
)
