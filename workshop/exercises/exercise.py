"""An exercise: its task, and three outcomes when an answer is checked. Every word it says is about that answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from types import FunctionType
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.core.telling import View
from workshop.show.views import Code

UNTOUCHED, WRONG, RIGHT = "not attempted", "wrong", "right"
LOOKS = {
    UNTOUCHED: ("Not attempted yet.", "#8a6d00"),
    WRONG: ("Not yet.", "#b00020"),
    RIGHT: ("Right.", "#0a6b2d"),
}


class NotYet(Exception):
    """Raised by a grader: the answer is wrong, and this is why."""


class Untouched(Exception):
    """Raised by a grader: nothing was done so far; the message says where to begin."""


def need(condition: Any, why: str) -> None:
    """Goes on when the condition holds.

    Raises:
        NotYet: it does not hold; `why` says what is wrong with this very answer.
    """
    if not condition:
        raise NotYet(why)


def shown(answer: Any) -> str:
    """An answer as a sentence can quote it: short, and without the address of an object in memory."""
    text = repr(answer)
    if " at 0x" in text:
        if isinstance(answer, FunctionType):
            return f"the function {answer.__name__}"
        return f"an object of the type {type(answer).__name__}"
    return text if len(text) <= 80 else text[:80] + "…"


def is_blank(answer: Any) -> bool:
    """True for what stands in a cell before anybody has answered: None, ..., an empty text."""
    return answer is None or answer is ... or (isinstance(answer, str) and not answer.strip())


class Feedback(View):
    """What `check()` shows.

    Attributes:
        outcome: `"not attempted"`, `"wrong"` or `"right"`.
        reason: what is wrong, or what was seen.
    """

    def __init__(self, title: str, outcome: str, reason: str) -> None:
        self.title, self.outcome, self.reason = title, outcome, reason

    def __bool__(self) -> bool:
        return self.outcome == RIGHT

    def __str__(self) -> str:
        head = f"{LOOKS[self.outcome][0]} {self.title}"
        return f"{head}\n{self.reason}".rstrip()

    def html(self) -> str:
        words, colour = LOOKS[self.outcome]
        look = f"border-left:6px solid {colour};padding:4px 12px;margin:4px 0"
        body = marked_up(self.reason).replace("\n", "<br>")
        return f'<div style="{look}"><b>{words}</b> <i>{escape(self.title)}</i><br>{body}</div>'


def marked_up(text: str) -> str:
    """A sentence as HTML: `names` as code, everything else as it is."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


class Hint(View):
    """A nudge: a sentence or two, never the answer."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return f"Hint: {self.text}"

    def markdown(self) -> str:
        return f"**Hint.** {self.text}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A plausible wrong answer, as the cell a reader would run, and what must be said to it."""

    code: str
    says: str


@dataclass(frozen=True)
class Exercise(View):
    """One exercise. Show it to see its task; `check(…)`, `hint()` and `solution()` do the rest.

    Attributes:
        name: what it is called in `workshop.exercises`.
        title, task: as the notebook shows them (Markdown).
        nudge: what `hint()` says.
        solved: what `solution()` shows: a cell that does the whole exercise and passes.
        grade: gets the answer; raises `NotYet` or `Untouched`; returns what was seen when all is right.
        before: the lines of the lesson that an answer builds on.
        wrong: plausible wrong answers, for the tests.
        stretch: True for the last, harder one of a notebook.
    """

    name: str
    title: str
    task: str
    nudge: str
    solved: str
    grade: Callable[[Any], str]
    before: str = ""
    wrong: tuple[Attempt, ...] = ()
    stretch: bool = False

    def __str__(self) -> str:
        return f"{self.heading}\n\n{self.task}\n\nWhen you are stuck: .hint(), then .solution()"

    @property
    def heading(self) -> str:
        """The title, with a word for the harder ones."""
        return f"{self.title} (stretch)" if self.stretch else self.title

    def markdown(self) -> str:
        return f"**{self.heading}**\n\n{self.task}"

    def hint(self) -> Hint:
        """A nudge in the right direction."""
        return Hint(self.nudge)

    def solution(self) -> Code:
        """One way to do it, as a cell to run."""
        return Code(self.solved, "python", f"One solution of: {self.title}")

    def check(self, answer: Any = None) -> Feedback:
        """Looks at an answer, or at what it did to the cloud, and says what it found.

        Args:
            answer: what the task asks for; None while there is none.

        Returns:
            Not attempted, wrong with the reason, or right. A right one counts in `exercises.progress()`.
        """
        if is_blank(answer):
            return Feedback(self.title, UNTOUCHED, f"Stuck? `exercises.{self.name}.hint()`")
        from workshop.cloud.switch import connect

        connect()
        try:
            seen = self.grade(answer)
        except NotYet as why:
            return self._kept(WRONG, str(why))
        except Untouched as why:
            return Feedback(self.title, UNTOUCHED, f"{why} Stuck? `exercises.{self.name}.hint()`")
        except WorkshopError as error:
            return self._kept(WRONG, error.paragraph())
        except Exception as error:
            from workshop.core.aws_errors import explain

            if not type(error).__module__.startswith(("botocore", "boto3")):
                raise
            return self._kept(WRONG, explain(error))
        return self._kept(RIGHT, seen)

    def _kept(self, outcome: str, reason: str) -> Feedback:
        from workshop.exercises import diary

        note = diary.record(self.name, right=outcome == RIGHT)
        return Feedback(self.title, outcome, f"{reason}\n{note}".rstrip())


class Checked(View):
    """Several exercises checked at once, as at the end of a notebook.

    Attributes:
        feedbacks: what was said to each.
    """

    def __init__(self, feedbacks: list[Feedback]) -> None:
        self.feedbacks = feedbacks

    def __str__(self) -> str:
        return "\n\n".join(str(feedback) for feedback in self.feedbacks)

    def html(self) -> str:
        return "\n".join(feedback.html() for feedback in self.feedbacks)
