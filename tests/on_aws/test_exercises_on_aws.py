"""Every exercise where `WORKSHOP_CLOUD=aws`: the right solution is right there, and a wrong answer is told why.

boto3 is led to an offline cloud of the test's own, below the workshop's switch, which takes it for AWS. So names carry
a suffix, the clock is real, stand-ins are behind the tunnel, and no grader can ask one of the cloud's own doors.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.exercises.test_exercises import EVERY, answered, seated
from workshop.cloud.clouds import ask
from workshop.exercises.exercise import RIGHT, WRONG, Exercise
from workshop.on_aws import policy, tunnel

ALL = "WORKSHOP_EVERY_CELL"
ONLY_IF_ASKED = pytest.mark.skipif(not os.environ.get(ALL), reason=f"takes a minute; set {ALL}=1")
SOLUTIONS = [pytest.param(one, one.solved, RIGHT, "", id=one.name) for one in EVERY]
ATTEMPTS = [
    pytest.param(one, attempt.code, WRONG, attempt.says, id=f"{one.name}-{at}", marks=ONLY_IF_ASKED)
    for one in EVERY
    for at, attempt in enumerate(one.wrong)
]


@pytest.fixture
def desk(on_aws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A reader's desk, with nothing left of the last exercise."""
    yield seated(tmp_path, monkeypatch, on_aws)
    tunnel.close()
    ask(f"{os.environ['AWS_ENDPOINT_URL']}/_workshop/reset", {})  # the test's own cloud: an account where nothing is


@pytest.mark.parametrize(("exercise", "code", "outcome", "says"), SOLUTIONS + ATTEMPTS)
def test_an_answer_is_graded_as_offline(
    exercise: Exercise, code: str, outcome: str, says: str, desk: dict[str, Any]
) -> None:
    feedback = answered(exercise, code, desk)
    assert feedback.outcome == outcome, str(feedback)
    assert says in str(feedback)
    assert feedback.reason


def test_the_challenge_says_where_parameters_are_on_aws(desk: dict[str, Any]) -> None:
    """A function that reads `stripe_test_key` by this very name finds nothing there: names carry a prefix."""
    challenge = next(one for one in EVERY if one.name == "challenge")
    feedback = answered(challenge, challenge.solved.replace('os.environ.get("SSM_PREFIX", "") + name', "name"), desk)
    assert feedback.outcome == WRONG
    assert "begin with /workshop-e7k2/: does the function put its SSM_PREFIX before them?" in str(feedback)


def test_what_the_exercises_call_is_in_the_policy(on_aws: Any) -> None:
    """All that ran above, seen by the cloud that was taken for AWS: graders' own calls too."""
    calls = ask(f"{os.environ['AWS_ENDPOINT_URL']}/_workshop/calls")["calls"]
    assert policy.missing([(one["action"], one["resource"]) for one in calls], policy.read()) == []
