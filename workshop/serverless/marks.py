"""Values that remember where in which file they were written, so that every error can point at its line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from workshop.core.errors import WorkshopError


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; lines counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Map(dict[str, Any]):
    """A mapping whose keys remember where they stand."""

    __slots__ = ("mark", "marks")

    def __init__(self, items: Any = (), mark: Mark | None = None, marks: dict[str, Mark] | None = None) -> None:
        super().__init__(items)
        self.mark, self.marks = mark, marks or {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return plain(self)


class Seq(list[Any]):
    """A list whose items remember where they stand."""

    __slots__ = ("mark", "marks")

    def __init__(self, items: Iterable[Any] = (), mark: Mark | None = None, marks: list[Mark] | None = None) -> None:
        super().__init__(items)
        self.mark, self.marks = mark, marks or []

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return plain(self)


def mark_of(container: Any, key: Any = None) -> Mark | None:
    """Where a key or item of a container stands; without a key, where the container begins."""
    marks = getattr(container, "marks", None)
    if key is not None and marks:
        if isinstance(marks, dict) and key in marks:
            return marks[key]
        if isinstance(marks, list) and isinstance(key, int) and key < len(marks):
            return marks[key]
    return getattr(container, "mark", None)


def plain(value: Any) -> Any:
    """A deep copy as ordinary dicts and lists, without marks."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word a mistyped one most likely means; empty when none is near."""
    names = list(known)
    by_folded = {name.casefold().replace("_", "").replace("-", ""): name for name in names}
    folded = str(word).casefold().replace("_", "").replace("-", "")
    if folded in by_folded:
        return by_folded[folded]
    found = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean x?`, or the whole choice when nothing is near and the choice is small; else empty."""
    names = sorted(set(known))
    near = nearest(word, names)
    if near:
        return f"Did you mean {near}?"
    return f"Known here: {', '.join(names)}." if 0 < len(names) <= 40 else ""


def fault(what: str, container: Any = None, key: Any = None, *, fix: str = "") -> WorkshopError:
    """An error that points at the line where `container[key]` stands."""
    return WorkshopError(what, where=str(mark_of(container, key) or ""), fix=fix)
