"""The launcher: a small process that starts every environment and outlives none of them.

A fork of the whole cloud would be slow, and unsafe beside its threads; this process is small and has one thread. It is
the parent of all environments: it tells how they ended, ends what they leave behind, and ends them all when the socket
to the cloud closes, however the cloud ended.

Run by path. Reads messages (four bytes of length, JSON, the standard output's descriptor beside it), writes JSON lines.
"""
# Paths are strings: pathlib is an import that every start would pay for.
# ruff: noqa: PTH100, PTH120, PTH123

import array
import contextlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time

LINUX = sys.argv[3] == "linux"  # what `workshop.core.system` says: this file is run by path
if LINUX:
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import namespaces

RESTORED = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
FILES = 1024  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (file descriptors)


class Launcher:
    """One socket to the cloud, any number of children."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""
        self.descriptors = []
        self.roots = {}  # pid -> marker: the environments' own processes
        self.houses = {}  # pid -> process 1 of its namespace, where it has one
        self.life, self.life_write = os.pipe()  # reads nothing until this process is gone
        self.starting = {}  # error pipe -> [number of the request, text so far]
        self.poll = select.poll()
        self.poll.register(sock, select.POLLIN)

    def run(self):
        """Until the socket closes."""
        wake, wake_write = os.pipe()
        for end in (wake, wake_write):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self.poll.register(wake, select.POLLIN)
        while True:
            for descriptor, _ in self.poll.poll():
                if descriptor == self.sock.fileno():
                    if not self.receive():
                        return
                elif descriptor == wake:
                    with contextlib.suppress(BlockingIOError):
                        os.read(wake, 512)
                    self.reap()
                elif descriptor in self.starting:  # unless a child that ended closed it a moment ago
                    self.started(descriptor)

    def tell(self, **message):
        with contextlib.suppress(OSError):  # the cloud is gone: the next read says so
            self.sock.sendall(json.dumps(message).encode() + b"\n")

    def receive(self):
        """Handle what the cloud sent; False when it is gone."""
        try:
            data, ancillary, _, _ = self.sock.recvmsg(65536, socket.CMSG_SPACE(64 * 4), CLOSE_ON_EXEC)
        except OSError:
            return False
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                numbers = array.array("i")
                numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
                for number in numbers:
                    os.set_inheritable(number, False)
                self.descriptors += numbers
        if not data:
            return False
        self.buffer += data
        while len(self.buffer) >= 4:
            size = int.from_bytes(self.buffer[:4], "big")
            if len(self.buffer) < 4 + size:
                break
            message = json.loads(self.buffer[4 : 4 + size])
            self.buffer = self.buffer[4 + size :]
            if "probe" in message:
                self.probe(message["probe"])
            else:
                self.start(message, self.descriptors.pop(0))
        return True

    def probe(self, places):
        """Try namespaces in a child, and tell whether they work."""
        if not LINUX:
            self.tell(probe="this system has no mount namespaces")
            return
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                namespaces.leave()
                first = os.fork()  # only it is in the namespace of processes
                if first == 0:
                    os.set_inheritable(write, False)
                    namespaces.enter(*places)
                else:
                    os.waitpid(first, 0)
            except BaseException as error:
                os.write(write, str(error).encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            problem = pipe.read().decode("utf-8", "replace")
        os.waitpid(pid, 0)
        self.tell(probe=problem)

    def start(self, message, output):
        """Fork, and let the child become the environment's process."""
        read, write = os.pipe()
        parent = os.getpid()
        if message["root"]:
            pid, house = self.start_apart(message, output, write)
            if house:
                self.houses[pid] = house
        else:
            pid = os.fork()
            if pid == 0:
                self.become(message, output, write, parent)
        os.close(write)
        os.close(output)
        os.set_blocking(read, False)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)  # here too: whoever is first, so that a kill of the group finds it
        self.roots[pid] = message["marker"].encode()
        self.starting[read] = [message["id"], b""]
        self.poll.register(read, select.POLLIN)
        self.tell(id=message["id"], pid=pid)

    def start_apart(self, message, output, write):
        """A process in namespaces of its own. Returns it, and process 1 beside it.

        Process 1 takes no signals from its own namespace and has to take over orphans, so a function is not that one. A
        child in the middle makes the namespaces and both processes, and ends; the function's parent is the launcher.
        """
        told, tell = os.pipe()
        middle = os.fork()
        if middle == 0:
            try:
                namespaces.leave()
                house = os.fork()
                if house == 0:
                    namespaces.keep_house(self.life)
                pid = namespaces.fork_sibling()
                if pid == 0:
                    self.become(message, output, write, 0)
                os.write(tell, b"%d %d" % (pid, house))
            except BaseException as error:
                os.write(write, f"fork/exec {message['argv'][0]}: {error}".encode())
                os.write(tell, b"0 0")
            os._exit(0)
        pid, house = map(int, os.read(told, 100).split() or (0, 0))
        os.close(told)
        os.close(tell)
        if pid:
            os.waitpid(middle, 0)
        return pid or middle, house

    def become(self, message, output, write, parent):
        """In the child: be the environment's process, or tell why not."""
        try:
            become(message, output, parent)
        except BaseException as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            os.write(write, f"fork/exec {message['argv'][0]}: {reason.lower()}".encode())
        os._exit(127)

    def started(self, descriptor):
        """The child executed its program (the pipe closes), or says why it could not."""
        try:
            while data := os.read(descriptor, 4096):
                self.starting[descriptor][1] += data
        except BlockingIOError:
            return
        self.poll.unregister(descriptor)
        os.close(descriptor)
        number, text = self.starting.pop(descriptor)
        if text:
            self.tell(id=number, failed=text.decode("utf-8", "replace"))

    def reap(self):
        """Tell how children ended, and end what they left behind."""
        ended = []
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid in self.roots:
                ended.append(pid)
                kill_group(pid)
                del self.roots[pid]
                if pid in self.houses:  # and with it whatever else is in the namespace
                    kill(self.houses.pop(pid))
                scale = 1024 if sys.platform == "darwin" else 1
                code = os.waitstatus_to_exitcode(status)
                for descriptor in list(self.starting):  # its failure to start, if any, is told first
                    if select.select([descriptor], [], [], 0)[0]:
                        self.started(descriptor)
                self.tell(pid=pid, code=code, peak_kb=usage.ru_maxrss // scale)
        if ended:
            self.end_leftovers()

    def end_leftovers(self):
        """Kill adopted processes of environments that are gone, such as daemons in a session of their own."""
        live = set(self.roots.values())
        houses = set(self.houses.values())
        for pid in children():
            if pid not in self.roots and pid not in houses:
                try:
                    with open(f"/proc/{pid}/environ", "rb") as file:
                        environ = file.read()
                except OSError:
                    continue
                if not any(marker in environ for marker in live):
                    kill(pid)

    def end_all(self):
        """Kill everything, adopted processes too, until none is left."""
        for pid in self.roots:
            kill_group(pid)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            for pid in children():
                kill_group(pid)
                kill(pid)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            time.sleep(0.002)


def become(message, output, parent):
    """In the child: own process group, own folders, own output, then the program."""
    os.setpgid(0, 0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if message["root"]:
        namespaces.enter(message["root"], message["places"], message["tmp_mb"])
        namespaces.give_up_powers()
    if LINUX:
        namespaces.die_with_parent()
        if os.getppid() != parent:  # 0 from within a namespace that the parent is not in
            os._exit(0)
    signal.set_wakeup_fd(-1)
    for number in RESTORED:
        signal.signal(number, signal.SIG_DFL)
    os.chdir(message["cwd"])
    os.execve(message["argv"][0], message["argv"], message["environ"])


def children():
    """Process ids of all children, adopted ones included (Linux; elsewhere only groups are known)."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def kill(pid):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def kill_group(pid):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the cloud's; its end is ours
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES if hard == -1 else min(FILES, hard), hard))
    if LINUX:
        namespaces.adopt_orphans()
    sock = socket.socket(fileno=int(sys.argv[1]))
    sock.set_inheritable(False)
    launcher = Launcher(sock)
    try:
        launcher.run()
    finally:
        launcher.end_all()
        remove(sys.argv[2])


def remove(folder):
    """Delete the engine's scratch folder, which a killed cloud leaves behind."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


main()
