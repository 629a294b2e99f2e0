"""What a reader might use instead, measured the same way when it is installed: other emulators, serverless-offline.

A peer is looked for on PATH, or where an environment variable points: `WORKSHOP_BENCH_MINISTACK` names the command,
`WORKSHOP_BENCH_SERVERLESS` the Serverless Framework's (with the plugin serverless-offline beside it).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from workshop.bench import service
from workshop.bench.figures import Figure, Subject
from workshop.bench.subject import Plan, after_the_load, aws_figures, get, http_figures, memory_mb, workshop
from workshop.core.errors import WorkshopError

READY_SECONDS = 90.0
PLUGIN = """
plugins:
  - serverless-offline

custom:
  serverless-offline:
    httpPort: {port}
    lambdaPort: {other}
    noPrependStageInUrl: true
    noTimeout: true
"""


def command(variable: str, *names: str) -> str:
    """Where a peer's command is.

    Raises:
        WorkshopError: it is not installed.
    """
    wanted = os.environ.get(variable, "")
    found = wanted if Path(wanted).is_file() else next(filter(None, map(shutil.which, names)), "")
    if not found:
        raise WorkshopError(f"{names[0]} is not installed.", fix=f"Put it on PATH, or name it in {variable}.")
    return found


def free_port() -> int:
    """A port nobody uses just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def python_version(program: str, package: str) -> str:
    """The version of the package a command of a Python environment comes from; empty when it cannot be told."""
    ask = f"import importlib.metadata as m; print(m.version({package!r}))"
    for name in ("python", "python.exe"):
        python = Path(program).parent / name
        if python.is_file():
            return subprocess.run(
                [python, "-c", ask],
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
                stdin=subprocess.DEVNULL,
            ).stdout.strip()
    return ""


def plugin_folder(program: Path) -> Path:
    """The node_modules folder of the Serverless Framework's command, with serverless-offline in it.

    Raises:
        WorkshopError: the plugin is not there.
    """
    for one in (*program.parents, *program.resolve().parents):
        if one.name == "node_modules" and (one / "serverless-offline").is_dir():
            return one
    fix = (
        "In a folder of your own: npm install osls serverless-offline. Then name its osls in WORKSHOP_BENCH_SERVERLESS."
    )
    raise WorkshopError("The plugin serverless-offline is not installed beside the Serverless Framework.", fix=fix)


def node_version(modules: Path, package: str) -> str:
    """The version of a package in a node_modules folder; empty when it cannot be told."""
    try:
        return str(json.loads((modules / package / "package.json").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return ""


@contextlib.contextmanager
def running(words: list[str], folder: Path, port: int, **variables: str) -> Iterator[tuple[float, int]]:
    """A server as a child process in a group of its own.

    Gives the seconds until its port took connections, and its process id.
    """
    began = time.perf_counter()
    log = (folder / "peer.log").open("w", encoding="utf-8")
    environment = dict(os.environ) | variables
    child = subprocess.Popen(
        words, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True, stdin=subprocess.DEVNULL
    )
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if child.poll() is not None or time.perf_counter() - began > READY_SECONDS:
                log.flush()
                words_said = (folder / "peer.log").read_text(encoding="utf-8", errors="replace").split()[-40:]
                raise WorkshopError(f"It did not start. It said: {' '.join(words_said)}", where=Path(words[0]).name)
            time.sleep(0.01)
        yield time.perf_counter() - began, child.pid
    finally:
        end(child)
        log.close()


def end(child: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Ends a process and what it started."""
    import psutil

    with contextlib.suppress(psutil.Error):
        family = [*psutil.Process(child.pid).children(recursive=True)]
        child.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)
        for one in psutil.wait_procs(family, timeout=1)[1]:
            with contextlib.suppress(psutil.Error):
                one.kill()
    if child.poll() is None:
        child.kill()
        child.wait()


def ministack(folder: Path, plan: Plan) -> Subject:
    """MiniStack, a LocalStack-compatible emulator without Docker; driven by this project's deploy tool."""
    from workshop.cloud.switch import connect

    program = command("WORKSHOP_BENCH_MINISTACK", "ministack")
    ready = []
    for n in range(plan.rounds):
        port = free_port()
        with running([program], folder, port, GATEWAY_PORT=str(port), MINISTACK_REGION="eu-west-1") as (seconds, pid):
            ready.append(seconds)
            if n < plan.rounds - 1:
                continue
            connect(to=f"http://127.0.0.1:{port}")
            figures = [Figure("ready", ready), *aws_figures(folder, plan, lambda: memory_mb(pid))]
    return Subject("ministack", figures, version=python_version(program, "ministack"))


def serverless_offline(folder: Path, plan: Plan) -> Subject:
    """The plugin serverless-offline: the API on this machine, nothing deployed; each start is one cold GET."""
    program = Path(command("WORKSHOP_BENCH_SERVERLESS", "serverless", "osls", "sls")).absolute()
    modules = plugin_folder(program)
    port, other = free_port(), free_port()
    main = service.write(folder, "bench-offline")
    yml = main / "serverless.yml"
    text = yml.read_text(encoding="utf-8") + PLUGIN.format(port=port, other=other)
    yml.write_text(text.replace("  stage: dev", "  stage: dev\n  deploymentMethod: direct"), encoding="utf-8")
    (main / "node_modules").symlink_to(modules, target_is_directory=True)  # the plugin is looked for there
    words = [str(program), "offline"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    ready, colds = [], []
    url = f"http://127.0.0.1:{port}"
    for _ in range(plan.rounds):
        with running(words, main, port, PATH=path, SLS_TELEMETRY_DISABLED="1") as (seconds, _):
            ready.append(seconds)
            colds.append(get(f"{url}/silent") * 1000)
    with running(words, main, port, PATH=path, SLS_TELEMETRY_DISABLED="1") as (_, pid):
        get(f"{url}/silent")
        idle = memory_mb(pid)
        figures = [Figure("ready", ready), Figure("cold", colds, "first request after a start")]
        figures += [Figure("memory_idle", [idle]), *http_figures(f"{url}/silent", f"{url}/printing", plan)]
        figures.append(after_the_load(f"{url}/silent", plan, lambda: memory_mb(pid)))
    return Subject("serverless-offline", figures, version=node_version(modules, "serverless-offline"))


SUBJECTS: dict[str, Callable[[Path, Plan], Subject]] = {
    "workshop": workshop,
    "ministack": ministack,
    "serverless-offline": serverless_offline,
}
