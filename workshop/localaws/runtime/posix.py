"""Processes on Linux and macOS: started by the launcher process, stopped and ended by signals to their group."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from workshop.core import system
from workshop.core.errors import WorkshopError
from workshop.localaws.runtime import process
from workshop.localaws.runtime.proc import descendants, resident, signal_apart, value
from workshop.localaws.runtime.process import CHUNK, Exited, Launch, Output
from workshop.localaws.runtime.view import View

LOOK_AGAIN = 0.05  # seconds between looks for child processes
FILES = 4096  # descriptors: each environment takes four, and macOS allows 256 unless asked
SCRIPT = Path(__file__).parent / "launcher" / "launcher.py"
BASE = getattr(sys, "_base_executable", None) or sys.executable


class PosixProcess(process.Process):
    """A process group. Its id is known a moment after it was asked for; until then a kill is remembered."""

    def __init__(self, number: int, pipe: int, in_transit: int, output: Output, exited: Exited) -> None:
        super().__init__(output, exited)
        self.number, self.pipe, self.in_transit = number, pipe, in_transit
        self.killed = False
        self.below: list[int] = []
        self.apart: list[int] = []  # frozen children outside the group
        self.status_file = -1
        self.loop.add_reader(pipe, self.drain)

    def started(self, pid: int) -> None:
        """The launcher says which process it is."""
        self.arrived()
        self.pid = pid
        if system.LINUX:
            with contextlib.suppress(OSError):
                self.status_file = os.open(f"/proc/{pid}/status", os.O_RDONLY | os.O_CLOEXEC)
        if self.killed:
            self.kill()

    def arrived(self) -> None:
        """Let go of our copy of the pipe's writing end: the launcher has its own now, or never will.

        Not before: macOS may throw away a descriptor that is in transit over a socket when its sender closes it.
        """
        if self.in_transit >= 0:
            os.close(self.in_transit)
            self.in_transit = -1

    def drain(self) -> None:
        while self.pipe >= 0:
            try:
                data = os.read(self.pipe, CHUNK)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.close_pipe()
                return
            self.output(data)
            if len(data) < CHUNK:
                return

    def close_pipe(self) -> None:
        """No more output, or none that is wanted."""
        self.arrived()
        if self.pipe >= 0:
            self.loop.remove_reader(self.pipe)
            os.close(self.pipe)
            self.pipe = -1

    def ended(self, code: int, peak_kb: int) -> None:
        """The launcher says how it ended."""
        if not self.alive:
            return
        self.alive = False
        self.peak_kb = max(self.peak_kb, peak_kb)
        self.drain()
        self.close_pipe()  # a grandchild may hold the other end for a moment longer
        if self.status_file >= 0:
            os.close(self.status_file)
            self.status_file = -1
        self.exited(code)

    def signal_group(self, number: int) -> None:
        """Signal the process and its children."""
        if self.alive and self.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def freeze(self) -> None:
        if self.alive and not self.frozen:
            self.frozen = True
            self.signal_group(signal.SIGSTOP)
            # Children in a session of their own are in another group; only Linux tells of them.
            self.apart = [pid for pid in descendants(self.pid) if signal_apart(pid, self.pid, signal.SIGSTOP)]

    def thaw(self) -> None:
        if self.frozen:
            self.frozen = False
            self.signal_group(signal.SIGCONT)
            for pid in self.apart:
                signal_apart(pid, self.pid, signal.SIGCONT)

    def kill(self) -> None:
        self.killed = True
        self.signal_group(signal.SIGKILL)

    def measure(self) -> int:
        if not self.alive or not self.pid:
            return 0
        if not system.LINUX:
            return self.measure_by_psutil()
        try:
            status = os.pread(self.status_file, 4096, 0)
            peak, held = value(status, b"VmHWM:"), value(status, b"VmRSS:")
        except OSError:
            return 0
        if perf_counter() - self.looked > LOOK_AGAIN:
            self.looked, self.below = perf_counter(), descendants(self.pid)
        below = sum(resident(pid) for pid in self.below)
        self.peak_kb = max(self.peak_kb, peak, held + below)
        return held + below


class PosixLauncher(process.Launcher):
    """The cloud's end of the socket to the launcher process."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.sock: socket.socket | None = None
        self.popen: subprocess.Popen[bytes] | None = None
        self.buffer = b""
        self.number = 0
        self.asked: dict[int, PosixProcess] = {}
        self.running: dict[int, PosixProcess] = {}
        self.probed: asyncio.Future[str] | None = None

    async def start(self, isolate: bool) -> None:
        self.loop = asyncio.get_running_loop()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if 0 <= soft < FILES:
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (FILES if hard < 0 else min(FILES, hard), hard))
        self.open()
        if not isolate:
            self.why = "it was not asked for"
            return
        if not system.LINUX:
            self.why = "this system has no namespaces"
            return
        self.view = View(self.scratch / "root")
        try:
            await asyncio.to_thread(self.view.make)
        except OSError as error:
            self.why = f"{error.filename}: {error.strerror}"
            return
        self.probed = self.loop.create_future()
        self.send({"probe": (str(self.view.root), self.view.places, 1)})
        try:
            self.why = await asyncio.wait_for(self.probed, 10)
        except TimeoutError:
            self.why = "the trial took too long"
        self.isolation = "paths" if self.why else "namespaces"

    def open(self) -> None:
        """Start the launcher process."""
        ours, theirs = socket.socketpair()
        # Its own session: Ctrl-C in a terminal is for the cloud, which then ends everything in order.
        self.popen = subprocess.Popen(
            [BASE, "-I", "-S", str(SCRIPT), str(theirs.fileno()), str(self.scratch), system.NAME],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        ours.setblocking(False)
        self.sock, self.buffer = ours, b""
        self.loop.add_reader(ours.fileno(), self.receive)

    def send(self, message: dict[str, object], descriptor: int | None = None) -> None:
        """One message to the launcher, with a descriptor for it to keep."""
        body = json.dumps(message).encode()
        data = len(body).to_bytes(4, "big") + body
        self.sock.setblocking(True)  # it reads at once; a full buffer lasts microseconds
        try:
            sent = socket.send_fds(self.sock, [data], [descriptor]) if descriptor is not None else 0
            self.sock.sendall(data[sent:])
        finally:
            self.sock.setblocking(False)

    def spawn(self, launch: Launch, output: Output, exited: Exited) -> PosixProcess:
        if self.sock is None:
            self.open()
        read, write = os.pipe()
        os.set_blocking(read, False)
        self.number += 1
        child = PosixProcess(self.number, read, write, output, exited)
        self.asked[self.number] = child
        message = {"id": self.number, "argv": launch.argv, "environ": launch.environ, "cwd": launch.cwd}
        seen = {"root": launch.root, "places": launch.places, "tmp_mb": launch.tmp_mb}
        try:
            self.send({**message, **seen, "marker": launch.marker}, write)
        except OSError as error:
            del self.asked[self.number]
            child.close_pipe()
            raise WorkshopError(f"A process could not be started: {error}.") from None
        return child

    def receive(self) -> None:
        """What the launcher tells."""
        try:
            data = self.sock.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.lost()
            return
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            self.told(json.loads(line))

    def told(self, message: dict[str, object]) -> None:
        """One message of the launcher."""
        if "probe" in message:
            if self.probed is not None and not self.probed.done():
                self.probed.set_result(str(message["probe"]))
        elif "failed" in message:
            for child in self.running.values():
                if child.number == message["id"]:
                    child.launch_error = str(message["failed"])
        elif "id" in message:
            child = self.asked.pop(message["id"])
            self.running[message["pid"]] = child
            child.started(message["pid"])
        else:
            child = self.running.pop(message["pid"], None)
            if child is not None:
                child.ended(message["code"], message["peak_kb"])

    def lost(self) -> None:
        """The launcher died: so do its processes; the next request starts another."""
        self.loop.remove_reader(self.sock.fileno())
        self.sock.close()
        self.sock = None
        children = [*self.running.values(), *self.asked.values()]
        self.running.clear()
        self.asked.clear()
        for child in children:
            child.kill()
            child.ended(-signal.SIGKILL, 0)

    async def close(self) -> None:
        if self.sock is not None:
            self.loop.remove_reader(self.sock.fileno())
            self.sock.close()
            self.sock = None
        for child in (*self.running.values(), *self.asked.values()):
            child.alive = False
            child.close_pipe()
        if self.popen is not None:
            try:
                await asyncio.to_thread(self.popen.wait, 5)
            except subprocess.TimeoutExpired:
                self.popen.kill()
