"""The exercises stand in their notebooks: each task, word for word, and one cell that checks them all, blank."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workshop import exercises

ROOT = Path(__file__).resolve().parents[2]
HOMES = [home for home in exercises.HOMES if not home.startswith("n99")]


@pytest.mark.parametrize("home", HOMES)
def test_a_notebook_has_its_exercises_blank(home: str) -> None:
    notebook = json.loads((ROOT / "notebooks" / f"{home[1:]}.ipynb").read_text(encoding="utf-8"))
    prose = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for name in exercises.HOMES[home]:
        exercise = getattr(exercises, name)
        assert f"**{exercise.heading}** (`{name}`). {exercise.task}" in prose
    [cell] = [source for source in code if "exercises.check(" in source]
    for name in exercises.HOMES[home]:
        assert f"    {name}=None,\n" in cell


def test_the_first_notebook_shows_how_far_one_is() -> None:
    text = (ROOT / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8")
    assert "exercises.progress()" in text
    assert "exercises.certificate(" in text
