"""Stripe's test cards: what each is and does.

https://docs.stripe.com/testing · https://docs.stripe.com/declines/codes · https://docs.stripe.com/error-codes
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from workshop.partners.stripe.errors import ApiError


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
        authentication: `""` never needed · `always` · `unless_set_up` off session it is needed until it was done once
            · `set_up` off session it was done before. On session all three need it.
        checks: results of the CVC and address checks that are not `pass`.
        risk: what Radar says: `normal`, `elevated`, `highest`; `blocked` stops the payment.
        refund: `pending` or `failed` when a refund does not simply succeed.
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

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def fingerprint(self) -> str:
        """The same for the same number (https://docs.stripe.com/api/cards/object)."""
        return hashlib.sha256(self.number.encode()).hexdigest()[:16]


def _declining(number: str, decline: Decline) -> TestCard:
    return TestCard(number, decline=decline, attaches=False)


# Names as in tok_<name> and pm_card_<name>.
BY_NAME: dict[str, TestCard] = {
    "visa": TestCard("4242424242424242"),
    "visa_debit": TestCard("4000056655665556", funding="debit"),
    "mastercard": TestCard("5555555555554444", "mastercard"),
    "mastercard_debit": TestCard("5200828282828210", "mastercard", "debit"),
    "mastercard_prepaid": TestCard("5105105105105100", "mastercard", "prepaid"),
    "amex": TestCard("378282246310005", "amex"),
    "discover": TestCard("6011111111111117", "discover"),
    "diners": TestCard("3056930009020004", "diners"),
    "jcb": TestCard("3566002020360505", "jcb", country="JP"),
    "unionpay": TestCard("6200000000000005", "unionpay", country="CN"),
    "us": TestCard("4242424242424242"),
    "gb": TestCard("4000008260000000", country="GB"),
    "gb_debit": TestCard("4000058260000005", funding="debit", country="GB"),
    "de": TestCard("4000002760000016", country="DE"),
    "fr": TestCard("4000002500000003", country="FR"),
    "ie": TestCard("4000003720000005", country="IE"),
    "jp": TestCard("4000003920000003", country="JP"),
    "visa_chargeDeclined": _declining("4000000000000002", GENERIC),
    "visa_chargeDeclinedInsufficientFunds": _declining("4000000000009995", INSUFFICIENT),
    "visa_chargeDeclinedLostCard": _declining("4000000000009987", LOST),
    "visa_chargeDeclinedStolenCard": _declining("4000000000009979", STOLEN),
    "visa_chargeDeclinedVelocityLimitExceeded": _declining("4000000000006975", VELOCITY),
    "chargeDeclinedExpiredCard": _declining("4000000000000069", EXPIRED),
    "chargeDeclinedIncorrectCvc": _declining("4000000000000127", INCORRECT_CVC),
    "chargeDeclinedProcessingError": _declining("4000000000000119", PROCESSING),
    "chargeDeclinedFraudulent": TestCard("4100000000000019", decline=FRAUDULENT, attaches=False, risk="blocked"),
    "chargeCustomerFail": TestCard("4000000000000341", decline=GENERIC),
    "riskLevelElevated": TestCard("4000000000009235", risk="elevated"),
    "riskLevelHighest": TestCard("4000000000004954", risk="highest"),
    "cvcCheckFail": TestCard("4000000000000101", checks=(("cvc_check", "fail"),)),
    "avsFail": TestCard(
        "4000000000000010", checks=(("address_line1_check", "fail"), ("address_postal_code_check", "fail"))
    ),
    "avsLine1Fail": TestCard("4000000000000028", checks=(("address_line1_check", "fail"),)),
    "avsZipFail": TestCard("4000000000000036", checks=(("address_postal_code_check", "fail"),)),
    "pendingRefund": TestCard("4000000000007726", refund="pending"),
    "refundFail": TestCard("4000000000005126", refund="failed"),
    "threeDSecure2Required": TestCard("4000000000003220", authentication="always"),
    "threeDSecureRequired": TestCard("4000000000003063", authentication="always"),
    "threeDSecureOptional": TestCard("4000000000003055"),
    "authenticationRequired": TestCard("4000002760003184", country="DE", authentication="always"),
    "authenticationRequiredOnSetup": TestCard("4000002500003155", country="FR", authentication="unless_set_up"),
    "authenticationRequiredSetupForOffSession": TestCard("4000003800000446", country="IT", authentication="set_up"),
    "threeDSecureRequiredChargeDeclined": TestCard(
        "4000008400001629", decline=GENERIC, attaches=False, authentication="always"
    ),
    "authenticationRequiredChargeDeclinedInsufficientFunds": TestCard(
        "4000008260003178", country="GB", decline=INSUFFICIENT, authentication="always"
    ),
}
# Older names of the same cards, and the other form of some.
for _name, _same in {
    "chargeDeclined": "visa_chargeDeclined",
    "chargeDeclinedInsufficientFunds": "visa_chargeDeclinedInsufficientFunds",
    "chargeDeclinedLostCard": "visa_chargeDeclinedLostCard",
    "chargeDeclinedStolenCard": "visa_chargeDeclinedStolenCard",
    "chargeDeclinedVelocityLimitExceeded": "visa_chargeDeclinedVelocityLimitExceeded",
    "visa_chargeCustomerFail": "chargeCustomerFail",
    "radarBlock": "chargeDeclinedFraudulent",
    "visa_chargeDeclinedFraudulent": "chargeDeclinedFraudulent",
}.items():
    BY_NAME[_name] = BY_NAME[_same]

BY_NUMBER: dict[str, TestCard] = {card.number: card for card in BY_NAME.values()} | {
    number: TestCard(number, brand)
    for number, brand in {
        "4012888888881881": "visa",
        "2223003122003222": "mastercard",
        "371449635398431": "amex",
        "6011000990139424": "discover",
        "36227206271667": "diners",
    }.items()
}


def named(identifier: str) -> TestCard | None:
    """The test card behind `tok_visa` or `pm_card_visa`; None when there is none."""
    for prefix in ("tok_", "pm_card_"):
        if identifier.startswith(prefix):
            return BY_NAME.get(identifier.removeprefix(prefix))
    return None


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
            card, so that no real one is ever kept.
    """
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
    card = BY_NUMBER.get(digits)
    if card is None:
        raise LIVE_CARD.error()
    return card
