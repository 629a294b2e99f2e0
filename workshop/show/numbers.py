"""Small statistics, for figures shown beside their spread; no numpy, so that the command line stays quick."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], q: float) -> float:
    """The smallest value that at least `q` per cent of the values do not exceed (nearest rank).

    Raises:
        ValueError: no values, or `q` outside 0 to 100.
    """
    if not values or not 0 <= q <= 100:
        raise ValueError("a percentile needs values, and q between 0 and 100")
    ordered = sorted(values)
    return ordered[max(math.ceil(q / 100 * len(ordered)) - 1, 0)]


def median(values: Sequence[float]) -> float:
    """The middle value; the mean of the two middle ones of an even number."""
    import statistics

    return statistics.median(values)


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The lower and the upper quartile: half of the values lie between them."""
    return percentile(values, 25), percentile(values, 75)
