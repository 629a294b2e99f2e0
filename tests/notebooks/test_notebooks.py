"""Every notebook runs as a reader runs it, in a real kernel from top to bottom, and shows what it was rendered from."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support import fresh_environment, gone
from workshop import notebooks

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = notebooks.find([])
NAMES = [path.stem for path in NOTEBOOKS]
ALLOWED = {
    "workshop",
    "access_ssm",  # the layer that lesson 07 is about
    "boto3",
    "botocore",
    "stripe",
    "httpx",
    "numpy",
    "matplotlib",
    "time",
    "json",
    "os",
    "pathlib",
    "datetime",
    "zoneinfo",
    "hashlib",
    "hmac",
    "random",
    "threading",
    "concurrent",
    "collections",
    "itertools",
    "statistics",
    "subprocess",
    "sys",
    "math",
    "base64",
    "socket",
    "decimal",
    "dataclasses",
    "functools",
    "urllib",
    "http",
    "textwrap",
    "contextlib",
    "importlib",
    "shutil",
    "uuid",
    "re",
    "string",
    "platform",
}


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    """A notebook's cells of one kind."""
    return [cell for cell in notebooks.read(path)["cells"] if cell["cell_type"] == kind]


@pytest.fixture
def no_cloud_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a reader's kernel finds it: connected to nothing."""
    for name in os.environ.keys() - fresh_environment().keys():
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("no_cloud_yet")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_it_runs_from_top_to_bottom_and_leaves_nothing(path: Path) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    executed = notebooks.execute(path)
    silent = [cell.source for cell in executed.cells if cell.cell_type == "code" and cell.source and not cell.outputs]
    assert silent == [], "every code cell shows something"
    errors = [out for cell in executed.cells for out in cell.get("outputs", []) if out.get("name") == "stderr"]
    assert errors == [], "no warnings in red"
    after = [child.pid for child in psutil.Process().children(recursive=True) if child.pid not in before]
    assert gone(after)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_its_outputs_are_of_its_present_sources(path: Path) -> None:
    assert not notebooks.is_stale(path), f"stale: run workshop run --render {path.stem}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_its_outputs_show_nothing_of_the_machine_they_were_made_on(path: Path) -> None:
    for cell in cells(path, "code"):
        shown = json.dumps(cell["outputs"])
        assert not re.search(r"/(root|home|Users|tmp)/", shown), "".join(cell["source"])
        assert not re.search(r"(sk|rk)_live_", shown)
        assert all(output["output_type"] != "error" for output in cell["outputs"]), "".join(cell["source"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_it_needs_no_trust_and_no_network_to_be_read(path: Path) -> None:
    """https://jupyter-notebook.readthedocs.io/en/stable/security.html"""
    for cell in cells(path, "code"):
        for output in cell["outputs"]:
            for kind, data in output.get("data", {}).items():
                assert kind in ("text/plain", "text/html", "text/markdown", "image/png"), kind
                assert not re.search(r"<(script|style|svg|iframe)\b|https?://[^\"' ]+\.(js|css)\b", "".join(data))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_it_keeps_the_measure_of_a_lesson(path: Path) -> None:
    """One thread, at most 25 cells, a title, the talk's minute, small cells, words for every picture, working links."""
    notebook = notebooks.read(path)
    code = [
        len([line for line in "".join(cell["source"]).splitlines() if line.strip()]) for cell in cells(path, "code")
    ]
    prose = "\n".join("".join(cell["source"]) for cell in cells(path, "markdown"))
    assert len(notebook["cells"]) <= 25
    assert statistics.median(code) <= 4
    assert prose.startswith("# ")
    assert re.search(r"\d\d:\d\d", prose), "says which minute of the talk it reproduces"
    assert not re.search(r"!\[\s*\]\(", prose), "every picture has alternative text"
    for target in re.findall(r"\]\(([^)#\s]+)", prose):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_it_imports_the_workshop_and_what_the_lesson_is_about(path: Path) -> None:
    source = "\n".join("".join(cell["source"]) for cell in cells(path, "code"))
    imported = re.findall(r"^\s*(?:from|import)\s+(\w+)(?:\.(\w+))?", source, re.M)
    assert {top for top, _ in imported} <= ALLOWED
    rooms = {room for top, room in imported if top == "workshop" and room}
    assert not rooms & {"localaws", "partners", "serverless", "up", "cloud", "switch"}, "through the vocabulary only"


def test_a_notebook_that_fails_says_which_cell(tmp_path: Path) -> None:
    path = tmp_path / "99_broken.ipynb"
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None, "outputs": [], "source": ["1 / 0"]}
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    document = {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(document), encoding="utf-8")
    program = f"from pathlib import Path; from workshop.notebooks import execute; execute(Path({str(path)!r}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "ZeroDivisionError" in done.stderr
    assert "1 / 0" in done.stderr


@pytest.mark.usefixtures("no_cloud_yet")
def test_two_run_at_a_time_and_are_told_in_order() -> None:
    command = [sys.executable, "-m", "workshop", "run", "01", "00", "--jobs", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    first, second, last = done.stdout.splitlines()
    assert first.startswith("01_hello_world ") and second.startswith("00_start_here ")
    assert last.startswith("2 of 2 notebooks ran, ")
