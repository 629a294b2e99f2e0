"""Stand-ins for tests, each on a loopback port."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.partners.serving import served


@pytest.fixture
def stand_in() -> Iterator[Callable[..., str]]:
    """`stand_in("github")` serves one and returns its address; `clock` gives it a time of its own."""
    with ExitStack() as running:

        def serve(name: str, clock: Callable[[], float] = time.time) -> str:
            return running.enter_context(served(name, clock))

        yield serve
