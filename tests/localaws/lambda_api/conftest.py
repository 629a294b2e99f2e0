"""Fixtures of the tests of Lambda's own API."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.localaws.bench import Bench, allow


@pytest.fixture(scope="module")
def bench(cloud: Any, client: Any) -> Bench:
    return Bench(client, cloud.endpoint)


@pytest.fixture(scope="module")
def api(client: Any) -> Any:
    """boto3's Lambda client."""
    return client("lambda")


@pytest.fixture(scope="module")
def role(bench: Bench) -> str:
    return bench.role(allow("logs:*", "*"))


@pytest.fixture(scope="module")
def unchecked(cloud: Any) -> Any:
    """boto3's Lambda client without its own validation, so that nonsense reaches the cloud."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-west-1"}
    config = Config(parameter_validation=False, retries={"max_attempts": 0})
    return boto3.client("lambda", endpoint_url=cloud.endpoint, config=config, **keys)
