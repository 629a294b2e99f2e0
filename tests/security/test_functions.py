"""What a function may do on this machine: with a view of its own, and where the system has none to give."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.localaws.runtime.conftest import engines as engines
from tests.localaws.runtime.room import Engines, Room, until

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def secret(tmp_path: Path) -> Iterator[Path]:
    """A file of the reader's, in a folder that is not among the system's."""
    file = tmp_path / "secret"
    file.write_text("of the reader", encoding="utf-8")
    yield file


def isolated(room: Room) -> None:
    if room.engine.isolation != "namespaces":
        pytest.skip(f"no namespaces here: {room.engine.launches.why_paths}")


LOOK = textwrap.dedent("""
    import os
    def handler(event, context):
        found = {}
        for path in event["paths"]:
            try:
                found[path] = sorted(os.listdir(path)) if os.path.isdir(path) else open(path).read()
            except OSError as error:
                found[path] = error.strerror
        found["processes"] = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
        found["me"] = os.getpid()
        for number in event["signal"]:
            try:
                os.kill(number, 0)
                found[str(number)] = "reached"
            except OSError as error:
                found[str(number)] = error.strerror
        return found
""")


async def test_no_home_no_other_processes_no_signal_to_the_cloud(engines: Engines, secret: Path) -> None:
    home = Path.home()
    async with engines() as room:
        isolated(room)
        launcher = room.engine.launcher.popen.pid
        paths = [
            str(home),
            f"{home}/.ssh",
            "/home",
            str(secret),
            str(room.engine.scratch),
            str(Path.cwd()),
            "/run",
            "/mnt",
        ]
        found = await room.call(room.function(LOOK), {"paths": paths, "signal": [os.getpid(), launcher]})
    interpreter = {part for part in Path(sys.base_prefix).parts if str(home) in sys.base_prefix}
    for path in paths:
        seen = found[path]
        assert seen == "No such file or directory" or set(seen) <= interpreter, (path, seen)
    assert found["processes"] == [1, found["me"]]
    assert {found[str(os.getpid())], found[str(launcher)]} == {"No such process"}


async def test_the_root_has_what_a_function_needs_and_no_more(engines: Engines) -> None:
    async with engines() as room:
        isolated(room)
        paths = [
            "/",
            "/etc",
            "/dev",
            "/var",
            "/etc/shadow",
            "/etc/passwd",
            "/proc/1/environ",
            "/proc/sys/kernel/core_pattern",
        ]
        found = await room.call(room.function(LOOK), {"paths": paths, "signal": []})
    system = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix", "gnu", "snap"}
    own = {"dev", "etc", "opt", "proc", "tmp", "var", Path(sys.base_prefix).parts[1]}
    assert set(found["/"]) <= system | own
    assert set(found["/var"]) == {"lang", "runtime", "task"}
    assert not {"shadow", "sudoers", "ssh", "machine-id", "gitconfig"} & set(found["/etc"])
    assert set(found["/dev"]) == {"null", "zero", "full", "random", "urandom", "fd", "stdin", "stdout", "stderr"}
    assert found["/etc/passwd"].startswith("sbx_user1051:") and len(found["/etc/passwd"].splitlines()) == 1


ESCAPE = textwrap.dedent("""
    import ctypes, os
    libc = ctypes.CDLL(None, use_errno=True)
    def handler(event, context):
        told = []
        for name, arguments in (
            ("mount", (b"none", b"/tmp", b"tmpfs", 0, b"")), ("umount2", (b"/var/task", 2)),
            ("chroot", (b"/tmp",)), ("setuid", (12345,)), ("sethostname", (b"x", 1)),
        ):
            told.append(0 if getattr(libc, name)(*arguments) == 0 else os.strerror(ctypes.get_errno()))
        status = open("/proc/self/status").read()
        return told, [line for line in status.splitlines() if line.startswith(("CapEff", "CapBnd", "NoNewPrivs"))]
""")


async def test_no_power_over_its_own_view(engines: Engines) -> None:
    """It could else undo what was mounted; https://man7.org/linux/man-pages/man7/capabilities.7.html"""
    async with engines() as room:
        isolated(room)
        told, status = await room.call(room.function(ESCAPE))
    assert 0 not in told
    words = dict(line.split(":\t") for line in status)
    assert (int(words["CapEff"], 16), words["NoNewPrivs"]) == (0, "1")


FORKS = textwrap.dedent("""
    import os, time
    def handler(event, context):
        count = 0
        while count < 4000:  # a bound of the test's own
            try:
                if os.fork() == 0:
                    time.sleep(60)
                    os._exit(0)
            except OSError as error:
                return [count, error.strerror]
            count += 1
        return [count, ""]
""")


async def test_a_function_that_forks_for_ever_stops_at_lambdas_number(engines: Engines) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 1,024 processes and threads"""
    async with engines() as room:
        isolated(room)
        spec = room.function(FORKS, memory_size=10240, timeout=60.0)
        invocation = await room.engine.invoke(spec, b"{}")
        if invocation.function_error is None:
            count, why = json.loads(invocation.payload)
            if os.getuid() == 0 and not why and kernel() < (6, 14):
                pytest.skip("for root, a kernel older than 6.14 has no such bound")
            assert (count < 1024, why) == (True, "Resource temporarily unavailable")
        launcher = psutil.Process(room.engine.launcher.popen.pid)
        room.engine.retire(spec.arn)
        await until(lambda: not launcher.children(recursive=True), 30)
        assert await room.call(room.function("def handler(e, c):\n    return 'well'\n")) == "well"


def kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])


FILL = textwrap.dedent("""
    import os
    def handler(event, context):
        written, block = 0, b"x" * (1 << 20)
        try:
            with open("/tmp/full", "wb") as file:
                while written < 700:  # MB, a bound of the test's own
                    written += file.write(block) >> 20
        except OSError as error:
            return [written, error.strerror]
        finally:
            os.unlink("/tmp/full")
        return [written, ""]
""")


async def test_tmp_has_the_size_that_it_has_on_aws(engines: Engines, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html: 512 MB or as asked"""
    if psutil.virtual_memory().available < 3 << 30:
        pytest.skip("needs 3 GB of free memory")
    async with engines() as room:
        isolated(room)
        written, why = await room.call(room.function(FILL, timeout=60.0))
        assert (500 <= written <= 512, why) == (True, "No space left on device")
        assert await room.call(room.function(FILL, timeout=60.0, ephemeral_storage=1024)) == [700, ""]


async def test_what_a_function_may_do_is_said_in_one_sentence(engines: Engines) -> None:
    async with engines() as room:
        isolated(room)
        assert room.engine.launches.reach.startswith("a function sees its own folders and processes only")
    async with engines(isolation="paths") as room:
        assert "runs as you and may do what you may: read your files" in room.engine.launches.reach


def test_the_status_and_doctor_say_it(cloud: Any) -> None:
    import httpx

    from workshop import doctor

    said = httpx.get(f"{cloud.endpoint}/_workshop/status").json()["functions"]
    assert said.startswith("a function ")
    assert doctor.reach(cloud.endpoint) == said
    assert said in [each.detail for each in doctor.checks(cloud) if each.name == "Functions"]
