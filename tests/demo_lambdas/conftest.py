"""A service's code imported as Lambda imports it (folder and layers on the path, variables set), or deployed."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workshop import deploy, remove
from workshop.scenarios.pull_requests import repository

SERVICES = Path(__file__).resolve().parents[2] / "demo_lambdas"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """`service("third_party", "handler", MAIL_FROM="a@example.com")`: a module of a service, freshly imported."""
    before = set(sys.modules)
    folders: list[str] = []

    def load(folder: str, module: str = "handler", **variables: str) -> Any:
        for path in (SERVICES / folder, SERVICES / "access_ssm" / "layer" / "python"):
            folders.append(str(path))
            monkeypatch.syspath_prepend(str(path))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_DEFAULT_REGION", os.environ.get("AWS_DEFAULT_REGION", "eu-west-1"))
        return importlib.import_module(module)

    yield load
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(tuple(folders) or ("\0",)):
            del sys.modules[name]


@pytest.fixture
def parameter(client: Callable[..., Any]) -> Callable[[str, str], None]:
    """`parameter(name, value)` puts a SecureString into the session's Parameter Store."""
    ssm = client("ssm")

    def put(name: str, value: str) -> None:
        ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)

    return put


@pytest.fixture
def context() -> SimpleNamespace:
    """What Lambda hands to a handler besides the event."""
    return SimpleNamespace(
        aws_request_id="00000000-0000-0000-0000-000000000000", get_remaining_time_in_millis=lambda: 60_000
    )


@pytest.fixture(scope="module")
def shared(cloud):
    """The layer that most services need."""
    deploy("demo_lambdas/access_ssm", quiet=True)
    yield cloud
    remove("demo_lambdas/access_ssm", quiet=True)


@pytest.fixture
def deployed(shared):
    """`deployed("third_party")` deploys a service and removes it after the test."""
    made = []

    def make(service):
        made.append(service)
        return deploy(service if "/" in service else f"demo_lambdas/{service}", quiet=True)

    yield make
    for service in made:
        remove(service if "/" in service else f"demo_lambdas/{service}", quiet=True)


@pytest.fixture
def clock(cloud):
    """The cloud's clock, back to real time afterwards."""
    yield cloud.clock
    cloud.clock.reset()


@pytest.fixture
def shop(shared, parameter, clock):
    clock.move_to("2026-03-25T12:00:00Z")
    repo = repository(shared, "shop")
    parameter("github_token", repo.token_for_checks())
    return repo
