"""Exercises of notebook 03: a title pattern of one's own, a signature as GitHub makes it."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

from workshop.exercises.asking import called
from workshop.exercises.exercise import Attempt, Exercise, need, shown

GOOD = ("PAY-7: A customer pays by card", "SHOP-1234: Sofas", "A-1: x")
BAD = {
    "A customer pays by card": "no ticket at all",
    "PAY-7": "no story",
    "PAY-7: ": "a story of nothing",
    "PAY: A customer pays": "no number",
    "pay-7: A customer pays": "a team in small letters",
    "Fix PAY-7: A customer pays": "a word before the ticket",
    "PAY-7 A customer pays": "no colon",
}
# The example in GitHub's documentation.
# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
SECRET, BODY = "It's a Secret to Everybody", b"Hello, World!"


def grade_own_titles(answer: Any) -> str:
    """A regular expression that takes the good titles and no other, as `re.fullmatch` in the check reads it."""
    need(isinstance(answer, str), f"The answer is {shown(answer)}. TITLE_PATTERN is a text: a regular expression.")
    try:
        pattern = re.compile(answer)
    except re.error as error:
        need(False, f"{shown(answer)} is no regular expression: {error}.")
        raise
    for title in GOOD:
        need(pattern.fullmatch(title), f"It refuses {title!r}, which is a good title.")
    for title, why in BAD.items():
        need(not pattern.fullmatch(title.strip()), f"It takes {title!r}: {why}.")
    return f"It takes {len(GOOD)} good titles and refuses {len(BAD)} bad ones. Put it into TITLE_PATTERN and deploy."


own_titles = Exercise(
    name="own_titles",
    title="Your own titles",
    task="Another team writes `PAY-7: A customer pays by card`: team in capitals, hyphen, number, colon, story. "
    "Which regular expression would you put into `TITLE_PATTERN`? The check uses `re.fullmatch`.",
    nudge=r"`[A-Z]+` is one or more capitals, `\d+` digits. A story begins with something that is no space: `\S.*`",
    solved=r'exercises.own_titles.check(r"[A-Z]+-\d+: \S.*")',
    grade=grade_own_titles,
    wrong=(
        Attempt('exercises.own_titles.check(".*")', "no ticket at all"),
        Attempt(r'exercises.own_titles.check(r"[A-Z]+-\d+.*")', "no story"),
        Attempt(r'exercises.own_titles.check(r".*[A-Z]+-\d+: \S.*")', "a word before the ticket"),
        Attempt(r'exercises.own_titles.check(r"PAY-\d+: \S.*")', "refuses 'SHOP-1234: Sofas'"),
        Attempt('exercises.own_titles.check("([A-Z]+")', "no regular expression"),
    ),
)


def grade_signed_like_github(answer: Any) -> str:
    """The header that GitHub's documentation gives for its example, and others."""
    for secret, body in ((SECRET, BODY), ("another", b'{"zen": "\xc3\xa9"}'), (SECRET, b"")):
        header = called(answer, body, secret, what=f"{body!r}, {secret!r}")
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        old = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
        need(isinstance(header, str), f"For {body!r} it returns {shown(header)}; a header is a text.")
        need(old not in header, "That is SHA-1, which GitHub keeps for old receivers only. Take SHA-256.")
        need(header != digest, "The digest is right. GitHub writes 'sha256=' before it.")
        plain = hashlib.sha256(body + secret.encode()).hexdigest(), hashlib.sha256(secret.encode() + body).hexdigest()
        need(not any(each in header for each in plain), "A plain hash of both can be extended by others. Use `hmac`.")
        need(header == f"sha256={digest}", f"For {body!r} it gives {header[:30]!r}…, GitHub sha256={digest[:12]}….")
    return "The header is GitHub's own, to the letter, also for the example in its documentation."


IMPORTS = "import hashlib, hmac\n\n"
signed_like_github = Exercise(
    name="signed_like_github",
    title="Sign like GitHub",
    stretch=True,
    task="Write `sign(body, secret)`: the value of the header `X-Hub-Signature-256` for a body (bytes) and a secret "
    "(text). Pass the function itself.",
    nudge="`hmac.new(key, message, digest)` wants bytes, and has `.hexdigest()`. Look at `is_signed` in the handler.",
    solved=IMPORTS
    + """def sign(body, secret):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

exercises.signed_like_github.check(sign)""",
    grade=grade_signed_like_github,
    wrong=(
        Attempt(
            IMPORTS + 'exercises.signed_like_github.check(lambda body, secret: "sha1=" + '
            "hmac.new(secret.encode(), body, hashlib.sha1).hexdigest())",
            "That is SHA-1",
        ),
        Attempt(
            IMPORTS + "exercises.signed_like_github.check(lambda body, secret: "
            "hmac.new(secret.encode(), body, hashlib.sha256).hexdigest())",
            "'sha256=' before it",
        ),
        Attempt(
            IMPORTS + 'exercises.signed_like_github.check(lambda body, secret: "sha256=" + '
            "hashlib.sha256(secret.encode() + body).hexdigest())",
            "Use `hmac`",
        ),
        Attempt(
            IMPORTS + "exercises.signed_like_github.check(lambda body, secret: hmac.new(secret, body, hashlib.sha256))",
            "fails: TypeError",
        ),
        Attempt('exercises.signed_like_github.check("sha256=757107ea")', "not a function"),
    ),
)
