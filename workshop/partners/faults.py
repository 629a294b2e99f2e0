"""Faults that a test or a lesson asks of a stand-in: be slow, drop the connection, answer an error."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

KINDS = ("slow", "drop", "status")
LONGEST = 120.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, applied to the next requests that match it.

    Attributes:
        kind: `slow` (waits `seconds`), `drop` (ends the connection without an answer), `status` (answers `status`).
        when: `before` the work is done, so that nothing happened, or `after` it, so that only the answer is lost.
        times: how many matching requests it strikes; None for all.
        method, path: which requests; `path` with wildcards, such as `/v1/charges*`.
        rate: the share of matching requests it strikes, 0 to 1, drawn from a generator seeded with `seed`.
        seconds: how long `slow` waits, at most 120.
        status, headers: what `status` answers.
    """

    kind: str
    when: str = "before"
    times: int | None = 1
    method: str = "*"
    path: str = "*"
    rate: float = 1.0
    seed: int = 1
    seconds: float = 1.0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, wanted: Any) -> Fault:
        """A fault from its JSON. Raises ValueError with the reason when it is not one."""
        if not isinstance(wanted, dict):
            raise ValueError("a JSON object is needed")
        known = [each.name for each in fields(cls)]
        for name in wanted:
            if name not in known:
                raise ValueError(f"{name!r} is none of {', '.join(known)}")
        if wanted.get("kind") not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        fault = cls(**wanted)
        if fault.when not in ("before", "after"):
            raise ValueError("when is before or after")
        for name, low, high in (("rate", 0, 1), ("seconds", 0, LONGEST), ("status", 200, 599)):
            value = getattr(fault, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise ValueError(f"{name} is a number from {low:g} to {high:g}")
        if fault.times is not None and (not isinstance(fault.times, int) or fault.times < 1):
            raise ValueError("times is a whole number from 1, or null for always")
        if not isinstance(fault.headers, dict):
            raise ValueError("headers is an object of names and values")
        return fault

    def matches(self, method: str, path: str) -> bool:
        """True when a request with this method and path is meant."""
        return self.method in ("*", method) and fnmatchcase(path, self.path)


class Faults:
    """The faults that wait, in the order they were added; the first that matches strikes."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, random.Random, list[int]]] = []

    def add(self, fault: Fault) -> None:
        """Adds a fault behind those that wait."""
        self._waiting.append((fault, random.Random(fault.seed), [0]))

    def clear(self) -> None:
        """Removes all."""
        self._waiting.clear()

    def described(self) -> list[dict[str, Any]]:
        """Every fault with how many requests it struck, as JSON."""
        return [asdict(fault) | {"struck": struck[0]} for fault, _, struck in self._waiting]

    def strikes(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request, if one does; counts it."""
        for fault, chance, struck in self._waiting:
            if not fault.matches(method, path) or (fault.times is not None and struck[0] >= fault.times):
                continue
            if fault.rate >= 1 or chance.random() < fault.rate:
                struck[0] += 1
                return fault
        return None
