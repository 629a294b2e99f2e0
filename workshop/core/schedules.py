"""AWS schedule expressions: `cron(…)`, `rate(…)` and `at(…)`, checked and turned into times.

Pure functions of text and time, so the deploy tool, the offline cloud and the notebooks share them.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
AWS_MESSAGE = "Parameter ScheduleExpression is not valid."
LONGEST_RATE = 100 * 365 * 86400  # seconds; nobody waits for it, and years beyond 9999 cannot be reckoned with
UNITS = {"minute": 60, "hour": 3600, "day": 86400}


class InvalidSchedule(ValueError):
    """An expression AWS would refuse with `Parameter ScheduleExpression is not valid.`; the text says why."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed `cron(minutes hours day-of-month month day-of-week year)`."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    day_of_month: str
    months: tuple[int, ...]
    day_of_week: str
    years: tuple[int, ...]

    def next_after(self, when: datetime, tz: tzinfo = UTC) -> datetime | None:
        """The first time after `when`, in UTC; None when the years are over.

        The fields mean wall time in `tz`. As EventBridge Scheduler documents, a time that the clocks skip in spring
        does not happen, and one that they repeat in autumn happens once (the first time).
        """
        local = when.astimezone(tz).replace(tzinfo=None)
        for naive in self._from(local.replace(second=0, microsecond=0, fold=0)):
            moment = naive.replace(tzinfo=tz).astimezone(UTC)
            exists = moment.astimezone(tz).replace(tzinfo=None, fold=0) == naive
            if exists and moment > when:
                return moment
        return None

    def _from(self, start: datetime) -> Iterator[datetime]:
        for year in self.years:
            if year < start.year:
                continue
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                for day in days_of(self.day_of_month, self.day_of_week, year, month):
                    if date(year, month, day) < start.date():
                        continue
                    for hour in self.hours:
                        for minute in self.minutes:
                            moment = datetime(year, month, day, hour, minute)
                            if moment >= start:
                                yield moment


