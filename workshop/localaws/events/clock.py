"""The cloud's own clock: real time drives it, and a notebook can move it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from workshop.core.errors import WorkshopError

# A night's sleep of the laptop stops the loop's timers but not the wall clock, so the clock looks up once a minute.
LONGEST_NAP = 60.0
MOST_FIRED = 5000
EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fired:
    """One thing that happened because its time had come.

    `time` is the scheduled time (ISO 8601, UTC); `rule` the rule's or schedule's name; `target` an ARN; `request_id`
    the invocation's; `error` is empty when the first attempt succeeded.
    """

    time: str
    rule: str
    target: str
    request_id: str = ""
    error: str = ""


class Timer:
    """Something due at a time; `cancel()` takes it off the agenda."""

    __slots__ = ("cancelled", "due", "fire", "visible")

    def __init__(self, due: float, fire: Callable[[datetime], Awaitable[list[Fired]]], visible: bool) -> None:
        self.due, self.fire, self.visible, self.cancelled = due, fire, visible, False

    def cancel(self) -> None:
        """Take it off the agenda; harmless when it has fired already."""
        self.cancelled = True


class Clock:
    """The time of the offline cloud.

    It runs with the machine's clock until it is moved, and keeps running afterwards. Moving it forwards fires what
    became due on the way, in order, each with its scheduled time; moving it backwards fires nothing.
    """

    def __init__(self) -> None:
        self._offset = 0.0
        self._agenda: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._moving = asyncio.Lock()
        self._on_move: list[Callable[[float], None]] = []
        self._running: set[asyncio.Task[Any]] = set()

    def time(self) -> float:
        """Seconds since the epoch, like `time.time()`."""
        return time.time() + self._offset

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    @property
    def moved(self) -> bool:
        """True while it shows another time than the machine's clock."""
        return self._offset != 0.0

    @property
    def moving(self) -> bool:
        """True while a move is firing what became due on the way."""
        return self._moving.locked()

    def start(self) -> None:
        """Let real time fire what is due; call it once, on the cloud's event loop."""
        self._loop = asyncio.get_running_loop()
        self._set_alarm()

    async def close(self) -> None:
        """Stop firing; what is being fired is cancelled."""
        if self._alarm:
            self._alarm.cancel()
        self._loop = None
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def on_move(self, callback: Callable[[float], None]) -> None:
        """Call `callback(shift)` after every jump, so that a source can work out its next times anew.

        `shift` is how many seconds the clock went back (negative), or 0 when it went forwards.
        """
        self._on_move.append(callback)

    def call_at(
        self, due: datetime, fire: Callable[[datetime], Awaitable[list[Fired]]], *, visible: bool = True
    ) -> Timer:
        """Have `fire(due)` awaited when the clock reaches `due`.

        Args:
            due: an aware time; in the past means at once.
            fire: what happens; returns what to report.
            visible: False for the cloud's own chores (a retry, a message becoming visible), which moving the clock
                fires as well but does not count.
        """
        timer = Timer(due.timestamp(), fire, visible)
        heapq.heappush(self._agenda, (timer.due, next(self._count), timer))
        self._set_alarm()
        return timer

    async def wait_until(self, when: datetime) -> None:
        """Sleep until the clock, moved or not, reaches `when`."""
        if when.timestamp() <= self.time():
            return
        reached = asyncio.get_running_loop().create_future()

        async def wake(_: datetime) -> list[Fired]:
            if not reached.done():
                reached.set_result(None)
            await asyncio.sleep(0)
            return []

        timer = self.call_at(when, wake, visible=False)
        try:
            await reached
        finally:
            timer.cancel()

    async def move_to(self, when: datetime) -> list[Fired]:
        """Show another time.

        Args:
            when: an aware time.

        Returns:
            What was fired on the way, in order; nothing when moved backwards.

        Raises:
            WorkshopError: a time without a time zone or outside 1970 to 2199, or more than 5000 firings on the way.
        """
        if when.tzinfo is None:
            raise WorkshopError(
                f"The time {when.isoformat()} has no time zone.",
                fix="Say 2026-03-02T03:00:00+00:00, or end it with Z for UTC.",
                used_wrongly=True,
            )
        if not EARLIEST <= when <= LATEST:
            raise WorkshopError(
                f"The clock goes from 1970 to 2199, not to {when.isoformat()}.",
                fix="Choose a time in between.",
                used_wrongly=True,
            )
        target = when.timestamp()
        async with self._moving:
            fired = await self._run_through(target) if target > self.time() else []
            self._jump(target)
        self._set_alarm()
        return fired

    async def advance(self, seconds: float = 0.0, **delta: float) -> list[Fired]:
        """Move forwards by seconds, or by what `timedelta` takes: `advance(hours=8)`; negative moves back."""
        try:
            when = self.now() + timedelta(seconds=seconds) + timedelta(**delta)
        except OverflowError:
            raise WorkshopError("The clock goes from 1970 to 2199, not that far.", used_wrongly=True) from None
        except (ValueError, TypeError) as error:
            raise WorkshopError(f"The clock cannot move by that: {error}.", used_wrongly=True) from None
        return await self.move_to(when)

    async def reset(self) -> list[Fired]:
        """Back to the machine's time; fires nothing, even when that lies ahead."""
        async with self._moving:
            self._jump(time.time())
            self._offset = 0.0
        self._set_alarm()
        return []

    def _jump(self, target: float) -> None:
        """Show another time; what was to happen in five minutes still does when the clock went back."""
        shift = min(target - self.time(), 0.0)
        self._show(target)
        if shift:
            for _, _, timer in self._agenda:
                if not timer.visible:
                    timer.due += shift
            self._agenda = [(timer.due, count, timer) for _, count, timer in self._agenda]
            heapq.heapify(self._agenda)
        for callback in self._on_move:
            callback(shift)

    def _show(self, seconds: float) -> None:
        self._offset = seconds - time.time()

    async def _run_through(self, target: float) -> list[Fired]:
        """Fire what is due up to `target`, the clock standing at each one's own time meanwhile."""
        fired: list[Fired] = []
        while (timer := self._next_due(target)) is not None:
            if len(fired) > MOST_FIRED:
                raise WorkshopError(
                    f"On the way there {MOST_FIRED} schedules fired, and the clock stopped at {iso(self.now())}.",
                    fix="Move it in smaller steps, or make the rate slower.",
                )
            self._show(max(timer.due, self.time()))
            fired += await timer.fire(datetime.fromtimestamp(timer.due, UTC))
        return fired

    def _next_due(self, until: float) -> Timer | None:
        while self._agenda and (self._agenda[0][0] <= until or self._agenda[0][2].cancelled):
            timer = heapq.heappop(self._agenda)[2]
            if not timer.cancelled:
                return timer
        return None

    def _set_alarm(self) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        try:
            on_loop = asyncio.get_running_loop() is loop
        except RuntimeError:
            on_loop = False
        if not on_loop:
            loop.call_soon_threadsafe(self._set_alarm)
            return
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        while self._agenda and self._agenda[0][2].cancelled:
            heapq.heappop(self._agenda)
        if self._agenda:
            wait = min(max(self._agenda[0][0] - self.time(), 0.0), LONGEST_NAP)
            self._alarm = loop.call_later(wait, self._ring)

    def _ring(self) -> None:
        """Real time has come this far: fire what is due, each on its own, so that a slow one delays nobody."""
        if not self._moving.locked():
            while (timer := self._next_due(self.time())) is not None:
                task = asyncio.ensure_future(timer.fire(datetime.fromtimestamp(timer.due, UTC)))
                self._running.add(task)
                task.add_done_callback(self._done)
            self._set_alarm()

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a timer of the clock failed", "exception": error}
            )


def iso(when: datetime) -> str:
    """A time as AWS writes it: 2026-03-02T03:00:00Z."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
