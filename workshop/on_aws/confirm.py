"""Before the first change on AWS: what will be made, in which account, and what it may cost. Asked once a process for
each account and region (`workshop.core.agreement`), here in the words that fit a service.

`WORKSHOP_CONFIRM=yes` answers for runs that nobody watches.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from workshop.core.agreement import guard
from workshop.core.errors import WorkshopError
from workshop.on_aws import tunnel
from workshop.on_aws.names import LOG_DAYS, TAG, suffix

REQUESTS = 1000  # more than a notebook sends
TUNNEL = (
    "Where a service needs a third party's stand-in, the stack stand-ins is made as well: an HTTP API, a function and "
    "a bucket, with a queue for this notebook. "
)


def before_deploy(service: Any) -> None:
    """Asks before a service is deployed, when this process is connected to AWS. A service that would be given the
    address of a stand-in on this machine gets one that it can reach from there, through the tunnel.

    Raises:
        WorkshopError: the reader said no, or there is nobody to ask; or the service could not work there.
    """
    if os.environ.get("WORKSHOP_CLOUD") != "aws":
        return
    only_here(service)
    where, guard.statement = identity(service), statement
    if where not in guard.agreed:
        guard.agree(f"the stack {service.stack}: {resources(service)}", *where)
    tunnel.lead_through(service)


def before_change(service: Any, what: str) -> None:
    """Asks before something else is done to a service, when this process is connected to AWS: before its progress is
    drawn, so that the question has a place.

    Args:
        service: the service.
        what: such as `removing the stack hello-world-dev-k3f9`.

    Raises:
        WorkshopError: the reader said no, or there is nobody to ask.
    """
    if os.environ.get("WORKSHOP_CLOUD") == "aws":
        guard.statement = statement
        guard.agree(what, *identity(service))


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


def statement(what: str, account: str, region: str) -> str:
    """The paragraph a reader agrees to."""
    from workshop.on_aws.identity import masked

    return (
        f"This will change things on AWS, in account {masked(account)}, region {region}. First: {what}. "
        f"{TUNNEL if tunnel.has_stand_ins() else ''}"
        + (f"Names end with {suffix()} and stacks carry the tag {TAG}={suffix()}; " if suffix() else "")
        + f"logs are kept for {LOG_DAYS} days. "
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


def identity(service: Any) -> tuple[str, str]:
    """The account and region that a service is deployed to, by its own profile; asked of STS."""
    from workshop.serverless.aws import clients

    aws = clients(service.region, service.profile, service.endpoint)
    return guard.account_of(aws.get("cloudformation")), service.region