@dataclass(frozen=True, slots=True)
class Rate:
    """A parsed `rate(value unit)`; `seconds` between two firings, counted from when the rule was made."""

    text: str
    value: int
    unit: str
    seconds: int

    def next_after(self, when: datetime, anchor: datetime) -> datetime:
        """The first time after `when` that is a whole number of periods after `anchor`."""
        passed = int((when - anchor).total_seconds() // self.seconds)
        return anchor + timedelta(seconds=self.seconds * max(passed + 1, 1))


@dataclass(frozen=True, slots=True)
class At:
    """A parsed `at(yyyy-mm-ddThh:mm:ss)`: once, in the schedule's time zone (EventBridge Scheduler only)."""

    text: str
    local: datetime

    def next_after(self, when: datetime, tz: tzinfo = UTC) -> datetime | None:
        """That moment when it lies after `when`, else None."""
        moment = self.local.replace(tzinfo=tz).astimezone(UTC)
        return moment if moment > when else None


@lru_cache(maxsize=512)
def parse(expression: str, *, one_time: bool = False) -> Cron | Rate | At:
    """Read a schedule expression.

    Args:
        expression: `cron(0 3 ? * MON-FRI *)`, `rate(5 minutes)`; with `one_time` also `at(2026-03-02T03:00:00)`.
        one_time: True for EventBridge Scheduler, which knows `at`.

    Raises:
        InvalidSchedule: AWS would refuse it; says which field and why.
    """
    if not isinstance(expression, str):
        raise InvalidSchedule(f"{expression!r} is not text.")
    match = re.fullmatch(r"(cron|rate|at)\((.*)\)", expression)
    if not match:
        kinds = "cron(…), rate(…) or at(…)" if one_time else "cron(…) or rate(…)"
        raise InvalidSchedule(f"{expression!r} is neither of {kinds}; lower case, no spaces outside the brackets.")
    kind, inner = match.groups()
    if kind == "rate":
        return _rate(expression, inner)
    if kind == "cron":
        return _cron(expression, inner)
    if not one_time:
        raise InvalidSchedule("at(…) works with EventBridge Scheduler only, not with a rule.")
    try:
        return At(expression, datetime.strptime(inner, "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        raise InvalidSchedule(f"{inner!r} is not a time like 2026-03-02T03:00:00 (no zone, no fractions).") from None


def next_after(
    expression: str, when: datetime, tz: tzinfo = UTC, *, anchor: datetime | None = None, one_time: bool = False
) -> datetime | None:
    """The first time after `when` at which a schedule fires, as an aware UTC time.

    Args:
        expression: what `parse` reads.
        when: an aware time.
        tz: the zone the fields are meant in: UTC for EventBridge rules, any for EventBridge Scheduler.
        anchor: for `rate`, when the rule was made; default `when`.
        one_time: accept `at(…)`.

    Returns:
        The time, or None when it never fires again.

    Raises:
        InvalidSchedule: the expression is not valid.
    """
    schedule = parse(expression, one_time=one_time)
    if isinstance(schedule, Rate):
        return schedule.next_after(when, anchor or when)
    return schedule.next_after(when, tz)


def upcoming(expression: str, when: datetime, count: int = 5, tz: tzinfo = UTC) -> list[datetime]:
    """The next `count` times after `when`, in UTC; fewer when the schedule ends. A `rate` is counted from `when`."""
    times: list[datetime] = []
    following = next_after(expression, when, tz, anchor=when)
    while len(times) < count and following is not None:
        times.append(following)
        following = next_after(expression, following, tz, anchor=when)
    return times


def _rate(expression: str, inner: str) -> Rate:
    match = re.fullmatch(r"(\d+) +(minute|hour|day)(s?)", inner.strip())
    if not match or int(match[1]) == 0:
        raise InvalidSchedule(f"rate takes a whole number above 0 and minute(s), hour(s) or day(s), not {inner!r}.")
    value, unit, plural = int(match[1]), match[2], bool(match[3])
    if (value == 1) == plural:
        right = f"{value} {unit}" + ("" if value == 1 else "s")
        raise InvalidSchedule(f"rate({inner}) must be rate({right}): AWS wants one {unit}, more {unit}s.")
    if value * UNITS[unit] > LONGEST_RATE:
        raise InvalidSchedule(f"rate({inner}) is longer than a hundred years.")
    return Rate(expression, value, unit, value * UNITS[unit])


def _cron(expression: str, inner: str) -> Cron:
    fields = inner.split()
    if len(fields) != 6:
        hint = " AWS's cron has a sixth field, the year." if len(fields) == 5 else ""
        raise InvalidSchedule(
            f"cron takes six fields (minutes hours day-of-month month day-of-week year), not {len(fields)}.{hint}"
        )
    minutes, hours, dom, month, dow, year = (field.upper() for field in fields)
    if (dom == "?") == (dow == "?"):
        raise InvalidSchedule("exactly one of day-of-month and day-of-week must be ?, the other says the days.")
    cron = Cron(
        expression,
        numbers(minutes, 0, 59, "minutes"),
        numbers(hours, 0, 23, "hours"),
        dom,
        numbers(month, 1, 12, "month", MONTHS),
        dow,
        numbers(year, 1970, 2199, "year"),
    )
    days_of(dom, dow, 2024, 1)  # says what is wrong with the day fields
    return cron


@lru_cache(maxsize=1024)
def numbers(text: str, low: int, high: int, field: str, names: tuple[str, ...] = ()) -> tuple[int, ...]:
    """The values a cron field stands for, sorted: lists, ranges (which may wrap round), steps, names."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        if slash and not (step_text.isdecimal() and int(step_text)):
            raise InvalidSchedule(f"{field}: {part!r} needs a whole number above 0 after the slash.")
        step = int(step_text) if slash else 1
        if span in ("*", "") and (span or slash):
            first, last = low, high
        elif "-" in span:
            first, last = (_number(end, low, high, field, names) for end in span.split("-", 1))
        else:
            first = _number(span, low, high, field, names)
            last = high if slash else first
        if first <= last:
            found.update(range(first, last + 1, step))
        else:  # 20-2 hours is 20, 21, 22, 23, 0, 1, 2
            if field == "year":
                raise InvalidSchedule(f"year: {span!r} runs backwards.")
            size = high - low + 1
            found.update((value - low) % size + low for value in range(first, last + size + 1, step))
    return tuple(sorted(found))


def _number(text: str, low: int, high: int, field: str, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + 1
    if not (text.isdecimal() and text.isascii()) or not low <= int(text) <= high:
        also = f" or {names[0]}-{names[-1]}" if names else ""
        raise InvalidSchedule(f"{field}: {text!r} is not {low}-{high}{also}.")
    return int(text)


@lru_cache(maxsize=4096)
def days_of(dom: str, dow: str, year: int, month: int) -> tuple[int, ...]:
    """The days of a month that a pair of day fields means (one of them is `?`)."""
    last = calendar.monthrange(year, month)[1]
    if dow == "?":
        return tuple(sorted({day for part in dom.split(",") for day in _days_of_month(part, year, month, last)}))
    return tuple(sorted(_days_of_week(dow, year, month, last)))


def _days_of_month(part: str, year: int, month: int, last: int) -> Iterator[int]:
    if part == "L":
        yield last
    elif part == "LW":
        yield _nearest_weekday(last, year, month, last)
    elif part.endswith("W"):
        day = _number(part[:-1], 1, 31, "day-of-month", ())
        if day <= last:
            yield _nearest_weekday(day, year, month, last)
    else:
        yield from (day for day in numbers(part, 1, 31, "day-of-month") if day <= last)


def _nearest_weekday(day: int, year: int, month: int, last: int) -> int:
    """Saturday moves to Friday, Sunday to Monday, but never into another month."""
    weekday = date(year, month, day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < last else day - 2
    return day


def _days_of_week(dow: str, year: int, month: int, last: int) -> set[int]:
    def weekday(day: int) -> int:  # AWS counts from Sunday = 1
        return (date(year, month, day).weekday() + 1) % 7 + 1

    if "#" in dow:
        name, _, nth = dow.partition("#")
        if "," in dow or not (nth.isdecimal() and 1 <= int(nth) <= 5):
            raise InvalidSchedule(f"day-of-week: {dow!r} must be one day and one of #1-#5, such as 2#1 or MON#1.")
        wanted = _number(name, 1, 7, "day-of-week", DAYS)
        same = [day for day in range(1, last + 1) if weekday(day) == wanted]
        return set(same[int(nth) - 1 : int(nth)])
    days: set[int] = set()
    for part in dow.split(","):
        if part == "L":  # the last day of the week
            days.update(day for day in range(1, last + 1) if weekday(day) == 7)
        elif part.endswith("L"):
            wanted = _number(part[:-1], 1, 7, "day-of-week", DAYS)
            days.add(max(day for day in range(1, last + 1) if weekday(day) == wanted))
        else:
            wanted_days = numbers(part, 1, 7, "day-of-week", DAYS)
            days.update(day for day in range(1, last + 1) if weekday(day) in wanted_days)
    return days
