"""From measured durations to dollars: what is billed, a month's bill line by line, and the break-even."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workshop.core.errors import WorkshopError
from workshop.core.telling import View
from workshop.costs.prices import Price, money, price
from workshop.show.views import Table

RULES = ("2019", "2020", "2025")
HOURS = 730  # a month, as AWS's calculator counts it
# START, END and REPORT of one request, as CloudWatch counts them: their letters and 26 bytes an event.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
FRAME_BYTES = 3 * 26 + 79 + 52 + 163


def billed_ms(duration_ms: float, init_ms: float = 0.0, *, rules: str = "2025") -> int:
    """Milliseconds billed for one request.

    Args:
        duration_ms: the handler's time, `Duration` in the REPORT line.
        init_ms: `Init Duration` of a cold start, else 0.
        rules: `2019`: rounded up to 100 ms, init free for the managed runtimes. `2020` (since December 2020): rounded
            up to 1 ms. `2025` (since 1 August 2025): and the init phase is billed too.

    https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
    """
    _check(rules in RULES, f"rules is {rules!r}", f"It is one of {', '.join(RULES)}.")
    _check(duration_ms >= 0 and init_ms >= 0, "a duration is negative", "Give milliseconds.")
    step = 100 if rules == "2019" else 1
    counted = duration_ms + (init_ms if rules == "2025" else 0.0)
    # Measured times carry binary noise: 2.0000000001 ms is 2 ms.
    return max(step, math.ceil(round(counted / step, 9)) * step)


@dataclass(frozen=True)
class Line:
    """One line of a bill: `quantity` of `price`'s unit for `usd` dollars, after what is free."""

    price: Price
    quantity: float
    usd: float


class Bill(View):
    """A month's bill. `total` is in US dollars; shows as a table."""

    def __init__(self, lines: Sequence[Line], caption: str = "") -> None:
        self.lines, self.caption = list(lines), caption

    @property
    def total(self) -> float:
        """Dollars a month."""
        return sum(line.usd for line in self.lines)

    def table(self) -> Table:
        """The bill as a `Table`."""
        rows = [(line.price.what, _amount(line.quantity), line.price.unit, money(line.usd)) for line in self.lines]
        return Table([*rows, ("Total", "", "", money(self.total))], ["what", "used", "unit", "cost"], self.caption)

    def __str__(self) -> str:
        return str(self.table())

    def html(self) -> str:
        return self.table().html()


def _amount(quantity: float) -> str:
    """Whole numbers; small ones with what matters of them."""
    return f"{quantity:,.0f}" if quantity >= 10 or quantity == int(quantity) else f"{quantity:.2g}"


def bill(
    requests: float,
    memory_mb: int,
    duration_ms: float,
    *,
    cold_share: float = 0.0,
    init_ms: float = 0.0,
    architecture: str = "x86_64",
    api: str | None = "rest",
    log_bytes: float = FRAME_BYTES,
    free_tier: bool = True,
    rules: str = "2025",
    caption: str = "",
) -> Bill:
    """A month of one function behind an API.

    Args:
        requests: a month.
        memory_mb: the function's memory size.
        duration_ms: average duration of a request.
        cold_share: share of requests that start cold, 0 to 1.
        init_ms: average init duration of those.
        architecture: `x86_64` or `arm64`.
        api: `rest`, `http` or None (called some other way).
        log_bytes: bytes logged a request; the platform's own three lines when left out.
        free_tier: take off what Lambda and CloudWatch leave free every month.
        rules: see `billed_ms`; `2019` takes that year's prices too.
    """
    _check(requests >= 0, f"requests is {requests}", "Give a number a month.")
    _check(128 <= memory_mb <= 10_240, f"memory_mb is {memory_mb}", "Lambda takes 128 to 10,240 MB.")
    _check(0 <= cold_share <= 1, f"cold_share is {cold_share}", "Give a share between 0 and 1.")
    _check(api in (None, "rest", "http"), f"api is {api!r}", "It is 'rest', 'http' or None.")
    _check(architecture in ("x86_64", "arm64"), f"architecture is {architecture!r}", "It is 'x86_64' or 'arm64'.")
    known = rules != "2019" or (api != "http" and architecture == "x86_64")
    _check(known, "rules '2019' with an HTTP API or Arm", "Neither was there yet.")
    year = "2019." if rules == "2019" else ""
    warm, cold = billed_ms(duration_ms, rules=rules), billed_ms(duration_ms, init_ms, rules=rules)
    seconds = requests * ((1 - cold_share) * warm + cold_share * cold) / 1000
    gb_seconds = seconds * memory_mb / 1024
    used = [(price(f"{year}lambda.request"), requests), (price(f"{year}lambda.{architecture}"), gb_seconds)]
    if api:
        used.append((price(f"{year}api.{api}"), requests))
    if log_bytes:
        used.append((price("logs.ingest"), requests * log_bytes / 1e9))
    lines = [Line(one, quantity, one.cost(quantity, free_tier=free_tier)) for one, quantity in used]
    return Bill(lines, caption)


