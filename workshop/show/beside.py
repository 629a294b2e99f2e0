"""Views beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from workshop.core.telling import View


class _Beside(View):
    def __init__(self, views: Sequence[View]) -> None:
        self.views = views

    def __str__(self) -> str:
        return "\n\n".join(str(view) for view in self.views)

    def html(self) -> str:
        look = "vertical-align:top;text-align:left;padding:0 16px 0 0"
        cells = "".join(f'<td style="{look}">{_html_of(view)}</td>' for view in self.views)
        return f"<table><tr>{cells}</tr></table>"


def _html_of(view: View) -> str:
    return view.html() or f'<pre style="margin:0;text-align:left">{escape(str(view))}</pre>'


def side_by_side(*views: View) -> View:
    """Views beside each other in a notebook, below each other in a terminal."""
    return _Beside(views)
