"""The one exception a reader is meant to see."""

from __future__ import annotations

from typing import TextIO

from workshop.core.inert import inert


class WorkshopError(Exception):
    """Something a reader can mend: what was wrong, where, and what to do.

    Every door (command line, notebook, HTTP) turns it into one readable paragraph without a traceback.

    Args:
        what: the fault in one or two plain sentences.
        where: a file with a line, a function's name, an address; empty when there is no place to point at.
        fix: what to do about it, as an imperative sentence.
        used_wrongly: True when the call itself was off (exit code 2), False when the work failed (exit code 1).
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "", used_wrongly: bool = False) -> None:
        self.what, self.where, self.fix, self.used_wrongly = what, where, fix, used_wrongly
        super().__init__(self.paragraph())

    def paragraph(self) -> str:
        """The message as one paragraph: where, what, fix. Names in it are shown, whatever they hold."""
        place = f"{self.where}: " if self.where else ""
        return inert(f"{place}{self.what}" + (f" {self.fix}" if self.fix else ""))

    def _render_traceback_(self) -> list[str]:
        """What IPython prints instead of a traceback (https://ipython.readthedocs.io, custom exceptions)."""
        return [self.paragraph()]


class Stopped(WorkshopError):
    """Ctrl-C in the middle of a command: what state that leaves. The exit code is 130, as a shell's would be."""


def for_screen(text: str, stream: TextIO) -> str:
    """The text broken between words where a terminal would break it within them; as it is for a pipe or a file."""
    if not stream.isatty():
        return text
    import shutil
    import textwrap

    width = shutil.get_terminal_size().columns
    return "\n".join(
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) for line in text.splitlines()
    )
