"""A real browser, a real JupyterLab on a fresh copy that nobody has trusted."""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.browser.driver import Browser, absent, launched

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("workshop", "notebooks", "demo_lambdas", "docs", "slides", "README.md", "requirements.lock", "pyproject.toml")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser these tests are skipped, and say why."""
    missing = absent()
    for item in items:
        if missing and "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason=missing))


@pytest.fixture(scope="session")
def fresh_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy for all tests of the session."""
    return fresh_copy_in(tmp_path_factory.mktemp("fresh"))


def fresh_copy_in(parent: Path) -> Path:
    """The checkout as somebody else would get it: no `.venv`, nothing run, nothing trusted."""
    folder = parent / "workshop-checkout"
    folder.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "build", ".serverless", "kernel-ipc-*")
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        elif source.exists():
            shutil.copy2(source, folder / name)
    return folder


def served(folder: Path, *words: str) -> Iterator[str]:
    """JupyterLab started by the README's command; yields its address, and ends it with everything below it."""
    private = folder / "private"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("WORKSHOP_", "AWS_"))}
    environment |= {
        "JUPYTER_DATA_DIR": str(private / "data"),
        "JUPYTER_CONFIG_DIR": str(private / "config"),
        "JUPYTER_RUNTIME_DIR": tempfile.mkdtemp(prefix="jp-"),  # short: the kernels' sockets lie in it
        "IPYTHONDIR": str(private / "ipython"),
        "PYTHONPATH": str(folder),
    }
    command = [sys.executable, "-X", "utf8", "-m", "workshop", "lab", "--no-browser", *words]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line) for line in process.stdout or ()], daemon=True).start()
    try:
        while True:
            found = re.search(r"http://127\.0\.0\.1:\S+", lines.get(timeout=60))
            if found:
                break
        yield found[0]
    finally:
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.terminate()
        process.wait(20)
        psutil.wait_procs(children, 15)


@pytest.fixture(scope="session")
def window() -> Iterator[Browser]:
    """One browser for all tests."""
    with launched() as browser:
        yield browser
