"""The room of the exercises: three outcomes, progress that survives bad files, a certificate that is earned."""

from __future__ import annotations

import json
import multiprocessing
import re
from pathlib import Path
from typing import Any

import pytest

from workshop import exercises
from workshop.core.errors import WorkshopError
from workshop.exercises import diary
from workshop.exercises.exercise import RIGHT, UNTOUCHED, WRONG, Exercise, need

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def own_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a file of its own."""
    file = tmp_path / "kept" / "progress.json"
    monkeypatch.setenv(diary.VARIABLE, str(file))
    return file


def grade(answer: Any) -> str:
    """Wants 42."""
    need(isinstance(answer, int), f"{answer!r} is no number.")
    need(answer == 42, f"{answer} is not it; <b>think</b> of `six` times seven.")
    return "Six times seven."


@pytest.fixture
def sum_of_it(cloud: Any) -> Exercise:
    return Exercise("sum", "A sum", "How much?", "Multiply.", "x = 42", grade)


@pytest.mark.parametrize(
    ("answer", "outcome", "says"),
    [
        (None, UNTOUCHED, "Not attempted yet."),
        (..., UNTOUCHED, "Not attempted yet."),
        ("  ", UNTOUCHED, "exercises.sum.hint()"),
        ("forty-two", WRONG, "'forty-two' is no number."),
        (41, WRONG, "Not yet."),
        (42, RIGHT, "Six times seven."),
    ],
)
def test_three_outcomes(sum_of_it: Exercise, answer: Any, outcome: str, says: str) -> None:
    feedback = sum_of_it.check(answer)
    assert feedback.outcome == outcome
    assert says in str(feedback)
    assert bool(feedback) == (outcome == RIGHT)


def test_several_are_checked_at_once_as_at_the_end_of_a_notebook(cloud: Any) -> None:
    checked = exercises.check(second_address="/hi", created=None)
    assert [one.outcome for one in checked.feedbacks] == [WRONG, UNTOUCHED]
    assert "not a whole address" in str(checked)
    assert "exercises.created.hint()" in str(checked)
    with pytest.raises(WorkshopError, match="no exercise 'secnd_address'"):
        exercises.check(secnd_address=1)


def test_a_view_needs_no_trust_and_no_colour(sum_of_it: Exercise) -> None:
    shown = sum_of_it.check(41)._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html"}
    assert "<b>think" not in shown["text/html"], "what an answer holds is never markup"
    assert "<code>six</code>" in shown["text/html"]
    assert not re.search(r"<(script|style|svg)|class=", shown["text/html"])
    assert "Not yet." in shown["text/html"], "the outcome is said in words"


def test_a_refusal_of_aws_is_a_reason_and_a_fault_of_a_grader_is_not_hidden(cloud: Any) -> None:
    def refused(answer: Any) -> str:
        import boto3

        boto3.client("lambda").get_function(FunctionName="nobody-made-this")
        return ""

    def broken(answer: Any) -> str:
        raise ZeroDivisionError

    feedback = Exercise("a", "A", "", "", "", refused).check(1)
    assert feedback.outcome == WRONG
    assert "nobody-made-this" in str(feedback)
    with pytest.raises(ZeroDivisionError):
        Exercise("b", "B", "", "", "", broken).check(1)


def test_tries_are_counted_and_a_solved_one_stays_solved(sum_of_it: Exercise, own_progress: Path) -> None:
    for answer in (None, 41, 42, 43):
        sum_of_it.check(answer)
    kept = json.loads(own_progress.read_text(encoding="utf-8"))["exercises"]["sum"]
    assert kept["tries"] == 3, "a blank one does not count"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", kept["solved"])
    assert [path.name for path in own_progress.parent.iterdir()] == ["progress.json"], "nothing is left beside it"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"exercises": 7}', "\x00\x01", '{"exercises"'])
def test_a_damaged_file_is_set_aside_and_said(own_progress: Path, content: str) -> None:
    own_progress.parent.mkdir()
    own_progress.write_text(content, encoding="utf-8")
    assert diary.load() == {}
    assert "damaged" in str(exercises.progress())
    assert "damaged" in diary.record("second_address", right=True)
    assert own_progress.with_name("progress.json.damaged").read_text(encoding="utf-8") == content
    assert diary.load()["second_address"]["solved"]
    assert "damaged" not in str(exercises.progress())


def test_odd_entries_are_left_out(own_progress: Path) -> None:
    own_progress.parent.mkdir()
    entries = {"a": 1, "b": {"tries": "x"}, "second_address": {"tries": 2}}
    own_progress.write_text(json.dumps({"exercises": entries}), encoding="utf-8")
    assert diary.load() == {"second_address": {"tries": 2, "solved": ""}}
    assert "[~] A second address" in str(exercises.progress())


def test_where_nothing_can_be_written_the_answer_still_counts_for_the_reader(
    sum_of_it: Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv(diary.VARIABLE, str(tmp_path / "file" / "progress.json"))
    feedback = sum_of_it.check(42)
    assert feedback.outcome == RIGHT
    assert "could not be kept" in str(feedback)


def count_to(number: int) -> None:
    """What a second notebook does meanwhile."""
    for _ in range(number):
        diary.record("second_address", right=False)


def test_two_notebooks_may_record_at_once() -> None:
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=count_to, args=(20,)) for _ in range(2)]
    for other in others:
        other.start()
    count_to(20)
    for other in others:
        other.join()
    assert diary.load()["second_address"]["tries"] == 60


def test_a_lock_that_was_left_over_holds_nobody_up_for_long(
    own_progress: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_progress.parent.mkdir()
    own_progress.with_name("progress.json.lock").write_text("", encoding="utf-8")
    monkeypatch.setattr(diary, "LOCK_SECONDS", 0.1)
    diary.record("second_address", right=True)
    assert diary.load()["second_address"]["solved"]


def test_the_certificate_is_refused_kindly_and_then_issued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop.lesson.MY_WORK", tmp_path / "my_work")
    required = [one for found in exercises.by_notebook().values() for one in found if not one.stretch]
    for one in required[1:]:
        diary.record(one.name, right=True)
    refused = exercises.certificate("Ada")
    assert not refused.issued
    assert "one exercise is" in str(refused)
    assert required[0].title in str(refused)
    assert not (tmp_path / "my_work").exists()
    diary.record(required[0].name, right=True)
    issued = exercises.certificate("  Ada <b>Lovelace</b> ")
    assert issued.issued
    page = (tmp_path / "my_work" / "certificate.html").read_text(encoding="utf-8")
    assert "Ada &lt;b&gt;Lovelace&lt;/b&gt;" in page
    assert "<b>Lovelace" not in page
    assert f"all {len(required)} exercises" in str(issued)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, None, 7, "a\x00b"])
def test_a_certificate_needs_a_name(name: Any) -> None:
    with pytest.raises(WorkshopError, match="needs a name"):
        exercises.certificate(name)


def test_what_the_room_lists_is_what_its_modules_hold() -> None:
    homes = {path.stem for path in (ROOT / "workshop" / "exercises").glob("n[0-9][0-9]_*.py")}
    assert set(exercises.HOMES) == homes
    notebooks = {path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")}
    assert {home[1:] for home in homes} <= notebooks | {"99_challenge"}
    names = [name for found in exercises.HOMES.values() for name in found]
    assert len(set(names)) == len(names)
    for name in names:
        assert getattr(exercises, name).name == name
    with pytest.raises(AttributeError, match="lists them"):
        exercises.nonsense  # noqa: B018
