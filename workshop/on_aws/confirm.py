"""Before the first change on AWS: what will be made, in which account, and what it may cost. Asked once a process.

`WORKSHOP_CONFIRM=yes` answers for runs that nobody watches.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.core.telling import in_notebook, say
from workshop.on_aws import tunnel
from workshop.on_aws.names import LOG_DAYS, TAG, suffix

REQUESTS = 1000  # more than a notebook sends
_READS = ("Get", "List", "Describe", "Head", "Filter", "Query", "Scan", "BatchGet", "Simulate", "Lookup", "StartQuery")
_CALLS = ("Invoke", "InvokeAsync", "AssumeRole", "AssumeRoleWithWebIdentity")
_agreed: set[str] = set()
TUNNEL = (
    "Where a service needs a third party's stand-in, the stack stand-ins is made as well: an HTTP API, a function and "
    "a bucket, with a queue for this notebook. "
)


def ask_before_changes(session: Any) -> None:
    """Has every client of a boto3 session ask before the first call that changes something."""

    def guard(model: Any, **_: Any) -> None:
        if changes(model.name):
            agree(f"{model.service_model.service_id}: {model.name}")

    session.events.register("before-parameter-build", guard, unique_id="workshop-confirm")


def changes(operation: str) -> bool:
    """True for an operation that makes, changes or deletes something, by AWS's own naming of operations."""
    return not operation.startswith(_READS) and operation not in _CALLS


def before_deploy(service: Any) -> None:
    """Asks before a service is deployed, when this process is connected to AWS. A service that would be given the
    address of a stand-in on this machine gets one that it can reach from there, through the tunnel.

    Raises:
        WorkshopError: the reader said no, or there is nobody to ask; or the service could not work there.
    """
    if os.environ.get("WORKSHOP_CLOUD") != "aws":
        return
    only_here(service)
    if not _agreed:
        agree(f"the stack {service.stack}: {resources(service)}")
    tunnel.lead_through(service)


def only_here(service: Any) -> None:
    """Functions on AWS cannot reach this machine: an address of it among their variables, other than a stand-in's, is
    refused before anything is made.

    Raises:
        WorkshopError: says which variable.
    """
    from workshop.serverless.aws import is_aws

    if not is_aws():  # an endpoint of AWS's that was moved to this machine
        return
    for name, one in {"provider": service.provider, **service.functions}.items():
        for variable, value in (one.get("environment") or {}).items():
            if tunnel.is_here(value) and not tunnel.leads_to(value):
                raise WorkshopError(
                    f"{service.name} ({name}) would get {variable}={value}. That is this machine, which functions on "
                    "AWS cannot reach. Nothing was made.",
                    fix=f"Give {variable} an address that the internet can reach, or run this lesson offline "
                    "(WORKSHOP_CLOUD=local).",
                )


def resources(service: Any) -> str:
    """What a service's stack will hold, in words: `2 Lambda functions, 1 API, …`; from its template."""
    from workshop import serverless

    made = serverless.package(service)
    kinds = Counter(
        one["Type"].removeprefix("AWS::").replace("::", " ") for one in made.template()["Resources"].values()
    )
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def agree(what: str) -> None:
    """Asks, once a process; an agreement counts for everything that follows in it.

    Raises:
        WorkshopError: the answer is no, or nobody can answer.
    """
    if _agreed:
        return
    account, region = identity()
    said = statement(what, account, region)
    say(said)
    given = os.environ.get("WORKSHOP_CONFIRM", "").strip().lower()
    if given not in ("yes", "y", "1", "true"):
        _ask()
    _agreed.add(account)


def statement(what: str, account: str, region: str) -> str:
    """The paragraph a reader agrees to."""
    from workshop.on_aws.identity import masked

    return (
        f"This will change things on AWS, in account {masked(account)}, region {region}. First: {what}. "
        f"{TUNNEL if tunnel.has_stand_ins() else ''}"
        f"Names end with {suffix()} and stacks carry the tag {TAG}={suffix()}; logs are kept for {LOG_DAYS} days. "
        f"{cost()} To remove everything: workshop clean"
    )


def cost(requests: int = REQUESTS) -> str:
    """What a notebook may cost, from the price list: requests of 100 ms in 1 GB through a REST API, and their logs."""
    from workshop.costs import money, price
    from workshop.costs.calculator import FRAME_BYTES

    usd = (
        price("lambda.request").cost(requests)
        + price("lambda.x86_64").cost(requests * 0.1)
        + price("api.rest").cost(requests)
        + price("logs.ingest").cost(requests * 2 * FRAME_BYTES / 1e9)
    )
    rounded = float(f"{usd:.1g}")  # two digits more would say that anybody knows
    return (
        f"{requests:,} requests of 100 ms in 1 GB through a REST API, with their logs, cost about {money(rounded)} "
        "without any free tier (prices of eu-west-1); nothing is kept that costs while it is idle, but schedules go on "
        "calling their functions until they are removed."
    )


def identity() -> tuple[str, str]:
    """Account and region, asked of STS."""
    import boto3

    found = boto3.client("sts").get_caller_identity()
    return found["Account"], os.environ.get("AWS_REGION", "")


def _ask() -> None:
    refusal = WorkshopError(
        "Nothing was changed on AWS, because nobody agreed to it.",
        fix="Answer yes, or set WORKSHOP_CONFIRM=yes for a run that nobody watches.",
    )
    if not in_notebook() and not (sys.stdin and sys.stdin.isatty()):
        raise refusal
    try:
        answer = input("Go on? Type yes: ")
    except EOFError:
        raise refusal from None
    except Exception as error:
        if type(error).__name__ == "StdinNotImplementedError":  # a notebook run from a program
            raise refusal from None
        raise
    if answer.strip().lower() not in ("yes", "y"):
        raise refusal
