"""What lesson 04 looks at: an expression in words, what a moved clock fired, orders to report, a week as a picture."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from workshop import lesson
from workshop.core.errors import WorkshopError
from workshop.core.schedule_words import describe
from workshop.core.schedules import InvalidSchedule, next_after, upcoming
from workshop.on_aws.offer import in_between
from workshop.scenarios.pull_requests import Repository
from workshop.show import Picture, Table
from workshop.show.figures import COLOURS, MARKERS, figure_alt, new_figure


def explain(*expressions: str, since: datetime, runs: int = 2, zone: str = "UTC") -> Table:
    """Schedules in words, and when they run next.

    Args:
        expressions: `cron(…)`, `rate(…)` or `at(…)`.
        since: the time to count from, with a zone.
        runs: how many next runs to show.
        zone: the time zone the expressions are meant in.

    Raises:
        WorkshopError: AWS would refuse one of them; says why.
    """
    rows = []
    for expression in expressions:
        try:
            times = upcoming(expression, since, runs, ZoneInfo(zone))
            words = describe(expression, zone)
        except InvalidSchedule as error:
            raise WorkshopError(str(error), where=expression) from None
        local = [when.astimezone(ZoneInfo(zone)) for when in times]
        rows.append((expression, words, "\n".join(f"{when:%a %Y-%m-%d %H:%M}" for when in local)))
    return Table(rows, ["expression", "in words", "next runs"])


def fired(moved: Sequence[dict[str, Any]], zone: str = "UTC") -> Table:
    """What moving the clock fired, in order."""
    rows = [
        (
            f"{datetime.fromisoformat(one['time']).astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M}",
            one["target"].rpartition(":")[2],
            one["error"] or "ran",
        )
        for one in moved
    ]
    return Table(rows, [f"scheduled for ({zone})", "function", ""])


def put_orders(table: str, days: Sequence[str], each: int = 3) -> Table:
    """Writes orders of these days into the orders table, and counts them.

    Args:
        table: the table's name.
        days: such as `2026-03-27`.
        each: orders a day.
    """
    import boto3

    orders = boto3.resource("dynamodb").Table(table)
    with orders.batch_writer() as batch:
        for day in days:
            for number in range(1, each + 1):
                batch.put_item(Item={"day": day, "order": f"A-{number}", "amount": 1999 * number, "currency": "GBP"})
    weekdays = [(f"{date.fromisoformat(day):%A}", day, each) for day in days]
    return Table(weekdays, ["", "day", "orders"])


def newest_report(bucket: str) -> Table:
    """The newest report in the bucket: what the nightly run wrote there.

    Args:
        bucket: the bucket's name.
    """
    import boto3

    s3 = boto3.client("s3")
    found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    if not found:
        return Table([], ["no report yet"])
    key = max(found, key=lambda one: one["LastModified"])["Key"]
    report = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    totals = ", ".join(f"{amount / 100:,.2f} {currency}" for currency, amount in report["totals"].items())
    rows = [("from", report["from"]), ("to", report["to"]), ("orders", report["orders"]), ("total", totals)]
    return Table(rows, [key, ""])


def open_many(repo: Repository, count: int) -> str:
    """Opens so many pull requests into `production`."""
    for number in range(count):
        repo.open(f"(TEAM #{number}) AAC I love this site")
    return f"{count} pull requests are open."


def time_checks(repo: Repository) -> Table:
    """How many open pull requests have which "Time of Day Check"."""
    states: Counter[str] = Counter()
    path, page = f"{repo.path}/pulls?state=open&per_page=100", 1
    while pulls := repo.ask("GET", f"{path}&page={page}"):
        page += 1
        for pull in pulls:
            found = repo.ask("GET", f"{repo.path}/commits/{pull['head']['sha']}/status")["statuses"]
            states[next((each["state"] for each in found if each["context"] == "Time of Day Check"), "none")] += 1
    return Table(sorted(states.items()), ["Time of Day Check", "pull requests"])


def across_the_year(in_utc: str, in_zone: str, days: Sequence[str], zone: str = "Europe/London") -> Table:
    """When two schedules run, on the wall clock of a zone.

    Args:
        in_utc: a cron meant in UTC, as EventBridge rules are.
        in_zone: a cron meant in the zone, as EventBridge Scheduler takes it.
        days: the days to look at.
        zone: where the people are.
    """
    there = ZoneInfo(zone)
    rows = []
    for day in days:
        midnight = datetime.fromisoformat(day).replace(tzinfo=there) - timedelta(seconds=1)
        times = [next_after(in_utc, midnight, UTC), next_after(in_zone, midnight, there)]
        shown = [f"{when.astimezone(there):%H:%M}" if when else "never" for when in times]
        rows.append((f"{midnight + timedelta(hours=12):%a %d %b}", *shown))
    return Table(rows, [f"in {zone.rpartition('/')[2]}", f"rule: {in_utc} UTC", f"Scheduler: {in_zone} {zone}"])


def week(moved: Sequence[dict[str, Any]], finding: str, zone: str = "Europe/London") -> Picture:
    """What fired, as a timeline: a row a function, a mark a run.

    Args:
        moved: what moving the clock returned.
        finding: the title: what the picture shows.
        zone: the time zone of the axis.
    """
    from matplotlib.dates import DateFormatter, DayLocator

    there = ZoneInfo(zone)
    rows: dict[str, list[datetime]] = {}
    for one in moved:
        when = datetime.fromisoformat(one["time"]).astimezone(there)
        rows.setdefault(one["target"].rpartition(":")[2], []).append(when)
    figure, axes = new_figure(finding, xlabel=zone, size=(9, 1.6 + 0.6 * len(rows)))
    for at, (name, times) in enumerate(rows.items()):
        style: dict[str, Any] = {"marker": MARKERS[at % len(MARKERS)], "color": COLOURS[at % len(COLOURS)]}
        axes.plot(list[Any](times), [name] * len(times), linestyle="none", **style)
    axes.xaxis.set_major_locator(DayLocator(tz=there))
    axes.xaxis.set_major_formatter(DateFormatter("%a %d", tz=there))
    axes.margins(y=0.5)
    said = "; ".join(f"{name}: " + ", ".join(f"{when:%a %H:%M}" for when in times) for name, times in rows.items())
    return figure_alt(figure, f"{finding}. {said}.")


def once(folder: str, function: str, data: Any) -> None:
    """Deploys a service, calls one of its functions, and removes it again.

    Args:
        folder: the service's.
        function: the function's name in `serverless.yml`.
        data: what it gets.
    """
    lesson.deploy(folder, quiet=True)
    lesson.invoke(folder, function, data)
    with in_between():
        lesson.remove(folder, quiet=True)


def said(function: str, most: int = 3) -> Table:
    """The last lines that a function itself wrote into its log, errors included, without Lambda's own frames.

    When the last line is an error it looks again for two seconds: Lambda may be trying once more just now.

    Args:
        function: the function's name.
        most: how many lines.
    """
    until = time.monotonic() + 2
    rows = _own_lines(function)
    while rows and rows[-1][0] == "ERROR" and time.monotonic() < until:
        time.sleep(0.05)
        rows = _own_lines(function)
    return Table(rows[-most:], ["level", "the function's own words"])


def _own_lines(function: str) -> list[tuple[str, str]]:
    import boto3

    rows = []
    for event in boto3.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]:
        level, _, rest = event["message"].partition("\t")
        if level in ("[INFO]", "[WARNING]"):
            rows.append((level.strip("[]"), rest.split("\t", 2)[-1].strip()))
        elif level.startswith("[ERROR]"):
            first = event["message"].removeprefix("[ERROR] ").splitlines()[0]
            rows.append(("ERROR", first.partition(" for url ")[0].strip()))
    return rows
