"""What a reader has solved so far, kept in `.workshop/progress.json` of the checkout."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from workshop.core import renaming
from workshop.core.paths import set_aside
from workshop.core.telling import View

VARIABLE = "WORKSHOP_PROGRESS"  # another file, for tests and for rendering the notebooks
LOCK_SECONDS = 5.0


def path() -> Path:
    """The file."""
    own = os.environ.get(VARIABLE)
    return Path(own) if own else Path(__file__).resolve().parents[2] / ".workshop" / "progress.json"


def load() -> dict[str, dict[str, Any]]:
    """Per exercise: `tries`, and `solved` (a date) once it is. A file that makes no sense counts as empty."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        kept = json.loads(path().read_text(encoding="utf-8"))
        return {
            name: {"tries": int(entry["tries"]), "solved": str(entry.get("solved") or "")}
            for name, entry in kept["exercises"].items()
            if isinstance(entry, dict) and isinstance(entry.get("tries"), int)
        }
    return {}


def is_damaged() -> bool:
    """True when there is a file and it cannot be read as progress."""
    try:
        return not isinstance(json.loads(path().read_text(encoding="utf-8"))["exercises"], dict)
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError):
        return True


def record(name: str, *, right: bool) -> str:
    """Counts one try. Returns a sentence when it could not be kept, else nothing.

    A damaged file is set aside as `progress.json.damaged`, never overwritten unseen.
    """
    file = path()
    note = ""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with alone(file):
            if is_damaged():
                aside = file.with_name(file.name + ".damaged")
                if os.path.lexists(aside):
                    set_aside(aside)
                renaming.rename(file, aside)
                note = f"(The file of your progress was damaged; it is now {aside.name}, and counting begins anew.)"
            kept = load()
            entry = kept.setdefault(name, {"tries": 0, "solved": ""})
            entry["tries"] += 1
            if right and not entry["solved"]:
                entry["solved"] = datetime.now().astimezone().date().isoformat()
            write(file, kept)
    except OSError as error:
        return f"(Your progress could not be kept: {error.strerror}.)"
    return note


def write(file: Path, kept: dict[str, dict[str, Any]]) -> None:
    """Writes beside the file, then renames: a reader sees the old one or the new one, never half of one."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=file.name, suffix=".new")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump({"exercises": kept}, out, indent=1, sort_keys=True)
        renaming.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def alone(file: Path) -> Iterator[None]:
    """Two notebooks may record at once: one after the other. A lock older than a few seconds is a left-over."""
    lock = file.with_name(file.name + ".lock")
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except (FileExistsError, PermissionError) as error:
            # Windows answers "permission denied" while a deleted file is still open elsewhere.
            if isinstance(error, PermissionError) and not lock.exists() and not os.access(file.parent, os.W_OK):
                raise
            if time.monotonic() > deadline:
                lock.unlink(missing_ok=True)
            time.sleep(0.02)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def forget(aside: Path) -> bool:
    """Back to nothing solved: the file goes to the folder `aside`. True when there was something to forget."""
    file = path()
    if not os.path.lexists(file):
        return False
    aside.mkdir(parents=True, exist_ok=True)
    try:
        set_aside(file, to=aside)
    except OSError as error:  # `WORKSHOP_PROGRESS` may name another disk: then it stays beside itself
        if error.errno != errno.EXDEV:
            raise
        set_aside(file)
    return True


class Progress(View):
    """The reader's way through the workshop: one row a notebook.

    Attributes:
        rows: per notebook its name, and per exercise (title, state) with state `"solved"`, `"tried"` or `""`.
    """

    MARKS: ClassVar = {"solved": "[x]", "tried": "[~]", "": "[ ]"}

    def __init__(self, rows: list[tuple[str, list[tuple[str, str]]]], damaged: bool = False) -> None:
        self.rows, self.damaged = rows, damaged

    @property
    def solved(self) -> int:
        """How many exercises are solved."""
        return sum(state == "solved" for _, found in self.rows for _, state in found)

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(len(found) for _, found in self.rows)

    def table(self) -> Any:
        """The same as a table."""
        from workshop.show.views import Table

        rows = [
            (notebook, "\n".join(f"{self.MARKS[state]} {title}" for title, state in found))
            for notebook, found in self.rows
        ]
        caption = f"{self.solved} of {self.total} exercises solved.  [x] solved, [~] tried, [ ] not attempted"
        if self.damaged:
            caption += f"  (The file {path().name} is damaged and was not counted.)"
        return Table(rows, ["notebook", "exercises"], caption)

    def __str__(self) -> str:
        return str(self.table())

    def html(self) -> str:
        return self.table().html()


def overview() -> Progress:
    """Every notebook with its exercises and how far they are."""
    from workshop import exercises

    kept = load()

    def state(name: str) -> str:
        entry = kept.get(name)
        return "" if entry is None else "solved" if entry["solved"] else "tried"

    rows = [
        (notebook, [(exercise.heading, state(exercise.name)) for exercise in found])
        for notebook, found in exercises.by_notebook().items()
    ]
    return Progress(rows, is_damaged())
