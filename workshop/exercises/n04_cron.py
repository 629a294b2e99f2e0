"""Exercises of notebook 04: the second Monday, an hour that does not exist, a schedule in another town."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from workshop.core.schedules import InvalidSchedule, upcoming
from workshop.exercises.asking import aws, stack_of
from workshop.exercises.exercise import Attempt, Exercise, need, shown

SINCE = datetime(2027, 1, 1, tzinfo=UTC)
WANTED = [datetime(2027, month, day, 8, 30, tzinfo=UTC) for month, day in ((1, 11), (2, 8), (3, 8), (4, 12))]


def grade_second_monday(answer: Any) -> str:
    """Runs at 08:30 on second Mondays, and only then."""
    need(isinstance(answer, str), f"The answer is {shown(answer)}. An expression is a text: 'cron(…)'.")
    need(
        answer.strip().startswith("cron("),
        f"{shown(answer)} is not how AWS writes it: cron(…) around six fields, the year at the end.",
    )
    try:
        found = upcoming(answer.strip(), SINCE, len(WANTED))
    except InvalidSchedule as error:
        need(False, f"AWS refuses it: {error}")
        raise
    for got, wanted in zip(found, WANTED, strict=False):
        need(
            got == wanted,
            f"It runs on {got:%A %d %B %Y at %H:%M}; the second Monday is {wanted:%d %B}, at 08:30.",
        )
    need(len(found) == len(WANTED), "It stops running. Leave the year open: *")
    return "It runs " + ", ".join(f"{when:%d %b}" for when in found) + " 2027, at 08:30 UTC."


second_monday = Exercise(
    name="second_monday",
    title="The second Monday",
    task="The accounts want a report at 08:30 UTC on the second Monday of every month. Which expression is that?",
    nudge="`?` stands where the other field says it. `#` counts: the day of the week before it, which one behind it.",
    solved='exercises.second_monday.check("cron(30 8 ? * MON#2 *)")',
    grade=grade_second_monday,
    wrong=(
        Attempt('exercises.second_monday.check("cron(30 8 * * MON#2 *)")', "AWS refuses it"),
        Attempt('exercises.second_monday.check("cron(30 8 ? * 1#2 *)")', "It runs on Sunday"),
        Attempt('exercises.second_monday.check("cron(30 8 ? * MON *)")', "04 January"),
        Attempt('exercises.second_monday.check("cron(8 30 ? * MON#2 *)")', "AWS refuses it"),
        Attempt('exercises.second_monday.check("30 8 8-14 * 1")', "not how AWS writes it"),
    ),
)


def skipped_run() -> date:
    """When a schedule at 01:30 in London runs next, seen from the noon before the clocks change."""
    london = ZoneInfo("Europe/London")
    [first] = upcoming("cron(30 1 * * ? *)", datetime(2027, 3, 27, 12, tzinfo=UTC), 1, london)
    return first.astimezone(london).date()


def grade_skipped_hour(answer: Any) -> str:
    """The day of the next run after the skipped one."""
    text = answer.isoformat() if isinstance(answer, date) else answer
    need(
        isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", text[:10]),
        f"The answer is {shown(answer)}. A day is written like '2027-03-27'.",
    )
    right = skipped_run()
    need(
        text[:10] != "2027-03-28" or right == date(2027, 3, 28),
        "On 28 March London's clocks go from 01:00 to 02:00: there is no 01:30 that night.",
    )
    need(text[:10] != "2027-03-27", "On 27 March it has run already, at night; it is noon.")
    need(text[:10] == right.isoformat(), f"Not {text[:10]}. The time comes every day but one; which is the first?")
    return f"{right:%d %B}. That night has no such time, so the run is left out."


skipped_hour = Exercise(
    name="skipped_hour",
    title="The hour that is not there",
    task="It is noon on 27 March 2027. A schedule runs daily at 01:30, with the time zone Europe/London. On which day "
    "does it run next? (As `'2027-03-…'`.)",
    nudge='`schedules.explain("cron(30 1 * * ? *)", since=…, zone="Europe/London")` knows.',
    solved='exercises.skipped_hour.check("2027-03-29")',
    grade=grade_skipped_hour,
    wrong=(
        Attempt('exercises.skipped_hour.check("2027-03-28")', "there is no 01:30 that night"),
        Attempt('exercises.skipped_hour.check("2027-03-27")', "has run already"),
        Attempt('exercises.skipped_hour.check("2027-03-30")', "which is the first"),
        Attempt('exercises.skipped_hour.check("Monday")', "written like"),
    ),
)


def grade_morning_in_paris(answer: Any) -> str:
    """A schedule of EventBridge Scheduler: six in the morning, Tuesday to Saturday, in Paris."""
    stack = stack_of(answer)
    scheduler = aws("scheduler")
    found = [
        scheduler.get_schedule(Name=one["Name"], GroupName=one.get("GroupName", "default"))
        for page in scheduler.get_paginator("list_schedules").paginate()
        for one in page["Schedules"]
    ]
    mine = [one for one in found if f":function:{stack}-" in one["Target"]["Arn"]]
    rules = "method: scheduler, then timezone and rate"
    need(mine, f"EventBridge Scheduler has nothing for {shown(stack)}. A rule counts in UTC; with a time zone: {rules}")
    zone, expression = mine[0].get("ScheduleExpressionTimezone", "UTC"), mine[0]["ScheduleExpression"]
    need(zone == "Europe/Paris", f"Its time zone is {zone}, not Europe/Paris.")
    monday = datetime(2027, 6, 14, tzinfo=ZoneInfo(zone))
    runs = [when.astimezone(monday.tzinfo) for when in upcoming(expression, monday, 5, ZoneInfo(zone))]
    wanted = [datetime(2027, 6, day, 6, tzinfo=monday.tzinfo) for day in range(15, 20)]
    for got, right in zip(runs, wanted, strict=False):
        need(got == right, f"{expression} runs on {got:%A at %H:%M}; wanted next is {right:%A at %H:%M}.")
    need(len(runs) == len(wanted), f"{expression} stops running. Leave the year open: *")
    return f"{expression} in {zone}: Tuesday to Saturday at six, in summer and in winter."


SCHEDULE = """from pathlib import Path

