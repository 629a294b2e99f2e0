"""Temporary folders and files that go also when their process was killed: the next start removes what nobody owns.

Each is owned by a lock of the system on a file, which ends with the process that holds it, however it ends
(https://man7.org/linux/man-pages/man2/flock.2.html). A process number would not do: numbers come again, and two
containers that share a temporary folder do not see each other's.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

from workshop.core.system import NT

OWNER = ".owner"
FOLDERS = ("workshop-cloud-", "workshop-engine-")  # and the logs of clouds, which begin like the first
YOUNG = 10.0  # seconds: what is younger may be about to be locked
_held: dict[str, int] = {}


def folder(prefix: str) -> Path:
    """A new temporary folder, owned by this process until `remove` or the process' end.

    Args:
        prefix: what its name begins with, one of `FOLDERS`.
    """
    made = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    descriptor = os.open(made / OWNER, os.O_CREAT | os.O_RDWR, 0o600)
    lock(descriptor)
    _held[str(made)] = descriptor
    return made


def remove(made: Path) -> None:
    """Removes a folder that `folder` made."""
    descriptor = _held.pop(str(made), None)
    if descriptor is not None and NT:  # Windows removes no open file
        os.close(descriptor)
    shutil.rmtree(made, ignore_errors=True)
    if descriptor is not None and not NT:
        os.close(descriptor)


def lock(descriptor: int) -> bool:
    """Locks an open file for as long as somebody has it open. False when another process holds it."""
    if NT:
        return True  # there, an open file cannot be removed: that is the lock
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def sweep(where: Path | None = None) -> list[Path]:
    """Removes the folders and logs of processes that were killed. Returns what it removed.

    Only what is this user's own, is no link, and whose owner's lock is free.

    Args:
        where: the temporary folder; the system's when left out.
    """
    place, removed = where or Path(tempfile.gettempdir()), []
    for found in [one for prefix in FOLDERS for one in place.glob(f"{prefix}*")]:
        owner = found if found.suffix == ".log" else found / OWNER
        with contextlib.suppress(OSError):
            if _is_mine(found) and _is_mine(owner) and _is_old(owner) and _is_free(owner):
                if found.is_dir():
                    shutil.rmtree(found, ignore_errors=True)
                else:
                    found.unlink(missing_ok=True)
                removed.append(found)
    return removed


def _is_mine(path: Path) -> bool:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return False
    return NT or found.st_uid == os.geteuid()


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > YOUNG


def _is_free(owner: Path) -> bool:
    """True when no living process holds it. On Windows it is removed, which only works for a file nobody has open."""
    if NT:
        owner.unlink()
        return True
    descriptor = os.open(owner, os.O_RDWR | os.O_NOFOLLOW)
    try:
        return lock(descriptor)
    finally:
        os.close(descriptor)
