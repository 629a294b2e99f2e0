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


def run(path: Path, endpoint: str, *, timeout: int = 60) -> list[Difference]:
    """Runs every cell of a notebook in one kernel. Returns those that failed.

    Args:
        path: the notebook.
        endpoint: what `WORKSHOP_CLOUD` is set to.
        timeout: seconds for one cell; a cell that takes longer is interrupted and counts as failed.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    environment = dict(
        os.environ,
        WORKSHOP_CLOUD=endpoint,
        PYTHONPATH=str(ROOT),
        PYTHONUTF8="1",
        MPLBACKEND="module://matplotlib_inline.backend_inline",
    )
    environment["PATH"] = str(Path(sys.executable).parent) + os.pathsep + environment.get("PATH", "")
    client = NotebookClient(
        notebook,
        timeout=timeout,
        interrupt_on_timeout=True,
        allow_errors=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    client.execute(env=environment)
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
