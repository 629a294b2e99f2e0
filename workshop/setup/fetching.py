"""Fetches uv, which installs the rest several times as fast as pip: by pip, pinned and hashed like everything else."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

from workshop.core import system
from workshop.setup import halves

# One more try, and no long wait: whoever has no network is told so by pip itself, a moment later.
OPTIONS = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--retries", "1", "--timeout", "15"]


def uv_of(venv: Path) -> Path:
    """Where uv is in an environment that has it."""
    return venv / ("Scripts/uv.exe" if system.NT else "bin/uv")


def bundled_pip() -> Path | None:
    """The wheel of pip that Python brings along; None where a distribution has taken it out.

    https://docs.python.org/3/library/ensurepip.html
    """
    found = importlib.util.find_spec("ensurepip")
    places = [Path(found.origin).parent / "_bundled"] if found and found.origin else []
    distribution = sysconfig.get_config_var("WHEEL_PKG_DIR")
    places += [Path(distribution)] if distribution else []
    places.append(Path("/usr/share/python-wheels"))  # Debian's
    return next((wheel for place in places for wheel in sorted(place.glob("pip-*.whl"))), None)


def requirement(lock: str) -> str:
    """uv's own lines of the lock file: version and hashes; empty when it has none."""
    found = re.search(r"^uv==.*\n(?:[ \t]+--hash=.*\n?)+", lock, re.M)
    return found[0] if found else ""


def fetched(venv: Path, folder: Path, wheelhouse: list[str]) -> str:
    """The path of uv in the environment, which is made for it; empty when it cannot be had: then pip does all.

    Args:
        venv: the environment's folder.
        folder: the checkout, with the lock file.
        wheelhouse: pip's options when the packages were brought along.
    """
    packages, uv = halves.site_packages(venv), uv_of(venv)
    if packages and uv.exists() and any(packages.glob("uv-*.dist-info")):
        return str(uv)  # an earlier start came as far as this
    wanted, pip = requirement((folder / "requirements.lock").read_text(encoding="utf-8")), bundled_pip()
    if not wanted or pip is None:
        return ""
    asked = venv / "uv.txt"
    only = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-compile", *wheelhouse, "-r", str(asked)]
    steps = [
        [sys.executable, "-m", "venv", "--without-pip", str(venv)],
        # pip runs from its wheel as it is; to install it first would take longer than all the rest of this.
        [str(halves.python_of(venv)), str(pip / "pip"), "install", *OPTIONS, *only],
        [str(uv), "--version"],  # a system that it does not run on
    ]
    try:
        for step in steps:
            done = subprocess.run(
                step,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                close_fds=system.NT,  # elsewhere it inherits the lock of `only_one`
            )
            if done.returncode:
                return ""
            if not uv.exists():
                asked.write_text(wanted, encoding="utf-8")
    except OSError:
        return ""
    finally:
        asked.unlink(missing_ok=True)
    return str(uv)
