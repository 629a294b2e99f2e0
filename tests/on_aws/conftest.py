"""A reader with a suffix of their own, against the session's offline cloud."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.on_aws.by_cell import as_aws
from tests.on_aws.tunnelled import base, stand_in, taken_for_aws  # noqa: F401 - fixtures
from workshop.core.agreement import guard


@pytest.fixture(autouse=True)
def nobody_is_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients of AWS itself, whose answers these tests make up, are not what an offline process must not reach."""
    monkeypatch.setattr(guard, "mode", "")


@pytest.fixture
def mine(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A suffix that nobody else uses, in force as `connect()` puts it in force; everything is as before afterwards."""
    from workshop.on_aws import hooks

    before = dict(os.environ)
    suffix = "t7" + secrets.token_hex(2)
    monkeypatch.setenv("WORKSHOP_SUFFIX", suffix)
    hooks.install(cloud)
    yield suffix
    os.environ.clear()
    os.environ.update(before)
    __import__("boto3").DEFAULT_SESSION = None


@pytest.fixture
def aws(cloud: Any) -> Any:
    """Clients of the offline cloud, as the deploy tool makes them."""
    from workshop.serverless.aws import clients

    return clients(cloud.region)


@pytest.fixture(scope="module")
def on_aws() -> Iterator[Any]:
    """This process, connected to AWS as a notebook's kernel is. AWS is an offline cloud, to which boto3 is led below
    the workshop's switch. Its calls are recorded.
    """
    from workshop.cloud import switch
    from workshop.cloud.clouds import ask

    before, environment = switch._current, dict(os.environ)
    cloud = switch.start_local()
    ask(f"{cloud.endpoint}/_workshop/calls", {"record": True})
    os.environ |= as_aws(cloud.endpoint, "e7k2")
    connected = switch.connect(to="aws")
    yield connected
    connected.close()
    cloud.close()
    switch._current = before
    os.environ.clear()
    os.environ.update(environment)
    sys.modules["boto3"].DEFAULT_SESSION = None
