"""Exercises of notebook 12: a price made of parts, and where two lines meet."""

from __future__ import annotations

from typing import Any

from workshop.exercises.asking import number
from workshop.exercises.exercise import Attempt, Exercise, need

MEMORY, MILLISECONDS = 256, 100


def grade_a_further_million(answer: Any) -> str:
    """Requests, time and the HTTP API; the price list decides."""
    from workshop.costs import per_million

    given = round(number(answer, "dollars"), 2)
    right = per_million(MEMORY, MILLISECONDS, api="http")
    rest, alone = per_million(MEMORY, MILLISECONDS, api="rest"), per_million(MEMORY, MILLISECONDS, api=None)
    need(given != round(rest, 2), f"{given} dollars is the price behind a REST API. An HTTP API is cheaper.")
    need(given != round(alone, 2), f"{given} dollars is Lambda alone. The HTTP API comes on top.")
    need(abs(given - (right - 0.2)) > 0.006, f"{given} dollars leaves something out: each request costs, too.")
    need(given != round(right * 1e6, 2), "The price of one million is asked, not of a million millions.")
    need(abs(given - right) <= 0.011, f"Not {given}. There are three parts: requests, GB-seconds, the HTTP API.")
    return f"{right:.2f} dollars: {alone:.2f} for Lambda, {right - alone:.2f} for the HTTP API."


a_further_million = Exercise(
    name="a_further_million",
    title="A further million",
    task=f"A function of {MEMORY} MB runs for {MILLISECONDS} ms a request, behind an **HTTP** API. What does a further "
    "million requests cost, in dollars?",
    nudge="`per_million(memory, milliseconds, api=…)` adds the parts up. Or do it by hand from the price list.",
    solved=f"""from workshop.costs import per_million

exercises.a_further_million.check(per_million({MEMORY}, {MILLISECONDS}, api="http"))""",
    grade=grade_a_further_million,
    wrong=(
        Attempt(
            f"from workshop.costs import per_million\n"
            f"exercises.a_further_million.check(per_million({MEMORY}, {MILLISECONDS}))",
            "behind a REST API",
        ),
        Attempt(
            f"from workshop.costs import per_million\n"
            f"exercises.a_further_million.check(per_million({MEMORY}, {MILLISECONDS}, api=None))",
            "Lambda alone",
        ),
        Attempt("exercises.a_further_million.check(7)", "Not 7"),
        Attempt('exercises.a_further_million.check("2 dollars")', "A plain number"),
    ),
)


def grade_where_they_meet(answer: Any) -> str:
    """Where two containers and the functions cost the same; the calculator decides."""
    from workshop.costs import break_even, server_bill

    requests = number(answer, "requests a month")
    total = server_bill("fargate", count=2, load_balancer=True).total
    right = break_even(total, memory_mb=MEMORY, duration_ms=MILLISECONDS, api="http")
    rest = break_even(total, memory_mb=MEMORY, duration_ms=MILLISECONDS, api="rest")
    single = break_even(server_bill("fargate").total, memory_mb=MEMORY, duration_ms=MILLISECONDS, api="http")
    need(requests > 1000, f"{requests:g} looks like millions, or like dollars. Requests a month are asked.")
    need(abs(requests / rest - 1) > 0.001, "That is where a REST API stands in front. Ours is an HTTP API.")
    need(abs(requests / single - 1) > 0.001, "That is for one container. When it is down, nobody pays: take two.")
    need(abs(requests / right - 1) <= 0.02, f"At {requests:,.0f} they do not cost the same: not within 2 %.")
    return f"About {right / 1e6:.1f} million requests a month. Below that the function is cheaper."


MEET = """from workshop.costs import break_even, server_bill

servers = server_bill("fargate"{servers})
meet = break_even(servers.total, memory_mb=256, duration_ms=100, api={api})
exercises.where_they_meet.check(meet)"""
TWO = ", count=2, load_balancer=True"

where_they_meet = Exercise(
    name="where_they_meet",
    title="Where the lines meet",
    stretch=True,
    task='The same function, against two containers with a load balancer (`server_bill("fargate", …)` as above). At '
    "how many requests a month do both cost the same?",
    nudge="`break_even(total, memory_mb=…, duration_ms=…, api=…)` finds it. The total is that of two servers.",
    solved=MEET.format(servers=TWO, api='"http"'),
    grade=grade_where_they_meet,
    wrong=(
        Attempt(MEET.format(servers=TWO, api='"rest"'), "a REST API stands in front"),
        Attempt(MEET.format(servers="", api='"http"'), "for one container"),
        Attempt("exercises.where_they_meet.check(12.5)", "looks like millions"),
        Attempt(MEET.format(servers=TWO, api='"http"').replace("check(meet)", "check(meet * 2)"), "not within 2 %"),
    ),
)
