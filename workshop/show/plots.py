"""The kit's pictures: stacked bars, lines, dots with spread, a map. Each takes plain data and says its words itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workshop.show.figures import COLOURS, HATCHES, LINES, MARKERS, Picture, figure_alt, new_figure
from workshop.show.numbers import median, spread

Series = Mapping[str, tuple[Sequence[float], Sequence[float]]]


def quantity(value: float, unit: str = "") -> str:
    """A figure for a sentence: three digits that matter, thousands apart."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".rstrip()


def stacked(rows: Mapping[str, Mapping[str, float]], finding: str, *, unit: str = "ms", alt: str = "") -> Picture:
    """Horizontal bars made of parts, one bar a row, the total at its end; parts differ in colour and in hatch.

    Args:
        rows: label -> part -> size. Parts are drawn in the order of their first appearance.
        finding: the title, which says what the picture shows.
        unit: what the sizes are in.
        alt: the words; made of the figures when left out.
    """
    parts = list(dict.fromkeys(part for row in rows.values() for part in row))
    figure, axes = new_figure(finding, xlabel=unit, size=(9, 1.7 + 0.55 * len(rows)))
    left = dict.fromkeys(rows, 0.0)
    for at, part in enumerate(parts):
        sizes = [row.get(part, 0.0) for row in rows.values()]
        colour, hatch = COLOURS[at % len(COLOURS)], HATCHES[at % len(HATCHES)]
        axes.barh(list(rows), sizes, left=list(left.values()), color=colour, hatch=hatch, edgecolor="white", label=part)
        for label, size in zip(rows, sizes, strict=True):
            left[label] += size
    most = max(left.values(), default=1.0) or 1.0
    for label, total in left.items():
        axes.text(total + most * 0.01, list(left).index(label), quantity(total, unit), va="center")
    axes.set_xlim(0, most * 1.16)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside lower center", ncols=min(len(parts), 5))
    return figure_alt(figure, alt or f"{finding}. {_words(rows, left, unit)}")


def _words(rows: Mapping[str, Mapping[str, float]], totals: Mapping[str, float], unit: str) -> str:
    said = []
    for label, row in rows.items():
        inside = ", ".join(f"{part} {quantity(size)}" for part, size in row.items() if size > totals[label] / 100)
        said.append(f"{label}: {quantity(totals[label], unit)} ({inside})")
    return "; ".join(said) + "."


def lines(
    series: Series,
    finding: str,
    *,
    xlabel: str,
    ylabel: str,
    log: str = "",
    marks: Mapping[str, float] | None = None,
    steps: bool = False,
    alt: str = "",
) -> Picture:
    """Lines told apart by colour, dashes and markers.

    Args:
        series: label -> (x values, y values).
        finding: the title.
        xlabel, ylabel: what the axes measure, with units.
        log: axes to draw logarithmically: `"x"`, `"y"` or `"xy"`.
        marks: label -> x, vertical lines.
        steps: draw values that hold until the next one.
        alt: the words; made of the ends of the lines when left out.
    """
    figure, axes = new_figure(finding, xlabel=xlabel, ylabel=ylabel)
    for at, (label, (xs, ys)) in enumerate(series.items()):
        style: dict[str, Any] = {"color": COLOURS[at % len(COLOURS)], "linestyle": LINES[at % len(LINES)]}
        if len(xs) <= 30:
            style["marker"] = MARKERS[at % len(MARKERS)]
        axes.plot(xs, ys, label=label, drawstyle="steps-post" if steps else "default", **style)
    for label, x in (marks or {}).items():
        axes.axvline(x, color="#555555", linewidth=1.2)
        place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "rotation": 90, "va": "top", "ha": "right"}
        axes.annotate(label, (x, 0.98), fontsize=10, **place)
    for name in log:
        logarithmic(axes, name)
    if len(series) > 1:
        room = 4 if sum(map(len, series)) < 60 else 2
        figure.legend(loc="outside lower center", ncols=min(len(series), room))
    return figure_alt(figure, alt or f"{finding}. {_ends(series, xlabel, ylabel)}")