file = Path(folder, "serverless.yml")
text = file.read_text(encoding="utf-8")
event = '''- schedule:
          method: scheduler
          timezone: {zone}
          rate: {rate}'''
file.write_text(text.replace("- schedule: cron(0 3 ? * MON-FRI *)", event), encoding="utf-8")
exercises.morning_in_paris.check(deploy(folder, quiet=True))"""
PARIS, LONDON = "Europe/Paris", "Europe/London"

morning_in_paris = Exercise(
    name="morning_in_paris",
    title="Morning in Paris",
    stretch=True,
    task="Take a copy of `nightly_report` (`copies.copy_of` from `workshop.scenarios`) and let it run at 06:00 in "
    "Paris, Tuesday to Saturday, whatever the season. Deploy it, and pass what deploy returned.",
    nudge="`pr_checks/serverless.yml` has such a schedule: `method: scheduler`, `timezone`, and under `rate` a cron.",
    before="""from workshop import deploy
from workshop.scenarios import copies

folder = copies.copy_of("nightly_report")""",
    solved=SCHEDULE.format(zone=PARIS, rate="cron(0 6 ? * TUE-SAT *)"),
    grade=grade_morning_in_paris,
    wrong=(
        Attempt("exercises.morning_in_paris.check(deploy(folder, quiet=True))", "A rule counts in UTC"),
        Attempt(SCHEDULE.format(zone=LONDON, rate="cron(0 6 ? * TUE-SAT *)"), "Its time zone is Europe/London"),
        Attempt(SCHEDULE.format(zone=PARIS, rate="cron(0 6 ? * MON-FRI *)"), "runs on Monday at 06:00"),
        Attempt(SCHEDULE.format(zone=PARIS, rate="cron(6 0 ? * TUE-SAT *)"), "at 00:06"),
    ),
)
