"""Schedule expressions: every example of AWS's documentation, with the times worked out by hand.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from workshop.core.schedule_words import describe
from workshop.core.schedules import InvalidSchedule, next_after, parse, upcoming

# A Thursday. 2026-01-01 was one as well, so 2026 starts its weeks like this: Mon 5, Tue 6, …
START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)

EXAMPLES = [
    # "Cron expressions reference", examples table of EventBridge rules
    ("cron(0 10 * * ? *)", ["2026-01-02 10:00", "2026-01-03 10:00", "2026-01-04 10:00"]),
    ("cron(15 12 * * ? *)", ["2026-01-01 12:15", "2026-01-02 12:15", "2026-01-03 12:15"]),
    ("cron(0 18 ? * MON-FRI *)", ["2026-01-01 18:00", "2026-01-02 18:00", "2026-01-05 18:00"]),
    ("cron(0 8 1 * ? *)", ["2026-02-01 08:00", "2026-03-01 08:00", "2026-04-01 08:00"]),
    ("cron(0/15 * * * ? *)", ["2026-01-01 12:15", "2026-01-01 12:30", "2026-01-01 12:45"]),
    ("cron(0/10 * ? * MON-FRI *)", ["2026-01-01 12:10", "2026-01-01 12:20", "2026-01-01 12:30"]),
    ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-01-01 12:05", "2026-01-01 12:10", "2026-01-01 12:15"]),
    # "…between 10:00 PM on the starting day to 2:00 AM on the following day": the hours wrap round
    ("cron(0/30 22-2 ? * MON-FRI *)", ["2026-01-01 22:00", "2026-01-01 22:30", "2026-01-01 23:00"]),
    # Wildcards: "15/3", "3#2", "3W", "L"
    ("cron(0 0 ? * 3#2 *)", ["2026-01-13 00:00", "2026-02-10 00:00", "2026-03-10 00:00"]),
    ("cron(0 9 ? * 2#1 *)", ["2026-01-05 09:00", "2026-02-02 09:00", "2026-03-02 09:00"]),
    ("cron(0 0 3W * ? *)", ["2026-01-02 00:00", "2026-02-03 00:00", "2026-03-03 00:00"]),
    ("cron(0 0 L * ? *)", ["2026-01-31 00:00", "2026-02-28 00:00", "2026-03-31 00:00"]),
    ("cron(0 0 ? * L *)", ["2026-01-03 00:00", "2026-01-10 00:00", "2026-01-17 00:00"]),
    # EventBridge Scheduler: "10:15 AM on the last Friday of each month during the years 2022 to 2023", moved on
    ("cron(15 10 ? * 6L 2026-2027)", ["2026-01-30 10:15", "2026-02-27 10:15", "2026-03-27 10:15"]),
    # The talk, 12:09
    ("cron(0 3 ? * MON-FRI *)", ["2026-01-02 03:00", "2026-01-05 03:00", "2026-01-06 03:00"]),
    ("cron(0 8,16 ? * MON-FRI *)", ["2026-01-01 16:00", "2026-01-02 08:00", "2026-01-02 16:00"]),
    # Months and lists by name and number
    ("cron(0 0 1 JAN,APR ? *)", ["2026-04-01 00:00", "2027-01-01 00:00", "2027-04-01 00:00"]),
    ("cron(0 0 31 * ? *)", ["2026-01-31 00:00", "2026-03-31 00:00", "2026-05-31 00:00"]),
    ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
    ("cron(0 0 ? * MON#5 *)", ["2026-03-30 00:00", "2026-06-29 00:00", "2026-08-31 00:00"]),
    ("cron(0 0 1W * ? *)", ["2026-02-02 00:00", "2026-03-02 00:00", "2026-04-01 00:00"]),
    ("cron(0 0 1/10 * ? *)", ["2026-01-11 00:00", "2026-01-21 00:00", "2026-01-31 00:00"]),
    ("cron(0 0 ? * SAT-MON *)", ["2026-01-03 00:00", "2026-01-04 00:00", "2026-01-05 00:00"]),
    # "Rate expressions reference"
    ("rate(1 minute)", ["2026-01-01 12:01", "2026-01-01 12:02", "2026-01-01 12:03"]),
    ("rate(5 minutes)", ["2026-01-01 12:05", "2026-01-01 12:10", "2026-01-01 12:15"]),
    ("rate(1 hour)", ["2026-01-01 13:00", "2026-01-01 14:00", "2026-01-01 15:00"]),
    ("rate(1 day)", ["2026-01-02 12:00", "2026-01-03 12:00", "2026-01-04 12:00"]),
]


@pytest.mark.parametrize(("expression", "times"), EXAMPLES)
def test_next_times(expression: str, times: list[str]) -> None:
    found = upcoming(expression, START, 3)
    assert [f"{moment:%Y-%m-%d %H:%M}" for moment in found] == times


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("cron(0 10 * * * *)", "exactly one of day-of-month and day-of-week must be ?"),
        ("cron(0 10 ? * ? *)", "exactly one"),
        ("cron(0 3 ? * MON-FRI)", "six fields"),
        ("cron(60 3 ? * MON *)", "minutes: '60' is not 0-59"),
        ("cron(0 24 ? * MON *)", "hours: '24' is not 0-23"),
        ("cron(0 0 32 * ? *)", "day-of-month: '32' is not 1-31"),
        ("cron(0 0 0 * ? *)", "day-of-month: '0'"),
        ("cron(0 0 ? 13 MON *)", "month: '13' is not 1-12 or JAN-DEC"),
        ("cron(0 0 ? * 8 *)", "day-of-week: '8' is not 1-7 or SUN-SAT"),
        ("cron(0 0 ? * MOND *)", "'MOND'"),
        ("cron(0 0 ? * 3#1,6#3 *)", "one day and one of #1-#5"),
        ("cron(0 0 ? * 3#6 *)", "#1-#5"),
        ("cron(0 0 * * ? 1969)", "year: '1969' is not 1970-2199"),
        ("cron(0/0 0 * * ? *)", "above 0 after the slash"),
        ("cron(0,, 0 * * ? *)", "minutes: ''"),
        ("rate(1 minutes)", "rate(1 minute)"),
        ("rate(5 minute)", "rate(5 minutes)"),
        ("rate(0 minutes)", "above 0"),
        ("rate(-5 minutes)", "above 0"),
        ("rate(9999999999 days)", "longer than a hundred years"),
        ("rate(5 seconds)", "minute(s), hour(s) or day(s)"),
        ("Rate(5 minutes)", "lower case"),
        ("0 3 * * *", "neither of"),
        ("at(2026-01-01T00:00:00)", "EventBridge Scheduler only"),
        ("", "neither of"),
    ],
)
def test_what_aws_refuses_is_refused_with_a_reason(expression: str, told: str) -> None:
    with pytest.raises(InvalidSchedule) as caught:
        parse(expression)
    assert told in str(caught.value)


def test_a_schedule_ends_with_its_years() -> None:
    assert upcoming("cron(0 0 1 1 ? 2027)", START, 5) == [datetime(2027, 1, 1, tzinfo=UTC)]
    assert next_after("cron(0 0 1 1 ? 2020)", START) is None
    assert next_after("cron(0 0 31 2 ? *)", START) is None


def test_once_in_a_time_zone() -> None:
    # schedule-types.html, "One-time schedules"
    at, tokyo = "at(2026-03-02T09:00:00)", ZoneInfo("Asia/Tokyo")
    assert next_after(at, START, tokyo, one_time=True) == datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
    assert next_after(at, datetime(2026, 3, 2, 0, 0, tzinfo=UTC), tokyo, one_time=True) is None
    with pytest.raises(InvalidSchedule, match="not a time like"):
        parse("at(2026-03-02T09:00:00Z)", one_time=True)


def test_daylight_saving_time() -> None:
    # schedule-types.html, "Daylight savings time on EventBridge Scheduler": a skipped time is skipped, a repeated one
    # happens once. London's clocks go forward on 29 March 2026 at 01:00 and back on 25 October 2026 at 02:00.
    london = ZoneInfo("Europe/London")
    spring = upcoming("cron(30 1 * * ? *)", datetime(2026, 3, 28, 0, 0, tzinfo=UTC), 3, london)
    assert [f"{one:%d %H:%M}" for one in spring] == ["28 01:30", "30 00:30", "31 00:30"]
    autumn = upcoming("cron(30 1 * * ? *)", datetime(2026, 10, 24, 0, 0, tzinfo=UTC), 3, london)
    assert [f"{one:%d %H:%M}" for one in autumn] == ["24 00:30", "25 00:30", "26 01:30"]
    every = upcoming("cron(0/30 * * * ? *)", datetime(2026, 10, 25, 0, 0, tzinfo=UTC), 5, london)
    # 01:30 BST, then the second 01:00 and 01:30 do not happen again, then 02:00 GMT
    assert [f"{one:%H:%M}" for one in every] == ["00:30", "02:00", "02:30", "03:00", "03:30"]


def test_the_talks_office_hours_move_with_the_clocks() -> None:
    # The published status checker ran in UTC and was an hour wrong for half of the year.
    london = ZoneInfo("Europe/London")
    winter = next_after("cron(0 16 ? * MON-FRI *)", datetime(2026, 1, 5, tzinfo=UTC), london)
    summer = next_after("cron(0 16 ? * MON-FRI *)", datetime(2026, 7, 6, tzinfo=UTC), london)
    assert winter and summer and (winter.hour, summer.hour) == (16, 15)


def test_a_rate_counts_from_when_it_was_made() -> None:
    made = datetime(2026, 1, 1, 0, 7, tzinfo=UTC)
    assert next_after("rate(1 hour)", START, anchor=made) == datetime(2026, 1, 1, 12, 7, tzinfo=UTC)
    assert next_after("rate(1 hour)", made, anchor=made) == datetime(2026, 1, 1, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("cron(0 3 ? * MON-FRI *)", "at 03:00 UTC, Monday to Friday"),
        ("cron(0 8,16 ? * MON-FRI *)", "at 08:00 and 16:00 UTC, Monday to Friday"),
        ("cron(0/15 * * * ? *)", "every 15 minutes, every day"),
        ("cron(0/5 8-17 ? * MON-FRI *)", "every 5 minutes, from 08:00 to 17:59 UTC, Monday to Friday"),
        ("cron(0 9 ? * 2#1 *)", "at 09:00 UTC, on the first Monday of the month"),
        ("cron(15 10 ? * 6L 2026-2027)", "at 10:15 UTC, on the last Friday of the month, in 2026 to 2027"),
        ("cron(0 0 L * ? *)", "at 00:00 UTC, on the last day of the month"),
        ("cron(0 8 1 JAN ? *)", "at 08:00 UTC, on day 1 of the month, in January"),
        ("cron(* * * * ? *)", "every minute, every day"),
        ("rate(5 minutes)", "every 5 minutes"),
        ("rate(1 day)", "every day"),
        ("at(2026-03-02T09:00:00)", "once, on 2026-03-02 at 09:00:00 UTC"),
    ],
)
def test_in_words(expression: str, words: str) -> None:
    assert describe(expression) == words
