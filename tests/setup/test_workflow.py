"""The workflow for public runners, as far as it can be held here: it reads, and asks for what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from workshop.notebooks import find
from workshop.setup import supported

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / ".github" / "workflows" / "systems.yml"


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    """Its jobs (https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax)."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))["jobs"]


def test_it_covers_the_oldest_and_the_newest_python_on_every_system(jobs: dict[str, Any]) -> None:
    matrix = jobs["runs"]["strategy"]["matrix"]
    assert matrix["python"] == ["{}.{}".format(*supported.OLDEST), "{}.{}".format(*supported.NEWEST)]
    assert {name.partition("-")[0] for name in matrix["system"]} == {"windows", "macos", "ubuntu"}
    assert matrix["installer"] == ["pip", "uv"]


def test_what_it_leaves_out_is_what_the_set_up_refuses(jobs: dict[str, Any]) -> None:
    matrix = jobs["runs"]["strategy"]["matrix"]
    assert matrix["exclude"] == [{"system": "windows-11-arm", "python": "3.11"}]
    source = Path(supported.__file__).read_text(encoding="utf-8")
    for refused in jobs["refused"]["strategy"]["matrix"]["include"]:
        assert refused["says"] in source


def test_its_folder_has_a_blank_and_a_letter_beyond_ascii(jobs: dict[str, Any]) -> None:
    folder = jobs["runs"]["env"]["FOLDER"]
    assert " " in folder
    assert not folder.isascii()


def test_its_notebooks_and_commands_are_there(jobs: dict[str, Any]) -> None:
    said = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    named = [words for run in said for words in re.findall(r"-m workshop run ([\d ]+)", run)]
    assert find(" ".join(named).split())
    commands = {word for run in said for word in re.findall(r"-m workshop (\w+)", run)}
    assert commands == {"doctor", "run", "test"}
