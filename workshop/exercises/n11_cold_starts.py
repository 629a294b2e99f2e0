"""Exercises of notebook 11: cold requests of a burst, and how long a copy has to live."""

from __future__ import annotations

from functools import cache
from typing import Any

from workshop.exercises.asking import called, number
from workshop.exercises.exercise import Attempt, Exercise, need, shown


def grade_cold_of_a_burst(answer: Any) -> str:
    """Every request beyond the warm copies is cold, and never fewer than none."""
    for warm, at_once in ((1, 10), (3, 12), (0, 5), (10, 10), (20, 5), (2, 0)):
        got = called(answer, warm, at_once, what=f"{warm} warm, {at_once} at once")
        right = max(0, at_once - warm)
        need(
            got == right,
            f"{warm} copies are warm, {at_once} requests come at once: {right} find none idle, not {shown(got)}.",
        )
    return "One copy serves one request at a time: what is beyond the warm ones is cold."


cold_of_a_burst = Exercise(
    name="cold_of_a_burst",
    title="Cold in a burst",
    task="Write `cold(warm, at_once)`: so many copies are warm and idle, so many requests come at the same moment. How "
    "many are cold? Pass the function.",
    nudge="A copy serves one request at a time. And with more copies than requests?",
    solved="exercises.cold_of_a_burst.check(lambda warm, at_once: max(0, at_once - warm))",
    grade=grade_cold_of_a_burst,
    wrong=(
        Attempt("exercises.cold_of_a_burst.check(lambda warm, at_once: at_once / 2)", "1 copies are warm, 10"),
        Attempt("exercises.cold_of_a_burst.check(lambda warm, at_once: at_once - warm)", "20 copies are warm, 5"),
        Attempt("exercises.cold_of_a_burst.check(lambda warm, at_once: 0 if warm else at_once)", "not 0"),
        Attempt("exercises.cold_of_a_burst.check(9)", "not a function"),
    ),
)


@cache
def simulated(minutes: float) -> float:
    """Which share is cold, with a request a minute and copies that live so long when idle."""
    from workshop.fleet import Service, simulate, steady

    traffic = steady(1 / 60, 200_000)
    return simulate(traffic, Service(warm=0.05, cold=0.3), idle_life=minutes * 60).cold_share


def grade_long_enough(answer: Any) -> str:
    """Below 1 %, and not much more than is needed; the simulator decides."""
    minutes = number(answer, "minutes")
    need(minutes > 0, f"A copy cannot live {minutes} minutes.")
    need(minutes < 120, f"{minutes:.0f}? The answer is in minutes, and a few are enough.")
    share = simulated(float(minutes))
    need(share < 0.01, f"With {minutes:g} idle minutes {share:.1%} are cold: too many.")
    need(minutes <= 6, f"With {minutes:g} minutes {share:.2%} are cold: that is more than enough.")
    return f"With {minutes:g} idle minutes {share:.2%} of 200,000 simulated requests are cold."


long_enough = Exercise(
    name="long_enough",
    title="Long enough",
    stretch=True,
    task="A service gets one request a minute, at random, and answers in 50 ms. For how many minutes must an idle "
    "copy stay alive so that "
    "fewer than 1 % are cold? Not much longer than needed.",
    nudge="Find the line of 1 % on the map. Or reckon: the gap between two requests is longer than T with "
    "probability e to the power of -T.",
    solved="exercises.long_enough.check(5)",
    grade=grade_long_enough,
    wrong=(
        Attempt("exercises.long_enough.check(1)", "too many"),
        Attempt("exercises.long_enough.check(40)", "more than enough"),
        Attempt("exercises.long_enough.check(300)", "in minutes"),
        Attempt('exercises.long_enough.check("5 min")', "A plain number"),
    ),
)
