"""Runs notebooks as a reader does, in a real kernel from top to bottom, and renders the outputs that are committed.

`python -m workshop.notebooks render` does every notebook, or those named. A notebook remembers the sources its
outputs came from, so that a test can tell when they are stale.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from workshop.core.errors import WorkshopError

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"


def find(names: Iterable[str]) -> list[Path]:
    """The notebooks meant by numbers or names (`01`, `04_cron`, a path); all of them without any.

    Raises:
        WorkshopError: no notebook, or more than one, is called so.
    """
    every = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
    wanted = []
    for name in names:
        stem = Path(name).name.removesuffix(".ipynb")
        found = [path for path in every if path.stem == stem] or [path for path in every if path.stem.startswith(stem)]
        if len(found) != 1:
            known = ", ".join(path.stem for path in every)
            raise WorkshopError(
                f"No single notebook is called {name!r}.", fix=f"There are: {known}.", used_wrongly=True
            )
        wanted += found
    return wanted or every


def source_hash(notebook: dict[str, Any]) -> str:
    """A fingerprint of all cells' sources, in order."""
    cells = [[cell["cell_type"], "".join(cell["source"])] for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(cells, ensure_ascii=False).encode()).hexdigest()


def read(path: Path) -> dict[str, Any]:
    """A notebook as plain JSON."""
    return json.loads(path.read_text(encoding="utf-8"))


def is_stale(path: Path) -> bool:
    """True when the committed outputs came from other sources than the present ones."""
    notebook = read(path)
    return notebook["metadata"].get("workshop", {}).get("rendered_from") != source_hash(notebook)


def execute(path: Path, *, timeout: int = 600) -> Any:
    """Runs one notebook in a fresh kernel, in its own folder, connected to a cloud of its own.

    Returns:
        The executed notebook (nbformat's node).

    Raises:
        WorkshopError: a cell failed; says which, with its source and the error.
    """
    import nbformat
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    failed: Exception
    for attempt in (1, 2):
        notebook = nbformat.read(path, as_version=4)
        try:
            client(notebook, path, timeout).execute(env=kernel_environment())
            return notebook
        except (DeadKernelError, RuntimeError) as error:
            # A kernel's free port can be taken between choosing and binding it, before any cell has run.
            if attempt == 1 and not any(cell.get("outputs") for cell in notebook.cells if cell.get("execution_count")):
                continue
            failed = error
        except (CellExecutionError, CellTimeoutError) as error:
            failed = error
        plain = re.sub(r"\x1b\[[0-9;]*m", "", str(failed)).strip()
        raise WorkshopError(f"A cell of {path.name} failed. {plain[-3000:]}", where=path.name) from None
    return None


def client(notebook: Any, path: Path, timeout: int) -> Any:
    """nbclient's client for one notebook, in the notebook's own folder."""
    from nbclient import NotebookClient

    return NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        # Without this, each kernel warns on the terminal that it talks TCP on loopback.
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )


def kernel_environment() -> dict[str, str]:
    """What a kernel of ours starts with: the workshop importable, its commands on the path, pictures in the page."""
    backend = "module://matplotlib_inline.backend_inline"
    environment = dict(os.environ, PYTHONPATH=str(ROOT), PYTHONUTF8="1", MPLBACKEND=backend)
    environment["PATH"] = str(Path(sys.executable).parent) + os.pathsep + environment.get("PATH", "")
    return environment


def tidy(notebook: Any) -> None:
    """Takes out what would differ from machine to machine without telling a reader anything."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            for output in cell.outputs:
                for kind, text in list(output.get("data", {}).items()):
                    if isinstance(text, str) and kind.startswith("text/"):
                        output["data"][kind] = text.replace(str(ROOT) + os.sep, "").replace(str(ROOT), ".")
                if "text" in output:
                    output["text"] = output["text"].replace(str(ROOT) + os.sep, "").replace(str(ROOT), ".")
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python"}
    plain = json.loads(json.dumps(notebook))
    notebook.metadata["workshop"] = {"rendered_from": source_hash(plain)}


def render(path: Path) -> None:
    """Runs one notebook and keeps its outputs in the file."""
    import nbformat

    notebook = execute(path)
    tidy(notebook)
    text = nbformat.writes(notebook, version=4)
    path.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")


def run_all(names: Iterable[str], *, render: bool = False, jobs: int = 1) -> int:
    """Runs notebooks and prints a line for each, in their order. Returns the exit code.

    Args:
        names: as in `find`.
        render: keep the outputs in the files. Then one after the other: figures are measured on a quiet machine.
        jobs: how many at a time; each has a kernel and a cloud of its own.
    """
    begun = time.monotonic()
    paths = find(names)
    with ThreadPoolExecutor(1 if render else max(1, jobs)) as pool:
        running = [pool.submit(_run_one, path, render) for path in paths]
        problems = []
        for path, future in zip(paths, running, strict=True):
            print(f"{path.stem:<32} ", end="", flush=True)
            seconds, problem = future.result()
            print(f"FAILED after {seconds:.1f} s\n{problem}\n" if problem else f"ok  {seconds:5.1f} s", flush=True)
            problems += [problem] if problem else []
    print(f"{len(paths) - len(problems)} of {len(paths)} notebooks ran, {time.monotonic() - begun:.1f} s in all")
    return 1 if problems else 0


def _run_one(path: Path, keep: bool) -> tuple[float, str]:
    """Runs one notebook: how long it took, and what failed (nothing, mostly)."""
    started = time.monotonic()
    try:
        render(path) if keep else execute(path)
    except WorkshopError as error:
        return time.monotonic() - started, error.what
    return time.monotonic() - started, ""


if __name__ == "__main__":
    try:
        sys.exit(run_all([word for word in sys.argv[1:] if word != "render"], render="render" in sys.argv[1:]))
    except WorkshopError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
