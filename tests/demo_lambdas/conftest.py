"""A service's code imported as Lambda imports it: its folder and its layers on the path, its variables set."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

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
    """What Lambda hands to a handler besides the event; none of these services looks at it."""
    return SimpleNamespace(aws_request_id="00000000-0000-0000-0000-000000000000")
