"""A running process of an environment, as the engine sees it on every system."""

from __future__ import annotations

import asyncio
import contextlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workshop.localaws.runtime.view import View

from workshop.core import system

CHUNK = 65536
CHILDREN_AGAIN = 0.25  # seconds
Output = Callable[[bytes], None]
Exited = Callable[[int], None]


@dataclass(slots=True)
class Launch:
    """What is to be run.

    Args:
        argv: the argument vector; the first is an absolute path.
        environ: the whole environment.
        cwd: the folder to start in.
        root: the folder that is to be its root (Linux namespaces); empty for the machine's own.
        places: folders, the absolute paths where they are to appear there, and whether they can be written.
        tmp_mb: the size of its own /tmp in MB; 0 when that is among the places.
        marker: text that every process of this environment, and no other, has in its environment variables.
    """

    argv: list[str]
    environ: dict[str, str]
    cwd: str
    root: str = ""
    places: list[tuple[str, str, bool]] = field(default_factory=list)
    tmp_mb: int = 0
    marker: str = ""


class Process(ABC):
    """A process with its children, and what they write.

    Args:
        output: called on the loop with bytes written to standard output or standard error, in order.
        exited: called on the loop, once, with the return code; negative for a signal.
    """

    polled = False  # whether its output is looked for now and then, instead of the loop telling of it

    def __init__(self, output: Output, exited: Exited) -> None:
        self.loop = asyncio.get_running_loop()
        self.output, self.exited = output, exited
        self.pid = 0
        self.alive = True
        self.launch_error = ""  # why the program could not be executed
        self.frozen = False
        self.peak_kb = 0
        self.looked = 0.0
        self.children: list[Any] = []

    @abstractmethod
    def drain(self) -> None:
        """Pass on everything written until now."""

    @abstractmethod
    def freeze(self) -> None:
        """Stop it and its children: whatever was left running stands still."""

    @abstractmethod
    def thaw(self) -> None:
        """Let them go on."""

    @abstractmethod
    def kill(self) -> None:
        """End it and its children at once."""

    @abstractmethod
    def measure(self) -> int:
        """Memory held now by it and its children, in KB; keeps the peak."""

    def measure_by_psutil(self) -> int:
        """The same where there is no /proc. Its children are looked for beside, so they count a bit later."""
        import psutil

        try:
            top = psutil.Process(self.pid)
            if perf_counter() - self.looked > CHILDREN_AGAIN:
                self.looked = perf_counter()
                self.loop.run_in_executor(None, self.look_for_children, top)
            held = top.memory_info().rss
        except psutil.Error:
            return 0
        for child in self.children:
            with contextlib.suppress(psutil.Error):
                held += child.memory_info().rss
        self.peak_kb = max(self.peak_kb, held // 1024)
        return held // 1024

    def look_for_children(self, top: Any) -> None:
        """In a thread: psutil reads every process of the machine for this, which takes too long for the loop."""
        import psutil

        with contextlib.suppress(psutil.Error):
            self.children = top.children(recursive=True)

    def peak_mb(self) -> int:
        """The most memory held at once until now, in whole MB."""
        return math.ceil(self.peak_kb / 1024)


class Launcher(ABC):
    """Starts processes, and ends them all when the cloud ends."""

    isolation = "paths"  # or "namespaces": code at /var/task, layers at /opt
    why = ""  # why it is not "namespaces"
    view: View | None = None  # what functions see where there are namespaces

    @abstractmethod
    async def start(self, isolate: bool) -> None:
        """Be ready; find out whether namespaces work here when they are wanted."""

    @abstractmethod
    def spawn(self, launch: Launch, output: Output, exited: Exited) -> Process:
        """Start a process. A program that cannot be executed is told by `exited` with `launch_error` set."""

    @abstractmethod
    async def close(self) -> None:
        """End every process."""


def new_launcher(scratch: Path) -> Launcher:
    """The launcher for this system; the scratch folder goes when the cloud is gone."""
    if system.WINDOWS:
        from workshop.localaws.runtime.windows import WindowsLauncher

        return WindowsLauncher(scratch)
    from workshop.localaws.runtime.posix import PosixLauncher

    return PosixLauncher(scratch)
