"""Figures of the whole: from a cold process to an answer, the simulator, the notebooks."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from workshop.bench import service
from workshop.bench.figures import Figure, repeated
from workshop.bench.subject import get
from workshop.core.errors import WorkshopError

LONGEST = 1800.0  # s for one subject
ROOT = Path(__file__).resolve().parents[2]
# What a reader's first program does. It says when the answer is there.
ANSWERING = """
import sys, urllib.request
from workshop import connect, serverless
connect()
deployed = serverless.deploy(serverless.load(sys.argv[1]))
url = next(str(one.url) for one in deployed.endpoints if str(one.url).endswith("silent"))
print(urllib.request.urlopen(url, timeout=60).status, flush=True)
"""
# SimFaaS on the case of its own README, for 100,000 simulated seconds.
SIMFAAS = """
from time import process_time
from simfaas.ServerlessSimulator import ServerlessSimulator
case = {"arrival_rate": 0.9, "warm_service_rate": 1 / 1.991, "cold_service_rate": 1 / 2.244}
simulator = ServerlessSimulator(**case, expiration_threshold=600, max_time=1e5)
began = process_time()
simulator.generate_trace(debug_print=False, progress=False)
print(len(simulator.hist_times) / (process_time() - began))
"""


def answering(repeats: int) -> Figure:
    """From the start of a process to the first answer of hello world, everything between included."""
    with tempfile.TemporaryDirectory(prefix="workshop-bench-", ignore_cleanup_errors=True) as folder:
        target = service.write(Path(folder), "bench-answering")
        environment = {name: value for name, value in os.environ.items() if name != "WORKSHOP_CLOUD"}

        def once() -> float:
            began = time.perf_counter()
            command = [sys.executable, "-c", ANSWERING, str(target)]
            flags: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            with subprocess.Popen(
                command, env=environment | {"PYTHONPATH": str(ROOT)}, **flags, stdin=subprocess.DEVNULL
            ) as process:
                assert process.stdout is not None
                line = process.stdout.readline()
                seconds = time.perf_counter() - began
                _, said = process.communicate(timeout=60)
            if line.strip() != "200":
                raise WorkshopError(f"Hello world did not answer: {said.strip().splitlines()[-1:] or line}")
            return seconds

        return Figure("answering", repeated(once, repeats))


def lab(repeats: int) -> Figure:
    """From the start of `workshop lab`, set up already, until the address it prints answers with JupyterLab's page."""
    from workshop.bench.peers import end, free_port

    def once() -> float:
        command = [sys.executable, "-m", "workshop", "lab", "--no-browser", "--port", str(free_port())]
        flags: dict[str, Any] = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "text": True,
            "start_new_session": True,
        }
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
        began = time.perf_counter()
        with subprocess.Popen(
            command, env=environment, cwd=ROOT, encoding="utf-8", **flags, stdin=subprocess.DEVNULL
        ) as process:
            try:
                said = []
                assert process.stdout is not None
                for line in process.stdout:
                    said.append(line.strip())
                    if "http://" in line:
                        get("http://" + line.partition("http://")[2].strip())
                        return time.perf_counter() - began
            finally:
                end(process)
        raise WorkshopError(f"JupyterLab did not start. It said: {' '.join(said)[-300:]}")

    return Figure("lab", repeated(once, repeats))


def simulator(repeats: int) -> list[Figure]:
    """Requests simulated a second, on SimFaaS's default case; and how many times SimFaaS's events, if it is there.

    Both are timed by the processor time they use: neither waits for anything.
    """
    from workshop.fleet import Service, exponential, simulate, steady

    requests = 3_000_000
    case = Service(exponential(1.991), exponential(2.244))

    def once() -> float:
        began = time.process_time()
        simulate(steady(0.9, requests), case, idle_life=600)
        return time.process_time() - began

    seconds = repeated(once, repeats)
    found = [Figure("simulator", [requests / one / 1e6 for one in seconds])]
    python = os.environ.get("SIMFAAS_PYTHON", sys.executable)
    theirs = []
    for _ in range(repeats):
        done = subprocess.run(
            [python, "-c", SIMFAAS],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines()[-1:] or ["nothing"]
            found[0].note = f"not beside SimFaaS: {said[0]}"
            return found
        theirs.append(float(done.stdout))
    # Two events a request: an arrival and a departure. SimFaaS counts its expirations besides.
    ratios = [2 * requests / ours / other for ours, other in zip(seconds, theirs, strict=True)]
    return [*found, Figure("simfaas", ratios)]


def notebooks() -> list[Figure]:
    """Every notebook in a real kernel, as `workshop run` and `workshop run --jobs 2` do."""
    from workshop.notebooks import execute, find

    took = {}
    for path in find(()):
        began = time.perf_counter()
        execute(path)
        took[path.stem[:2]] = time.perf_counter() - began
    said = ", ".join(f"{name}: {seconds:.1f}" for name, seconds in took.items())
    began = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(execute, find(())))
    together = time.perf_counter() - began
    return [
        Figure("notebooks", [together], f"{len(took)} notebooks, each with a kernel and a cloud of its own"),
        Figure("in_turn", [sum(took.values())], f"s each: {said}"),
    ]


def subject(name: str, quick: bool) -> dict[str, object]:
    """Measures one subject in a process of its own; what it prints before its last line is left aside.

    Raises:
        WorkshopError: it ended without a result.
    """
    command = [sys.executable, "-m", "workshop.bench.subject", name, *(["--quick"] if quick else [])]
    environment = {key: value for key, value in os.environ.items() if key != "WORKSHOP_CLOUD"}
    environment["PYTHONPATH"] = str(ROOT)
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    with subprocess.Popen(command, env=environment, **pipes, stdin=subprocess.DEVNULL) as process:
        try:
            out, errors = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            raise WorkshopError(f"Measuring {name} did not end within {LONGEST / 60:.0f} minutes.") from None
        except KeyboardInterrupt:  # it heard Ctrl-C too, and takes away what it made
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            raise
    try:
        return json.loads(out.splitlines()[-1])
    except (IndexError, ValueError):
        said = errors.strip().splitlines()[-1:] or ["nothing"]
        raise WorkshopError(f"Measuring {name} ended without a result. It said: {said[0]}") from None
