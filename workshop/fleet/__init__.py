"""A function's fleet of execution environments, simulated: cold starts, latency and instances at any scale.

    fleet = simulate(steady(per_second=10, requests=1_000_000), Service(warm=0.08, cold=0.6), idle_life=300)
    fleet.cold_share, fleet.percentile(99), fleet.average_instances

Arrivals: `steady`, `daily`, `bursts`, `recorded`, each a stream of times; `Pings` keeps environments warm beside them.
Service times: a number, a list of measured ones, or a function that draws them; `exponential(mean)` is one.
Formulas to check it by: `erlang_b`, `cold_share_formula`, `running_distribution`.

Two ways lead to the same history. Without a limit and with the environment used last taken first, a request's fate
follows from sorted arrays alone (`lastused`): millions of requests a second. With a limit, provisioned concurrency or
another order of reuse, a loop over events decides (`events`).
Only numpy is needed (and matplotlib for `over_time`); it is loaded when the first name here is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workshop.core.lazy import attach

if TYPE_CHECKING:
    from workshop.fleet.arrivals import Arrivals, bursts, daily, recorded, steady
    from workshop.fleet.compare import cold_map, comparison, over_time
    from workshop.fleet.queueing import cold_share_formula, erlang_b, running_distribution
    from workshop.fleet.run import Fleet, Pings, Service, exponential, simulate

__all__, __getattr__, __dir__ = attach(__name__, __file__)
