"""What Linux tells of processes under /proc. Elsewhere there is nothing to read, and nothing is found.

https://man7.org/linux/man-pages/man5/proc.5.html
"""

from __future__ import annotations

import os

PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


def signal_apart(pid: int, group: int, number: int) -> bool:
    """Signal a process unless it is in that group, which is signalled as a whole."""
    try:
        if os.getpgid(pid) == group:
            return False
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def value(status: bytes, name: bytes) -> int:
    """A figure of /proc/PID/status, in KB."""
    at = status.find(name)
    return int(status[at + len(name) : status.find(b"\n", at)].split()[0]) if at >= 0 else 0


def descendants(pid: int) -> list[int]:
    """Children, grandchildren and so on."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 (hot: no Path objects)
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:  # noqa: PTH123
                for child in map(int, file.read().split()):
                    found += (child, *descendants(child))
    except (OSError, ValueError):
        return found
    return found


def resident(pid: int) -> int:
    """Memory held by a child process, in KB; what it shares with its parent since the fork counts in parts."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:  # noqa: PTH123
            return value(file.read(), b"Pss:")
    except (OSError, IndexError, ValueError):
        return resident_at_least(pid)


def resident_at_least(pid: int) -> int:
    """The same from a system that does not tell the parts."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * PAGE_KB
    except (OSError, IndexError):
        return 0
