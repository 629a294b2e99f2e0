"""Run a fleet: arrivals and service times in, cold starts, latency and instances out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workshop.core.errors import WorkshopError
from workshop.fleet.arrivals import Arrivals
from workshop.fleet.events import LAST_USED, NEWEST, EventLoop
from workshop.fleet.lastused import CHUNK, Stack, simulate_chunk

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Draw = Callable[[np.random.Generator, int], Floats]
POOL = 1 << 16  # cold service times are drawn once and dealt out by position, so that both ways deal the same
KEPT = 1 << 20  # warm latencies kept for percentiles; beyond, every second, fourth, … one
TRIAL = 1 << 13  # requests tried first: where many are cold, the loop over events is the quicker way
MANY_COLD = 0.02


def exponential(mean: float) -> Draw:
    """Service times drawn from an exponential distribution with this mean, in seconds."""
    return lambda rng, count: rng.exponential(mean, count)


@dataclass(frozen=True)
class Service:
    """How long requests take, in seconds: a number, measured times to draw from, or a function that draws.

    `cold` is the whole time of a request that meets no living environment: init and handler.
    """

    warm: float | Sequence[float] | Draw
    cold: float | Sequence[float] | Draw


@dataclass(frozen=True)
class Pings:
    """Scheduled keep-warm requests: `copies` at once every `every` seconds, each taking `seconds`.

    They hold environments warm as any request does, and are left out of the figures about requests.
    """

    every: float = 300.0
    copies: int = 1
    seconds: float = 0.01


@dataclass
class Fleet:
    """What happened. Times in seconds."""

    requests: int = 0
    cold: int = 0
    throttled: int = 0
    seconds: float = 0.0  # until the last arrival
    busy_seconds: float = 0.0  # service times added up, pings included
    born: Floats = field(default_factory=lambda: np.empty(0))
    died: Floats = field(default_factory=lambda: np.empty(0))  # infinity: alive at the end
    provisioned: int = 0
    pings: int = 0
    pings_cold: int = 0
    _warm_latency: Floats = field(default_factory=lambda: np.empty(0), repr=False)
    _cold_latency: Floats = field(default_factory=lambda: np.empty(0), repr=False)

    @property
    def cold_share(self) -> float:
        """Share of served requests that met a cold start, 0 to 1."""
        served = self.requests - self.throttled
        return self.cold / served if served else 0.0

    @property
    def average_instances(self) -> float:
        """Environments alive, averaged over time; provisioned ones included."""
        alive = np.minimum(self.died, self.seconds) - self.born
        return self.provisioned + (float(alive.sum()) / self.seconds if self.seconds else float(len(self.born)))

    @property
    def average_running(self) -> float:
        """Requests running, averaged over time (service that ends after the last arrival counts whole)."""
        return self.busy_seconds / self.seconds if self.seconds else 0.0

    def instances(self, times: Sequence[float] | Floats) -> NDArray[np.int64]:
        """Environments alive at each of these times."""
        at = np.asarray(times, np.float64)
        born = np.searchsorted(np.sort(self.born), at, side="right")
        return self.provisioned + born - np.searchsorted(np.sort(self.died), at, side="right")

    def percentile(self, q: float) -> float:
        """Latency that `q` per cent of served requests stay within, in seconds.

        Cold ones are all counted; of more than a million warm ones an even sample stands for the rest.
        """
        served = self.requests - self.throttled
        values = np.concatenate([self._warm_latency, self._cold_latency])
        if not len(values):
            return float("nan")
        each = (served - self.cold) / max(len(self._warm_latency), 1)
        weight = np.concatenate([np.full(len(self._warm_latency), each), np.ones(len(self._cold_latency))])
        order = np.argsort(values)
        reached = np.searchsorted(np.cumsum(weight[order]), q / 100 * served * (1 - 1e-12))
        return float(values[order[min(int(reached), len(values) - 1)]])


def simulate(
    arrivals: Arrivals,
    service: Service,
    *,
    idle_life: float,
    limit: int | None = None,
    provisioned: int = 0,
    keep_warm: Pings | None = None,
    reuse: str = LAST_USED,
    warm_up: float = 0.0,
    seed: int = 0,
) -> Fleet:
    """A function's fleet under traffic: every request finds an idle environment, or starts one, or is throttled.

    Args:
        arrivals: when requests come.
        service: how long they take.
        idle_life: seconds an idle environment lives; AWS promises no figure; 10 minutes to an hour were measured.
        limit: reserved concurrency. https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
        provisioned: provisioned concurrency.
        keep_warm: scheduled pings beside the traffic.
        reuse: `last_used` (default) or `newest` created takes the next request.
        warm_up: seconds at the beginning whose requests shape the fleet but are not counted: a fleet that starts
            empty is colder than it will be.
        seed: the same seed gives the same history.

    Raises:
        WorkshopError: an argument makes no sense.
    """
    _check(idle_life, limit, provisioned, reuse)

    def run() -> _Run:
        return _Run(arrivals, service, keep_warm, seed)

    if limit is None and not provisioned and reuse == LAST_USED and not _mostly_cold(run(), idle_life):
        return _by_arrays(run(), idle_life, _Account(arrivals.requests, warm_up))
    loop = EventLoop(idle_life, limit, provisioned, reuse)
    return _by_events(run(), loop, _Account(arrivals.requests, warm_up))


def _check(idle_life: float, limit: int | None, provisioned: int, reuse: str) -> None:
    if not idle_life >= 0:
        raise WorkshopError(f"idle_life is {idle_life}; it must be seconds, zero or more.", used_wrongly=True)
    if limit is not None and limit < 0:
        raise WorkshopError(f"limit is {limit}; it must be zero or more, or None for no limit.", used_wrongly=True)
    if provisioned < 0 or (limit is not None and provisioned > limit):
        raise WorkshopError(f"provisioned is {provisioned}; it must lie between 0 and the limit.", used_wrongly=True)
    if reuse not in (LAST_USED, NEWEST):
        raise WorkshopError(f"reuse is {reuse!r}; it is 'last_used' or 'newest'.", used_wrongly=True)


def _mostly_cold(run: _Run, idle_life: float) -> bool:
    times, warm, _ = next(run.chunks(TRIAL))
    trial = EventLoop(idle_life)
    trial.run(times.tolist(), warm.tolist(), run.cold_service(np.arange(len(times))).tolist())
    half = len(times) // 2  # the first half fills an empty fleet, which says nothing about the rest
    return sum(at >= half for at in trial.cold) > MANY_COLD * (len(times) - half)


class _Run:
    """Traffic with its service times, in chunks; the same seed deals the same times whichever way asks."""

    def __init__(self, arrivals: Arrivals, service: Service, pings: Pings | None, seed: int) -> None:
        self.arrivals, self.service, self.pings = arrivals, service, pings
        times, warm, cold = np.random.SeedSequence(seed).spawn(3)
        self._times, self._warm = np.random.default_rng(times), np.random.default_rng(warm)
        self._pool = _draw(service.cold, np.random.default_rng(cold), min(POOL, max(arrivals.requests, 1)))

    def cold_service(self, positions: NDArray[np.int64]) -> Floats:
        """Service times of requests if they are cold, by position."""
        return self._pool[positions % len(self._pool)]

    def chunks(self, size: int = CHUNK) -> Iterator[tuple[Floats, Floats, Flags | None]]:
        """Times, warm service times, and which of them are pings (None: none are)."""
        next_ping = 0.0
        for times in self.arrivals.chunks(self._times, size):
            warm = _draw(self.service.warm, self._warm, len(times))
            if self.pings is None:
                yield times, warm, None
                continue
            at = np.arange(next_ping, times[-1], self.pings.every)
            next_ping = at[-1] + self.pings.every if len(at) else next_ping
            pings = np.repeat(at, self.pings.copies)
            order = np.argsort(np.concatenate([times, pings]), kind="stable")
            both = np.concatenate([times, pings])[order]
            warm = np.concatenate([warm, np.full(len(pings), self.pings.seconds)])[order]
            yield both, warm, order >= len(times)


def _draw(times: float | Sequence[float] | Draw, rng: np.random.Generator, count: int) -> Floats:
    if callable(times):
        return np.asarray(times(rng, count), np.float64)
    values = np.atleast_1d(np.asarray(times, np.float64))
    if values.size == 0 or not (values >= 0).all():
        raise WorkshopError("Service times must be seconds, zero or more, and at least one.", used_wrongly=True)
    if values.size == 1:
        return np.full(count, values[0])
    return values[rng.integers(0, values.size, count)]


class _Account:
    """Adds chunks up to a `Fleet`."""

    def __init__(self, requests: int, warm_up: float = 0.0) -> None:
        self.fleet, self.warm_up = Fleet(), warm_up
        self.every = max(1, -(-requests // KEPT))
        self.warm: list[Floats] = []
        self.cold: list[Floats] = []

    def add(self, times: Floats, service: Floats, is_cold: Flags, served: Flags | None, pings: Flags | None) -> None:
        """One chunk: its times, service times, who was cold, who was served (None: all), who is a ping (None: none)."""
        fleet = self.fleet
        fleet.seconds = float(times[-1])
        fleet.busy_seconds += float(service.sum() if served is None else service[served].sum())
        if served is not None or pings is not None or times[0] < self.warm_up:
            if pings is not None:
                fleet.pings += int(pings.sum())
                fleet.pings_cold += int((is_cold & pings).sum())
            real = (times >= self.warm_up) & (True if pings is None else ~pings)
            fleet.throttled += 0 if served is None else int((real & ~served).sum())
            fleet.requests += int(real.sum())
            keep = real if served is None else real & served
            service, is_cold = service[keep], is_cold[keep]
        else:
            fleet.requests += len(times)
        fleet.cold += int(np.count_nonzero(is_cold))
        self.cold.append(service[is_cold])
        kept, of_kept = service[:: self.every], is_cold[:: self.every]
        self.warm.append(kept[~of_kept])

    def done(self, born: Floats, died: Floats) -> Fleet:
        """The finished account."""
        self.fleet.born, self.fleet.died = born, died
        self.fleet._warm_latency, self.fleet._cold_latency = np.concatenate(self.warm), np.concatenate(self.cold)
        return self.fleet


def _by_arrays(run: _Run, idle_life: float, account: _Account) -> Fleet:
    stack = Stack()
    born: list[Floats] = []
    idle_since: list[Floats] = []
    first = 0
    for times, warm, pings in run.chunks():
        outcome = simulate_chunk(times, warm, run.cold_service, first, idle_life, stack)
        is_cold = np.zeros(len(times), bool)
        is_cold[outcome.cold] = True
        account.add(times, outcome.service, is_cold, None, pings)
        born.append(times[outcome.cold])
        idle_since.append(outcome.idle_since)
        first += len(times)
    # A cold start at a level used before means that level's environment died one idle life after it was left.
    ended = np.concatenate(idle_since)
    died = ended[np.isfinite(ended)] + idle_life
    last = stack.last_down[len(stack.outstanding) + 1 :]
    last = last[np.isfinite(last)] + idle_life
    died = np.concatenate([died, last[last <= account.fleet.seconds]])
    births = np.concatenate(born)
    return account.done(births, np.concatenate([np.sort(died), np.full(len(births) - len(died), np.inf)]))


def _by_events(run: _Run, loop: EventLoop, account: _Account) -> Fleet:
    account.fleet.provisioned = loop.provisioned
    first = 0
    for times, warm, pings in run.chunks():
        colds = run.cold_service(np.arange(first, first + len(times)))
        known_cold, known_throttled = len(loop.cold), len(loop.throttled)
        loop.run(times.tolist(), warm.tolist(), colds.tolist())
        is_cold, served = np.zeros(len(times), bool), np.ones(len(times), bool)
        is_cold[np.asarray(loop.cold[known_cold:], np.int64) - first] = True
        served[np.asarray(loop.throttled[known_throttled:], np.int64) - first] = False
        account.add(times, np.where(is_cold, colds, warm), is_cold, served, pings)
        first += len(times)
    return account.done(np.asarray(loop.born), np.asarray(loop.deaths(account.fleet.seconds)))
