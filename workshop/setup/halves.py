"""What an interrupted installation left: packages that look installed and are not.

An installer takes a package for installed when its `.dist-info` folder is there, and writes that folder before it has
written everything else. So before an installation goes on, each package is held against its own list of files.
"""

from __future__ import annotations

import csv
import os
import shutil
import sys
from pathlib import Path

from workshop.core import renaming, system
from workshop.setup.troubles import SetupError


def python_of(venv: Path) -> Path:
    """The interpreter inside a virtual environment."""
    return venv / ("Scripts/python.exe" if system.NT else "bin/python")


def site_packages(venv: Path) -> Path | None:
    """Where a virtual environment keeps its packages; None before there is such a place."""
    found = [venv / "Lib/site-packages"] if system.NT else sorted((venv / "lib").glob("python3*/site-packages"))
    return next((folder for folder in found if folder.is_dir()), None)


MADE = ".workshop-made"  # stands in an environment that the workshop made, from its first moment


def is_empty(folder: Path) -> bool:
    """True for a folder without anything in it."""
    return folder.is_dir() and next(folder.iterdir(), None) is None


def claim(venv: Path) -> None:
    """Marks an environment that the workshop is about to make as its own."""
    if not os.path.lexists(venv):
        venv.mkdir()
        (venv / MADE).touch()


def forget(venv: Path) -> list[str]:
    """Makes what is half-made look as if it were not there. Returns the names of the packages forgotten.

    An environment of another Python, or of one that is gone, is made anew: one that the workshop made is removed, and
    what somebody else made is set aside.

    Raises:
        SetupError: `.venv` is a link: what it leads to lies elsewhere, and is not the workshop's to change.
    """
    if venv.is_symlink():
        raise SetupError(
            f"{venv} is a link to {venv.readlink()}, and the workshop changes nothing outside of its own folder. "
            "Remove the link, then run the same command again; or start the workshop with that environment's Python."
        )
    if os.path.lexists(venv) and not is_of_this_python(venv):
        if (venv / MADE).exists() or is_empty(venv):
            shutil.rmtree(venv)
            return []
        number = 1
        while os.path.lexists(aside := venv.with_name(f"{venv.name}.{number}")):
            number += 1
        renaming.rename(venv, aside)
        print(f"  {venv.name} was not made by the workshop: it is {aside.name} now.", flush=True)
        return []
    packages = site_packages(venv)
    forgotten = []
    for info in packages.glob("*.dist-info") if packages else ():
        if not is_whole(info):
            shutil.rmtree(info)
            forgotten.append(info.name.partition("-")[0])
    return forgotten


def is_of_this_python(venv: Path) -> bool:
    """True when its interpreter is there and has this Python's version.

    https://docs.python.org/3/library/site.html describes `pyvenv.cfg`.
    """
    if not python_of(venv).exists():
        return False
    try:
        lines = (venv / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    values = {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}
    version = values.get("version") or values.get("version_info") or ""
    return version.split(".")[:2] == [str(part) for part in sys.version_info[:2]]


def is_whole(info: Path) -> bool:
    """True when every file of a package is there, in its size.

    https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    try:
        with (info / "RECORD").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, ValueError, csv.Error):
        return False
    sizes = {row[0]: row[2] for row in rows if len(row) == 3 and not row[0].endswith(".pyc")}
    if f"{info.name}/METADATA" not in sizes:
        return False
    for name, size in sizes.items():
        try:
            found = (info.parent / name).stat().st_size
        except OSError:
            return False
        if size and int(size) != found:
            return False
    return True
