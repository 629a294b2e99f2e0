"""When requests come: steady, in daily waves, in bursts, or as recorded. Times are seconds from the start, sorted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workshop.core.errors import WorkshopError

Floats = NDArray[np.float64]
Chunks = Callable[[np.random.Generator, int], Iterator[Floats]]
DAY = 86_400.0


@dataclass(frozen=True)
class Arrivals:
    """A stream of arrival times.

    `chunks(rng, size)` yields sorted arrays of about `size` times, each starting where the one before ended; the same
    random generator gives the same times. `requests` is how many there are in all.
    """

    requests: int
    chunks: Chunks
    name: str = ""

    def times(self, seed: int = 0) -> Floats:
        """All times at once, for small streams and for drawing."""
        return np.concatenate(list(self.chunks(np.random.default_rng(seed), 1 << 16)))


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not (value > 0 and np.isfinite(value)):
            raise WorkshopError(f"{name} is {value}; it must be a number above zero.", used_wrongly=True)


def _poisson(requests: int, to_time: Callable[[Floats], Floats]) -> Chunks:
    """A Poisson process: unit-rate arrivals, carried to real time by the inverse of the expected count."""

    def chunks(rng: np.random.Generator, size: int) -> Iterator[Floats]:
        count = 0.0
        for left in range(requests, 0, -size):
            steps = rng.standard_exponential(min(size, left))
            steps[0] += count
            expected = np.cumsum(steps)
            count = float(expected[-1])
            yield to_time(expected)

    return chunks


def steady(per_second: float, requests: int) -> Arrivals:
    """Independent customers at one average rate: a Poisson process.

    Args:
        per_second: average requests a second.
        requests: how many in all.
    """
    _positive(per_second=per_second, requests=requests)
    chunks = _poisson(int(requests), lambda count: count / per_second)
    return Arrivals(int(requests), chunks, f"steady {per_second:g}/s")


def daily(per_second: float, requests: int, *, swing: float = 0.9) -> Arrivals:
    """A daily wave: busiest in the afternoon, quietest at night, a Poisson process whose rate follows a sine.

    Args:
        per_second: average over the day.
        requests: how many in all.
        swing: 0 is steady; 0.9 means the quietest moment has a tenth of the average and the busiest 1.9 times it.
    """
    _positive(per_second=per_second, requests=requests)
    if not 0 <= swing < 1:
        raise WorkshopError(f"swing is {swing}; it must be at least 0 and below 1.", used_wrongly=True)
    grid = np.linspace(0, DAY, 4097)  # expected requests up to each moment of a day, from midnight
    expected = per_second * (grid - swing * DAY / (2 * np.pi) * np.sin(2 * np.pi * grid / DAY))

    def to_time(count: Floats) -> Floats:
        days, rest = np.divmod(count, per_second * DAY)
        return days * DAY + np.interp(rest, expected, grid)

    return Arrivals(int(requests), _poisson(int(requests), to_time), f"daily wave around {per_second:g}/s")


def bursts(size: int, every: float, requests: int, *, within: float = 0.1) -> Arrivals:
    """Bursts: `size` requests at once, again and again, each spread evenly at random over `within` seconds."""
    _positive(size=size, every=every, requests=requests)
    if not 0 <= within <= every:
        raise WorkshopError(f"within is {within}; it must lie between 0 and every ({every}).", used_wrongly=True)

    def chunks(rng: np.random.Generator, wanted: int) -> Iterator[Floats]:
        together = max(1, wanted // size)
        for first in range(0, -(-requests // size), together):
            count = min(together, -(-requests // size) - first)
            starts = (first + np.arange(count)) * every
            times = starts[:, None] + np.sort(rng.random((count, size)), axis=1) * within
            yield times.ravel()[: requests - first * size]

    return Arrivals(int(requests), chunks, f"{size} at once every {every:g} s")


def recorded(times: Sequence[float]) -> Arrivals:
    """A recorded trace, such as the timestamps of START lines; sorted and moved so that it begins at zero."""
    array = np.sort(np.asarray(times, np.float64))
    if array.size == 0 or not np.isfinite(array).all():
        raise WorkshopError("A recorded trace needs at least one time, and only finite ones.", used_wrongly=True)
    array = array - array[0]

    def chunks(rng: np.random.Generator, size: int) -> Iterator[Floats]:
        for first in range(0, len(array), size):
            yield array[first : first + size]

    return Arrivals(len(array), chunks, f"recorded, {len(array):,} requests")
