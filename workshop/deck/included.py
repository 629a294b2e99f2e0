"""Code on slides: included from the services' own files, or run when the deck is built. So it cannot rot."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import textwrap
from functools import cache

from workshop.core.errors import WorkshopError
from workshop.deck.source import ROOT

RUN_SECONDS = 60


def options_of(info: str, where: str) -> tuple[str, dict[str, str]]:
    """A fence's first line as a language and options: `python include=a.py from="def f"`."""
    try:
        language, *words = shlex.split(info) or [""]
    except ValueError as error:
        raise WorkshopError(f"The fence {info!r} cannot be read ({error}).", where=where) from None
    options = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in ("include", "lines", "from", "to", "before", "run", "size"):
            known = "include, lines, from, to, before, run, size"
            raise WorkshopError(f"A fence knows no option {word!r}.", where=where, fix=f"Options: {known}.")
        options[name] = value
    if not options.get("size", "20").isdigit():
        raise WorkshopError(f"size is a number of pixels, not {options['size']!r}.", where=where)
    return language, options


@cache
def source_of(name: str, where: str) -> str:
    """A file of the checkout.

    Raises:
        WorkshopError: it is not there, or it lies outside the checkout.
    """
    file = (ROOT / name).resolve()
    if not file.is_relative_to(ROOT) or not file.is_file():
        raise WorkshopError(f"There is no file {name} to include.", where=where, fix="Name it from the checkout's top.")
    return file.read_text(encoding="utf-8")


def include(options: dict[str, str], where: str) -> str:
    """The lines of a file that a fence asks for.

    `lines=3-9` counts from 1; `from=` and `to=` name the first and the last line by a piece of text, `before=` the
    first one left out. A marker must stand there exactly once after the start.
    """
    name = options["include"]
    lines = source_of(name, where).splitlines()
    if "lines" in options:
        first, _, last = options["lines"].partition("-")
        if not (first.isdigit() and (last or first).isdigit() and 1 <= int(first) <= int(last or first) <= len(lines)):
            raise WorkshopError(f"{name} has no lines {options['lines']}: it has {len(lines)}.", where=where)
        lines = lines[int(first) - 1 : int(last or first)]
    if "from" in options:
        lines = lines[_line_with(lines, options["from"], name, where) :]
    if "to" in options:
        lines = lines[: _line_with(lines, options["to"], name, where, only=False) + 1]
    if "before" in options:
        lines = lines[: _line_with(lines, options["before"], name, where, only=False)]
    return textwrap.dedent("\n".join(lines)).strip("\n")


def _line_with(lines: list[str], text: str, name: str, where: str, *, only: bool = True) -> int:
    found = [at for at, line in enumerate(lines) if text in line]
    if not found or (only and len(found) > 1):
        count = f"{len(found)} times" if found else "nowhere"
        raise WorkshopError(
            f"{name} has {text!r} {count}.", where=where, fix="The file has changed: mend the marker on the slide."
        )
    return found[0]


@cache
def run(code: str, where: str) -> str:
    """What a program on a slide prints, from a process of its own.

    Raises:
        WorkshopError: it fails, takes longer than a minute, or prints nothing.
    """
    environment = dict(os.environ, PYTHONPATH=str(ROOT), PYTHONUTF8="1")
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=RUN_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise WorkshopError(f"The program on this slide takes longer than {RUN_SECONDS} s.", where=where) from None
    if done.returncode or not done.stdout.strip():
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise WorkshopError(f"The program on this slide failed: {last}", where=where)
    return done.stdout.rstrip()
