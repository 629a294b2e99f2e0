"""PayPal's amounts: a currency code and a decimal number as text.

https://developer.paypal.com/api/rest/reference/currency-codes/
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from workshop.partners.paypal.errors import PayPalError

NO_DECIMALS = frozenset({"HUF", "JPY", "TWD"})
CURRENCIES = NO_DECIMALS | {
    "AUD",
    "BRL",
    "CAD",
    "CHF",
    "CNY",
    "CZK",
    "DKK",
    "EUR",
    "GBP",
    "HKD",
    "ILS",
    "MXN",
    "MYR",
    "NOK",
    "NZD",
    "PHP",
    "PLN",
    "SEK",
    "SGD",
    "THB",
    "USD",
}
NUMBER = re.compile(r"-?([0-9]+|[0-9]*\.[0-9]+)")
LARGEST = Decimal("999999999999999.99")


def read(given: Any, field: str, api: str = "orders") -> tuple[str, Decimal]:
    """The currency and the value of an amount. Raises PayPalError when it is none, too fine or not positive."""
    if not isinstance(given, dict):
        raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field=field, api=api)
    for name in ("currency_code", "value"):
        if name not in given:
            raise PayPalError(400, "MISSING_REQUIRED_PARAMETER", field=f"{field}/{name}", api=api)
        if not isinstance(given[name], str):
            raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field=f"{field}/{name}", api=api)
    code, value = given["currency_code"], given["value"]
    if len(code) != 3:
        raise PayPalError(400, "INVALID_STRING_LENGTH", field=f"{field}/currency_code", value=code, api=api)
    if len(value) > 32 or not NUMBER.fullmatch(value):
        raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field=f"{field}/value", value=value, api=api)
    if code not in CURRENCIES:
        raise PayPalError(422, "INVALID_CURRENCY_CODE", field=f"{field}/currency_code", value=code, api=api)
    number = Decimal(value)
    if number <= 0:
        raise PayPalError(422, "CANNOT_BE_ZERO_OR_NEGATIVE", field=f"{field}/value", value=value, api=api)
    if number > LARGEST:
        raise PayPalError(422, "MAX_VALUE_EXCEEDED", field=f"{field}/value", value=value, api=api)
    if number != number.quantize(Decimal(1) if code in NO_DECIMALS else Decimal("0.01")):
        issue = "DECIMALS_NOT_SUPPORTED" if code in NO_DECIMALS else "DECIMAL_PRECISION"
        raise PayPalError(422, issue, field=f"{field}/value", value=value, api=api)
    return code, number


def is_zero(value: Any) -> bool:
    """Whether a text is a number, and that number 0."""
    return isinstance(value, str) and len(value) <= 32 and bool(NUMBER.fullmatch(value)) and Decimal(value) == 0


def shown(code: str, value: Decimal) -> dict[str, str]:
    """An amount as PayPal writes it: two decimals, none where the currency has none."""
    return {"currency_code": code, "value": f"{value:.{0 if code in NO_DECIMALS else 2}f}"}
