"""Fixtures of IAM's tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.bench import Bench


@pytest.fixture(scope="module")
def bench(cloud: Any, client: Any) -> Bench:
    return Bench(client, cloud.endpoint)
