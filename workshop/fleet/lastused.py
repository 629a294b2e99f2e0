"""The fast simulator: exact, and without a loop over requests.

With last-used-first reuse and no limit, the environments are a stack. Number them by how many requests run at once:
environment `k` works whenever at least `k` requests run. So a request that makes `k` run at once meets a living
environment exactly when `k` also ran at some moment in the last idle life. Cold starts are the moments at which the
number of running requests passes its own maximum over a sliding window of one idle life, and numpy finds those in
sorted arrays.

A cold request takes longer than a warm one, which moves its departure and may make later requests cold or warm. The
passes below repeat until nothing changes; each pass settles at least the next request in time, so the end is the one
true history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ColdService = Callable[[Ints], Floats]

CHUNK = 1 << 16  # requests handled at once: their arrays stay in the processor's cache
_NEVER = -np.inf


@dataclass(slots=True)
class Stack:
    """What is carried from one chunk of requests to the next.

    `outstanding` holds the departure times of running requests, sorted; `last_down[k]` is when level `k` was last
    left, which is when environment `k` fell idle.
    """

    outstanding: Floats = field(default_factory=lambda: np.empty(0))
    last_down: Floats = field(default_factory=lambda: np.full(8, _NEVER))

    def reach(self, level: int) -> None:
        """Make room for levels up to this one."""
        if level >= len(self.last_down):
            more = np.full(max(level + 1, 2 * len(self.last_down)) - len(self.last_down), _NEVER)
            self.last_down = np.concatenate([self.last_down, more])


@dataclass(slots=True)
class ChunkOutcome:
    """One chunk's requests: which were cold, how many ran at once, the service each got; and who died when."""

    cold: Ints  # positions of cold requests
    running: NDArray[np.int32]  # running requests, each request's own included
    service: Floats
    idle_since: Floats  # for each cold request: when its level was last left (-inf: never used before)


def simulate_chunk(
    arrivals: Floats, warm: Floats, cold_service: ColdService, first: int, idle_life: float, stack: Stack
) -> ChunkOutcome:
    """One chunk of requests, exactly; `stack` goes in as left by the chunk before and comes out for the next one.

    Args:
        arrivals: sorted times in seconds.
        warm: service time of each request if it is warm, in seconds.
        cold_service: position of a request in the whole run -> its service time if it is cold.
        first: position of this chunk's first request in the whole run.
        idle_life: seconds an idle environment lives.
        stack: what the chunk before left.
    """
    before = len(stack.outstanding)
    leaves = np.concatenate([stack.outstanding, arrivals + warm])
    leaves.sort(kind="stable")  # nearly sorted already: the merge sort is three times as quick
    running = _running(arrivals, leaves, before)
    service, cold = warm, np.empty(0, np.int64)
    while True:
        levels = _Levels(running, arrivals, leaves, stack, before)
        found, idle_since = _cold_requests(levels, idle_life)
        if np.array_equal(found, cold):
            break
        changed = np.setxor1d(found, cold, assume_unique=True)
        old = arrivals[changed] + service[changed]
        service = warm.copy()
        service[found] = cold_service(found + first)
        _move(leaves, running, arrivals, old, arrivals[changed] + service[changed])
        cold = found
    _carry(levels, stack)
    return ChunkOutcome(cold, running, service, idle_since)


def _running(arrivals: Floats, leaves: Floats, before: int) -> NDArray[np.int32]:
    """How many requests run just after each arrival, itself included. Who leaves at that very moment has left."""
    order = np.argsort(np.concatenate([leaves, arrivals]), kind="stable")  # two sorted runs: one merge
    place = np.flatnonzero(order >= len(leaves))  # of each arrival, among arrivals and departures
    return (2 * np.arange(len(arrivals)) + (before + 1) - place).astype(np.int32)


