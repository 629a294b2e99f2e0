"""Decides where the workshop runs: in the environment it was started from, or in `.venv`, made on first use."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from workshop.core import system
from workshop.setup import halves, install, supported
from workshop.setup.troubles import SetupError

# One module of each package that a missing environment would lack; found without importing any.
NEEDED = (
    *("jupyterlab", "boto3", "stripe", "httpx", "moto", "uvicorn", "httptools", "starlette", "psutil", "yaml"),
    *("typer", "rich", "numpy", "matplotlib", "nbclient", "ipykernel", "jsonschema", "pytest"),
)


def has_packages() -> bool:
    """True when this interpreter's own environment has the workshop's packages (conda, Binder, an own venv)."""
    return all(importlib.util.find_spec(name) is not None for name in NEEDED)


def run(arguments: list[str], root: str) -> int:
    """Sets up when needed, then runs the command line with these arguments. Returns the exit code."""
    folder = Path(root)
    venv = folder / ".venv"
    inside = Path(sys.prefix).resolve() == venv.resolve()
    made_by_us = inside and (venv / install.STAMP).exists()
    if not made_by_us and has_packages():
        from workshop.cli import main

        return main(arguments)
    try:
        # Inside, a package that is missing all the same means that the environment was damaged: mend it.
        if not install.is_ready(venv, folder) or (inside and not has_packages()):
            if unfit := supported.without_wheels() or supported.too_deep(str(folder)):
                raise SetupError(unfit)
            install.install(venv, folder, again=inside)
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Nothing is broken: the same command goes on from here.", file=sys.stderr)
        return 130
    if inside:
        from workshop.cli import main

        return main(arguments)
    return hand_over(halves.python_of(venv), arguments, folder)


def hand_over(python: Path, arguments: list[str], folder: Path) -> int:
    """Goes on as `python -m workshop` in the environment that was made."""
    environment = dict(
        os.environ, PYTHONPATH=os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    )
    environment.setdefault("PYTHONUTF8", "1")
    command = [str(python), "-m", "workshop", *arguments]
    if not system.NT:
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(python, command, environment)
    process = subprocess.Popen(command, env=environment, stdin=None)
    while True:  # Windows has no exec: stay, and let Ctrl-C be the child's affair
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue
