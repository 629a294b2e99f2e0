"""`workshop logs` shows the same view as the notebooks; met as a reader meets it, on the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import LONGEST
from workshop import deploy, remove
from workshop.bench import service

ROOT = Path(__file__).resolve().parents[2]


def workshop(cloud, *words, code=0):
    """Runs the command line against the session's cloud; returns what it printed, errors included."""
    environment = os.environ | {"WORKSHOP_CLOUD": cloud.endpoint, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "workshop", *words]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "encoding": "utf-8"}
    done = subprocess.run(command, env=environment, cwd=ROOT, check=False, timeout=LONGEST, **options)
    assert done.returncode == code, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def folder(cloud, client, tmp_path_factory):
    made = service.write(tmp_path_factory.mktemp("services"), "logs-command")
    arn = deploy(made, quiet=True).functions["printing"]
    for path in ("/first", "/second"):
        client("lambda").invoke(FunctionName=arn, Payload=json.dumps({"path": path}))
    yield str(made)
    remove(made, quiet=True)


def test_requests_are_shown_whole_short_or_raw(cloud, folder):
    whole = workshop(cloud, "logs", folder, "-f", "printing")
    assert whole.count("about to answer") == 2 and whole.count("REPORT RequestId") == 2 and "billed" in whole
    short = workshop(cloud, "logs", folder, "-f", "printing", "--short")
    assert "about to answer" not in short and short.count("[3 lines]") == 2
    raw = workshop(cloud, "logs", folder, "-f", "printing", "--raw")
    assert "billed" not in raw and raw.count("START RequestId") == 2


def test_a_search_prints_the_request_it_found(cloud, folder):
    found = workshop(cloud, "logs", folder, "-f", "printing", "--text", "/second")
    assert "about to answer /second" in found and "/first" not in found
    assert "(no request)" in workshop(cloud, "logs", folder, "-f", "printing", "--level", "ERROR")


def test_an_unknown_level_is_refused_in_a_sentence(cloud, folder):
    said = workshop(cloud, "logs", folder, "-f", "printing", "--level", "LOUD", code=2)
    assert "There is no log level 'LOUD'" in said and "Traceback" not in said


def test_json_stays_one_event_a_line(cloud, folder):
    lines = workshop(cloud, "logs", folder, "-f", "printing", "--json").splitlines()
    assert all("message" in json.loads(line) for line in lines)