def _move(leaves: Floats, running: NDArray[np.int32], arrivals: Floats, old: Floats, new: Floats) -> None:
    """Some requests leave at another time: correct, in place, who leaves when and how many run at each arrival."""
    order = np.argsort(old)
    at = np.searchsorted(leaves, old[order])
    # Equal departure times would share a position: give each its own.
    at += np.arange(len(at)) - np.searchsorted(old[order], old[order])
    leaves[at] = new[order]
    leaves.sort(kind="stable")
    steps = np.zeros(len(arrivals) + 1, np.int32)
    np.add.at(steps, np.searchsorted(arrivals, old), 1)
    np.add.at(steps, np.searchsorted(arrivals, new), -1)
    running += np.cumsum(steps[:-1], dtype=np.int32)


class _Levels:
    """The number of running requests after each arrival, and when each level was last left before a request.

    `peaks[j][i]` is the largest number running after the 2**j arrivals that end with arrival i.
    """

    def __init__(self, running: NDArray[np.int32], arrivals: Floats, leaves: Floats, stack: Stack, before: int) -> None:
        self.running, self.arrivals, self.leaves, self.stack, self.before = running, arrivals, leaves, stack, before
        top = int(running.max(initial=0))
        stack.reach(top)
        small = running.astype(np.int16) if top < 32_000 else running
        self.peaks = [small]
        width = 1
        while width < len(small):
            below = self.peaks[-1]
            above = below.copy()
            np.maximum(below[width:], below[:-width], out=above[width:])
            self.peaks.append(above)
            width *= 2

    def last_reached(self, upto: Ints, level: NDArray[np.int32]) -> Ints:
        """For each query: the last arrival before position `upto` after which at least `level` ran; -1 for none."""
        at = upto - 1  # every arrival after `at` and before `upto` is known to stay below the level
        for step in range(len(self.peaks) - 1, -1, -1):
            lower = (at >= 0) & (self.peaks[step][at] < level)
            at = np.where(lower, np.maximum(at - (1 << step), -1), at)
        return at

    def left(self, upto: Ints, level: NDArray[np.int32]) -> Floats:
        """When each level was last left before the request at position `upto`; -inf when it never was in use."""
        at = self.last_reached(upto, level)
        found = at >= 0
        safe = np.where(found, at, 0)
        # After arrival `at`, `running` ran; the level ends with the departure that takes it from `level` to one less.
        gone = self.before + safe + 1 - self.running[safe]
        order = gone + self.running[safe] - level
        first_order = self.before - level  # no arrival of this chunk reached it, but requests still running did
        in_chunk = np.where(found, order, np.where(level <= self.before, first_order, 0))
        times = self.leaves[np.clip(in_chunk, 0, len(self.leaves) - 1)]
        return np.where(found | (level <= self.before), times, self.stack.last_down[level])


def _cold_requests(levels: _Levels, idle_life: float) -> tuple[Ints, Floats]:
    """Positions of the cold requests, and when the level of each was left before."""
    running, arrivals, peaks = levels.peaks[0], levels.arrivals, levels.peaks
    maybe = np.arange(len(running))
    # Nearly all requests follow shortly after one that already had as many running: those are warm, and cheaply known.
    for step in (5, 2):
        width = 1 << step
        if width >= len(running):
            continue
        if len(maybe) == len(running):  # the first sieve runs over all, without an index
            new = peaks[step][width - 1 : -1] < running[width:]
            new |= arrivals[width:] - arrivals[:-width] >= idle_life
            maybe = np.concatenate([maybe[:width], np.flatnonzero(new) + width])
        else:
            early = maybe < width
            back = np.maximum(maybe - width, 0)
            warm = (peaks[step][maybe - 1] >= running[maybe]) & (arrivals[maybe] - arrivals[back] < idle_life)
            maybe = maybe[early | ~warm]
    left = levels.left(maybe, levels.running[maybe])
    cold = arrivals[maybe] - left >= idle_life
    return maybe[cold], left[cold]


def _carry(levels: _Levels, stack: Stack) -> None:
    """Leave the state after the last arrival for the next chunk."""
    end = len(levels.arrivals)
    now = levels.arrivals[-1]
    top = max(int(levels.running.max()), levels.before)
    stack.reach(top)
    still = levels.leaves[levels.leaves > now]
    free = np.arange(len(still) + 1, top + 1, dtype=np.int32)
    if len(free):
        stack.last_down[free] = levels.left(np.full(len(free), end), free)
    stack.outstanding = still
