"""The workshop on an endpoint that none of this project wrote: PyPI's `ministack`, in an environment of its own.

It is looked for in `WORKSHOP_PEERS` and on the PATH. What it does differently stands in docs/on-aws.md, by cell.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.on_aws.by_cell import ROOT, as_aws, run
from tests.support import LONGEST
from workshop.core import net

# Cells that cannot be the same there: notebook -> cell -> what the error says. docs/on-aws.md has the evidence.
# The Invoke of ministack 1.5.33 leaves LogResult out, or gives one without REPORT, and no REPORT of it has an Init
# Duration. Of Lambda see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (LogResult). What a call took
# cannot be read there; cells that go on with the figures miss them.
_TAIL = "without the log's tail"
KNOWN: dict[str, dict[int, str]] = {
    "10_console_and_logs": {19: "has no REPORT line"},
    "11_cold_starts": {
        3: _TAIL,
        5: "'calls' is not defined",
        7: _TAIL,
        9: _TAIL,
        11: _TAIL,
        13: _TAIL,
        17: "'calls' is not defined",
        19: "'payment' is not defined",
        21: "'payment' is not defined",
    },
    "12_what_it_costs": {11: _TAIL, 13: "'cold' is not defined", 15: "'cold' is not defined", 19: _TAIL},
}
ALWAYS = ("01_hello_world", "06_secrets")
ALL = "WORKSHOP_EVERY_CELL"


def program() -> str:
    """Where ministack is; skips when it is nowhere."""
    peers = os.environ.get("WORKSHOP_PEERS", "")
    folders = os.pathsep.join([str(Path(peers) / "bin"), str(Path(peers) / "Scripts")]) if peers else ""
    found = shutil.which("ministack", path=folders or None) or shutil.which("ministack")
    if not found:
        pytest.skip("ministack is not installed: it is looked for in WORKSHOP_PEERS and on the PATH")
    return found


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A ministack on a free loopback port, without Docker, ended with everything it started."""
    command, folder = program(), tmp_path_factory.mktemp("ministack")
    with net.bind(0) as sock:
        port = sock.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WORKSHOP_"))}
    environment |= {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "TMPDIR": str(folder),
        "MINISTACK_REGION": "eu-west-1",
        "LAMBDA_EXECUTOR": "local",
        "DOCKER_HOST": "unix:///nowhere",
        "PYTHONPATH": str(boto3_alone(folder / "runtime")),
    }
    own: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([command], env=environment, cwd=folder, stdout=log, stderr=log, **own)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            if process.poll() is not None:
                pytest.fail((folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:])
            try:
                urllib.request.urlopen(f"{url}/_ministack/health", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield url
    finally:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGTERM)
        else:
            process.terminate()
        try:
            process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def boto3_alone(folder: Path) -> Path:
    """A folder with boto3 and what it needs. Without Docker that emulator runs functions in its own environment, which
    has none; AWS's runtime brings it. https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
    """
    import importlib.util

    folder.mkdir()
    for name in ("boto3", "botocore", "jmespath", "s3transfer", "dateutil", "urllib3", "six"):
        origin = Path(str(importlib.util.find_spec(name).origin))
        place = origin.parent if origin.name == "__init__.py" else origin
        (shutil.copytree if place.is_dir() else shutil.copy)(place, folder / place.name)
    return folder


def notebooks() -> list[Any]:
    """All that there are; those that take long only when asked for."""
    long = pytest.mark.skipif(not os.environ.get(ALL), reason=f"takes long; set {ALL}=1")
    every = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return [pytest.param(path, id=path.stem, marks=() if path.stem in ALWAYS else long) for path in every]


@pytest.mark.parametrize("path", notebooks())
def test_every_cell_runs_there_but_those_that_are_listed(endpoint: str, path: Path) -> None:
    known = KNOWN.get(path.stem, {})
    differences = run(path, endpoint, timeout=120)
    new = [str(one) for one in differences if known.get(one.cell, "\0") not in one.error]
    assert new == [], "\n".join(new)
    assert {one.cell for one in differences} == set(known), "listed, and runs now: take it off the list"


@pytest.mark.parametrize("path", notebooks())
def test_the_same_as_a_reader_on_aws(endpoint: str, path: Path) -> None:
    """With the switch on AWS: suffix, question, clock that stays, and the stand-ins behind the tunnel."""
    known = KNOWN.get(path.stem, {})
    differences = run(path, endpoint, timeout=300, environment=as_aws(endpoint, "m2p2"))
    assert [str(one) for one in differences if known.get(one.cell, "\0") not in one.error] == []
    assert {one.cell for one in differences} == set(known)


def test_what_is_known_is_that_emulators_and_still_so(endpoint: str) -> None:
    """The facts that every listed cell goes back to, shown with boto3 alone: when they change, the list can go."""
    import io
    import zipfile

    import boto3

    def client(service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.session.Session(**keys, region_name="eu-west-1").client(service, endpoint_url=endpoint)

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("handler.py", "def hello(event, context):\n    return 'hello'\n")
    role = "arn:aws:iam::000000000000:role/x"
    code = {"ZipFile": content.getvalue()}
    client("lambda").create_function(
        FunctionName="plain", Runtime="python3.13", Role=role, Handler="handler.hello", Code=code
    )
    client("lambda").get_waiter("function_active_v2").wait(FunctionName="plain")
    answer = client("lambda").invoke(FunctionName="plain", LogType="Tail")
    assert answer["StatusCode"] == 200 and "LogResult" not in answer
    events = client("logs").filter_log_events(logGroupName="/aws/lambda/plain")["events"]
    [report] = [one["message"] for one in events if one["message"].startswith("REPORT")]
    assert "Init Duration" not in report  # the first request of all
    client("lambda").delete_function(FunctionName="plain")


def test_clean_finds_and_removes_there_too(endpoint: str) -> None:
    """By the tag of the stack, as everywhere; a second time there is nothing."""
    environment = dict(os.environ, WORKSHOP_CLOUD=endpoint, WORKSHOP_SUFFIX="m1n1")

    def workshop(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "workshop", *words], env=environment, cwd=ROOT, capture_output=True, encoding="utf-8"
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    workshop("deploy", "demo_lambdas/hello_world")
    assert "hello-world-dev-m1n1" in workshop("clean", "--json")
    assert "Nothing of the workshop is left" in workshop("clean", "--yes")
    assert "Nothing of the workshop is left" in workshop("clean", "--yes")
