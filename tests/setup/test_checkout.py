"""A checkout as Git for Windows makes it: with `core.autocrlf=true`, its installer's default."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import fresh_environment
from workshop.core import system

ROOT = Path(__file__).resolve().parents[2]
HELLO = """
import json, sys
from workshop import connect, deploy
from workshop.scenarios import layers
connect()
made = deploy(sys.argv[1], quiet=True)
print(json.dumps(layers.ask(made.functions["hello-bash"], {"name": "Ada"})))
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is committed here, cloned with `core.autocrlf=true` (https://git-scm.com/docs/git-config)."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout: there is nothing to clone")
    folder = tmp_path_factory.mktemp("autocrlf") / "clone"
    command = ["git", "clone", "--quiet", "-c", "core.autocrlf=true", str(ROOT), str(folder)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return folder


def files(folder: Path) -> list[Path]:
    """All files under version control, relative to the checkout."""
    command = ["git", "-C", str(folder), "ls-files", "-z"]
    found = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8")
    return [Path(name) for name in found.stdout.split("\0") if name]


def test_no_text_file_of_such_a_checkout_has_a_carriage_return(clone: Path) -> None:
    with_returns = [
        str(name) for name in files(clone) if b"\r\n" in (clone / name).read_bytes() and is_text(clone / name)
    ]
    assert with_returns == []


def is_text(path: Path) -> bool:
    """As git decides it: no NUL in the first 8000 bytes."""
    return b"\0" not in path.read_bytes()[:8000]


def test_such_a_checkout_has_the_same_bytes_as_this_one(clone: Path) -> None:
    """Hashes of packages and layers, and so what a deploy changes, do not depend on who checked out."""
    command = ["git", "-C", str(clone), "diff", "--stat", "HEAD"]
    assert subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True).stdout == b""
    for name in files(clone):
        kept = ["git", "-C", str(clone), "cat-file", "blob", f"HEAD:{name.as_posix()}"]
        if name.name == "bootstrap":
            found = subprocess.run(kept, check=True, stdin=subprocess.DEVNULL, capture_output=True).stdout
            assert (clone / name).read_bytes() == found


@pytest.mark.skipif(system.WINDOWS, reason="a bootstrap is a program for Linux")
def test_a_custom_runtime_of_such_a_checkout_runs(clone: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HELLO, str(clone / "demo_lambdas" / "custom_runtimes")],
        cwd=clone,
        env=fresh_environment(PYTHONPATH=str(clone)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert "Hello Ada, from bash" in done.stdout, done.stderr
