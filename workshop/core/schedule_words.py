"""Schedule expressions in plain words, for people who do not read cron."""

from __future__ import annotations

from workshop.core.schedules import DAYS, MONTHS, At, Cron, Rate, parse

DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
ORDINALS = ("", "first", "second", "third", "fourth", "fifth")


def describe(expression: str, zone: str = "UTC") -> str:
    """Say a schedule in words.

    Args:
        expression: `cron(…)`, `rate(…)` or `at(…)`.
        zone: the name of the time zone it is meant in.

    Returns:
        Such as "at 03:00 UTC, Monday to Friday".

    Raises:
        InvalidSchedule: the expression is not valid.
    """
    schedule = parse(expression, one_time=True)
    if isinstance(schedule, Rate):
        return f"every {schedule.unit}" if schedule.value == 1 else f"every {schedule.value} {schedule.unit}s"
    if isinstance(schedule, At):
        return f"once, on {schedule.local:%Y-%m-%d} at {schedule.local:%H:%M:%S} {zone}"
    return _cron(schedule, zone)


def _cron(cron: Cron, zone: str) -> str:
    fields = cron.text[len("cron(") : -1].upper().split()
    words = [_time(cron, fields[0], fields[1], zone), _days(fields[2], fields[4])]
    if fields[3] != "*":
        words.append("in " + _list(fields[3], MONTHS, MONTH_NAMES))
    if fields[5] != "*":
        words.append("in " + fields[5].replace("-", " to ").replace(",", ", "))
    return ", ".join(words)


def _time(cron: Cron, minutes: str, hours: str, zone: str) -> str:
    if len(cron.minutes) * len(cron.hours) <= 4:
        return "at " + _and([f"{hour:02}:{minute:02}" for hour in cron.hours for minute in cron.minutes]) + f" {zone}"
    step = cron.minutes[1] - cron.minutes[0] if len(cron.minutes) > 1 else 0
    even = step and cron.minutes[0] < step and cron.minutes == tuple(range(cron.minutes[0], 60, step))
    if len(cron.minutes) == 60:
        text = "every minute"
    elif even:
        text = f"every {step} minutes" + (f" from minute {cron.minutes[0]}" if cron.minutes[0] else "")
    else:
        text = "at minute " + _and([str(minute) for minute in cron.minutes])
    if len(cron.hours) == 24:
        return text + ("" if text.startswith("every") else " of every hour")
    if "-" in hours and "," not in hours and "/" not in hours:
        first, last = hours.split("-")
        return f"{text}, from {int(first):02}:00 to {int(last):02}:59 {zone}"
    return f"{text}, in the hours {_and([f'{hour:02}:00' for hour in cron.hours])} {zone}"


def _days(dom: str, dow: str) -> str:
    if dom in ("*", "?") and dow in ("*", "?"):
        return "every day"
    if dow != "?":
        if "#" in dow:
            day, nth = dow.split("#")
            return f"on the {ORDINALS[int(nth)]} {_name(day, DAYS, DAY_NAMES)} of the month"
        if dow == "L":
            return "on Saturday"
        if dow.endswith("L"):
            return f"on the last {_name(dow[:-1], DAYS, DAY_NAMES)} of the month"
        return _list(dow, DAYS, DAY_NAMES)
    if dom == "L":
        return "on the last day of the month"
    if dom == "LW":
        return "on the last weekday of the month"
    if dom.endswith("W") and dom[:-1].isdecimal():
        return f"on the weekday nearest to day {dom[:-1]} of the month"
    start, slash, step = dom.partition("/")
    if slash:
        return f"every {step} days from day {start if start.isdecimal() else 1} of the month"
    parts = dom.replace("-", " to ").split(",")
    return f"on day{'s' if len(parts) > 1 or 'to' in dom.replace('-', 'to') else ''} {_and(parts)} of the month"


def _list(field: str, short: tuple[str, ...], full: tuple[str, ...]) -> str:
    start, slash, step = field.partition("/")
    if slash:
        what = "months" if len(full) == 12 else "days"
        first = full[0] if start in ("*", "") else _name(start.split("-")[0], short, full)
        return f"every {step} {what} from {first}"
    spans = [" to ".join(_name(end, short, full) for end in part.split("-")) for part in field.split(",")]
    return _and(spans)


def _name(text: str, short: tuple[str, ...], full: tuple[str, ...]) -> str:
    return full[short.index(text) if text in short else int(text) - 1]


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
