"""Something that a reader is told in passing: a paragraph in a notebook, a line in a terminal."""

from __future__ import annotations

from html import escape
from typing import Any

from workshop.show.progress import in_notebook
from workshop.show.views import View


class Note(View):
    """Something said in passing: a paragraph that wraps between words, wherever it is shown."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __str__(self) -> str:
        return self.words

    def html(self) -> str:
        return f'<p style="margin:.3em 0;max-width:52em">{escape(self.words)}</p>'


class Said:
    """A paragraph of the running cell that is updated in place: how far a long wait is. Silent outside notebooks."""

    def __init__(self) -> None:
        self._handle: Any = None

    def __call__(self, words: str) -> None:
        """Shows it, or what it says now."""
        if not in_notebook():
            return
        from IPython.display import display

        if self._handle is None:
            self._handle = display(Note(words), display_id=True)
        else:
            self._handle.update(Note(words))


def say(words: str) -> Said:
    """Tells it at once, before what follows takes its time. Returns what can bring it up to date."""
    said = Said()
    said(words)
    if not in_notebook():
        print(words, flush=True)
    return said
