"""Pictures: one style for all of them, readable on a projector and in grey, each with its alternative text."""

from __future__ import annotations

import base64
import io
import textwrap
from html import escape
from typing import TYPE_CHECKING, Any

from workshop.core.telling import View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, in an order whose lightness differs too; hatches and markers tell them apart in grey.
# https://jfly.uni-koeln.de/color/
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#555555")
HATCHES = ("", "///", "...", "xx", "\\\\\\", "++", "oo")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))


def house_style() -> None:
    """Set matplotlib up once: large letters, thick lines, no frame, colours with line styles and markers besides."""
    import matplotlib as mpl
    from cycler import cycler

    mpl.rcParams.update(
        {
            "figure.dpi": 100,
            "font.size": 12,
            "axes.titlesize": 14,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#dddddd",
            "lines.linewidth": 2.5,
            "lines.markersize": 7,
            "legend.frameon": False,
            "hatch.linewidth": 0.8,
            "figure.facecolor": "white",
            "axes.prop_cycle": cycler(color=COLOURS) + cycler(linestyle=LINES),
        }
    )


def new_figure(
    finding: str, *, xlabel: str = "", ylabel: str = "", size: tuple[float, float] = (9.0, 4.2)
) -> tuple[Figure, Axes]:
    """A figure and its axes in the house style. No window and no notebook back end is involved.

    Args:
        finding: the title; it says what the picture shows, not what it is of.
        xlabel, ylabel: what the axes measure, with units.
        size: inches.
    """
    from matplotlib.figure import Figure as Canvas

    house_style()
    figure = Canvas(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.set_title("\n".join(textwrap.wrap(finding, 84)))
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    return figure, axes


def text_on(colour: str) -> str:
    """Black or white, whichever reads better on a colour given as #rrggbb."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "white"


class Picture(View):
    """A figure as a PNG with its alternative text, which is its text form too.

    Args:
        png: the picture's bytes.
        alt: what the picture says, in words and figures, for those who do not see it.
        size: width and height in pixels at which a notebook shows it.
    """

    def __init__(self, png: bytes, alt: str, size: tuple[int, int]) -> None:
        if not alt.strip():
            raise ValueError("every picture needs an alternative text")
        self.png, self.alt, self.size = png, " ".join(alt.split()), size

    def __str__(self) -> str:
        return f"[picture] {self.alt}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        width, height = self.size
        data = {"image/png": base64.b64encode(self.png).decode(), "text/plain": str(self)}
        return data, {"image/png": {"alt": self.alt, "width": width, "height": height}}

    def _ipython_display_(self) -> None:
        """The picture, and its words below it: JupyterLab and GitHub keep `alt` in the file but put it on no <img>."""
        from IPython.display import display

        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)
        words = f"In words: {self.alt}"
        html = f'<p style="margin:0 0 12px"><i>{escape(words)}</i></p>'
        display({"text/html": html, "text/plain": words}, raw=True)

    def save(self, path: Any) -> None:
        """Write the PNG to a path."""
        from pathlib import Path

        Path(path).write_bytes(self.png)


def figure_alt(figure: Figure, text: str, *, dpi: int = 110) -> Picture:
    """A matplotlib figure as a `Picture` with its alternative text; every figure a notebook shows goes through here.

    Args:
        figure: the figure; it may be forgotten afterwards.
        text: what it shows, with the figures that matter.
        dpi: dots an inch.
    """
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi, metadata={"Description": text, "Software": None})
    width, height = (round(float(side) * 84) for side in figure.get_size_inches())
    return Picture(out.getvalue(), text, (width, height))
