"""The memory slider: one function at several sizes, what it used, what it would cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workshop.show.measured import Call, call
from workshop.show.numbers import median
from workshop.show.views import Table


def memory_sizes(
    function: str, sizes: Sequence[int], *, payload: Any = None, times: int = 5, client: Any = None
) -> Table:
    """Sets each memory size in turn, calls the function, and gives the size back that it had.

    Args:
        function: its name.
        sizes: MB, 128 to 10,240.
        payload: what it is called with.
        times: warm calls at each size, after one cold one.

    Returns:
        A table: size, most used, median duration, billed, and dollars for a million such requests (prices: see
        `workshop.costs`), API and free tier left out.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
    """
    import boto3

    client = client or boto3.client("lambda")
    before = client.get_function_configuration(FunctionName=function)["MemorySize"]
    rows = []
    try:
        for size in sizes:
            _set(client, function, size)
            first = call(function, payload, client=client)
            rows.append(_row(size, first, [call(function, payload, client=client) for _ in range(times)]))
    finally:
        _set(client, function, before)
    heads = ["memory, MB", "most used, MB", "cold init, ms", "warm, ms", "billed, ms", "a million requests"]
    return Table(rows, heads)


def _set(client: Any, function: str, size: int) -> None:
    client.update_function_configuration(FunctionName=function, MemorySize=size)
    client.get_waiter("function_updated_v2").wait(FunctionName=function)


def _row(size: int, first: Call, warm: Sequence[Call]) -> tuple[Any, ...]:
    from workshop.costs import per_million
    from workshop.costs.prices import money

    duration = median([one.report.duration_ms for one in warm])
    used = max(one.report.max_memory_mb for one in [first, *warm])
    init = f"{first.report.init_ms:.0f}" if first.report.init_ms else ""
    billed = median([one.report.billed_ms for one in warm])
    return size, used, init, f"{duration:.1f}", f"{billed:.0f}", money(per_million(size, duration, api=None))
