"""However the cloud ends, no process of a function outlives it, frozen or not, child or daemon."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from tests.support import LONGEST
from workshop.core import system

pytestmark = pytest.mark.skipif(system.WINDOWS, reason="on Windows job objects end them; needs signals here")
ROOT = Path(__file__).resolve().parents[3]
CLOUD = textwrap.dedent("""
    import asyncio, json, psutil, sys
    from pathlib import Path
    from workshop.localaws.runtime import Engine, EngineSettings, FunctionSpec

    class Sink:
        def write(self, *_): pass
        def finished(self, *_): pass

    async def main():
        engine = Engine(Sink(), EngineSettings(freeze=sys.argv[2] == "frozen"))
        await engine.start()
        arn = "arn:aws:lambda:eu-west-1:123456789012:function:f"
        runtime, folder = f"python3.{sys.version_info[1]}", Path(sys.argv[1])
        spec = FunctionSpec(arn, "f", "$LATEST", runtime, "app.handler", 256, 30.0, folder)
        answer = await engine.invoke(spec, b"0")
        busy = asyncio.ensure_future(engine.invoke(spec, b"30"))
        second = await asyncio.gather(engine.invoke(spec, b"0"))
        await asyncio.sleep(0.1)
        started = [json.loads(answer.payload), json.loads(second[0].payload)]
        assert len(started[0]) == len(started[1]) == 3
        below = psutil.Process(engine.launcher.popen.pid).children(recursive=True)  # a daemon's parent is one of them
        pids = [engine.launcher.popen.pid, *(each.pid for each in below)]
        told = {"pids": pids, "daemons": [each[2] for each in started], "scratch": str(engine.scratch)}
        print(json.dumps(told), flush=True)
        if sys.argv[3] == "close":
            await engine.close()
        else:
            await asyncio.sleep(60)

    asyncio.run(main())
""")
HANDLER = textwrap.dedent("""
    import os, subprocess, time
    def daemon():
        read, write = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.write(write, str(os.getpid()).encode())
                time.sleep(60)
            os._exit(0)
        return int(os.read(read, 20))
    child = subprocess.Popen(["sleep", "60"])
    started = [os.getpid(), child.pid, daemon()]
    def handler(seconds, context):
        time.sleep(seconds)
        return started
""")


@pytest.mark.parametrize("frozen", ["frozen", "running"])
@pytest.mark.parametrize("end", ["close", "SIGINT", "SIGTERM", "SIGKILL"])
def test_nothing_outlives_the_cloud(tmp_path: Path, end: str, frozen: str) -> None:
    (tmp_path / "app.py").write_text(HANDLER, encoding="utf-8")
    cloud = subprocess.Popen(
        [sys.executable, "-c", CLOUD, str(tmp_path), frozen, end],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        told = json.loads(cloud.stdout.readline())
        # A daemon in a session of its own is the launcher's child on Linux. macOS tells nobody of it: there it stays.
        assert len(set(told["pids"])) >= (7 if system.LINUX else 5)
        if end != "close":
            os.kill(cloud.pid, getattr(signal, end))
        cloud.wait(LONGEST)
        deadline = time.monotonic() + LONGEST
        while left := [pid for pid in told["pids"] if running(pid)]:
            assert time.monotonic() < deadline, [psutil.Process(pid).cmdline() for pid in left]
            time.sleep(0.02)
        while Path(told["scratch"]).exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        for pid in () if system.LINUX else told["daemons"]:
            assert running(pid), "macOS ends daemons, too: say so in docs/architecture.md"
            os.kill(pid, signal.SIGKILL)
    finally:
        cloud.kill()
        cloud.wait()
        cloud.stdout.close()


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
