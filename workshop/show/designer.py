"""The pictures of a function's page: what it is made of, and its four graphs."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workshop.show.figures import COLOURS, Picture, figure_alt, new_figure

if TYPE_CHECKING:
    from workshop.show.function_page import FunctionPage

LINE = 0.36  # inches a line of text takes in a box


def draw(page: FunctionPage) -> Picture:
    """Triggers -> function -> layers and permissions."""
    columns = [
        page.triggers or ["(nothing calls it by itself)"],
        [page.name, *(f"layer {layer}" for layer in page.layers)],
        [f"{effect}: {actions}" for effect, actions, _ in page.permissions] or ["(nothing allowed)"],
    ]
    wrapped = [["\n".join(textwrap.wrap(text, width=30)) for text in column] for column in columns]
    height = max(sum(_box_height(text) for text in column) for column in wrapped) + 0.9
    figure, axes = new_figure(f"What calls {page.name}, and what it may do", size=(9.6, height))
    axes.set_axis_off()
    axes.set_xlim(0, 9.6)
    axes.set_ylim(-height + 0.5, 0.4)
    middles = []
    for at, (head, column) in enumerate(zip(("triggers", "function and layers", "permissions"), wrapped, strict=True)):
        axes.text(1.5 + at * 3.3, 0.15, head, ha="center", color="#555555", fontsize=11)
        top, places = 0.0, []
        for n, text in enumerate(column):
            tall = _box_height(text) - 0.15
            main = at == 1 and n == 0
            _box(axes, at * 3.3 + 0.1, top, tall, text, COLOURS[1] if main else "#e8eef4")
            places.append(top - tall / 2)
            top -= tall + 0.15
        middles.append(places)
    for place in middles[0]:
        _arrow(axes, 2.9, place, 3.4, middles[1][0])
    for place in middles[2]:
        _arrow(axes, 6.2, middles[1][0], 6.7, place)
    said = f"Called by {'; '.join(page.triggers) or 'nothing'}. Layers: {', '.join(page.layers) or 'none'}. "
    may = "; ".join(f"{effect} {actions} on {where}".replace("\n", ", ") for effect, actions, where in page.permissions)
    return figure_alt(figure, f"The function {page.name}. {said}Permissions: {may or 'none'}.")


def _box_height(text: str) -> float:
    return LINE * 0.62 * (text.count("\n") + 1) + 0.42


def _box(axes: Any, left: float, top: float, tall: float, text: str, colour: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    style = "round,pad=0,rounding_size=0.08"
    axes.add_patch(FancyBboxPatch((left, top - tall), 2.8, tall, boxstyle=style, facecolor=colour, edgecolor="#333333"))
    axes.text(left + 1.4, top - tall / 2, text, ha="center", va="center", fontsize=10.5)


def _arrow(axes: Any, x: float, y: float, to_x: float, to_y: float) -> None:
    arrow = {"arrowstyle": "-|>", "color": "#333333", "linewidth": 1.5}
    axes.annotate("", xy=(to_x, to_y), xytext=(x, y), arrowprops=arrow)


def four_graphs(
    function: str, found: Mapping[str, tuple[Sequence[float], Sequence[float]]], minutes: int, finding: str = ""
) -> Picture:
    """Invocations, errors, duration and concurrency, minute by minute."""
    from workshop.show.function_page import METRICS

    calls, errors = sum(found["Invocations"][1]), sum(found["Errors"][1])
    title = finding or f"{function}: {calls:,.0f} invocations, {errors:,.0f} errors in {minutes} minutes"
    figure, first = new_figure(title, size=(9.6, 4.6))
    first.remove()
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    said = []
    for at, (name, _, label) in enumerate(METRICS):
        axes = figure.add_subplot(2, 2, at + 1)
        xs, ys = found[name]
        axes.bar(xs, ys, width=0.7, color=COLOURS[at], edgecolor="#333333", linewidth=0.5)
        axes.set_title(label, fontsize=11, fontweight="normal")
        axes.set_xlim(-minutes - 0.5, 0.5)
        axes.set_ylim(bottom=0, top=None if any(ys) else 1)
        if at > 1:
            axes.set_xlabel("minutes ago")
        axes.locator_params(axis="y", integer=name != "Duration")
        axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
        said.append(f"{label}: most {max(ys, default=0):,.3g}")
    return figure_alt(figure, f"{title}. Four graphs by the minute; {', '.join(said)}.")
