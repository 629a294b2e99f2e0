"""The break-even as a picture: a function's bill grows with its requests, a server's does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workshop.costs.calculator import bill, server_bill
from workshop.costs.claims import MADE_ORDERS_A_MONTH

if TYPE_CHECKING:
    from workshop.show.figures import Picture


def break_even_plot(finding: str, memory_mb: int, duration_ms: float) -> Picture:
    """Dollars a month over requests a month: a function behind either kind of API, and two ways of being always on.

    Args:
        finding: the title.
        memory_mb, duration_ms: the function's.
    """
    from workshop.show.plots import lines

    counts = [10 ** (n / 4) for n in range(16, 33)]
    curves = {}
    for api in ("rest", "http"):
        totals = [bill(n, memory_mb, duration_ms, api=api).total for n in counts]
        curves[f"function, {api.upper()} API"] = (counts, totals)
    always_on = {
        "one small server": server_bill("ec2"),
        "two containers, load balancer": server_bill("fargate", count=2, load_balancer=True),
    }
    for name, month in always_on.items():
        curves[name] = (counts, [month.total] * len(counts))
    return lines(
        curves,
        finding,
        xlabel="requests a month",
        ylabel="dollars a month",
        log="xy",
        marks={"MADE.com's payments": MADE_ORDERS_A_MONTH},
    )