def logarithmic(axes: Any, name: str) -> None:
    """Make one axis logarithmic, with its figures written out: 1,000 and not ten to the third."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    getattr(axes, f"set_{name}scale")("log")
    axis = getattr(axes, f"{name}axis")
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}" if value < 1e6 else f"{value / 1e6:,g} M"))
    axis.set_minor_formatter(NullFormatter())


def _ends(series: Series, xlabel: str, ylabel: str) -> str:
    said = [
        f"{label}: from {quantity(ys[0])} at {quantity(xs[0])} to {quantity(ys[-1])} at {quantity(xs[-1])}"
        for label, (xs, ys) in series.items()
        if len(xs)
    ]
    return f"{ylabel} over {xlabel}. {'; '.join(said)}."


def dots(groups: Mapping[str, Sequence[float]], finding: str, *, unit: str = "ms", log: bool = False) -> Picture:
    """Every measured value as a dot, one row a group, with the median written beside a line at it.

    Args:
        groups: label -> values.
        finding: the title.
        unit: what the values are in.
        log: draw the axis logarithmically.
    """
    figure, axes = new_figure(finding, xlabel=unit, size=(9, 1.5 + 0.55 * len(groups)))
    said = []
    for at, (label, values) in enumerate(groups.items()):
        middle, (low, high) = median(values), spread(values)
        rows = [at + ((n * 7) % 11 - 5) / 28 for n in range(len(values))]  # set apart, the same way every time
        marker, colour = MARKERS[at % len(MARKERS)], COLOURS[at % len(COLOURS)]
        axes.plot(values, rows, linestyle="", marker=marker, color=colour, alpha=0.6)
        axes.plot([middle, middle], [at - 0.35, at + 0.35], color="black", linestyle="-")
        axes.annotate(quantity(middle, unit), (middle, at - 0.36), ha="center", va="bottom", fontsize=11)
        said.append(f"{label}: median {quantity(middle, unit)}, half between {quantity(low)} and {quantity(high)}")
    axes.set_yticks(range(len(groups)), list(groups))
    axes.set_ylim(len(groups) - 0.4, -0.75)
    axes.grid(axis="y", visible=False)
    if log:
        logarithmic(axes, "x")
    else:
        axes.set_xlim(left=0)
    return figure_alt(figure, f"{finding}. {'; '.join(said)}.")


def share_map(
    xs: Sequence[float],
    ys: Sequence[float],
    shares: Any,
    finding: str,
    *,
    xlabel: str = "requests a second",
    ylabel: str = "idle life, minutes",
    contours: Sequence[float] = (0.002, 0.01, 0.1, 0.5),
    alt: str = "",
) -> Picture:
    """A map of shares over two logarithmic axes: dark is rare, light is frequent, with lines at given shares.

    Args:
        xs, ys: where it was computed.
        shares: `shares[row][column]` for `ys[row]`, `xs[column]`, 0 to 1.
        finding: the title.
        contours: shares to draw lines at, labelled in per cent.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.patheffects import withStroke
    from matplotlib.ticker import FuncFormatter

    figure, axes = new_figure(finding, xlabel=xlabel, ylabel=ylabel, size=(9, 5))
    floor = [[max(float(share), 1e-5) for share in row] for row in shares]
    logarithmic(axes, "x")  # before the contours, whose labels look for their place on the axes as they are
    logarithmic(axes, "y")
    mesh = axes.pcolormesh(xs, ys, floor, norm=LogNorm(1e-5, 1), cmap="viridis", shading="gouraud")
    rings = axes.contour(xs, ys, floor, levels=list(contours), colors="white", linewidths=2)
    labels = axes.clabel(rings, fmt=lambda level: f"{level * 100:g} %", fontsize=12)
    for one in (rings, *labels):  # white on yellow, and on a grey print, needs an edge
        one.set_path_effects([withStroke(linewidth=4, foreground="#333333")])
    axes.grid(visible=False)
    bar = figure.colorbar(mesh, label="cold requests", format=FuncFormatter(lambda share, _: f"{share * 100:g} %"))
    bar.ax.minorticks_off()
    return figure_alt(figure, alt or f"{finding}. {_corners(xs, ys, floor, xlabel, ylabel)}")


def _corners(xs: Sequence[float], ys: Sequence[float], shares: Any, xlabel: str, ylabel: str) -> str:
    said = []
    for row, y in ((0, ys[0]), (len(ys) // 2, ys[len(ys) // 2]), (-1, ys[-1])):
        spots = (0, len(xs) // 3, 2 * len(xs) // 3, -1)
        across = ", ".join(f"{quantity(round(shares[row][at] * 100, 3))} % at {quantity(xs[at])}" for at in spots)
        said.append(f"with {quantity(y)} {ylabel.partition(', ')[2] or ylabel} of {ylabel.partition(',')[0]}: {across}")
    return f"Shares by {xlabel}; {'; '.join(said)}."
