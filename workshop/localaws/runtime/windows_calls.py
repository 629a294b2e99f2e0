"""Windows' own calls that `windows.py` needs: a pipe that can be looked into, and job objects.

https://learn.microsoft.com/windows/win32/procthread/job-objects
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from typing import Any

EXTENDED_LIMITS, PROCESS_IDS, KILL_ON_JOB_CLOSE = 9, 3, 0x2000
MOST_PROCESSES = 256  # of one environment; Lambda itself allows 1,024 together with threads
FLAGS = {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)}


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


class ProcessIds(ctypes.Structure):
    """JOBOBJECT_BASIC_PROCESS_ID_LIST"""

    _fields_ = (
        ("Assigned", ctypes.c_uint32),
        ("InList", ctypes.c_uint32),
        ("Ids", ctypes.c_size_t * MOST_PROCESSES),
    )


def kernel32() -> ctypes.CDLL:
    """The library, with the handle types it needs on 64 bits."""
    library = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    library.CreateJobObjectW.restype = ctypes.c_void_p
    library.CreateJobObjectW.argtypes = (ctypes.c_void_p, ctypes.c_wchar_p)
    library.SetInformationJobObject.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32)
    library.QueryInformationJobObject.argtypes = (
        *(ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p),
    )
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

    def add(self, popen: subprocess.Popen[bytes]) -> None:
        """Put a process into the job; its children follow by themselves."""
        self.library.AssignProcessToJobObject(self.handle, int(popen._handle))  # type: ignore[attr-defined]

    def pids(self) -> list[int]:
        """The processes in the job, asked of the job itself: no other process is looked at."""
        found = ProcessIds()
        size = ctypes.sizeof(found)
        if self.handle and self.library.QueryInformationJobObject(
            self.handle, PROCESS_IDS, ctypes.byref(found), size, None
        ):
            return list(found.Ids[: found.InList])
        return []

    def kill(self) -> None:
        """End all processes in the job."""
        if self.handle:
            self.library.TerminateJobObject(self.handle, 1)

    def close(self) -> None:
        """Let go of the job, which ends what is left in it."""
        if self.handle:
            self.library.CloseHandle(self.handle)
            self.handle = None


class Pipe:
    """A pipe whose reading end tells how much lies in it.

    Args:
        size: bytes a writer may be ahead.
    """

    def __init__(self, size: int) -> None:
        import _winapi
        import msvcrt

        self.handle, writing = _winapi.CreatePipe(None, size)  # type: ignore[attr-defined]
        self.reading = msvcrt.open_osfhandle(self.handle, os.O_RDONLY)  # type: ignore[attr-defined]
        self.writing = msvcrt.open_osfhandle(writing, os.O_WRONLY)  # type: ignore[attr-defined]

    def available(self) -> int:
        """Bytes that can be read at once.

        Raises:
            OSError: every writer has closed its end, and nothing is left.
        """
        import _winapi

        return _winapi.PeekNamedPipe(self.handle, 0)[0]  # type: ignore[attr-defined]


def peak_of(_: int, memory: Any) -> int:
    """The most memory that a process has held at once, in bytes, from what psutil tells of it."""
    return memory.peak_wset
