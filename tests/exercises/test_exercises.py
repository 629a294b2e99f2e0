"""Every exercise: blank it is not attempted, each plausible wrong answer is told why, and its solution passes.

The cells run as a reader runs them: the lesson's own lines first, then the answer, against a running cloud.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workshop import exercises
from workshop.exercises import diary
from workshop.exercises.exercise import RIGHT, UNTOUCHED, WRONG, Exercise, Feedback

EVERY = [exercise for found in exercises.by_notebook().values() for exercise in found]
IDS = [exercise.name for exercise in EVERY]
ATTEMPTS = [(exercise, at) for exercise in EVERY for at in range(len(exercise.wrong))]


@pytest.fixture(scope="module")
def own_cloud() -> Iterator[Any]:
    """A cloud for these tests alone, because they use the lessons' own names in it."""
    from workshop.cloud import switch

    before, environment = switch._current, dict(os.environ)
    connected = switch.connect(to="local")
    yield connected
    connected.close()
    switch._current = before
    os.environ.clear()
    os.environ.update(environment)
    if "boto3" in sys.modules:
        sys.modules["boto3"].DEFAULT_SESSION = None


def seated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cloud: Any) -> dict[str, Any]:
    """A reader's desk: an empty `my_work` and no progress. Gives a kernel's names."""
    import workshop

    monkeypatch.setenv(diary.VARIABLE, str(tmp_path / "progress.json"))
    monkeypatch.setattr("workshop.lesson.MY_WORK", tmp_path / "my_work")
    monkeypatch.chdir(tmp_path)
    return {name: getattr(workshop, name) for name in workshop.__all__} | {"cloud": cloud}


@pytest.fixture
def desk(own_cloud: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A reader's desk, with a cloud in its first state."""
    yield seated(tmp_path, monkeypatch, own_cloud)
    own_cloud.ask("/_workshop/reset", {})


def run(code: str, names: dict[str, Any]) -> Any:
    """Runs a cell as a kernel does: the value of its last expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None


def answered(exercise: Exercise, code: str, desk: dict[str, Any]) -> Feedback:
    """What a cell's `check` says, after the lesson's lines."""
    run(exercise.before, desk)
    feedback = run(code, desk)
    assert isinstance(feedback, Feedback), "an exercise's cell ends with its check"
    return feedback


@pytest.mark.parametrize("exercise", EVERY, ids=IDS)
def test_blank_it_is_not_attempted(exercise: Exercise, desk: dict[str, Any]) -> None:
    for blank in (None, ..., "", "  "):  # without the lesson's lines: a cell alone shows something, too
        feedback = exercise.check(blank)
        assert feedback.outcome == UNTOUCHED
    assert f"exercises.{exercise.name}.hint()" in str(feedback)
    assert diary.load() == {}


@pytest.mark.parametrize(("exercise", "at"), ATTEMPTS, ids=[f"{one.name}-{at}" for one, at in ATTEMPTS])
def test_a_plausible_wrong_answer_is_told_why(exercise: Exercise, at: int, desk: dict[str, Any]) -> None:
    feedback = answered(exercise, exercise.wrong[at].code, desk)
    assert feedback.outcome == WRONG, str(feedback)
    assert exercise.wrong[at].says in str(feedback)


def leaves(*arguments: Any) -> Any:
    """A reader's function that ends the program."""
    raise SystemExit(3)


def nothing(*arguments: Any) -> None:
    """A reader's function that is not written yet."""


class Gone:
    """Something that has the parts of a deployment, and of which nothing is there."""

    stack, outputs = "nowhere-dev", {}
    functions = {"f": "arn:aws:lambda:eu-west-1:123456789012:function:nowhere-dev-f"}  # noqa: RUF012
    endpoints = (type("Endpoint", (), {"url": "http://127.0.0.1:1/dev/payments", "method": "POST"})(),)


ODD: list[Any] = [
    0,
    -1,
    True,
    float("nan"),
    float("inf"),
    10**30,
    1j,
    "x",
    "ä" * 1000,
    "\0",
    "http://",
    "http://[",
    "http://127.0.0.1:1",
    "cron(",
    "cron(0 6 15 6 ? 2027)",
    "nowhere-dev",
    b"x",
    [],
    [1],
    {"a": 1},
    object(),
    Gone(),
    leaves,
    nothing,
    len,
    str,
    ValueError("x"),
]


@pytest.mark.parametrize("exercise", EVERY, ids=IDS)
def test_an_odd_answer_is_answered_in_a_sentence(exercise: Exercise, desk: dict[str, Any]) -> None:
    for odd in ODD:
        feedback = exercise.check(odd)
        assert feedback.outcome in (WRONG, UNTOUCHED), (odd, str(feedback))
        assert " at 0x" not in str(feedback) and len(str(feedback)) < 500, (odd, str(feedback))


@pytest.mark.parametrize("exercise", EVERY, ids=IDS)
def test_its_solution_passes(exercise: Exercise, desk: dict[str, Any]) -> None:
    feedback = answered(exercise, exercise.solved, desk)
    assert feedback.outcome == RIGHT, str(feedback)
    assert feedback.reason
    assert diary.load()[exercise.name]["solved"]


@pytest.mark.parametrize("exercise", EVERY, ids=IDS)
def test_it_has_all_that_a_reader_needs(exercise: Exercise) -> None:
    assert len(exercise.wrong) >= 3
    assert len(exercise.task) < (600 if exercise.name != "challenge" else 1200)
    assert 20 < len(exercise.nudge) < 300
    assert f"exercises.{exercise.name}.check(" in exercise.solved.splitlines()[-1], "the solution is a cell that checks"
    assert {"text/plain", "text/markdown"} <= set(exercise._repr_mimebundle_())
    assert exercise.solved in str(exercise.solution())
    assert exercise.nudge in str(exercise.hint())


def test_each_notebook_has_two_or_three_and_the_last_is_a_stretch() -> None:
    for notebook, found in exercises.by_notebook().items():
        if not notebook.startswith("99"):
            assert 2 <= len(found) <= 3, notebook
            assert [one.stretch for one in found] == [False] * (len(found) - 1) + [True], notebook
