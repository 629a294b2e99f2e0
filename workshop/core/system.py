"""Which operating system this is. Every branch for a system asks here, and nowhere else.

`WORKSHOP_PRETEND=windows` or `WORKSHOP_PRETEND=macos` makes another system answer, so that its branches can be run
where that system is not at hand. It is read once, when a process starts, and processes started by it inherit it.

What it shows: the decisions. On "Windows" functions run without namespaces and are not frozen, custom runtimes are not
started, output is polled for, files have no executable bit, kernels talk over TCP, commands are printed for PowerShell.
On "macOS" there is no /proc, no namespace, no death signal; memory is asked of psutil, and the launcher ends what it
knows by process group.

What it cannot show: how the other system's kernel, file system, console and Python behave. Job objects, file locking,
code pages, drive letters, case-insensitive names and Ctrl-Break stay untried. What needs the real system's own calls
asks `NT`, which pretending does not change.
"""

from __future__ import annotations

import os
import sys

NAMES = ("linux", "macos", "windows")
VARIABLE = "WORKSHOP_PRETEND"


def _real() -> str:
    if os.name == "nt":
        return "windows"
    return "macos" if sys.platform == "darwin" else "linux"


def _answered() -> str:
    wanted = os.environ.get(VARIABLE, "").strip().lower()
    if wanted and wanted not in NAMES:
        raise SystemExit(
            f"{VARIABLE} is {wanted!r}, which is none of: {', '.join(NAMES)}. Unset it to use this system."
        )
    if wanted != REAL and REAL == "windows" and wanted:
        raise SystemExit(f"{VARIABLE} works on Linux and macOS only: Windows has not what the others need. Unset it.")
    if wanted == "linux" and REAL == "macos":
        raise SystemExit(f"{VARIABLE}=linux cannot work on macOS, which has neither namespaces nor /proc. Unset it.")
    return wanted or REAL


REAL = _real()
NAME = _answered()
PRETENDED = NAME != REAL
WINDOWS, MACOS, LINUX = NAME == "windows", NAME == "macos", NAME == "linux"
POSIX = not WINDOWS
NT = REAL == "windows"
