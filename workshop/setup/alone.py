"""Two starts at once must not install into the same folder: the second waits for the first."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from workshop.core import system
from workshop.setup.troubles import SetupError


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Holds `.venv.lock`, locked by the system: however this process ends, the lock ends with it.

    An installer that was started meanwhile inherits the lock. When only we are killed, the installer still works on
    `.venv` for a while, and the next start waits until it has ended.

    Raises:
        SetupError: the folder cannot be written to.
    """
    path = folder / ".venv.lock"
    said = False
    while (descriptor := _taken(path)) is None:
        if not said:
            print("Another set-up is running in this folder: waiting for it.", flush=True)
            said = True
        time.sleep(0.5)
    if not system.NT:
        os.set_inheritable(descriptor, True)
    try:
        yield
    finally:
        if not system.NT:  # Windows removes no open file; elsewhere it must go while it is still ours
            path.unlink(missing_ok=True)
        os.close(descriptor)
        if system.NT:
            with contextlib.suppress(OSError):  # the next one has opened it
                path.unlink(missing_ok=True)


def _taken(path: Path) -> int | None:
    """Opens and locks the file. None while another process holds it."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise SetupError(
            f"The folder {path.parent} cannot be written to ({error.strerror}). Copy it to one of your own."
        ) from None
    # Whoever held it before may have removed the file between our opening and our locking.
    if _lock(descriptor) and path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
        return descriptor
    os.close(descriptor)
    return None


def _lock(descriptor: int) -> bool:
    """Locks an open file; False when another process has it. A file system without locks lets everybody pass."""
    busy = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in busy
    return True
