"""What it costs: AWS's price list as data, a calculator on measured durations, bills, and the break-even.

    from workshop.costs import bill, per_million, price_list
    bill(requests=3_000_000, memory_mb=512, duration_ms=120)      # a month, line by line, each with its source
    per_million(memory_mb=1024, duration_ms=200, api="rest", rules="2019")

Prices are those of one region at one date (see `price_list()`); they change, so look before you rely on them.
"""

from __future__ import annotations

from workshop.costs.calculator import Bill, Line, bill, billed_ms, break_even, duration_for, per_million, server_bill
from workshop.costs.claims import MADE_ORDERS_A_MONTH, claims
from workshop.costs.plot import break_even_plot
from workshop.costs.prices import PRICES, Price, money, price, price_list

__all__ = [
    "MADE_ORDERS_A_MONTH",
    "PRICES",
    "Bill",
    "Line",
    "Price",
    "bill",
    "billed_ms",
    "break_even",
    "break_even_plot",
    "claims",
    "duration_for",
    "money",
    "per_million",
    "price",
    "price_list",
    "server_bill",
]
