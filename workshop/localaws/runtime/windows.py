"""Processes on Windows: each in a job object that kills what is in it when its last handle closes.

The cloud holds the only handle, so environments and their children end with the cloud, however it ends.
https://learn.microsoft.com/windows/win32/procthread/job-objects

Different from Linux and macOS: nothing is frozen between requests, and folders stay where they are.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import threading
from pathlib import Path

from workshop.localaws.runtime import process
from workshop.localaws.runtime.process import CHUNK, Exited, Launch, Output

PIPE_SIZE = 1 << 20  # bytes a process may write between two looks at its output
POLL_SECONDS = 0.01
EXTENDED_LIMITS, KILL_ON_JOB_CLOSE = 9, 0x2000


class BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION"""

    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", ctypes.c_uint32),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", ctypes.c_uint32),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", ctypes.c_uint32),
        ("SchedulingClass", ctypes.c_uint32),
    )


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION"""

    _fields_ = (
        ("Basic", BasicLimits),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


def kernel32() -> ctypes.CDLL:
    """The library, with the handle types it needs on 64 bits."""
    library = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    library.CreateJobObjectW.restype = ctypes.c_void_p
    library.CreateJobObjectW.argtypes = (ctypes.c_void_p, ctypes.c_wchar_p)
    library.SetInformationJobObject.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32)
    library.AssignProcessToJobObject.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    library.TerminateJobObject.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
    library.CloseHandle.argtypes = (ctypes.c_void_p,)
    return library


class Job:
    """A job object that kills what is in it when it is closed."""

    def __init__(self) -> None:
        self.library = kernel32()
        self.handle = self.library.CreateJobObjectW(None, None)
        limits = ExtendedLimits()
        limits.Basic.LimitFlags = KILL_ON_JOB_CLOSE
        self.library.SetInformationJobObject(self.handle, EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))

    def add(self, handle: int) -> None:
        """Put a process into the job; its children follow by themselves."""
        self.library.AssignProcessToJobObject(self.handle, handle)

    def kill(self) -> None:
        """End all processes in the job."""
        if self.handle:
            self.library.TerminateJobObject(self.handle, 1)

    def close(self) -> None:
        """Let go of the job, which ends what is left in it."""
        if self.handle:
            self.library.CloseHandle(self.handle)
            self.handle = None


class WindowsProcess(process.Process):
    """A process in a job of its own. Its output is looked for in turns: the loop cannot wait for a pipe here."""

    def __init__(self, launch: Launch, output: Output, exited: Exited) -> None:
        import _winapi
        import msvcrt

        super().__init__(output, exited)
        reading, writing = _winapi.CreatePipe(None, PIPE_SIZE)
        self.reading = reading
        self.pipe = msvcrt.open_osfhandle(reading, os.O_RDONLY)
        write_end = msvcrt.open_osfhandle(writing, os.O_WRONLY)
        self.job = Job()
        try:
            self.popen = subprocess.Popen(
                launch.argv,
                stdin=subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                env=launch.environ,
                cwd=launch.cwd,
                creationflags=subprocess.CREATE_NO_WINDOW,  # type: ignore[attr-defined]
            )
        except OSError:
            os.close(self.pipe)
            self.job.close()
            raise
        finally:
            os.close(write_end)
        self.pid = self.popen.pid
        self.job.add(int(self.popen._handle))  # type: ignore[attr-defined]
        self.timer = self.loop.call_later(POLL_SECONDS, self.poll)
        threading.Thread(target=self.wait, name=f"wait-{self.pid}", daemon=True).start()

    def poll(self) -> None:
        """Look for output now and again."""
        if self.pipe >= 0:
            self.drain()
            self.timer = self.loop.call_later(POLL_SECONDS, self.poll)

    def drain(self) -> None:
        import _winapi

        while self.pipe >= 0:
            try:
                available = _winapi.PeekNamedPipe(self.reading, 0)[0]
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
        try:
            peak = getattr(psutil.Process(self.pid).memory_info(), "peak_wset", 0) // 1024
        except psutil.Error:
            return 0
        held = self.measure_by_psutil()
        self.peak_kb = max(self.peak_kb, peak)
        return held


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
