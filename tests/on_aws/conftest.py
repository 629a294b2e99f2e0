"""A reader with a suffix of their own, against the session's offline cloud."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def mine(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A suffix that nobody else uses, in force as `connect()` puts it in force; everything is as before afterwards."""
    from workshop.on_aws import hooks

    before = dict(os.environ)
    suffix = "t" + secrets.token_hex(2)
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
