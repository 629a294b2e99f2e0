"""Requests that end badly: each answers at once, in AWS's shape, and the next one is served.

https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys

import pytest

from tests.localaws.runtime.room import Engines, until
from tests.support import LONGEST
from workshop.core import system

pytestmark = pytest.mark.anyio
POSIX = system.POSIX


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("sys.exit()", "Runtime exited without providing a reason"),
        ("exit(4)", "Runtime exited with error: exit status 4"),
        ("os._exit(5)", "Runtime exited with error: exit status 5"),
        pytest.param(
            "import ctypes; ctypes.string_at(0)",
            "Runtime exited with error: signal: segmentation fault",
            marks=pytest.mark.skipif(not POSIX, reason="Windows has no signals"),
        ),
    ],
)
async def test_a_process_that_ends_itself(engines: Engines, statement: str, reason: str) -> None:
    async with engines() as room:
        spec = room.function(f"import os, sys\ndef handler(e, c):\n    print('last words', end='')\n    {statement}\n")
        error = await room.fail(spec)
        message = f"RequestId: {room.last.request_id} Error: {reason}"
        assert error == {"errorType": "Runtime.ExitError", "errorMessage": message}
        assert room.lines[1:4] == [
            f"START RequestId: {room.last.request_id} Version: $LATEST\n",
            "last words",
            f"{message}\nRuntime.ExitError\n",
        ]
        assert room.lines[4] == f"END RequestId: {room.last.request_id}\n"
        assert room.lines[5].endswith("Status: error\tError Type: Runtime.ExitError\n")
        first = room.last.environment_id
        await room.fail(spec)
        assert room.last.environment_id != first


async def test_a_timeout_kills(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function("import time\ndef handler(e, c):\n    print('begun')\n    time.sleep(60)\n", timeout=0.3)
        error = await room.fail(spec)
        message = "Task timed out after 0.30 seconds"
        request_id = room.last.request_id
        assert error == {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {request_id} Error: {message}"}
        assert "begun\n" in room.lines
        assert re.fullmatch(rf"\S+Z {request_id} {message}\n\n", room.lines[-3])
        assert room.lines[-1].endswith("\tStatus: timeout\n")
        assert room.last.status == "timeout"
        assert room.last.duration_ms == 300
        assert room.last.billed_ms == -(-(300 + room.last.init_ms) // 1)  # the init phase is billed too
        await until(lambda: not room.engine.environments())


async def test_a_process_over_its_memory_size_is_killed(engines: Engines) -> None:
    async with engines() as room:
        code = "import time\ndef handler(e, c):\n    held = bytearray(300 << 20)\n    time.sleep(20)\n"
        spec = room.function(code, memory_size=128, timeout=20.0)
        error = await room.fail(spec)
        assert error["errorType"] == "Runtime.OutOfMemory"
        assert error["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
        assert room.last.max_memory_mb == 128  # AWS gives nothing beyond the limit, so that is the peak
        assert "Status: error\tError Type: Runtime.OutOfMemory" in room.lines[-1]


async def test_memory_is_looked_at_once_more_at_the_end(engines: Engines) -> None:
    """A request that is over before the next look at it has still held too much."""
    code = "def handler(e, c):\n    held = bytearray(b'x') * (160 << 20)\n    del held\n    return 'fits'\n"
    async with engines() as room:
        spec = room.function(code, memory_size=128)
        for _ in range(3):
            assert (await room.fail(spec))["errorType"] == "Runtime.OutOfMemory"


@pytest.mark.skipif(not system.LINUX, reason="only Linux tells how much of a process is shared")
async def test_what_a_fork_shares_counts_once(engines: Engines) -> None:
    code = """
        import os, time
        held = bytearray(b'x') * (70 << 20)
        def handler(event, context):
            child = os.fork()
            if child == 0:
                time.sleep(0.3)
                os._exit(0)
            os.waitpid(child, 0)
            return len(held)
    """
    async with engines() as room:
        assert await room.call(room.function(code, memory_size=128)) == 70 << 20


async def test_memory_of_child_processes_counts(engines: Engines) -> None:
    code = f"""
        import subprocess
        def handler(event, context):
            subprocess.run([{sys.executable!r}, '-c', 'import time; held = bytearray(300 << 20); time.sleep(20)'])
    """
    async with engines(isolation="paths") as room:
        error = await room.fail(room.function(code, memory_size=128, timeout=20.0))
        assert error["errorType"] == "Runtime.OutOfMemory"


async def test_max_memory_used_is_the_real_peak(engines: Engines) -> None:
    async with engines() as room:
        # macOS keeps no peak of a running process: what is held for less than a look (25 ms) may be missed there.
        held = "time.sleep(0.3)" if system.MACOS else "pass"
        code = f"import time\ndef handler(n, c):\n    held = bytearray(n << 20)\n    {held}\n    return len(held)\n"
        spec = room.function(code, memory_size=512)
        await room.call(spec, 1)
        small = room.last.max_memory_mb
        await room.call(spec, 150)
        assert small + 140 <= room.last.max_memory_mb <= small + 170
        await room.call(spec, 1)
        assert room.last.max_memory_mb >= small + 140
        assert f"Max Memory Used: {room.last.max_memory_mb} MB\t" in room.lines[-1]


async def test_an_init_that_hangs_is_repeated_under_the_functions_timeout(engines: Engines) -> None:
    async with engines(init_seconds=0.3) as room:
        spec = room.function("import time\ntime.sleep(30)\ndef handler(e, c): pass\n", timeout=0.5)
        error = await room.fail(spec)
        assert error["errorType"] == "Sandbox.Timedout"
        reports = [line for line in room.lines if line.startswith("INIT_REPORT")]
        assert re.fullmatch(r"INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: timeout\n", reports[0])
        assert "Phase: invoke\tStatus: timeout" in reports[1]
        assert room.last.init_ms is None


async def test_a_slow_init_succeeds_in_the_invoke_phase(engines: Engines) -> None:
    async with engines(init_seconds=0.3) as room:
        code = "import time\ntime.sleep(0.5)\ndef handler(e, c):\n    return c.get_remaining_time_in_millis()\n"
        spec = room.function(code)
        left = await room.call(spec)
        assert left < 9600  # the second init counts against the timeout
        assert room.last.duration_ms >= 500
        assert room.last.init_ms is None
        assert await room.call(spec) > left  # this one had no init


@pytest.mark.skipif(not POSIX, reason="needs signals")
async def test_an_environment_killed_from_outside(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function("import time\ndef handler(e, c):\n    time.sleep(e)\n    return 'fine'\n")
        await room.call(spec, 0)
        task = asyncio.create_task(room.fail(spec, 9))
        await until(lambda: room.engine.environments()[0]["state"] == "busy")
        os.kill(room.engine.environments()[0]["pid"], signal.SIGKILL)
        error = await task
        assert error["errorMessage"].endswith("Runtime exited with error: signal: killed")
        assert await room.call(spec, 0) == "fine"
        os.kill(room.engine.environments()[0]["pid"], signal.SIGKILL)  # and between requests, frozen
        await until(lambda: not room.engine.environments())
        assert await room.call(spec, 0) == "fine"


async def test_a_caller_who_leaves_does_not_leak(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function("import time\ndef handler(e, c):\n    time.sleep(0.2)\n    return 1\n")
        task = asyncio.create_task(room.engine.invoke(spec, b"{}"))
        await until(lambda: any(e["state"] == "busy" for e in room.engine.environments()))
        task.cancel()
        await until(lambda: len(room.sink.invocations) == 1)
        assert room.last.status == "success"
        assert await room.call(spec) == 1
        assert len(room.engine.environments()) == 1


async def test_an_answer_over_six_megabytes(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function("def handler(n, c):\n    return 'x' * n\n")
        assert len(await room.call(spec, 6 * 1024 * 1024)) == 6 * 1024 * 1024
        error = await room.fail(spec, 6 * 1024 * 1024 + 99)
        assert error == {
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        }
        assert await room.call(spec, 1) == "x"
        assert len(room.engine.environments()) == 1


async def test_an_error_over_six_megabytes(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function("def handler(event, context):\n    raise ValueError('x' * (7 << 20))\n")
        assert (await room.fail(spec))["errorType"] == "Function.ResponseSizeTooLarge"


async def test_a_fault_in_the_sink_leaves_nobody_waiting(engines: Engines) -> None:
    async with engines() as room:

        def broken(*_: object) -> None:
            raise RuntimeError("a fault of the test")

        spec = room.function("def handler(e, c):\n    print(e)\n    return e\n")
        room.sink.finished = room.sink.write = broken
        assert [await asyncio.wait_for(room.call(spec, number), LONGEST) for number in range(3)] == [0, 1, 2]
        assert len(room.engine.environments()) == 1


async def test_code_that_is_gone(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function("def handler(e, c): pass\n")
        (spec.code_dir / "app.py").unlink()
        spec.code_dir.rmdir()
        error = await room.fail(spec)
        assert error["errorType"] == "Runtime.InvalidEntrypoint"


@pytest.mark.skipif(system.WINDOWS, reason="nothing is sent over a socket there")
async def test_a_descriptor_in_transit_is_kept_until_it_has_arrived(engines: Engines) -> None:
    """macOS throws away what is in transit when its sender closes it, so the sender waits for the launcher's answer."""
    async with engines(freeze=False) as room:
        await room.call(room.function("def handler(e, c): pass\n"))
        launcher = room.engine.launcher.popen.pid
        os.kill(launcher, signal.SIGSTOP)
        try:
            waiting = asyncio.create_task(room.call(room.function("def handler(e, c): return 'arrived'\n")))
            await until(lambda: bool(room.engine.launcher.asked))
            [child] = room.engine.launcher.asked.values()
            os.fstat(child.in_transit)  # raises where it is closed
        finally:
            os.kill(launcher, signal.SIGCONT)
        assert await waiting == "arrived"
        assert child.in_transit == -1
