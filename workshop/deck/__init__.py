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

from typing import TYPE_CHECKING

from workshop.core.lazy import attach

if TYPE_CHECKING:
    from workshop.deck.page import build
    from workshop.deck.printing import pdf
    from workshop.deck.source import Slide, read

__all__, __getattr__, __dir__ = attach(__name__, __file__)
