"""A demo service to try things on: a copy in `my_work/`, so that the original stays as it is."""

from __future__ import annotations

import atexit
import os
import re
import shutil

import psutil

from workshop import lesson
from workshop.core.doors import door
from workshop.core.errors import WorkshopError
from workshop.core.paths import folder_name, is_file, shown

_PREFIX = "tried-"  # and the number of the process it belongs to
_MARK = ".copies"  # stands in a folder that `copy_of` made; one that a reader called like that has none


@door()
def copy_of(service: str, *, keep_name: bool = False) -> str:
    """Copies a service of `demo_lambdas` to `my_work/`, for as long as this kernel lives.

    Args:
        service: the folder's name.
        keep_name: leave the service's name, so that deploying the copy updates what the original deployed; else the
            copy is called `my-…` and lives beside it.

    Returns:
        The copy's folder, as the workshop's functions take it.

    Raises:
        WorkshopError: there is no such service; nothing was changed.
    """
    original = lesson.find(f"demo_lambdas/{folder_name(service, 'a service of demo_lambdas')}")
    if not is_file(original / "serverless.yml"):
        raise WorkshopError(f"There is no service {shown(service)} in demo_lambdas.", fix="Check the name.")
    _sweep()
    target = lesson.MY_WORK / f"{_PREFIX}{os.getpid()}" / service
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    (target.parent / _MARK).touch()
    shutil.copytree(original, target, ignore=shutil.ignore_patterns("__pycache__", ".serverless"))
    atexit.register(shutil.rmtree, target.parent, ignore_errors=True)
    if not keep_name:
        file = target / "serverless.yml"
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"^service: ", "service: my-", text, count=1, flags=re.M), encoding="utf-8")
    return target.relative_to(lesson.MY_WORK.parent).as_posix()


def _sweep() -> None:
    """Removes the copies of kernels that were killed."""
    for folder in lesson.MY_WORK.glob(f"{_PREFIX}*"):
        number = folder.name.removeprefix(_PREFIX)
        ours = (folder / _MARK).is_file() and not folder.is_symlink()
        if ours and number.isdecimal() and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)
