"""Stripe's test cards: what each is and does.

https://docs.stripe.com/testing · https://docs.stripe.com/declines/codes · https://docs.stripe.com/error-codes
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any

from workshop.partners.stripe.errors import ApiError

# Names of test values for other kinds of payment: pm_usBankAccount_success, pm_sepaDebit_…, tok_… of accounts.
NO_CARD = re.compile(r"pm_[a-z]{2,}[A-Za-z]*_[A-Za-z_]+")


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a card fails: the error's `code`, `decline_code`, `message` and `param`."""

    code: str
    decline_code: str = ""
    message: str = "Your card was declined."
    param: str = ""

    @property
    def reason(self) -> str:
        """What a charge's `outcome.reason` says."""
        return self.decline_code or self.code

    def error(self, **extra: Any) -> ApiError:
        """The 402 that the API answers."""
        if self.decline_code:
            extra = {"decline_code": self.decline_code, **extra}
        return ApiError(402, self.message, type="card_error", code=self.code, param=self.param, saved=True, **extra)


GENERIC = Decline("card_declined", "generic_decline")
INSUFFICIENT = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
LOST = Decline("card_declined", "lost_card")
STOLEN = Decline("card_declined", "stolen_card")
FRAUDULENT = Decline("card_declined", "fraudulent")
VELOCITY = Decline(
    "card_declined",
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
)
EXPIRED = Decline("expired_card", message="Your card has expired.", param="exp_month")
INCORRECT_CVC = Decline("incorrect_cvc", message="Your card's security code is incorrect.", param="cvc")
PROCESSING = Decline(
    "processing_error", message="An error occurred while processing your card. Try again in a little bit."
)
INCORRECT_NUMBER = Decline("incorrect_number", message="Your card number is incorrect.", param="number")
LIVE_CARD = Decline(
    "card_declined",
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test (live) card. For a list of valid test "
    "cards, visit: https://stripe.com/docs/testing.",
)
NEEDS_AUTHENTICATION = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)


@dataclass(frozen=True, slots=True)
class TestCard:
    """One of Stripe's test cards.

    Attributes:
        decline: why every payment fails; None when payments succeed.
        attaches: False when saving it to a customer fails like a payment.
        authentication: 3-D Secure. `""` never · `always` · `unless_set_up` off session it is needed until it was
            done once · `set_up` off session it was done before; on session all three need it · `frictionless` is done
            without the buyer · `fails` is needed and cannot be done · `on_request`, `on_request_fails` only where the
            payment asks for it.
        checks: results of the CVC and address checks that are not `pass`.
        risk: what Radar says: `normal`, `elevated`, `highest`; `blocked` stops the payment.
        refund: `pending` or `failed` when a refund does not simply succeed.
        dispute: what follows a payment: a dispute's reason, or `inquiry`, `warning`, `multiple`.
        available: True when the money skips the pending balance.
        also: the second brand of a card that has two.
    """

    number: str
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    decline: Decline | None = None
    attaches: bool = True
    authentication: str = ""
    checks: tuple[tuple[str, str], ...] = ()
    risk: str = "normal"
    refund: str = ""
    dispute: str = ""
    available: bool = False
    also: str = ""

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def fingerprint(self) -> str:
        """The same for the same number (https://docs.stripe.com/api/cards/object)."""
        return hashlib.sha256(self.number.encode()).hexdigest()[:16]


def named(identifier: str) -> TestCard | None:
    """The test card behind `tok_visa` or `pm_card_visa`; None when there is none.

    Raises:
        ApiError: Stripe has a test value of this name that is no card, or one that the stand-in does not do.
    """
    from workshop.partners.stripe.card_table import BY_NAME, MISSING

    if identifier in MISSING:
        raise missing(identifier, MISSING[identifier])
    for prefix in ("tok_", "pm_card_"):
        if identifier.startswith(prefix):
            return BY_NAME.get(identifier.removeprefix(prefix))
    if NO_CARD.match(identifier):
        raise missing(identifier, "other kinds of payment than cards")
    return None


def missing(what: str, needs: str) -> ApiError:
    """The refusal of a test value that Stripe documents and the stand-in lacks."""
    return ApiError(
        400,
        f"{what} is one of Stripe's test values, and the workshop's stand-in for Stripe does not do it: it has no "
        f"{needs}. Stripe itself does: try it with a test key.",
    )


def luhn(number: str) -> bool:
    """True when the check digit fits (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def from_details(number: str, exp_month: int, exp_year: int, cvc: str | None, *, now: tuple[int, int]) -> TestCard:
    """The test card with this number.

    Args:
        number: with or without blanks.
        exp_month, exp_year: the year with two or four digits.
        cvc: the security code, None when not given.
        now: this year and month.

    Raises:
        ApiError: 402 as Stripe answers for a number, date or code that cannot be; also for a card that is not a test
            card, so that no real one is ever kept; 400 for a test card that the stand-in does not do.
    """
    from workshop.partners.stripe.card_table import BY_NUMBER, MISSING

    digits = re.sub(r"[\s-]", "", number)
    if not digits.isascii() or not digits.isdigit() or not 12 <= len(digits) <= 19 or not luhn(digits):
        raise INCORRECT_NUMBER.error()
    if not 1 <= exp_month <= 12:
        message = "Your card's expiration month is invalid."
        raise Decline("invalid_expiry_month", message=message, param="exp_month").error()
    year = exp_year + 2000 if exp_year < 100 else exp_year
    if not now[0] <= year <= now[0] + 50:
        message = "Your card's expiration year is invalid."
        raise Decline("invalid_expiry_year", message=message, param="exp_year").error()
    if (year, exp_month) < now:
        message = "Your card's expiration month is invalid."
        raise Decline("invalid_expiry_month", message=message, param="exp_month").error()
    if cvc is not None and not re.fullmatch(r"[0-9]{3,4}", cvc):
        raise Decline("invalid_cvc", message="Your card's security code is invalid.", param="cvc").error()
    if digits in MISSING:
        raise missing(f"…{digits[-4:]}", MISSING[digits])
    card = BY_NUMBER.get(digits)
    if card is None:
        raise LIVE_CARD.error()
    if cvc is None and card.decline is INCORRECT_CVC:  # what is not given is not checked
        return replace(card, decline=None, attaches=True)
    return card
