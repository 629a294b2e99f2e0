"""moto's stores: one backend a service, account and region, each holding what was made there.

Looking is not asking: `existing` and `every` neither import nor make anything and never block, so the event loop may
use them. A service that nobody has called yet has made nothing.
"""

from __future__ import annotations

from typing import Any

from workshop.localaws.moto.loading import LOCK, load, loaded

GLOBAL = "aws"  # the region of services that have none: IAM, STS, S3


def backend(service: str, account: str, region: str = GLOBAL) -> Any:
    """A service's backend, imported and made when it is not there yet. Blocks while moto is busy.

    Args:
        service: the name of moto's package, such as `sqs`.
        account: whose.
        region: where; left out for services that have no region.
    """
    return getattr(load(f"{service}.models"), f"{service}_backends")[account][region]


def existing(service: str, account: str, region: str = GLOBAL) -> Any:
    """A service's backend when there is one, else None."""
    models = loaded(f"{service}.models")
    return getattr(models, f"{service}_backends").get(account, {}).get(region) if models else None


def every(service: str) -> list[Any]:
    """The backends of a service, of all accounts and regions."""
    models = loaded(f"{service}.models")
    accounts = list(getattr(models, f"{service}_backends").values()) if models else []
    return [each for regions in accounts for each in list(regions.values())]


def error(service: str, name: str) -> type[Exception]:
    """One of a service's exceptions, which moto turns into an answer in the protocol it was asked in.

    Args:
        service: the name of moto's package.
        name: the exception's, such as `ValidationError`.
    """
    found: type[Exception] = getattr(load(f"{service}.exceptions"), name)
    return found


def forget_everything() -> None:
    """Back to empty stores."""
    with LOCK:
        load("core.base_backend").BackendDict.reset()
