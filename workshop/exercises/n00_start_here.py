"""Exercises of notebook 00: the first questions to AWS, by boto3."""

from __future__ import annotations

import re
import uuid
from typing import Any

from workshop.exercises.asking import aws, called, own_stage
from workshop.exercises.exercise import Attempt, Exercise, need, shown


def grade_whose_account(answer: Any) -> str:
    """The account's number, as text."""
    need(
        isinstance(answer, str),
        f"The answer is {shown(answer)}. An account's number is a text: as a number it would lose a leading zero.",
    )
    text = answer.strip()
    need(not text.startswith("arn:"), "That is the whole ARN, which says who asks. The account is one part of it.")
    need(re.fullmatch(r"\d{12}", text), f"{shown(answer)} is not twelve digits. STS calls it `Account`.")
    need(text == aws("sts").get_caller_identity()["Account"], f"{text} is somebody else's account. Ask STS again.")
    return "These credentials belong to that account, and what you deploy is made there."


whose_account = Exercise(
    name="whose_account",
    title="Whose account?",
    task="Everything in AWS belongs to an account with a number of twelve digits. Ask STS for it, as above, and put it "
    "below as a text.",
    nudge="`get_caller_identity()` returns a dictionary. Above you took its `Arn`; which other keys does it have?",
    solved="""import boto3

exercises.whose_account.check(boto3.client("sts").get_caller_identity()["Account"])""",
    grade=grade_whose_account,
    wrong=(
        Attempt(
            'import boto3\nexercises.whose_account.check(boto3.client("sts").get_caller_identity()["Arn"])',
            "That is the whole ARN",
        ),
        Attempt(
            'import boto3\nexercises.whose_account.check(boto3.client("sts").get_caller_identity())',
            "An account's number is a text",
        ),
        Attempt("exercises.whose_account.check(123456789012)", "lose a leading zero"),
        Attempt('exercises.whose_account.check("000000000000")', "somebody else's account"),
    ),
)


def grade_log_groups(answer: Any) -> str:
    """Finds two log groups among three, gives their names, and finds none where there is none."""
    logs, stem = aws("logs"), f"/aws/lambda/exercise-{uuid.uuid4().hex[:8]}-{own_stage('dev')}"
    wanted = [f"{stem}-a", f"{stem}-b"]
    made = [*wanted, f"{stem.replace('exercise', 'another')}-c"]
    for name in made:
        logs.create_log_group(logGroupName=name)
    try:
        found = called(answer, f"{stem}-", what=f"{stem}-")
        nothing = called(answer, f"{stem}-z", what=f"{stem}-z")
    finally:
        for name in made:
            logs.delete_log_group(logGroupName=name)
    need(not isinstance(found, dict), "It returns the whole answer of AWS. The names are deeper, in `logGroups`.")
    need(isinstance(found, list | tuple | set), f"It returns {shown(found)}; a list of names is wanted.")
    need(not any(isinstance(one, dict) for one in found), "It returns whole log groups. Take `logGroupName` of each.")
    need(not set(found) & {made[2]}, f"It also returns {made[2]}, which does not begin with {stem}-.")
    need(sorted(found) == wanted, f"There are {wanted[0]} and {wanted[1]}; it returns {shown(found)}.")
    need(list(nothing or []) == [], f"Nothing begins with {stem}-z, and it returns {shown(nothing)}.")
    return "It found two of three log groups, and none where there was none."


ASK = 'boto3.client("logs").describe_log_groups({})'
FOUND = """import boto3

def groups(prefix):
    found = {asked}
    return {returned}

exercises.log_groups.check(groups)"""
BY_PREFIX = ASK.format("logGroupNamePrefix=prefix")

log_groups = Exercise(
    name="log_groups",
    title="Find the logs",
    stretch=True,
    task="Each function writes into a log group of its own. Write a function `groups(prefix)` that returns the names "
    "of all log groups that begin with `prefix`, as a list. `describe_log_groups` of the service `logs` knows them. "
    "Pass the function.",
    nudge="`describe_log_groups` takes `logGroupNamePrefix`, and returns a dictionary with `logGroups`, a list.",
    solved=FOUND.format(asked=BY_PREFIX, returned='[group["logGroupName"] for group in found["logGroups"]]'),
    grade=grade_log_groups,
    wrong=(
        Attempt(FOUND.format(asked=BY_PREFIX, returned="found"), "the whole answer of AWS"),
        Attempt(FOUND.format(asked=BY_PREFIX, returned='found["logGroups"]'), "whole log groups"),
        Attempt(
            FOUND.format(asked=ASK.format(""), returned='[group["logGroupName"] for group in found["logGroups"]]'),
            "which does not begin with",
        ),
        Attempt(FOUND.format(asked=BY_PREFIX, returned="[]"), "it returns []"),
        Attempt('exercises.log_groups.check("/aws/lambda")', "not a function"),
    ),
)
