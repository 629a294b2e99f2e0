"""The notebook's functions, given anything: one paragraph each, no traceback, no JSON, nothing done."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import workshop
from workshop import lesson
from workshop.core.errors import WorkshopError
from workshop.scenarios import copies

ANYTHING: list[Any] = [
    *(None, 0, -1, 3.5, float("nan"), 10**5000, True, [], ["x"], {}, b"x", object(), set(), lambda: 1, Path("/nope")),
    *("", " ", "no such", "../..", "\0", "x" * 5000, "\ud800", "http://[", "http://127.0.0.1:99999/", "2026-13-45"),
    *("\x1b[2J<script>", Path("x" * 300)),
]
DOORS: dict[str, Callable[[Any, Any], Any]] = {
    "create": lambda value, _: workshop.create(value if value != "" else None),
    "create, template": lambda value, _: workshop.create("a-b", value),
    "deploy": lambda value, _: workshop.deploy(value),
    "deploy, stage": lambda value, _: workshop.deploy("gone", stage=value),
    "deploy, unknown option": lambda value, _: workshop.deploy("gone", wrong=value),
    "info": lambda value, _: workshop.info(value),
    "invoke": lambda value, _: workshop.invoke("gone", value, value),
    "logs": lambda value, _: list(workshop.logs("gone", value, since=value)),
    "metrics": lambda value, _: workshop.metrics("gone", since=value),
    "package": lambda value, _: workshop.package(value),
    "remove": lambda value, _: workshop.remove(value),
    "offline": lambda value, _: workshop.offline(value),
    "offline, port": lambda value, _: workshop.offline("gone", port=value),
    "resources": lambda value, _: workshop.resources(value),
    "edit": lambda value, _: workshop.edit(value, "a", "b"),
    "edit, before": lambda value, _: workshop.edit("gone", value, "b"),
    "read": lambda value, _: workshop.read(value),
    "read, lines": lambda value, _: workshop.read("gone", value),
    "call": lambda value, _: workshop.call(value),
    "preflight": lambda value, _: workshop.preflight(value if value is not None else 1),
    "connect": lambda value, _: workshop.connect(to=value if value else 1),  # type: ignore[arg-type]
    "copy_of": lambda value, _: copies.copy_of(value),
    "certificate": lambda value, _: workshop.exercises.certificate(value if value != "no such" else ""),
    "exercises.check": lambda value, _: workshop.exercises.check(**{f"no such {type(value)}": value}),
    "clock.move_to": lambda value, cloud: cloud.clock.move_to(value),
    "cloud.ask": lambda value, cloud: cloud.ask(value),
    "cloud.settings": lambda value, cloud: cloud.settings(no_such=value),
    "cloud.stand_in": lambda value, cloud: cloud.stand_in(value),
}
# What is right by chance.
FINE = {
    ("invoke", "all"): (),
    ("certificate", "fine"): (" ", "../..", "http://[", "http://127.0.0.1:99999/", "2026-13-45", "no such"),
}


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A checkout that is empty, and a switch that stays as it is."""
    (tmp_path / "my_work").mkdir()
    monkeypatch.setattr(lesson, "ROOT", tmp_path)
    monkeypatch.setattr(lesson, "MY_WORK", tmp_path / "my_work")
    monkeypatch.chdir(tmp_path)
    for name, value in list(os.environ.items()):
        if name.startswith(("AWS_", "WORKSHOP_")):
            monkeypatch.setenv(name, value)
    yield


@pytest.mark.parametrize("name", DOORS)
def test_whatever_a_door_is_given_it_says_one_paragraph(name: str, cloud: Any) -> None:
    fine = [one for (door, _), values in FINE.items() if door == name for one in values]
    for value in ANYTHING:
        if isinstance(value, str) and value in fine:
            continue
        with pytest.raises(WorkshopError) as refused:
            DOORS[name](value, cloud)
        said = refused.value.paragraph()
        assert "\n" not in said and "\x1b" not in said and len(said) < 700, said[:200]
        assert not said.startswith('{"'), said
        assert said.isprintable()


def test_what_boto3_refuses_is_a_paragraph(cloud: Any) -> None:
    with pytest.raises(WorkshopError, match="does not exist"):
        workshop.resources("no-such-stack")
