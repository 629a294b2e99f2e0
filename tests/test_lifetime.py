"""However a kernel or a command ends, nothing of it keeps running: not the cloud, not a function's process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support import LONGEST, descendants, fresh_environment, gone, is_running

ROOT = Path(__file__).resolve().parent.parent
# Connects, deploys a function by boto3, calls it (so that a process of it idles, frozen), says so, and stays.
KERNEL = """
import json, os, sys, time
sys.path.insert(0, {root!r})
from workshop import connect
from tests.support import make_function, invoke
cloud = connect()
import boto3
import httpx
name = make_function(boto3.client, "def handler(event, context):\\n    return 1\\n")
invoke(boto3.client, name)
(environment,) = httpx.get(cloud.endpoint + "/_workshop/environments").json()["environments"]
pid = environment["pid"]
print(json.dumps(dict(function=pid, cloud=cloud._process.pid)), flush=True)
{then}
"""


@pytest.fixture
def kernel() -> Iterator[object]:
    """Starts such a program; ends it at the latest when the test is over."""
    started: list[subprocess.Popen[str]] = []

    def start(then: str) -> tuple[subprocess.Popen[str], dict[str, int]]:
        source = KERNEL.format(root=str(ROOT), then=then)
        process = subprocess.Popen(
            [sys.executable, "-c", source],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=fresh_environment(),
        )
        started.append(process)
        line = process.stdout.readline()
        assert line, process.stderr.read()
        return process, json.loads(line)

    yield start
    for process in started:
        process.kill()
        process.wait()


ENDINGS = {
    "it returns": ("pass", None),
    "it raises": ("raise SystemExit(3)", None),
    "it is interrupted": ("time.sleep(600)", signal.SIGINT),
    "it is terminated": ("time.sleep(600)", signal.SIGTERM),
    "it is killed": ("time.sleep(600)", getattr(signal, "SIGKILL", signal.SIGTERM)),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_outlives_its_kernel(kernel: object, ending: str) -> None:
    then, send = ENDINGS[ending]
    process, pids = kernel(then)
    assert is_running(pids["cloud"]) or send is None
    if send is not None:
        process.send_signal(send)
    process.wait(LONGEST)
    assert gone(list(pids.values())), f"still running after {ending}: {pids}"


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is what a POSIX system sends")
def test_functions_die_with_a_cloud_that_is_killed(kernel: object) -> None:
    _, pids = kernel("time.sleep(600)")
    os.kill(pids["cloud"], signal.SIGKILL)
    assert gone([pids["function"]])


@pytest.mark.skipif(os.name == "nt", reason="SIGSTOP is what a POSIX system has")
def test_ctrl_c_while_the_cloud_is_being_closed_shows_no_traceback(kernel: object) -> None:
    process, pids = kernel("sys.stdin.close(); print('closing', flush=True)")
    os.kill(pids["cloud"], signal.SIGSTOP)  # a cloud that takes its time
    assert process.stdout.readline().strip() == "closing"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.wait(LONGEST)
    assert "Traceback" not in process.stderr.read()
    assert gone(list(pids.values()))


def test_interrupting_a_cell_does_not_end_the_cloud(kernel: object) -> None:
    """JupyterLab's stop button sends SIGINT to the kernel's whole process group."""
    if os.name == "nt":
        pytest.skip("Windows interrupts a kernel by an event, not by a signal to its group")
    process, pids = kernel("""
import signal
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
print("ready", flush=True)
time.sleep(1)
print(cloud.account, flush=True)
time.sleep(60)
""")
    assert process.stdout.readline().strip() == "ready"
    os.kill(process.pid, signal.SIGINT)
    assert process.stdout.readline().strip() == "interrupted"
    assert process.stdout.readline().strip() == "123456789012"
    assert is_running(pids["cloud"])


@pytest.mark.parametrize("send", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_jupyterlab_takes_its_kernels_with_it(send: str) -> None:
    if not hasattr(signal, send):
        pytest.skip(f"this system has no {send}")
    process = subprocess.Popen(
        [sys.executable, "-m", "workshop", "lab", "01", "--no-browser", "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=fresh_environment(),
    )
    try:
        address = next(found for line in process.stdout if (found := re.search(r"http://127\S+", line)))[0]
        assert "/lab/tree/notebooks/01_hello_world.ipynb?token=" in address
        token = address.partition("token=")[2]
        request = urllib.request.Request(
            f"http://{urlsplit(address).netloc}/api/kernels",
            b"{}",
            {"Authorization": f"token {token}", "Content-Type": "application/json"},
        )
        assert json.load(urllib.request.urlopen(request, timeout=LONGEST))["id"]
        below = descendants(process.pid)
        assert below
        process.send_signal(getattr(signal, send))
        process.wait(LONGEST)
        assert gone(below)
    finally:
        process.kill()
        process.wait()


def test_workshop_up_ends_with_ctrl_c_and_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "workshop", "up", "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=fresh_environment(),
    )
    first = process.stdout.readline()
    assert "Offline AWS" in first
    while (line := process.stdout.readline()) and "Ctrl-C" not in line:
        pass
    below = descendants(process.pid)
    process.send_signal(signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGINT)
    assert process.wait(LONGEST) == 0
    assert "nothing is left running" in process.stdout.read()
    assert gone(below)
