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

from workshop.core.lazy import names_of

_HOMES = {
    "arrivals": ("Arrivals", "steady", "daily", "bursts", "recorded"),
    "run": ("Fleet", "Pings", "Service", "exponential", "simulate"),
    "compare": ("cold_map", "comparison", "over_time"),
    "queueing": ("erlang_b", "cold_share_formula", "running_distribution"),
}
__all__, __getattr__ = names_of(__name__, _HOMES)


def __dir__() -> list[str]:
    """The public names, for tab completion."""
    return __all__
