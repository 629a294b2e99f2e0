"""The simulator as a loop over events: any limit, provisioned concurrency, either order of reuse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush

NEWEST, LAST_USED = "newest", "last_used"
_PROVISIONED = -1


@dataclass(slots=True)
class EventLoop:
    """A fleet, request by request.

    Args:
        idle_life: seconds an idle environment lives.
        limit: most environments at once (reserved concurrency); more requests are throttled. None: no limit.
        provisioned: environments that are always ready and taken first; they count towards the limit.
        reuse: which idle environment takes the next request: the one used last, or the one created last.

    After `run`: `cold` and `throttled` hold positions of requests, `born` and `died` the times of environments.
    """

    idle_life: float
    limit: int | None = None
    provisioned: int = 0
    reuse: str = LAST_USED
    cold: list[int] = field(default_factory=list)
    throttled: list[int] = field(default_factory=list)
    born: list[float] = field(default_factory=list)
    died: dict[int, float] = field(default_factory=dict)
    _busy: list[tuple[float, int]] = field(default_factory=list)  # heap: (leaves, environment)
    _idle: list[tuple[float, int, float]] = field(default_factory=list)  # heap: (order, environment, idle since)
    _ready: int = -1
    _position: int = 0

    def run(self, arrivals: Iterable[float], warm: Iterable[float], cold: Iterable[float]) -> None:
        """Take requests in order of time; call again with later ones to go on.

        Args:
            arrivals, warm, cold: for each request its time, its service time if warm and if cold, in seconds.
        """
        busy, idle, idle_life, born, died = self._busy, self._idle, self.idle_life, self.born, self.died
        limit = self.limit if self.limit is not None else float("inf")
        ready = self.provisioned if self._ready < 0 else self._ready
        newest, position = self.reuse == NEWEST, self._position
        for time, if_warm, if_cold in zip(arrivals, warm, cold, strict=True):
            while busy and busy[0][0] <= time:
                left, environment = heappop(busy)
                if environment == _PROVISIONED:
                    ready += 1
                else:
                    heappush(idle, (-environment if newest else -left, environment, left))
            if len(busy) >= limit:
                self.throttled.append(position)
            elif ready:
                ready -= 1
                heappush(busy, (time + if_warm, _PROVISIONED))
            else:
                while idle:
                    _, environment, left = heappop(idle)
                    if time - left < idle_life:
                        heappush(busy, (time + if_warm, environment))
                        break
                    died[environment] = left + idle_life
                else:
                    self.cold.append(position)
                    heappush(busy, (time + if_cold, len(born)))
                    born.append(time)
            position += 1
        self._ready, self._position = ready, position

    def deaths(self, end: float) -> list[float]:
        """When each environment died, in order of birth; infinity for those alive at `end`."""
        died = dict(self.died)
        for left, environment in [(left, env) for _, env, left in self._idle] + self._busy:
            if environment != _PROVISIONED and left + self.idle_life <= end:
                died[environment] = left + self.idle_life
        return [died.get(environment, float("inf")) for environment in range(len(self.born))]
