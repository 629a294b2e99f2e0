"""Back to the first state: what readers made is set aside, the running cloud is emptied. Nothing is lost for good."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from workshop.core import text_files
from workshop.core.errors import WorkshopError
from workshop.core.paths import inside
from workshop.core.paths import set_aside as put_aside

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Undone:
    """What a reset did, in sentences."""

    said: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def say(self, words: str) -> None:
        """One more sentence."""
        self.said.append(words)


def reset(*, progress: bool, notebooks: bool = False, root: Path = ROOT) -> Undone:
    """Puts the checkout and the running offline cloud back to their first state.

    Args:
        progress: forget which exercises are solved, too.
        notebooks: put changed notebooks back to what git has, too.
        root: the checkout.

    Raises:
        WorkshopError: a folder cannot be moved.
    """
    started, undone = time.perf_counter(), Undone()
    # Also through links: what is moved, and where to, lies in the checkout.
    for place in (root / ".workshop" / "before_reset", root / ".workshop" / "lab-workspaces", root / "notebooks" / "x"):
        inside(place, root)
    aside = root / ".workshop" / "before_reset" / time.strftime("%Y-%m-%d_%H%M%S")
    try:
        set_aside(root, root / "my_work", aside, undone)
        if progress:
            forget_progress(undone, aside)
        if notebooks:
            restore_notebooks(root, aside, undone)
        for name in ("lab-workspaces", "stage-workspaces"):
            shutil.rmtree(root / ".workshop" / name, ignore_errors=True)
    except OSError as error:
        raise WorkshopError(
            f"{error.filename or root} cannot be moved ({error.strerror}).",
            fix="Close the programs that use it, then run the same command again.",
        ) from None
    empty_cloud(undone)
    undone.seconds = time.perf_counter() - started
    return undone


def set_aside(root: Path, what: Path, aside: Path, undone: Undone) -> None:
    """Moves a file or folder out of the way; a rename, so it takes no time however large it is."""
    if not os.path.lexists(what):
        undone.say(f"{what.name}: nothing there")
        return
    aside.mkdir(parents=True, exist_ok=True)
    target = put_aside(what, to=aside)  # two resets within a second: a further number
    undone.say(f"{what.name}: moved to {target.relative_to(root).as_posix()}")


def forget_progress(undone: Undone, aside: Path) -> None:
    """Back to no exercise solved; the file is set aside."""
    from workshop.exercises import diary

    undone.say("progress: forgotten" if diary.forget(aside) else "progress: there was none")


def restore_notebooks(root: Path, aside: Path, undone: Undone) -> None:
    """Notebooks that were run or changed become what git has; the changed ones are set aside."""
    changed = git(root, "diff", "--name-only", "HEAD", "--", "notebooks")
    names = [line for line in changed.splitlines() if line.endswith(".ipynb")]
    for name in names:
        aside.mkdir(parents=True, exist_ok=True)
        text = git(root, "show", f"HEAD:{name}")
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(root / name, aside / Path(name).name)
        text_files.write(root / name, text)
    undone.say(f"notebooks: {len(names)} put back" if names else "notebooks: unchanged")


def git(root: Path, *words: str) -> str:
    """What git prints.

    Raises:
        WorkshopError: there is no git, or this is no clone.
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words],
            capture_output=True,
            encoding="utf-8",
            timeout=30,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WorkshopError(f"git could not be run ({error}).", fix="Leave --notebooks out.") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise WorkshopError(f"git says: {last}.", fix="Leave --notebooks out.")
    return done.stdout


def empty_cloud(undone: Undone) -> None:
    """A `workshop up` of this checkout forgets everything, its third parties too. Kernels have their own clouds."""
    import json

    from workshop.cloud.clouds import ask, status_of
    from workshop.cloud.up import registry

    try:
        endpoint = json.loads(registry().read_text(encoding="utf-8"))["aws"]
    except (OSError, ValueError, KeyError):
        undone.say("cloud: none is running (a notebook's own ends with its kernel)")
        return
    status = status_of(endpoint)
    if not status:
        undone.say("cloud: none is running (a notebook's own ends with its kernel)")
        return
    ask(f"{endpoint}/_workshop/reset", {}, timeout=30)
    for url in status["partners"].values():
        with contextlib.suppress(WorkshopError):  # a third party that has nothing to forget
            ask(f"{url}/_stand_in/reset", {}, timeout=10)
    undone.say(f"cloud at {endpoint}: empty, third parties too")
