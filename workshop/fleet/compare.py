"""Simulated fleets beside each other, one fleet over time, a map of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from workshop.fleet.arrivals import steady
from workshop.fleet.run import Fleet, Service, simulate
from workshop.show.views import Table

if TYPE_CHECKING:
    from workshop.show.figures import Picture


def comparison(fleets: Mapping[str, Fleet]) -> Table:
    """One row a fleet: requests, share of cold starts, latency, environments."""
    rows = []
    for name, fleet in fleets.items():
        latency = (f"{fleet.percentile(q) * 1000:,.1f}" for q in (50, 99))
        share = f"{fleet.cold_share * 100:.2f} %"
        rows.append((name, f"{fleet.requests:,}", share, *latency, f"{len(fleet.born):,}", fleet.average_instances))
    return Table(rows, ["traffic", "requests", "cold", "p50, ms", "p99, ms", "copies started", "alive on average"])


def over_time(fleet: Fleet, finding: str, *, hours: float = 48.0) -> Picture:
    """Environments alive over the first hours of a fleet, as a step line."""
    from workshop.show.plots import lines

    end = min(hours * 3600, fleet.seconds)
    times = np.linspace(0, end, 1500)
    alive = fleet.instances(times)
    settled = alive[len(alive) // 20 :]
    alt = f"{finding}. Over {end / 3600:.0f} hours between {settled.min()} and {settled.max()} copies are alive."
    series = {"alive": ((times / 3600).tolist(), alive.tolist())}
    return lines(series, finding, xlabel="hours", ylabel="copies alive", steps=True, alt=alt)


def cold_map(
    rates: Sequence[float], idle_lives: Sequence[float], service: Service, *, requests: int = 15_000, seed: int = 0
) -> list[list[float]]:
    """Shares of cold starts of steady traffic, for drawing: one row an idle life, one column a rate.

    Args:
        rates: requests a second.
        idle_lives: seconds.
        service: how long requests take.
        requests: simulated and counted in each place, after one idle life has passed.
    """

    def share(rate: float, life: float) -> float:
        enough = requests + int(rate * life)
        return simulate(steady(rate, enough), service, idle_life=life, warm_up=life, seed=seed).cold_share

    return [[share(rate, life) for rate in rates] for life in idle_lives]
