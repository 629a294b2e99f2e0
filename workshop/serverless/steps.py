"""What happens during a deploy, told step by step to whoever draws it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that began or ended.

    Attributes:
        phase: `package`, `upload`, `create`, `update`, `remove`, `clean up`.
        logical_id: a resource of the stack, or what is worked on.
        type: the resource's type, such as `AWS::Lambda::Function`.
        status: CloudFormation's word, such as `CREATE_COMPLETE`.
        reason: why it failed, in AWS's words.
        seconds: how long it took, once it has ended.
    """

    phase: str
    logical_id: str = ""
    type: str = ""
    status: str = ""
    reason: str = ""
    seconds: float | None = None


OnStep = Callable[[Step], None]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in the middle of something: the text says what state that leaves."""


def silent(_: Step) -> None:
    """For callers who do not look."""


@contextmanager
def timed(on_step: OnStep, phase: str, what: str, kind: str = "") -> Iterator[None]:
    """Reports the begin and the end of something that is no resource."""
    began = time.perf_counter()
    on_step(Step(phase, what, kind, "IN_PROGRESS"))
    yield
    on_step(Step(phase, what, kind, "COMPLETE", seconds=time.perf_counter() - began))
