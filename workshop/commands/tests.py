"""`workshop test`: the tests, in the environment that the set-up made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds this command to the command line."""
    settings = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command("test", context_settings=settings, epilog="Example: workshop test tests/serverless -x")(test)


def test(
    context: typer.Context,
    pytest_arguments: Annotated[list[str] | None, typer.Argument(help="Passed on to pytest.")] = None,
) -> None:
    """Passes the tests. Further arguments go to pytest."""
    root = Path(__file__).resolve().parent.parent.parent
    words = [*(pytest_arguments or []), *context.args]
    raise typer.Exit(
        subprocess.run(
            [sys.executable, "-X", "utf8", "-m", "pytest", *words], cwd=root, check=False, stdin=None
        ).returncode
    )
