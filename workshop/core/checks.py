"""A preflight's lines: what was looked at, how it went, and its mend."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from workshop.core.errors import WorkshopError


@dataclass(slots=True)
class Check:
    """One line of a preflight.

    `mend` says what to do when it failed, as a command or an imperative; `seconds` is what the check took.
    """

    name: str
    ok: bool
    detail: str = ""
    mend: str = ""
    seconds: float | None = None

    def line(self) -> str:
        """`[OK] Python 3.12.4` or `[FAIL] Python 3.9.1 - Install Python 3.11 or newer.`"""
        took = f" ({self.seconds:.2f} s)" if self.seconds is not None else ""
        mend = f" - {self.mend}" if self.mend and not self.ok else ""
        return f"{'[OK]' if self.ok else '[FAIL]'} {self.name}{': ' + self.detail if self.detail else ''}{took}{mend}"


def check(name: str, work: Callable[[], str], mend: str) -> Check:
    """Runs one check; what it raises becomes a `[FAIL]` with the mend."""
    started = time.perf_counter()
    try:
        found, ok = work(), True
    except WorkshopError as error:
        found, ok, mend = error.what, False, error.fix or mend
    except Exception as error:  # whatever a broken machine brings must become a line, not a traceback
        found, ok = f"{type(error).__name__}: {error}".replace("\n", " ")[:300], False
    return Check(name, ok, found, "" if ok else mend, time.perf_counter() - started)
