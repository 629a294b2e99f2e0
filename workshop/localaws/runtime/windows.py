"""Processes on Windows: each in a job object that kills what is in it when its last handle closes.

The cloud holds the only handle, so environments and their children end with the cloud, however it ends.
https://learn.microsoft.com/windows/win32/procthread/job-objects

Different from Linux and macOS: nothing is frozen between requests, and folders stay where they are.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from pathlib import Path

from workshop.core import system
from workshop.localaws.runtime import process
from workshop.localaws.runtime.process import CHUNK, Exited, Launch, Output

if system.NT:
    from workshop.localaws.runtime.windows_calls import FLAGS, Job, Pipe, peak_of
else:  # WORKSHOP_PRETEND=windows
    from workshop.localaws.runtime.windows_pretended import FLAGS, Job, Pipe, peak_of  # type: ignore[assignment]

PIPE_SIZE = 1 << 20  # bytes a process may write between two looks at its output
POLL_SECONDS = 0.01


class WindowsProcess(process.Process):
    """A process in a job of its own. Its output is looked for in turns: the loop cannot wait for a pipe here."""

    polled = True

    def __init__(self, launch: Launch, output: Output, exited: Exited) -> None:
        super().__init__(output, exited)
        self.source = Pipe(PIPE_SIZE)
        self.pipe = self.source.reading
        self.job = Job()
        try:
            self.popen = subprocess.Popen(
                launch.argv,
                stdin=subprocess.DEVNULL,
                stdout=self.source.writing,
                stderr=self.source.writing,
                env=launch.environ,
                cwd=launch.cwd,
                **FLAGS,
            )
        except OSError:
            os.close(self.pipe)
            self.job.close()
            raise
        finally:
            os.close(self.source.writing)
        self.pid = self.popen.pid
        self.job.add(self.popen)
        self.timer = self.loop.call_later(POLL_SECONDS, self.poll)
        threading.Thread(target=self.wait, name=f"wait-{self.pid}", daemon=True).start()

    def poll(self) -> None:
        """Look for output now and again."""
        if self.pipe >= 0:
            self.drain()
            self.timer = self.loop.call_later(POLL_SECONDS, self.poll)

    def drain(self) -> None:
        while self.pipe >= 0:
            try:
                available = self.source.available()
            except OSError:  # every writer has closed its end
                return
            if not available:
                return
            self.output(os.read(self.pipe, min(available, CHUNK)))

    def wait(self) -> None:
        """In a thread: wait for the end and tell the loop."""
        code = self.popen.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self.loop.call_soon_threadsafe(self.ended, code)

    def ended(self, code: int) -> None:
        """It ended: what it wrote, then how it ended."""
        if not self.alive:
            return
        self.alive = False
        self.release()
        self.exited(code)

    def release(self) -> None:
        """Read the rest, then close pipe and job."""
        self.drain()
        self.timer.cancel()
        if self.pipe >= 0:
            os.close(self.pipe)
            self.pipe = -1
        self.job.kill()
        self.job.close()

    def freeze(self) -> None:
        """Not on Windows."""

    def thaw(self) -> None:
        """Not on Windows."""

    def kill(self) -> None:
        self.job.kill()

    def measure(self) -> int:
        import psutil

        if not self.alive:
            return 0
        held = peak = 0
        for pid in self.job.pids():
            with contextlib.suppress(psutil.Error):
                memory = psutil.Process(pid).memory_info()
                held += memory.rss
                peak = max(peak, peak_of(pid, memory) if pid == self.pid else 0)
        self.peak_kb = max(self.peak_kb, peak // 1024, held // 1024)
        return held // 1024


class WindowsLauncher(process.Launcher):
    """Starts processes directly."""

    why = "Windows has no mount namespaces"

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.running: set[WindowsProcess] = set()

    async def start(self, isolate: bool) -> None:
        """Nothing to prepare."""

    def spawn(self, launch: Launch, output: Output, exited: Exited) -> WindowsProcess:
        def forget(code: int) -> None:
            self.running.discard(child)
            exited(code)

        child = WindowsProcess(launch, output, forget)
        self.running.add(child)
        return child

    async def close(self) -> None:
        for child in list(self.running):
            child.alive = False
            child.release()
        self.running.clear()
