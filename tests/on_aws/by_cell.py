"""Runs a notebook against any endpoint, cell by cell, going on after a failure: which cells differ, and how.

python -m tests.on_aws.by_cell http://127.0.0.1:4566 03 04
"""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Difference:
    """A cell that failed: its number in the notebook, its first line, the error's last line."""

    notebook: str
    cell: int
    begins: str
    error: str

    def __str__(self) -> str:
        return f"{self.notebook} cell {self.cell}  {self.begins}\n    {self.error}"


def as_aws(endpoint: str, suffix: str) -> dict[str, str]:
    """The environment of a reader on AWS, whose AWS is at an endpoint: AWS's own addresses are all that is missing.

    Args:
        endpoint: what boto3 is led to, below the workshop's own switch.
        suffix: the reader's.
    """
    return {
        "WORKSHOP_CLOUD": "aws",
        "WORKSHOP_CONFIRM": "yes",
        "WORKSHOP_SUFFIX": suffix,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_REGION": "eu-west-1",
    }


def run(path: Path, endpoint: str, *, timeout: int = 60, environment: dict[str, str] | None = None) -> list[Difference]:
    """Runs every cell of a notebook in one kernel. Returns those that failed.

    Args:
        path: the notebook.
        endpoint: what `WORKSHOP_CLOUD` is set to.
        timeout: seconds for one cell; a cell that takes longer is interrupted and counts as failed.
        environment: more variables, such as those of `as_aws`.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    variables = dict(
        os.environ,
        WORKSHOP_CLOUD=endpoint,
        PYTHONPATH=str(ROOT),
        PYTHONUTF8="1",
        MPLBACKEND="module://matplotlib_inline.backend_inline",
    )
    variables |= environment or {}
    variables["PATH"] = str(Path(sys.executable).parent) + os.pathsep + variables.get("PATH", "")
    client = NotebookClient(
        notebook,
        timeout=timeout,
        interrupt_on_timeout=True,
        allow_errors=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    client.execute(env=variables)
    return [found for number, cell in enumerate(notebook.cells) if (found := _failed(path.stem, number, cell))]


def _failed(name: str, number: int, cell: object) -> Difference | None:
    for output in getattr(cell, "outputs", None) or []:
        if output.output_type == "error":
            text = f"{output.ename}: {output.evalue}" if output.evalue else output.ename
            begins = cell.source.splitlines()[0]
            return Difference(name, number, begins, re.sub(r"\x1b\[[0-9;]*m", "", text)[:600])
    return None


if __name__ == "__main__":
    from workshop.notebooks import find

    for each in find(sys.argv[2:]):
        began = time.monotonic()
        differences = run(each, sys.argv[1])
        print(f"{each.stem}: {len(differences)} cells differ ({time.monotonic() - began:.0f} s)", flush=True)
        for one in differences:
            print(f"  {one}", flush=True)
