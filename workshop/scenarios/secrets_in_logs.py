"""Looks through functions' logs for what must never be in them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import boto3

from workshop.show import Table

PATTERNS = {
    "Stripe keys": re.compile(r"\b[sr]k_(test|live)_\w+"),
    "webhook secrets": re.compile(r"\bwhsec_\w+"),
    "card tokens": re.compile(r"\btok_\w+"),
    "session or PayPal tokens": re.compile(r"Bearer\s+\S+|\bA21AA\S+"),
}
DIGITS = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")


def is_card_number(text: str) -> bool:
    """True for 13 to 19 digits whose check digit fits (ISO/IEC 7812-1)."""
    digits = [int(letter) for letter in text if letter.isdigit()]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def lines_of(prefix: str) -> Iterable[str]:
    """Every line that functions with this prefix ever logged."""
    logs = boto3.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/aws/lambda/{prefix}"):
        for group in page["logGroups"]:
            for events in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                yield from (event["message"] for event in events["events"])


def search(prefixes: Iterable[str]) -> Table:
    """What was found in the logs of functions with these prefixes: it should be nothing.

    Args:
        prefixes: such as `order-payment-`.
    """
    lines = [line for prefix in prefixes for line in lines_of(prefix)]
    found = {what: sum(bool(pattern.search(line)) for line in lines) for what, pattern in PATTERNS.items()}
    found["card numbers"] = sum(any(is_card_number(each) for each in DIGITS.findall(line)) for line in lines)
    return Table(list(found.items()), ["looked for", "lines that have it"], f"{len(lines):,} lines of log")
