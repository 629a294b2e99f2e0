"""One thing under test, in a process of its own: `python -m workshop.bench.subject NAME`. Prints one line of JSON.

What comes on stdout besides stays out of the way: the result is the last line.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workshop.bench import service
from workshop.bench.figures import Figure, Subject, repeated
from workshop.core.errors import WorkshopError

BASELINE = "import json, http.client"
FILLED = 3_000  # requests: five lines each fill the 10,000 events that a log group keeps
SETTLE_SECONDS = 3.0  # a reader reads the first cell; what loads in the background has loaded


class Plan:
    """How often and how long; `quick` is for tests and for a first look."""

    def __init__(self, quick: bool) -> None:
        self.deploys, self.colds, self.rounds = (1, 2, 1) if quick else (7, 15, 3)
        self.warm_requests, self.seconds, self.many = (200, 0.5, 1_000) if quick else (2_000, 3.0, 50_000)
        self.grown = 2_000 if quick else 100_000
        self.longest, self.longest_many = (5.0, 20.0) if quick else (20.0, 240.0)  # s: a slow peer ends before


def load(url: str, **options: float) -> dict[str, float]:
    """Runs the load generator in its own process and returns its figures; `options` are those of its command line.

    Raises:
        WorkshopError: it failed, or more than one answer in a hundred was not 200.
    """
    words = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "workshop.bench.load", url, *words]
    done = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=600,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise WorkshopError(f"The load generator failed: {done.stderr.strip().splitlines()[-1:]}", where=url)
    found = json.loads(done.stdout)
    if found["errors"] > found["requests"] / 100:
        raise WorkshopError(f"{found['errors']:.0f} of {found['requests']:.0f} answers were not 200.", where=url)
    return found


def get(url: str) -> float:
    """Seconds of one GET on a new connection.

    Raises:
        WorkshopError: the answer is not 200.
    """
    began = time.perf_counter()
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            answer.read()
    except (urllib.error.URLError, OSError) as error:
        raise WorkshopError(f"The function does not answer: {error}.", where=url) from None
    return time.perf_counter() - began


def memory_mb(pid: int = 0) -> float:
    """Resident memory of a process and all it started, in MB; without a pid: of all that this process started."""
    import psutil

    root = psutil.Process(pid or None)
    total = 0
    for one in [*root.children(recursive=True), *([root] if pid else [])]:
        try:
            total += one.memory_info().rss
        except psutil.Error:  # it ended meanwhile
            continue
    return total / 2**20


def http_figures(silent: str, printing: str, plan: Plan) -> list[Figure]:
    """Latency of warm requests and throughput, over HTTP."""
    load(silent, connections=1, requests=200, seconds=plan.longest)
    load(printing, connections=1, requests=100, seconds=plan.longest)
    few = {"connections": 1, "requests": plan.warm_requests, "seconds": plan.longest}
    rounds = [load(silent, **few) for _ in range(plan.rounds)]
    found = [
        Figure("warm_p50", [one["p50"] for one in rounds], odd(rounds)),
        Figure("warm_p99", [one["p99"] for one in rounds]),
    ]
    rounds = [load(printing, **few) for _ in range(plan.rounds)]
    found.append(Figure("printing_p50", [one["p50"] for one in rounds], odd(rounds)))
    for connections in (1, 8, 32):
        load(silent, connections=connections, seconds=plan.seconds / 3)  # every environment started
        rounds = [load(silent, connections=connections, seconds=plan.seconds) for _ in range(plan.rounds)]
        answered = [(one["requests"] - one["errors"]) / one["seconds"] for one in rounds]
        found.append(Figure(f"rps_{connections}", answered, odd(rounds)))
    if shutil.which("wrk"):
        found.append(Figure("wrk_32", [wrk(silent, 32, plan.seconds) for _ in range(plan.rounds)]))
    return found


def odd(rounds: list[dict[str, float]]) -> str:
    """A note on answers that were not 200; empty when all were."""
    wrong = sum(one["errors"] for one in rounds)
    return f"{wrong:.0f} of {sum(one['requests'] for one in rounds):,.0f} answers were not 200" if wrong else ""


def after_the_load(url: str, plan: Plan, memory: Callable[[], float]) -> Figure:
    """Memory after many more requests; how many, the note says, since a slow server is not waited for."""
    done = load(url, connections=8, requests=plan.many, seconds=plan.longest_many)
    return Figure("memory_after", [memory()], f"after {done['requests']:,.0f} more requests on 8 connections")


def wrk(url: str, connections: int, seconds: float) -> float:
    """Requests a second by wrk (https://github.com/wg/wrk), which many readers know."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(round(seconds), 1)}s", url]
    text = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=120,
        check=True,
        stdin=subprocess.DEVNULL,
    ).stdout
    return float(text.partition("Requests/sec:")[2].split()[0])


