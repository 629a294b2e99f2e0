"""Fixtures of the engine's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.localaws.runtime.room import Engines, Room, Sink
from workshop.localaws.runtime import Engine, EngineSettings


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def engines(tmp_path: Path) -> Engines:
    """`async with engines(init_seconds=1) as room`: an engine with these settings."""

    @asynccontextmanager
    async def open_engine(clock: Callable[[], float] | None = None, **settings: Any) -> AsyncIterator[Room]:
        sink = Sink()
        engine = Engine(sink, EngineSettings(**settings), *([clock] if clock else []))
        await engine.start()
        folder = tmp_path / f"engine{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        try:
            yield Room(engine, sink, folder)
        finally:
            await engine.close()

    return open_engine


@pytest.fixture(params=["auto", "paths"])
def room_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """Both ways of placing folders, where the system has both."""
    return {"isolation": request.param}
