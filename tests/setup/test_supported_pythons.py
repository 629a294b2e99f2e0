"""Which Pythons the workshop runs on: the lock's wheels, asked of uv's resolver, and a refusal for all others."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from workshop.setup import supported
from workshop.setup.troubles import NETWORK_TROUBLE

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# As uv names them: https://docs.astral.sh/uv/reference/cli/#uv-pip-compile (--python-platform)
PLATFORMS = (
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
)
needs_uv = pytest.mark.skipif(shutil.which("uv") is None, reason="no uv on this machine: its resolver is what is asked")
# What nobody publishes a wheel of, and so what the set-up refuses by name (`supported.without_wheels`).
WITHOUT = {("aarch64-unknown-linux-musl", python): "matplotlib" for python in PYTHONS}
WITHOUT |= {("aarch64-pc-windows-msvc", "3.11"): "pyyaml"}


def pinned(*, built: bool) -> str:
    """What the lock pins, without hashes; with `built` only what has wheels for one system each.

    A package that is the same everywhere has two files at most: one wheel and its sources.
    """
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    kept = [block for block in blocks if block.strip() and (not built or block.count("--hash=") > 2)]
    return "\n".join(block.partition("\\")[0].strip() for block in kept)


def resolved(platform_name: str, python: str, requirements: str) -> subprocess.CompletedProcess[str]:
    """Requirements, held by uv's resolver against what there is as wheels for a platform and a Python."""
    command = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-deps", "--only-binary", ":all:"]
    command += ["--python-version", python, "--python-platform", platform_name, "-"]
    options: dict[str, Any] = {"input": requirements, "capture_output": True, "encoding": "utf-8", "timeout": 600}
    done = subprocess.run([*command, "--offline"], check=False, **options)
    if done.returncode:  # not everything is in uv's cache yet, or there is no such wheel
        done = subprocess.run(command, check=False, **options)
    if done.returncode and any(word in done.stderr.lower() for word in NETWORK_TROUBLE):
        pytest.skip("the package index cannot be reached")
    return done


@needs_uv
def test_everything_in_the_lock_has_a_wheel() -> None:
    done = resolved("x86_64-unknown-linux-gnu", "3.13", pinned(built=False))
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def table() -> dict[tuple[str, str], subprocess.CompletedProcess[str]]:
    """Every platform with every Python, asked at the same time: the resolver mostly waits for the index."""
    requirements = pinned(built=True)
    names = {line.partition("==")[0] for line in requirements.splitlines()}
    assert {"cryptography", "numpy", "pyyaml", "httptools"} <= names
    every = [(platform_name, python) for platform_name in PLATFORMS for python in PYTHONS]
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(every, pool.map(lambda one: resolved(*one, requirements), every), strict=True))


@needs_uv
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform_name", PLATFORMS)
def test_what_the_lock_pins_has_wheels(
    table: dict[tuple[str, str], subprocess.CompletedProcess[str]], platform_name: str, python: str
) -> None:
    done = table[platform_name, python]
    if lacking := WITHOUT.get((platform_name, python)):
        # When this fails, there is a wheel at last: take the refusal away.
        assert re.search(rf"{lacking}\S* has no usable wheels", done.stderr), done.stderr
    else:
        assert done.returncode == 0, done.stderr


def test_the_project_says_the_same_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.15"
    assert (supported.OLDEST, supported.NEWEST) == ((3, 11), (3, 14))


def test_this_python_is_not_refused() -> None:
    assert supported.refusal() == ""
    assert supported.without_wheels() == ""


def test_a_newer_python_is_told_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 15, 0, "final", 0))
    said = supported.refusal()
    assert "runs on Python 3.11 to 3.14" in said
    assert "-m workshop" in said


@pytest.mark.parametrize(
    ("owner", "name", "value", "says"),
    [
        (platform, "python_implementation", lambda: "PyPy", "needs CPython"),
        (sysconfig, "get_config_var", lambda _: 1, "free-threaded"),
        (sys, "maxsize", 2**31 - 1, "64-bit"),
    ],
)
def test_another_kind_of_python_is_refused(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, value: Any, says: str
) -> None:
    monkeypatch.setattr(owner, name, value)
    said = supported.refusal()
    assert says in said
    assert "-m workshop" in said


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"machine": "aarch64", "soabi": "cpython-312-aarch64-linux-musl"}, "matplotlib has no wheel"),
        ({"machine": "aarch64", "soabi": "cpython-312-aarch64-linux-gnu"}, ""),
        ({"machine": "x86_64", "soabi": "cpython-312-x86_64-linux-musl"}, ""),
        ({"machine": "riscv64", "soabi": "cpython-312-riscv64-linux-gnu"}, "processor is riscv64"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="of Linux's C libraries")
def test_a_machine_without_wheels_is_told_before_anything_is_installed(
    monkeypatch: pytest.MonkeyPatch, facts: dict[str, str], says: str
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: facts["machine"])
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: facts["soabi"] if name == "SOABI" else "")
    said = supported.without_wheels()
    assert says in said
    assert bool(said) == bool(says)


def test_a_python_that_is_here_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that starts: a launcher such as pyenv's, of a version that is not chosen, is passed over."""
    if os.name == "nt":
        pytest.skip("there the launcher `py` is asked")
    for name, code in (("python3.13", 127), ("python3.12", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert supported.what_to_type() == "This machine has Python 3.12. Type: python3.12 -m workshop"
    assert "Python 3.14 and" not in supported.what_to_type(("3.14",))
    assert "3.14" in supported.what_to_type(("3.14",))


def test_what_a_package_needs_below_the_checkout_is_what_the_bound_says() -> None:
    """`.pyc` files may be missing where they are too long; everything else must fit."""
    packages = Path(sysconfig.get_paths()["purelib"])
    longest = max(
        len(str(path.relative_to(packages))) for path in packages.rglob("*") if path.suffix not in (".pyc", ".part")
    )
    assert supported.DEEPEST + len(r"\.venv\Lib\site-packages" + "\\") + longest <= 259


@pytest.mark.skipif(os.name == "nt" and supported.has_long_paths(), reason="this Windows has long paths")
def test_a_checkout_that_lies_too_deep_is_told_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    from workshop.core import system

    deep = "C:\\" + "x" * 93
    monkeypatch.setattr(system, "WINDOWS", True)
    assert "96 characters deep" in supported.too_deep(deep)
    assert supported.too_deep(deep[:-1]) == ""
    monkeypatch.setattr(system, "WINDOWS", False)
    assert supported.too_deep(deep) == ""
