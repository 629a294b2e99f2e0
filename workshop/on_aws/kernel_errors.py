"""What a reader sees of an account's or a network's trouble in a notebook: a paragraph, where boto3 raises a traceback.

Only trouble that no code can mend: credentials, sign-ins, permissions, quotas, nobody who answers. Errors that a lesson
or an exercise is about, and faults, stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workshop.core import aws_errors
from workshop.core.errors import WorkshopError
from workshop.core.telling import in_notebook


class _Paragraph:
    """The method `_render_traceback_`, which IPython asks an exception for; not there where a traceback tells more.

    https://ipython.readthedocs.io/en/stable/config/integrating.html#custom-exception-tracebacks
    """

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def __get__(self, error: Exception | None, _: Any = None) -> Callable[[], list[str]]:
        said = paragraph(error, self.mode) if error is not None else ""
        if not said:
            raise AttributeError("_render_traceback_")
        return lambda: [said]


def install(cloud: Any) -> None:
    """Has this kernel show such errors of boto3 as one paragraph; does nothing outside a kernel."""
    if not in_notebook():
        return
    from botocore.exceptions import BotoCoreError, ClientError

    for kind in (BotoCoreError, ClientError):
        kind._render_traceback_ = _Paragraph(cloud.mode)


def paragraph(error: Exception, mode: str) -> str:
    """What to say of an error of boto3; empty when its traceback tells more.

    Args:
        error: what was raised.
        mode: the connected cloud's: `local`, `aws` or `endpoint`.
    """
    if aws_errors.is_unreachable(error) and mode == "local":
        return WorkshopError(
            "The offline cloud of this notebook does not answer.", fix="Restart the kernel to get a fresh one."
        ).paragraph()
    if aws_errors.is_unreachable(error) or (mode == "aws" and aws_errors.is_the_accounts(error)):
        return aws_errors.explain(error)
    return ""
