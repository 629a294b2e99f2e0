"""What an order is made of: its items, and how the amount adds up.

https://developer.paypal.com/docs/api/orders/v2/#definition-item · …#definition-amount_breakdown
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from workshop.partners.paypal import money
from workshop.partners.paypal.errors import PayPalError

QUANTITY = re.compile(r"[1-9][0-9]{0,9}")
TEXTS = {"name": (1, 127), "description": (0, 127), "sku": (0, 127)}
CATEGORIES = ("DIGITAL_GOODS", "PHYSICAL_GOODS", "DONATION")
ITEM = frozenset({*TEXTS, "unit_amount", "tax", "quantity", "category"})
# Parts of an item that PayPal has and the stand-in has not.
BEYOND = frozenset({"url", "image_url", "upc", "billing_plan"})
ADDED = ("item_total", "tax_total", "shipping", "handling", "insurance")
TAKEN_OFF = ("shipping_discount", "discount")


def check(unit: dict[str, Any], at: str) -> None:
    """Raises PayPalError when the items or the breakdown of a purchase unit make no sense, or do not add up."""
    amount = unit["amount"]
    code, total = money.read(amount, f"{at}/amount")
    parts = breakdown(amount.get("breakdown"), code, f"{at}/amount/breakdown")
    if parts:
        whole = sum((parts.get(name, Decimal(0)) for name in ADDED), Decimal(0))
        whole -= sum((parts.get(name, Decimal(0)) for name in TAKEN_OFF), Decimal(0))
        if whole != total:
            raise PayPalError(422, "AMOUNT_MISMATCH", field=f"{at}/amount/value", value=amount["value"])
    if "items" not in unit:
        return
    items = unit["items"]
    if not isinstance(items, list):
        raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field=f"{at}/items")
    priced = [item(each, code, f"{at}/items/{place}") for place, each in enumerate(items)]
    for name, place, required, mismatch in (
        ("item_total", 0, "ITEM_TOTAL_REQUIRED", "ITEM_TOTAL_MISMATCH"),
        ("tax_total", 1, "TAX_TOTAL_REQUIRED", "TAX_TOTAL_MISMATCH"),
    ):
        given = [value for value in (each[place] for each in priced) if value is not None]
        if not given:
            continue
        if name not in parts:
            raise PayPalError(422, required, field=f"{at}/amount/breakdown/{name}")
        if parts[name] != sum(given, Decimal(0)):
            value = amount["breakdown"][name]["value"]
            raise PayPalError(422, mismatch, field=f"{at}/amount/breakdown/{name}/value", value=value)


def breakdown(given: Any, code: str, at: str) -> dict[str, Decimal]:
    """The parts of an amount by name; empty when it has none."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field=at)
    for name in given:
        if name not in ADDED + TAKEN_OFF:
            raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field=f"{at}/{name}")
    return {name: part(value, code, f"{at}/{name}") for name, value in given.items()}


def item(given: Any, code: str, at: str) -> tuple[Decimal | None, Decimal | None]:
    """What a line of an order costs, and its tax, times its quantity."""
    if not isinstance(given, dict):
        raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field=at)
    for name in given:
        if name not in ITEM:
            known = "NOT_SUPPORTED" if name in BEYOND else "INVALID_PARAMETER_SYNTAX"
            raise PayPalError(400, known, field=f"{at}/{name}")
    for name in ("name", "unit_amount", "quantity"):
        if name not in given:
            raise PayPalError(400, "MISSING_REQUIRED_PARAMETER", field=f"{at}/{name}")
    for name, (least, most) in TEXTS.items():
        text = given.get(name, "x")
        if not isinstance(text, str):
            raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field=f"{at}/{name}")
        if not least <= len(text) <= most:
            raise PayPalError(400, "INVALID_STRING_LENGTH", field=f"{at}/{name}")
    if given.get("category", CATEGORIES[0]) not in CATEGORIES:
        raise PayPalError(400, "INVALID_PARAMETER_VALUE", field=f"{at}/category", value=str(given["category"]))
    if not isinstance(given["quantity"], str) or not QUANTITY.fullmatch(given["quantity"]):
        raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field=f"{at}/quantity", value=str(given["quantity"]))
    times = int(given["quantity"])
    cost = part(given["unit_amount"], code, f"{at}/unit_amount") * times
    tax = part(given["tax"], code, f"{at}/tax") * times if "tax" in given else None
    return cost, tax


def part(given: Any, code: str, at: str) -> Decimal:
    """An amount that may be zero, in the order's currency."""
    if isinstance(given, dict) and money.is_zero(given.get("value")):
        given, zero = given | {"value": "1"}, True
    else:
        zero = False
    found, value = money.read(given, at)
    if found != code:
        raise PayPalError(422, "MULTI_CURRENCY_ORDER", field=f"{at}/currency_code", value=found)
    return Decimal(0) if zero else value
