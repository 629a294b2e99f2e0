"""Exercises of notebook 06: two parameters and no third, one page and no other."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from workshop.exercises.asking import address, ask, function_in, role_policies
from workshop.exercises.exercise import Attempt, Exercise, Untouched, need
from workshop.on_aws.names import prefix, suffix

COPY = """from workshop import deploy, edit
from workshop.scenarios import copies

deploy("demo_lambdas/access_ssm", quiet=True)
folder = copies.copy_of("third_party")"""
WANTED, OTHERS = ("secret_api_key", "mail_from"), ("stripe_test_key", "secret_api_key_2", "mail_from/old")
PAGE = "https://shop.example.com"


def listed(value: Any) -> list[str]:
    """What a policy says as one text or as a list."""
    return [value] if isinstance(value, str) else list(value)


def may_read(statements: list[dict[str, Any]], parameter: str, action: str = "ssm:GetParameters") -> bool:
    """Would these statements let the role read a parameter? Wildcards count, as in IAM."""
    under = prefix(suffix()).removeprefix("/")  # where this reader's parameters are, when they share an account
    arn = f"arn:aws:ssm:eu-west-1:123456789012:parameter/{under}{parameter}"

    def fits(pattern: str) -> bool:
        parts = pattern.split(":", 5)
        return pattern == "*" or (len(parts) == 6 and fnmatchcase(arn.split(":", 5)[5], parts[5]))

    return any(
        each["Effect"] == "Allow"
        and any(fnmatchcase(action.lower(), pattern.lower()) for pattern in listed(each.get("Action", [])))
        and any(fits(pattern) for pattern in listed(each.get("Resource", [])))
        for each in statements
    )


def grade_two_parameters(answer: Any) -> str:
    """The role reads both parameters, no other, and cannot write."""
    name = function_in(answer)
    statements = role_policies(name)
    readable = [parameter for parameter in WANTED if may_read(statements, parameter)]
    for other in OTHERS:
        need(not may_read(statements, other), f"Its role may read {other}, too. Name both parameters, and no wildcard.")
    if readable == [WANTED[0]]:
        raise Untouched("The role still reads secret_api_key alone.")
    need(readable == list(WANTED), f"Of {' and '.join(WANTED)}, its role may read {readable or 'neither'}.")
    for action in ("ssm:PutParameter", "ssm:DeleteParameter"):
        need(not may_read(statements, WANTED[0], action), f"Its role may {action}, too. Reading is ssm:GetParameters.")
    return "The role reads secret_api_key and mail_from. Nothing else, and it changes nothing."


EDIT = """one = "Resource: arn:aws:ssm:${{aws:region}}:${{aws:accountId}}:parameter/secret_api_key"
edit(f"{{folder}}/serverless.yml", one, \'\'\'{}\'\'\')
exercises.two_parameters.check(deploy(folder, quiet=True))"""
ARN = "arn:aws:ssm:${aws:region}:${aws:accountId}:parameter/"

two_parameters = Exercise(
    name="two_parameters",
    title="Two parameters",
    task="Let a copy of `third_party` (`copies.copy_of`) read two parameters, `secret_api_key` and `mail_from`, and no "
    "other. Deploy it, and pass what deploy returned.",
    nudge="`Resource` may be a list: a line with a dash for each. A `*` reads more than you think.",
    before=COPY,
    solved=EDIT.format(f"Resource:\n            - {ARN}secret_api_key\n            - {ARN}mail_from"),
    grade=grade_two_parameters,
    wrong=(
        Attempt(EDIT.format(f"Resource: {ARN}*"), "may read stripe_test_key, too"),
        Attempt(EDIT.format(f"Resource: {ARN}mail_from"), "may read ['mail_from']"),
        Attempt(
            EDIT.format(f"Resource:\n            - {ARN}secret_api_key*\n            - {ARN}mail_from"),
            "may read secret_api_key_2, too",
        ),
        Attempt(
            'edit(f"{folder}/serverless.yml", "Action: ssm:GetParameters", "Action: ssm:*")\n'
            + EDIT.format(f"Resource:\n            - {ARN}secret_api_key\n            - {ARN}mail_from"),
            "may ssm:PutParameter, too",
        ),
    ),
)


def grade_only_our_page(answer: Any) -> str:
    """Answers carry the header for one page, good ones and bad ones."""
    endpoints = getattr(answer, "endpoints", None)
    url = address(endpoints[0] if endpoints else answer)
    response = ask(url, "POST", json={"template": "newsletter"})
    need(
        response.status_code == 400,
        f"A template that is not on the list should be answered with 400; it is {response.status_code}.",
    )
    allowed = response.headers.get("access-control-allow-origin")
    need(allowed is not None, "Its answers have no Access-Control-Allow-Origin, so no other page can read them.")
    if allowed == "*":
        raise Untouched("Its answers still say *, which is every page there is.")
    need("," not in allowed and " " not in allowed, f"{allowed!r}: browsers take one origin there, not a list.")
    need("://" in allowed, f"{allowed!r} is a host. An origin begins with https://")
    need(not allowed.endswith("/"), f"{allowed!r} ends with a slash, and an origin has no path.")
    need(allowed == PAGE, f"It allows {allowed!r}; our page is {PAGE!r}.")
    return f"Browsers hand the answer to pages of {PAGE} only. (Programs do not ask: this header is for browsers.)"


HEADER = """edit(f"{{folder}}/handler.py", '"Access-Control-Allow-Origin": "*"', '"Access-Control-Allow-Origin": "{}"')
exercises.only_our_page.check(deploy(folder, quiet=True))"""

only_our_page = Exercise(
    name="only_our_page",
    title="Only our page",
    stretch=True,
    task=f"Browsers let any page use a copy of `third_party`. Let them do so only for pages of `{PAGE}`. "
    "Deploy, and pass what deploy returned.",
    nudge="Which header of the lambda's answer says `*`? `answer` in the handler writes it.",
    before=COPY,
    solved=HEADER.format(PAGE),
    grade=grade_only_our_page,
    wrong=(
        Attempt(HEADER.format("shop.example.com"), "is a host"),
        Attempt(HEADER.format(f"{PAGE}/"), "ends with a slash"),
        Attempt(HEADER.format(f"{PAGE}, https://www.example.com"), "one origin"),
        Attempt(HEADER.format("http://shop.example.com"), "our page is"),
    ),
)
