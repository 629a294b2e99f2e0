"""What a stand-in does some time after a request, by its own clock, which a lesson may move."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

TICK = 0.05  # seconds between looks at a clock that may be moved at any time


class Later:
    """Work that waits for its time.

    Args:
        clock: epoch seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []  # a heap: the first that is due in front
        self._order = itertools.count()
        self._ticking: asyncio.Task[None] | None = None

    def do(self, seconds: float, work: Callable[[], None]) -> None:
        """Does something when the clock has gone on by so many seconds. Call it on the event loop."""
        heapq.heappush(self._waiting, (self.clock() + seconds, next(self._order), work))
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.get_running_loop().create_task(self._tick())

    def clear(self) -> None:
        """Forgets all of it."""
        self._waiting.clear()

    async def _tick(self) -> None:
        while self._waiting:
            await asyncio.sleep(TICK)
            now = self.clock()
            while self._waiting and self._waiting[0][0] <= now:
                heapq.heappop(self._waiting)[2]()