def cold_figures(make_cold: Callable[[int], None], url: str, plan: Plan) -> list[Figure]:
    """Cold GETs, each beside a start of python that does nothing, so that both meet the same machine."""
    colds, pythons = [], []
    for n in range(plan.colds + 1):
        make_cold(n)
        cold = get(url)
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", BASELINE], check=True, stdin=subprocess.DEVNULL)
        python = time.perf_counter() - began
        if n:
            colds.append(cold * 1000)
            pythons.append(python * 1000)
    ratios = [cold / python for cold, python in zip(colds, pythons, strict=True)]
    return [Figure("python", pythons), Figure("cold", colds), Figure("cold_ratio", ratios)]


def aws_figures(folder: Path, plan: Plan, memory: Callable[[], float] = memory_mb) -> list[Figure]:
    """Everything about an AWS endpoint that this process is connected to, with this project's deploy tool."""
    import boto3

    from workshop import serverless

    def deploy(where: Path) -> Any:
        return serverless.deploy(serverless.load(where))

    def first(number: int) -> float:
        fresh = service.write(folder, f"bench-{number}")
        began = time.perf_counter()
        deploy(fresh)
        seconds = time.perf_counter() - began
        serverless.remove(serverless.load(fresh))
        return seconds

    very_first, *firsts = (first(n) for n in range(plan.deploys + 1))
    found = [Figure("deploy_first", firsts, f"the process's very first, boto3's import included, {very_first:.2f} s")]
    main = service.write(folder, "bench-main")
    deployed = deploy(main)
    found.append(Figure("deploy_unchanged", repeated(lambda: deploy(main) and None, plan.deploys)))

    def changed(numbers: Any = iter(range(10_000))) -> float:  # noqa: B008
        service.change(main, next(numbers))
        began = time.perf_counter()
        deploy(main)
        return time.perf_counter() - began

    found.append(Figure("deploy_changed", repeated(changed, plan.deploys)))
    urls = {str(one.url).rpartition("/")[2]: str(one.url) for one in deployed.endpoints}
    client = boto3.client("lambda")
    name = next(arn for arn in deployed.functions.values() if "silent" in arn).rpartition(":")[2]

    def make_cold(number: int) -> None:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": {"BENCH": str(number)}})
        client.get_waiter("function_updated_v2").wait(FunctionName=name)

    found += cold_figures(make_cold, urls["silent"], plan)
    found.append(Figure("memory_idle", [memory()], "with two functions deployed"))
    found += http_figures(urls["silent"], urls["printing"], plan)
    found.append(after_the_load(urls["silent"], plan, memory))
    serverless.remove(serverless.load(main))
    return found


def growth(folder: Path, plan: Plan) -> Figure:
    """How much larger the cloud's own process is after many requests that print; its buffers are full before."""
    import psutil

    from workshop import serverless

    def cloud_mb() -> float:
        return sum(one.memory_info().rss for one in psutil.Process().children()) / 2**20

    main = service.write(folder, "bench-growth")
    deployed = serverless.deploy(serverless.load(main))
    url = next(str(one.url) for one in deployed.endpoints if str(one.url).endswith("printing"))
    load(url, connections=8, requests=FILLED)
    before = cloud_mb()
    done = load(url, connections=8, requests=plan.grown, seconds=2 * plan.longest_many)
    after = cloud_mb()
    serverless.remove(serverless.load(main))
    return Figure("growth", [after / before], f"{done['requests']:,.0f} requests, {before:.0f} MB to {after:.0f} MB")


def workshop(folder: Path, plan: Plan) -> Subject:
    """This project's offline cloud."""
    from workshop.cloud.switch import connect

    def start_and_stop() -> float:
        began = time.perf_counter()
        cloud = connect(to="local")
        seconds = time.perf_counter() - began
        cloud.close()
        return seconds

    ready = repeated(start_and_stop, plan.rounds)
    cloud = connect(to="local")
    try:
        time.sleep(SETTLE_SECONDS)
        return Subject("workshop", [Figure("ready", ready), *aws_figures(folder, plan), growth(folder, plan)])
    finally:
        cloud.close()


def main() -> None:
    """The command line of this module."""
    from workshop.bench.peers import SUBJECTS

    parser = argparse.ArgumentParser(description="Measure one subject; prints JSON.")
    parser.add_argument("name", choices=sorted(SUBJECTS))
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="workshop-bench-", ignore_cleanup_errors=True) as folder:
        try:
            found = SUBJECTS[given.name](Path(folder), Plan(given.quick))
        except WorkshopError as error:
            found = Subject(given.name, skipped=error.paragraph())
    print(json.dumps(found.plain()))


if __name__ == "__main__":
    main()
