"""What all tests share: one offline cloud for the session, met as any other program would meet it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

KEPT = ("WORKSHOP_FIXTURES", "WORKSHOP_PEERS", "WORKSHOP_EVERY_CELL", "WORKSHOP_PRETEND")
# The reader's own switch must not decide what the tests run against.
for name in [name for name in os.environ if name.startswith(("AWS_", "WORKSHOP_")) and name not in KEPT]:
    del os.environ[name]
os.environ.pop("STRIPE_TEST_KEY", None)

_session_endpoint: list[str] = []


@pytest.fixture(scope="session")
def cloud() -> Iterator[Any]:
    """A running offline cloud, shared by all tests of the session: use names of your own in it."""
    from workshop.cloud.switch import connect

    connected = connect(to="local")
    _session_endpoint.append(connected.endpoint)
    yield connected
    connected.close()


@pytest.fixture(scope="module", autouse=True)
def nothing_points_elsewhere() -> Iterator[None]:
    """A module leaves the switch as it found it: one that forgets would lead later modules to a cloud that is gone."""
    before = os.environ.get("AWS_ENDPOINT_URL")
    yield
    after = os.environ.get("AWS_ENDPOINT_URL")
    assert after in (before, *_session_endpoint), "a cloud of this module's own was left in the environment"


@pytest.fixture(scope="session")
def client(cloud: Any) -> Callable[..., Any]:
    """`client("lambda")`: a boto3 client of the session's cloud."""
    import boto3
    from botocore.config import Config

    def make(service: str, region: str = "eu-west-1", **options: Any) -> Any:
        # boto3's own retries would hide throttling and slow errors down.
        config = Config(retries={"max_attempts": 0}, read_timeout=60)
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=region, endpoint_url=cloud.endpoint, config=config, **(keys | options))

    return make
