"""Every notebook as a reader on AWS runs it, with `WORKSHOP_CLOUD=aws`, all of its cells.

boto3 is led to an offline cloud of the test's own, below the workshop's switch, which takes it for AWS: nothing in the
notebook's process asks one of the cloud's own doors.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.on_aws.by_cell import ROOT, as_aws, run
from workshop.cloud.clouds import ask

ALWAYS = ("02_local_development", "03_pull_request_checks", "04_cron", "06_secrets", "10_console_and_logs")
ALL = "WORKSHOP_EVERY_CELL"
SUFFIX = "w4x8"


def notebooks() -> list[Any]:
    """All that there are; those that take long only when asked for."""
    long = pytest.mark.skipif(not os.environ.get(ALL), reason=f"takes long; set {ALL}=1")
    every = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return [pytest.param(path, id=path.stem, marks=() if path.stem in ALWAYS else long) for path in every]


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """An offline cloud that is nobody's but this module's."""
    from workshop.cloud.switch import start_local

    cloud = start_local()
    yield cloud.endpoint
    cloud.close()


@pytest.mark.parametrize("path", notebooks())
def test_every_cell_runs(aws: str, path: Path) -> None:
    assert [str(one) for one in run(path, aws, timeout=300, environment=as_aws(aws, SUFFIX))] == []


def test_what_the_notebooks_leave_there_is_found_and_removed(aws: str) -> None:
    """After them: the tunnel's entrance and parameters, all with the reader's suffix; then nothing."""
    from workshop.on_aws import cleaning
    from workshop.serverless.aws import Clients

    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-west-1"}
    session = boto3.session.Session(**keys)

    class There(Clients):
        def get(self, name: str) -> Any:
            return session.client(name, endpoint_url=aws)

    clients = There("eu-west-1", "")
    assert cleaning.clean(clients, cleaning.find(clients, SUFFIX)) == {}
    assert cleaning.find(clients, SUFFIX) == []
    stacks = session.client("cloudformation", endpoint_url=aws).describe_stacks()["Stacks"]
    assert stacks == []
    assert session.client("sqs", endpoint_url=aws).list_queues().get("QueueUrls", []) == []
    assert ask(f"{aws}/_workshop/status")["partners"]  # it was our own cloud all the time
