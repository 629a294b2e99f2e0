"""The clock by itself: what is due, in which order, and what a jump does to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support import LONGEST
from workshop.core.errors import WorkshopError
from workshop.localaws.events.clock import Clock, Fired, iso

NOON = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a test's coroutine."""
    return asyncio.run(asyncio.wait_for(work, LONGEST))


def test_it_shows_the_machines_time_until_moved_and_runs_on_afterwards() -> None:
    async def work() -> None:
        clock = Clock()
        assert abs(clock.time() - time.time()) < 1 and not clock.moved
        await clock.move_to(NOON)
        assert clock.moved and timedelta() <= clock.now() - NOON < timedelta(seconds=5)
        before = clock.now()
        await asyncio.sleep(0.01)
        assert clock.now() > before
        await clock.reset()
        assert abs(clock.time() - time.time()) < 1 and not clock.moved

    run(work())


def test_what_is_due_fires_in_order_each_at_its_own_time() -> None:
    async def work() -> None:
        clock, seen = Clock(), []

        async def fire(when: datetime) -> list[Fired]:
            seen.append((when, clock.now()))
            if when == NOON + timedelta(hours=1):  # puts something on the agenda that lies on the way
                clock.call_at(NOON + timedelta(hours=1, minutes=30), fire)
            return [Fired(iso(when), "rule", "target")]

        await clock.move_to(NOON)
        for hours in (3, 1, 2, 9):
            clock.call_at(NOON + timedelta(hours=hours), fire)
        clock.call_at(NOON + timedelta(hours=2), fire).cancel()
        fired = await clock.advance(hours=4)
        assert [one.time for one in fired] == [
            "2030-06-01T13:00:00Z",
            "2030-06-01T13:30:00Z",
            "2030-06-01T14:00:00Z",
            "2030-06-01T15:00:00Z",
        ]
        assert all(timedelta() <= shown - due < timedelta(minutes=1) for due, shown in seen)

    run(work())


def test_waiting_ends_when_the_clock_gets_there() -> None:
    async def work() -> None:
        clock = Clock()
        clock.start()
        waiting = asyncio.create_task(clock.wait_until(clock.now() + timedelta(hours=1)))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await clock.move_to(datetime(2010, 1, 1, tzinfo=UTC))  # an hour stays an hour when the clock goes back
        await clock.advance(minutes=59)
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await clock.advance(minutes=2)
        await waiting
        await clock.wait_until(clock.now() - timedelta(hours=1))
        await clock.close()

    run(work())


def test_real_time_fires() -> None:
    async def work() -> None:
        clock, done = Clock(), asyncio.Event()
        clock.start()

        async def fire(_: datetime) -> list[Fired]:
            done.set()
            return []

        clock.call_at(clock.now() + timedelta(milliseconds=20), fire)
        await done.wait()
        assert not clock.moved
        await clock.close()

    run(work())


@pytest.mark.parametrize(
    "when", [datetime(2030, 1, 1), datetime(1960, 1, 1, tzinfo=UTC), datetime(2300, 1, 1, tzinfo=UTC)]
)
def test_times_it_does_not_know(when: datetime) -> None:
    with pytest.raises(WorkshopError):
        run(Clock().move_to(when))
