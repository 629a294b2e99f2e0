"""Exercises of notebook 10: figures from REPORT lines."""

from __future__ import annotations

from typing import Any

from workshop.exercises.asking import called
from workshop.exercises.exercise import Attempt, Exercise, need, shown

# Lines as Lambda writes them: tabs between the fields.
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
REPORT = (
    "REPORT RequestId: {id}\tDuration: {ms:.2f} ms\tBilled Duration: {billed} ms\t"
    "Memory Size: 128 MB\tMax Memory Used: {mb} MB"
)
COLD = REPORT + "\tInit Duration: {init:.2f} ms"
ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"


def warm(ms: float, billed: int) -> str:
    """A REPORT line of a warm request."""
    return REPORT.format(id=ID, ms=ms, billed=billed, mb=64)


def cold(ms: float, billed: int, init: float) -> str:
    """A REPORT line of a cold one."""
    return COLD.format(id=ID, ms=ms, billed=billed, mb=64, init=init)


def grade_billed(answer: Any) -> str:
    """The billed milliseconds of warm and cold requests."""
    for line, ms, right in (
        (warm(3.17, 4), 3.17, 4),
        (cold(102.25, 318, 215.4), 102.25, 318),
        (warm(1200.0, 1200) + "\n", 1200.0, 1200),
    ):
        got = called(answer, line, what="a REPORT line")
        need(not isinstance(got, str), f"It returns the text {shown(got)}. Make it a number.")
        need(got not in (ms, int(ms)) or right == ms, f"{got} is the Duration. Billed Duration is what is paid.")
        need(got == right, f"For a request billed {right} ms it returns {shown(got)}.")
    need(
        called(answer, f"START RequestId: {ID} Version: $LATEST", what="a START line") is None,
        "A START line has no billed time: return None for it.",
    )
    return "Warm, cold, with and without a line's end: the milliseconds that are paid."


BILLED = """import re

def billed(line):
    found = re.search(r"{}", line)
    return int(found[1]) if found else None

exercises.billed.check(billed)"""

billed = Exercise(
    name="billed",
    title="What is billed",
    task="Write `billed(line)`: from a REPORT line of a log, the milliseconds that are billed, as a number. For any "
    "other line it returns None. Pass the function.",
    nudge=r"`re.search(r\"Billed Duration: (\d+) ms\", line)` finds it, or gives None.",
    solved=BILLED.format(r"Billed Duration: (\d+) ms"),
    grade=grade_billed,
    wrong=(
        Attempt(BILLED.format(r"Duration: (\d+)"), "is the Duration"),
        Attempt(BILLED.format(r"Billed Duration: (\d+) ms").replace("int(found[1])", "found[1]"), "the text '4'"),
        Attempt(BILLED.format(r"Billed Duration: (\d+) ms").replace(" if found else None", ""), "fails: TypeError"),
        Attempt("exercises.billed.check(318)", "not a function"),
    ),
)


def grade_cold_share(answer: Any) -> str:
    """How many of the requests were cold, from a log's lines."""
    start = f"START RequestId: {ID} Version: $LATEST\n"
    own = "Init Duration is a word in my own log\n"
    lines = [start, cold(9, 200, 190), start, own, warm(2, 2), start, warm(2, 3), warm(1, 1)]
    got = called(answer, lines, what="a log of four requests, one of them cold")
    need(got != 25, "25 is the share in percent. As a share it is a number from 0 to 1.")
    need(got != 0.5, "It counts a line that the function itself printed. Only REPORT lines count.")
    need(got == 0.25, f"Of four requests one was cold; it returns {shown(got)}. Count REPORT lines and starts.")
    need(called(answer, [], what="an empty log") == 0, "Of no requests at all, none was cold: return 0.")
    need(called(answer, [warm(1, 1)], what="one warm request") == 0, "One warm request alone is a share of 0.")
    return "One of four, none of none. Notebook 11 asks when it is how many."


SHARE = """def share(lines):
    reports = [line for line in lines if line.startswith("REPORT")]
    return sum("Init Duration" in line for line in {}) / {}

exercises.cold_share.check(share)"""

cold_share = Exercise(
    name="cold_share",
    title="How many were cold?",
    stretch=True,
    task="Write `share(lines)`: which share of a log's requests was cold, from 0 to 1? A cold one has `Init Duration` "
    "in its REPORT line. The functions print lines of their own in between. Pass the function.",
    nudge="First keep the lines that begin with REPORT. And what of a log without any?",
    solved=SHARE.format("reports", "max(1, len(reports))"),
    grade=grade_cold_share,
    wrong=(
        Attempt(SHARE.format("reports", "len(reports)"), "fails: ZeroDivisionError"),
        Attempt(SHARE.format("lines", "max(1, len(reports))"), "printed"),
        Attempt(SHARE.format("reports", "max(1, len(reports)) * 100"), "in percent"),
        Attempt(SHARE.format("reports", "max(1, len(lines))"), "Of four requests one was cold"),
    ),
)
