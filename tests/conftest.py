"""What all tests share: one offline cloud for the session, met as any other program would meet it."""

from __future__ import annotations

import functools
import os
import shutil
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import order

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
sys.path.insert(0, str(ROOT))
KEPT = ("WORKSHOP_FIXTURES", "WORKSHOP_PEERS", "WORKSHOP_EVERY_CELL", "WORKSHOP_PRETEND")
# The reader's own switch must not decide what the tests run against.
for name in [name for name in os.environ if name.startswith(("AWS_", "WORKSHOP_")) and name not in KEPT]:
    del os.environ[name]
os.environ.pop("STRIPE_TEST_KEY", None)
# Nor must a `workshop up` of the reader's, or of the test process beside this one, be met by the tests' own commands.
_own = Path(tempfile.mkdtemp(prefix="workshop-tests-"))
os.environ["WORKSHOP_REGISTRY"] = str(_own / "cloud.json")
# jsonschema looks for a grammar of addresses that takes a second to build, and does without (`lab.import_lab`).
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
# Each `httpx.get` would read all certificates of the world, most of a short test's time; here all is HTTP on loopback.
ssl.create_default_context = functools.lru_cache(ssl.create_default_context)  # type: ignore[assignment]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--quick`: see tests/order.py."""
    parser.addoption("--quick", action="store_true", help="units and contracts only: no browser, no notebooks")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What is long is not even read for `--quick`."""
    if not config.getoption("quick") or not collection_path.is_relative_to(TESTS):
        return None
    return bool(order.room_of(collection_path.relative_to(TESTS).as_posix())) or None


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Says what `--quick` leaves out, and why."""
    return (
        [f"left out by --quick: {room}: {why}" for room, why in order.LONG.items()] if config.getoption("quick") else []
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick ones first."""
    items[:] = order.in_order(items, TESTS)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Which test process gets what."""
    return order.scheduler(config, log)


def pytest_unconfigure() -> None:
    """Leaves nothing in the temporary folder."""
    shutil.rmtree(_own, ignore_errors=True)


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
