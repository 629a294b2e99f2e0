"""A rehearsal: every live demo of the deck, in order, against the offline cloud. Better now than on the stage."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workshop.core.errors import WorkshopError
from workshop.deck import fallback
from workshop.deck.source import DECK, ROOT, Slide, read

COMMAND_SECONDS = 120


@dataclass(frozen=True)
class Act:
    """One thing that is shown live.

    Attributes:
        slide: the slide it belongs to.
        what: a notebook's name, or a command as it is typed.
        seconds: how long it took.
        fault: why it would fail on the stage; empty when it works.
    """

    slide: Slide
    what: str
    seconds: float
    fault: str = ""


def demos(deck: Path = DECK, only: Iterable[str] = ()) -> list[Slide]:
    """The slides with a live demo, in order; those of some notebooks when `only` names their numbers.

    Raises:
        WorkshopError: no demo slide has such a number.
    """
    found = [slide for slide in read(deck) if slide.demo]
    wanted = {word.zfill(2) for word in only}
    unknown = sorted(wanted - {slide.demo for slide in found})
    if unknown:
        known = ", ".join(slide.demo for slide in found)
        raise WorkshopError(f"The deck has no demo {unknown[0]}.", fix=f"Demos: {known}.", used_wrongly=True)
    return [slide for slide in found if not wanted or slide.demo in wanted]


def rehearse(slides: list[Slide], deck: Path = DECK, *, say: Callable[[str], None] = lambda _: None) -> Iterator[Act]:
    """Runs the demos, one after the other. Yields each act when it is over.

    Args:
        slides: what `demos()` found.
        deck: where they stand.
        say: told what begins.
    """
    from workshop.cloud.switch import start_local

    cloud = None
    try:
        for slide in slides:
            notebook = fallback.notebook_of(slide, deck)
            say(f"notebook {notebook.stem}")
            yield run_notebook(slide, notebook)
            for command in slide.typed:
                cloud = cloud or start_local()
                say(command)
                yield run_command(slide, command, cloud.endpoint)
    finally:
        if cloud is not None:
            cloud.close()


def run_notebook(slide: Slide, notebook: Path) -> Act:
    """A notebook from top to bottom in a fresh kernel. Its file is not changed."""
    from workshop.notebooks import execute

    started, fault = time.perf_counter(), ""
    try:
        execute(notebook)
    except WorkshopError as error:
        fault = error.paragraph()
    return Act(slide, notebook.stem, time.perf_counter() - started, fault)


def run_command(slide: Slide, command: str, endpoint: str) -> Act:
    """A command as it is typed in a terminal, meeting the rehearsal's own cloud."""
    words = shlex.split(command)
    if words[:1] != ["workshop"]:
        return Act(slide, command, 0.0, "A rehearsal can run `workshop …` only.")
    environment = dict(os.environ, WORKSHOP_CLOUD=endpoint, PYTHONPATH=str(ROOT), PYTHONUTF8="1")
    started, fault = time.perf_counter(), ""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "workshop", *words[1:]],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=COMMAND_SECONDS,
            check=False,
        )
        if done.returncode:
            fault = done.stderr.strip()[-600:] or f"It ended with {done.returncode}."
    except subprocess.TimeoutExpired:
        fault = f"It did not end within {COMMAND_SECONDS} s."
    return Act(slide, command, time.perf_counter() - started, fault)
