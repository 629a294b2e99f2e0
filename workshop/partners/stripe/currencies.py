"""Currencies: minor units and the least and most that a charge may be.

https://docs.stripe.com/currencies (zero-decimal, three-decimal and special cases; minimum and maximum charge amounts)
"""

from __future__ import annotations

from workshop.partners.stripe import errors

_ZERO = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
_TWO = (
    "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc "
    "cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk jmd kes kgs khr "
    "kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk "
    "php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx uyu "
    "uzs wst xcd yer zar zmw"
)
ZERO_DECIMAL = frozenset(_ZERO.split())
TWO_DECIMAL = frozenset(_TWO.split())
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
# Without minor units in daily life, yet sent with two decimals that must be 00.
WHOLE_ONLY = frozenset({"isk", "ugx"})
SUPPORTED = TWO_DECIMAL | ZERO_DECIMAL | THREE_DECIMAL

# The minimum by settlement currency, in minor units. The stand-in settles every one of these in itself; it converts
# nothing, so a currency that is not in the table has no minimum but 1.
MINIMUM = {
    "usd": 50,
    "aed": 200,
    "aud": 50,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
}
MAXIMUM = 99_999_999  # eight digits
SIGNS = {"usd": "$", "gbp": "£", "eur": "€", "jpy": "¥", "inr": "₹", "cad": "CA$", "aud": "A$"}


def decimals(currency: str) -> int:
    """How many digits of an amount stand behind the decimal point."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def shown(amount: int, currency: str) -> str:
    """An amount as a person writes it: `£12.34`, `KWD 1.230`."""
    places = decimals(currency)
    number = f"{amount / 10**places:,.{places}f}"
    return f"{SIGNS[currency]}{number}" if currency in SIGNS else f"{currency.upper()} {number}"


def check_currency(currency: str) -> str:
    """The currency in lower case. Raises ApiError when there is none of this name."""
    lower = currency.lower()
    if lower not in SUPPORTED:
        known = ", ".join(["usd", *sorted(SUPPORTED - {"usd"})])
        message = f"Invalid currency: {currency[:20]}. Stripe currently supports these currencies: {known}"
        raise errors.invalid("currency", message)
    return lower


def check_amount(amount: int, currency: str) -> None:
    """Raises ApiError when the amount cannot be charged in this currency."""
    least = MINIMUM.get(currency, 1)
    if amount < least:
        message = f"Amount must be at least {shown(least, currency)} {currency}"
        raise errors.invalid("amount", message, "amount_too_small")
    if amount > MAXIMUM:
        message = f"Amount must be no more than {shown(MAXIMUM, currency)} {currency}"
        raise errors.invalid("amount", message, "amount_too_large")
    check_digits(amount, currency)


def check_digits(amount: int, currency: str, param: str = "amount") -> None:
    """The last digit of a three-decimal amount is 0, the last two of ISK and UGX are."""
    step = 10 if currency in THREE_DECIMAL else 100 if currency in WHOLE_ONLY else 1
    if amount % step:
        message = f"Invalid integer: {amount}. Amounts in {currency} must be divisible by {step}."
        raise errors.invalid(param, message, "parameter_invalid_integer")
