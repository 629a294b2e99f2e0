"""Every demo service's README: the same five headings, and commands that name what is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.demo_lambdas.conftest import SERVICES

READMES = sorted(SERVICES.glob("*/README.md"))
HEADINGS = ["Requirements", "Deploy", "How it works", "Test", "Clean up"]


@pytest.mark.parametrize("path", READMES, ids=[path.parent.name for path in READMES])
def test_a_readme_has_five_headings_and_commands_that_work(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.M) == HEADINGS
    blocks = "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S))
    commands = [shlex.split(line) for line in blocks.splitlines() if line.startswith("workshop ")]
    assert {command[1] for command in commands} >= {"deploy", "remove"}
    for command in commands:
        service = SERVICES.parent / command[2]
        functions = yaml.safe_load((service / "serverless.yml").read_text(encoding="utf-8")).get("functions", {})
        if "-f" in command:
            assert command[command.index("-f") + 1] in functions
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert "://" in target or (path.parent / target).exists(), target


def test_every_service_has_one() -> None:
    services = {path.parent.name for path in SERVICES.glob("*/serverless.yml")}
    assert services == {path.parent.name for path in READMES}