def per_million(memory_mb: int, duration_ms: float, *, api: str | None = "rest", rules: str = "2025") -> float:
    """Dollars for a further million requests: nothing is free any more, logs left out (the talk counts none)."""
    return bill(1e6, memory_mb, duration_ms, api=api, rules=rules, free_tier=False, log_bytes=0).total


def duration_for(usd: float, memory_mb: int, *, api: str | None = "rest", rules: str = "2025") -> float:
    """The duration, in ms, at which a further million requests cost `usd`; below zero: the requests alone cost more."""
    year = "2019." if rules == "2019" else ""
    fixed = price(f"{year}lambda.request").cost(1e6) + (price(f"{year}api.{api}").cost(1e6) if api else 0.0)
    return (usd - fixed) / (price(f"{year}lambda.x86_64").usd * memory_mb / 1024 * 1e6) * 1000


def server_bill(kind: str = "ec2", *, count: int = 1, load_balancer: bool = False) -> Bill:
    """A month of servers that are always on.

    Args:
        kind: `ec2` (t3.small) or `fargate` (half a vCPU and 1 GB).
        count: how many; two is the least that survives one failing.
        load_balancer: an Application Load Balancer before them (its hours; its traffic is billed besides).
    """
    _check(kind in ("ec2", "fargate"), f"kind is {kind!r}", "It is 'ec2' or 'fargate'.")
    _check(count >= 1, f"count is {count}", "At least one.")
    shares = {"ec2": [("ec2.t3.small", 1.0)], "fargate": [("fargate.vcpu", 0.5), ("fargate.gb", 1.0)]}[kind]
    used = [(price(name), share * count * HOURS) for name, share in shares]
    used.append((price("ipv4.hour"), count * HOURS))
    if load_balancer:
        used.append((price("alb.hour"), float(HOURS)))
    return Bill([Line(one, quantity, one.cost(quantity)) for one, quantity in used], f"{count} x {kind}, always on")


def break_even(usd_a_month: float, memory_mb: int, duration_ms: float, **options: object) -> float:
    """Requests a month at which the function's bill reaches `usd_a_month`; options are those of `bill`."""
    low, high = 0.0, 1.0
    while bill(high, memory_mb, duration_ms, **options).total < usd_a_month:  # type: ignore[arg-type]
        low, high = high, high * 2
        _check(high < 1e15, "no number of requests costs that much", "Give a duration above zero.")
    for _ in range(60):
        middle = (low + high) / 2
        below = bill(middle, memory_mb, duration_ms, **options).total < usd_a_month  # type: ignore[arg-type]
        low, high = (middle, high) if below else (low, middle)
    return high


def _check(holds: bool, what: str, fix: str) -> None:
    if not holds:
        raise WorkshopError(f"The calculator cannot use this: {what}.", fix=fix, used_wrongly=True)
