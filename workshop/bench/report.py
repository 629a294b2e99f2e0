"""What was found: the table, `results.md` and its plot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workshop.bench.figures import KNOWN, Figure, Subject, short
from workshop.show.views import Table

if TYPE_CHECKING:
    from workshop.show.figures import Picture

HOW = """\
How it is measured: after a warm-up, repeats; the figure is the median, in brackets the range that holds the middle
half. The load generator is a process of its own on keep-alive connections. Each cold GET stands beside a start of
`python -c "import json, http.client"` on the same machine at the same moment, since a function is a process that
imports these two. Memory is resident memory of the server and of all it started, the execution environments included.
Deploys go through this project's deploy tool and CloudFormation, into this project's cloud and into other emulators
alike; serverless-offline deploys nothing.
"""


def table(subjects: Sequence[Subject], whole: Sequence[Figure]) -> Table:
    """Every figure, a column a subject; `whole` are the figures that belong to no subject."""
    shown = [one for one in subjects if one.figures]
    rows = []
    for key, (label, _, target) in KNOWN.items():
        cells = [one.get(key) for one in shown]
        overall = next((figure for figure in whole if figure.key == key), None)
        if overall:
            cells = [overall, *([None] * (len(shown) - 1))]
        if any(cells):
            own = cells[0]
            holds = own.holds() if own else None
            mark = "" if target is None else f"{short(target)} {KNOWN[key][1]}"
            verdict = {None: "", True: "[OK]", False: "[over]"}[holds]
            rows.append([label, *(cell.text() if cell else "" for cell in cells), mark, verdict])
    return Table(rows, ["", *(one.name for one in shown), "target", ""])


def markdown(subjects: Sequence[Subject], whole: Sequence[Figure], machine: str, when: datetime | None = None) -> str:
    """The page `benchmarks/results.md`."""
    found = table(subjects, whole)
    lines = ["# Measured", "", f"On {machine}; {(when or datetime.now(UTC)):%d %B %Y}.", ""]
    alt = "Warm and cold latency, throughput and memory, as bars; the figures stand in the table."
    lines += [f"![{alt}](results.png)", ""]
    lines += ["| " + " | ".join(row) + " |" for row in [found.headers, ["---"] * found.columns, *found.rows]]
    notes = [f"- {figure.label}: {figure.note}" for figure in whole if figure.note]
    for one in subjects:
        notes += [f"- {one.name}, {figure.label}: {figure.note}" for figure in one.figures if figure.note]
    notes += [f"- {one.name}: not measured. {one.skipped}" for one in subjects if one.skipped]
    lines += ["", HOW, *notes, "", "Again, on your machine:", "", "```", "workshop bench", "```", ""]
    return "\n".join(lines)


def picture(subjects: Sequence[Subject]) -> Picture:
    """Four figures that a reader compares, one bar a subject."""
    from workshop.show.figures import COLOURS, HATCHES, figure_alt, new_figure
    from workshop.show.plots import quantity

    shown = [one for one in subjects if one.figures]
    figure, first = new_figure("Measured", size=(9.6, 4.6))
    first.remove()
    said = []
    for at, key in enumerate(("warm_p50", "cold", "rps_32", "memory_after")):
        axes = figure.add_subplot(2, 2, at + 1)
        label, unit, _ = KNOWN[key]
        axes.set_title(label, fontsize=11, fontweight="normal")
        bars = [(one.name, one.get(key)) for one in shown]
        for n, (name, value) in enumerate(bars):
            size = value.median if value else 0.0
            axes.barh(name, size, color=COLOURS[n], hatch=HATCHES[n], edgecolor="white")
            axes.text(size, n, f" {quantity(size, unit)}" if value else " not measured", va="center", fontsize=10)
        most = max((value.median for _, value in bars if value), default=1.0)
        axes.set_xlim(0, most * 1.45)
        axes.invert_yaxis()
        axes.set_xticks([])
        axes.grid(visible=False)
        said.append(f"{label}: " + ", ".join(f"{name} {quantity(v.median, unit)}" for name, v in bars if v))
    return figure_alt(figure, "; ".join(said) + ".")


def write(folder: Path, subjects: Sequence[Subject], whole: Sequence[Figure], machine: str) -> list[Path]:
    """Writes results.md, results.png and results.json. Returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    page, plot, data = folder / "results.md", folder / "results.png", folder / "results.json"
    page.write_text(markdown(subjects, whole, machine), encoding="utf-8")
    picture(subjects).save(plot)
    plain = {"machine": machine, "whole": [vars(one) for one in whole], "subjects": [one.plain() for one in subjects]}
    data.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    return [page, plot, data]
