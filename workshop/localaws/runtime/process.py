"""Starting, stopping and ending the process of an environment."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

POSIX = os.name == "posix"
Output = Callable[[bytes], None]
Exited = Callable[[int], None]


@dataclass(slots=True)
class Launch:
    """What is to be run: the argument vector, the whole environment, the folder to start in."""

    argv: list[str]
    environ: dict[str, str]
    cwd: Path
    binds: list[tuple[str, str]] = field(default_factory=list)  # (folder, where it is to appear)


class Process:
    """A running environment process: its own process group, its output as a stream of bytes on the loop.

    Args:
        launch: what to run.
        output: called on the loop with bytes it wrote to standard output or standard error.
        exited: called on the loop, once, with the return code; negative for a signal.
    """

    def __init__(self, launch: Launch, output: Output, exited: Exited) -> None:
        self.loop = asyncio.get_running_loop()
        self.output, self.exited = output, exited
        self.frozen = False
        read_end, write_end = os.pipe()
        extra = {"process_group": 0} if POSIX else {}
        try:
            self.popen = subprocess.Popen(
                launch.argv, stdin=subprocess.DEVNULL, stdout=write_end, stderr=write_end, env=launch.environ,
                cwd=launch.cwd, close_fds=True, **extra,
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        self.pid = self.popen.pid
        self.alive = True
        self.pipe = read_end
        os.set_blocking(read_end, False)
        self.loop.add_reader(read_end, self.drain)
        threading.Thread(target=self._wait, name=f"wait-{self.pid}", daemon=True).start()

    def drain(self) -> None:
        """Pass on everything written until now."""
        while self.pipe >= 0:
            try:
                data = os.read(self.pipe, 65536)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.loop.remove_reader(self.pipe)
                os.close(self.pipe)
                self.pipe = -1
                return
            self.output(data)
            if len(data) < 65536:
                return

    def _wait(self) -> None:
        code = self.popen.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self.loop.call_soon_threadsafe(self._ended, code)

    def _ended(self, code: int) -> None:
        self.alive = False
        self.drain()
        self.exited(code)

    def signal_group(self, number: int) -> None:
        """Signal the process and its children."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if POSIX:
                os.killpg(self.pid, number)

    def freeze(self) -> None:
        """Stop it: whatever it left running stands still."""
        if self.alive and not self.frozen:
            self.frozen = True
            self.signal_group(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self.frozen:
            self.frozen = False
            self.signal_group(signal.SIGCONT)

    def peak_mb(self) -> int:
        """The most memory it has held at once, in MB (peak resident set size)."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
            return math.ceil(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
        except (OSError, IndexError):
            return 0

    def kill(self) -> None:
        """End it and its children at once."""
        if POSIX:
            self.signal_group(signal.SIGKILL)
        elif self.alive:
            self.popen.kill()
