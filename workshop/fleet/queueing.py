"""What queueing theory says, to hold the simulator against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def erlang_b(load: float, servers: int) -> float:
    """Share of requests turned away by `servers` environments without a queue: Erlang's loss formula.

    Args:
        load: average requests running if there were no limit (arrival rate times service time).
        servers: the limit on environments at once.

    It holds for Poisson arrivals and any distribution of service times. https://en.wikipedia.org/wiki/Erlang_(unit)
    """
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked


def running_distribution(load: float, most: int) -> NDArray[np.float64]:
    """Probability of 0, 1, … `most` requests running at once, without a limit: Poisson with mean `load`."""
    logs = np.cumsum(np.concatenate([[0.0], np.log(load) - np.log(np.arange(1, most + 1))]))
    return np.exp(logs - load)


def cold_share_formula(per_second: float, service: float, idle_life: float) -> float:
    """Share of cold starts, exactly, for Poisson arrivals and exponential service, cold or warm alike.

    Environment `k` is used whenever `k` requests run. A request that makes `k` run is cold when `k` has not run for
    one idle life. The number running is a birth-death process; the time until it climbs from `k-1` to `k` again is its
    first passage time, and its tail at `idle_life` is the sum below: the process with `k` made absorbing has a
    symmetrizable generator, whose eigenvalues are real.

    Args:
        per_second: arrival rate.
        service: mean service time in seconds.
        idle_life: seconds an idle environment lives.
    """
    load = per_second * service
    most = int(load + 12 * np.sqrt(load) + 25)
    chance = running_distribution(load, most)
    share = 0.0
    for level in range(1, most + 1):
        states = np.arange(level)  # 0 … level-1 running, level absorbs
        down, up = states[1:] / service, np.full(level - 1, per_second)
        diagonal = -(states / service + per_second)
        off = np.sqrt(down * up)
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1))
        scale = np.exp(0.5 * (np.log(chance[:level]) - np.log(chance[level - 1])))
        # P(not absorbed by idle_life | start at level-1) = e_last exp(Qt) 1
        tail = vectors[-1] * np.exp(values * idle_life) @ (vectors.T @ scale)
        share += chance[level - 1] * min(max(float(tail), 0.0), 1.0)
    return share
