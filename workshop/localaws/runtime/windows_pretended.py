"""What `windows_calls.py` has, made of POSIX: for `WORKSHOP_PRETEND=windows`, see `workshop.core.system`.

It shows how `windows.py` polls, waits and ends. It proves nothing about job objects: here a process group and /proc
stand for them, and a killed cloud may leave processes behind.
"""

from __future__ import annotations

import array
import contextlib
import os
import signal
import subprocess
from typing import Any

from workshop.localaws.runtime.proc import descendants, value

FLAGS: dict[str, Any] = {"start_new_session": True}
PEEK = 0x541B  # FIONREAD of Linux, https://man7.org/linux/man-pages/man2/FIONREAD.2const.html


class Job:
    """A process group in place of a job object."""

    def __init__(self) -> None:
        self.group = 0

    def add(self, popen: subprocess.Popen[bytes]) -> None:
        self.group = popen.pid

    def pids(self) -> list[int]:
        return [self.group, *descendants(self.group)] if self.group else []

    def kill(self) -> None:
        for pid in self.pids()[1:]:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if self.group:
            with contextlib.suppress(OSError):
                os.killpg(self.group, signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        self.group = 0


class Pipe:
    """A POSIX pipe that is asked before it is read, as Windows' must be."""

    def __init__(self, size: int) -> None:
        import fcntl

        self.reading, self.writing = os.pipe()
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(self.reading, fcntl.F_SETPIPE_SZ, size)

    def available(self) -> int:
        import fcntl
        import termios

        count = array.array("i", [0])
        fcntl.ioctl(self.reading, getattr(termios, "FIONREAD", PEEK), count)
        return count[0]


def peak_of(pid: int, _: Any) -> int:
    """The same, from Linux; elsewhere it is not told."""
    with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/status", "rb") as file:  # noqa: PTH123
        return value(file.read(), b"VmHWM:") * 1024
    return 0
