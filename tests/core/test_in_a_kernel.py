"""What a reader's mistake looks like in a real kernel: one paragraph, no red lines of Python's."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

import workshop

ROOT = Path(workshop.__file__).parents[1]


def errors_of(*cells: str, where: Path) -> list[list[str]]:
    """Runs cells in a kernel; per cell the lines of its error, as a notebook shows them."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    resources = {"metadata": {"path": str(where)}}
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True, resources=resources)
    client.execute(env=dict(os.environ, PYTHONPATH=str(ROOT)))
    return [
        "\n".join(line for out in cell.outputs if out.output_type == "error" for line in out.traceback).splitlines()
        for cell in notebook.cells
    ]


# The interrupt comes at a moment that is sure: when the deploy tells of its first step.
INTERRUPTED = """
import os, signal
from workshop.show.progress import Progress
taken = Progress.__call__
def interrupting(self, step):
    os.kill(os.getpid(), signal.SIGINT)
    return taken(self, step)
Progress.__call__ = interrupting
deploy(folder, stage="x")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is sent as Jupyter sends it on Unix")
def test_mistakes_and_an_interrupted_deploy_are_one_paragraph_each(tmp_path: Path, cloud: Any) -> None:
    first, wrong, gone, clock, interrupted = errors_of(
        "from pathlib import Path\nfrom workshop import connect, create, deploy, lesson, resources\n"
        f"lesson.MY_WORK = Path({str(tmp_path / 'my_work')!r})\n"
        f"cloud = connect(to={cloud.endpoint!r}); folder = create('interrupted')",
        "deploy(None)",
        "resources('no-such-stack')",
        "cloud.clock.move_to('rubbish')",
        INTERRUPTED,
        where=tmp_path,
    )
    assert first == []
    assert [len(lines) for lines in (wrong, gone, clock, interrupted)] == [1, 1, 1, 1], (
        wrong,
        gone,
        clock,
        interrupted,
    )
    assert "None is not a service's folder" in wrong[0]
    assert "does not exist" in gone[0]
    assert clock[0].startswith("/_workshop/clock: 'rubbish' is not a time.")
    assert interrupted[0].startswith("Stopped")
