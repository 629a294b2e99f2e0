"""`workshop test`: the tests, in the environment that the set-up made."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

# Who says how many processes, or wants to look into one, knows best.
OWN = ("-n", "--numprocesses", "--dist", "--pdb", "--trace", "-s", "--capture=no", "--collect-only", "--co")


def register(app: typer.Typer) -> None:
    """Adds this command to the command line."""
    settings = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(
        "test", context_settings=settings, epilog="Example: workshop test --quick, or workshop test tests/serverless -x"
    )(test)


def test(
    context: typer.Context,
    pytest_arguments: Annotated[list[str] | None, typer.Argument(help="Passed on to pytest.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Units and contracts only: no browser, no notebooks; about a minute.")
    ] = False,
) -> None:
    """Passes the tests. Further arguments go to pytest."""
    root = Path(__file__).resolve().parent.parent.parent
    words = [*(pytest_arguments or []), *context.args]
    # An environment of the reader's own may be without pytest-xdist: then there is one process.
    alone = importlib.util.find_spec("xdist") is None
    alone |= any(
        not word.startswith("-") for word in words
    )  # a file or a folder is done before a second process begins
    if not alone and not any(word.startswith(OWN) for word in words):
        words = [f"--numprocesses={processes()}", "--no-loadscope-reorder", *words]
    words += ["--quick"] if quick else []
    raise typer.Exit(
        subprocess.run(
            [sys.executable, "-X", "utf8", "-m", "pytest", *words], cwd=root, stdin=None, check=False
        ).returncode
    )


def processes() -> int:
    """How many test processes: one a core, but two at least, because tests wait; and four at most, for the memory."""
    return max(2, min(4, os.cpu_count() or 2))
