"""What a reader is told in passing, a paragraph in a notebook or a line in a terminal; and what every view is."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from html import escape
from typing import Any

from workshop.core.inert import inert


def in_notebook() -> bool:
    """True when a Jupyter kernel runs this code: outputs can be updated in place, and `input()` asks in the page.

    Nothing is imported for the question: where IPython has not been loaded, there is no kernel.
    https://ipython.readthedocs.io/en/stable/api/generated/IPython.core.getipython.html
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython and hasattr(ipython, "get_ipython") else None
    return shell is not None and hasattr(shell, "kernel")


def _shown_inert(form: Callable[[Any], str]) -> Callable[[Any], str]:
    @functools.wraps(form)
    def inert_form(view: Any) -> str:
        return inert(form(view))

    return inert_form


class View:
    """Something to look at: `str(view)` is its plain text, a notebook asks for `_repr_mimebundle_`.

    Whatever a view shows, a terminal, a notebook or a page shows it and never obeys it: each form that a kind of view
    defines is made inert here, once for all kinds.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for form in ("__str__", "html", "markdown"):
            if form in cls.__dict__:
                setattr(cls, form, _shown_inert(cls.__dict__[form]))

    def __str__(self) -> str:
        """The view as plain text, complete without any styling."""
        raise TypeError(f"{type(self).__name__} has no text form")

    def html(self) -> str:
        """The view as HTML with inline styles only; empty when it has none."""
        return ""

    def markdown(self) -> str:
        """The view as Markdown; empty when it has none."""
        return ""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        forms = {"text/plain": str(self), "text/html": self.html(), "text/markdown": self.markdown()}
        return {kind: text for kind, text in forms.items() if text}

    def __repr__(self) -> str:
        return str(self)


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
        print(inert(words), flush=True)
    return said
