"""Webhooks that are handed to a function with the time of a story in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from workshop.scenarios.story_time import Courier


@pytest.fixture
def courier(cloud: Any) -> Courier:
    """For a function that nobody has deployed: what passes the guard gets 502."""
    return Courier("no-such-function", lambda: datetime(2026, 3, 25, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_hosts_and_sites_are_refused(courier: Courier, headers: dict[str, str]) -> None:
    assert httpx.post(courier.url, headers=headers, content="{}").status_code == 403


def test_a_function_that_is_not_there_is_a_bad_gateway(courier: Courier) -> None:
    """As API Gateway answers: https://docs.aws.amazon.com/apigateway/latest/developerguide/handle-errors-in-lambda-integration.html"""
    answer = httpx.post(courier.url, content="{}")
    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})
