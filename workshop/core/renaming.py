"""Renames that a virus scanner or an indexer cannot break.

On Windows such a program opens every new file for a moment, and a file that somebody has open cannot be renamed or
replaced: `PermissionError`, WinError 5 or 32. A moment later it can.
https://learn.microsoft.com/windows/win32/debug/system-error-codes--0-499-
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from workshop.core import system

WAITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)  # seconds; a second and a half in all


def replace(source: Path | str, target: Path | str) -> Path:
    """`Path.replace`: puts a file where another one may be. Tried again for a moment on Windows.

    Raises:
        OSError: it still cannot be done.
    """
    return _again(lambda: Path(source).replace(target))


def rename(source: Path | str, target: Path | str) -> Path:
    """`Path.rename`: gives a file or a folder a name that is free. Tried again for a moment on Windows.

    Raises:
        OSError: it still cannot be done.
    """
    return _again(lambda: Path(source).rename(target))


def _again(work: Callable[[], Path]) -> Path:
    for wait in WAITS if system.WINDOWS else ():
        try:
            return work()
        except PermissionError:
            time.sleep(wait)
    return work()
