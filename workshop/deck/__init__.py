"""The talk's deck: Markdown in, one self-contained HTML file and a PDF out.

    build()     slides/deck.md -> slides/build/deck.html, with code, diagrams, notes and fall-backs inside
    pdf(html)   the same as a PDF, where a Chromium is installed

source.py       deck.md as slides: facts, body, notes
included.py     code from `demo_lambdas` and programs run at build time, so that no slide can rot
fallback.py     the committed outputs of a notebook, for when a live demo fails
page.py         slides as one HTML page
runtime/        what turns the pages: keys, speaker view, print (no library)
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME_OF = {"build": "page", "Slide": "source", "read": "source", "pdf": "printing"}
__all__ = ["Slide", "build", "pdf", "read"]


def __getattr__(name: str) -> Any:
    """Load the module that holds a public name when the name is first used."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value
