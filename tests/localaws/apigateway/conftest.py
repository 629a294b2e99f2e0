"""Fixtures of API Gateway's tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.bench import ANSWER, Bench


@pytest.fixture(scope="module")
def bench(cloud: Any, client: Any) -> Bench:
    return Bench(client, cloud.endpoint)


@pytest.fixture(scope="module")
def answer(bench: Bench) -> str:
    """The ARN of a function that answers what the query asks for, else its event."""
    return bench.function(ANSWER)
