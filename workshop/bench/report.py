"""What was found: the table, `results.json`, `results.md` with its plot, and the figures in the README."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workshop.bench.figures import KNOWN, MORE_IS_BETTER, Figure, Subject, short
from workshop.core.errors import WorkshopError
from workshop.show.views import Table

if TYPE_CHECKING:
    from workshop.show.figures import Picture

OWN = "workshop"
DRAWN = ("warm_p50", "cold", "rps_32", "memory_after")
QUOTED = (
    *("answering", "lab", "deploy_first", "deploy_changed", "deploy_unchanged", "python", "cold", "warm_p50"),
    *("printing_p50", "rps_8", "memory_after", "notebooks"),
)
BEGIN, END = "<!-- figures: written by `workshop bench --readme` -->", "<!-- end of figures -->"
HOW = """\
How it is measured: after a warm-up, repeats; the figure is the median, in brackets the range that holds the middle
half. The load generator is a process of its own on keep-alive connections. Each cold GET stands beside a start of
`python -c "import json, http.client"` on the same machine at the same moment, since a function is a process that
imports these two. Memory is resident memory of the server and of all it started, the execution environments included.
Deploys go through this project's deploy tool and CloudFormation, into this project's cloud and into other emulators
alike; serverless-offline deploys nothing. The simulators are timed by the processor time that they use.
"""


@dataclass
class Results:
    """All that a run found; `whole` are the figures that belong to no subject."""

    machine: str
    subjects: list[Subject] = field(default_factory=list)
    whole: list[Figure] = field(default_factory=list)
    quick: bool = False
    when: date = field(default_factory=lambda: datetime.now(UTC).date())

    def with_older(self, older: Results | None) -> Results:
        """These, and what an earlier run on the same machine measured besides, in the same way."""
        if older is None or (older.machine, older.quick) != (self.machine, self.quick):
            return self
        fresh = {one.name for one in self.subjects} | {one.key for one in self.whole}
        subjects = self.subjects + [one for one in older.subjects if one.name not in fresh]
        whole = self.whole + [one for one in older.whole if one.key not in fresh]
        return Results(self.machine, subjects, whole, self.quick, self.when)

    def plain(self) -> dict[str, Any]:
        """As JSON-ready data."""
        parts = {"whole": [vars(one) for one in self.whole], "subjects": [one.plain() for one in self.subjects]}
        return {"machine": self.machine, "when": self.when.isoformat(), "quick": self.quick} | parts

    @classmethod
    def read(cls, folder: Path) -> Results | None:
        """What a folder's results.json holds; None without one, or when it is not ours."""
        try:
            data = json.loads((folder / "results.json").read_text(encoding="utf-8"))
            subjects, whole = map(Subject.of, data["subjects"]), (Figure(**one) for one in data["whole"])
            when = date.fromisoformat(data["when"])
            return cls(data["machine"], list(subjects), list(whole), data["quick"], when)
        except (OSError, ValueError, KeyError, TypeError):
            return None


def columns(subjects: Sequence[Subject]) -> list[Subject]:
    """The subjects that have figures, this project first, even when only the whole was measured."""
    own = [one for one in subjects if one.name == OWN] or [Subject(OWN)]
    return own[:1] + [one for one in subjects if one.name != OWN and one.figures]


def table(subjects: Sequence[Subject], whole: Sequence[Figure]) -> Table:
    """Every figure, a column a subject, with this project's targets; `whole` are figures that belong to no subject."""
    shown, rows = columns(subjects), []
    for key, (label, unit, target) in KNOWN.items():
        overall = next((figure for figure in whole if figure.key == key), None)
        own, *others = [one.get(key) for one in shown]
        own = overall or own
        if own or any(others):
            mark = "" if target is None else f"{short(target)} {unit}".replace(" /s", "/s")
            verdict = {None: "", True: "[OK]", False: "[missed]"}[own.holds() if own else None]
            rows.append([label, *(cell.text() if cell else "" for cell in (own, *others)), mark, verdict])
    return Table(rows, ["", *(one.title for one in shown), "target", ""])


def grid(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown."""
    return ["| " + " | ".join(row) + " |" for row in (headers, ["---"] * len(headers), *rows)]


def markdown(found: Results) -> str:
    """The page `benchmarks/results.md`."""
    rows = table(found.subjects, found.whole)
    quick = " A quick look: few repeats, small loads." if found.quick else ""
    lines = ["# Measured", "", f"On {found.machine}; {found.when:%d %B %Y}.{quick}", ""]
    if drawn(found.subjects):
        alt = "Warm and cold latency, throughput and memory, as bars; the figures stand in the table."
        lines += [f"![{alt}](results.png)", ""]
    lines += grid(rows.headers, rows.rows)
    notes = [f"- {figure.label}: {figure.note}" for figure in found.whole if figure.note]
    for one in found.subjects:
        notes += [f"- {one.name}, {figure.label}: {figure.note}" for figure in one.figures if figure.note]
    notes += [f"- {one.name}: not measured. {one.skipped}" for one in found.subjects if one.skipped]
    lines += ["", HOW, *notes, "", "Again, on your machine:", "", "```", "workshop bench", "```", ""]
    return "\n".join(lines)


def drawn(subjects: Sequence[Subject]) -> list[Subject]:
    """The subjects that have something to draw."""
    return [one for one in subjects if any(one.get(key) for key in DRAWN)]


def picture(subjects: Sequence[Subject]) -> Picture:
    """Four figures that a reader compares, one bar a subject."""
    from workshop.show.figures import COLOURS, HATCHES, figure_alt, new_figure
    from workshop.show.plots import quantity

    shown = drawn(subjects)
    figure, first = new_figure("Measured", size=(9.6, 5.0))
    first.remove()
    said = []
    for at, key in enumerate(DRAWN):
        axes = figure.add_subplot(2, 2, at + 1)
        label, unit, _ = KNOWN[key]
        better = "more is better" if key in MORE_IS_BETTER else "less is better"
        axes.set_title(f"{label} ({better})", fontsize=11, fontweight="normal")
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
    figure.suptitle(finding(shown), x=0.01, ha="left", fontweight="bold")
    return figure_alt(figure, "; ".join(said) + ".")


def finding(subjects: Sequence[Subject]) -> str:
    """What the picture says, in a line."""
    own = next((one for one in subjects if one.name == OWN), None)
    warm, cold = (own.get("warm_p50"), own.get("cold")) if own else (None, None)
    if not warm or not cold:
        return "Measured"
    return f"A warm request takes {short(warm.median)} ms here, a cold one {short(cold.median)} ms"


def readme_lines(found: Results | None) -> list[str]:
    """The README's figures: a few rows of the table, and where all of them stand."""
    if found is None:
        return ["Measure them on your machine: `workshop bench`."]
    shown, rows = columns(found.subjects), []
    for key in QUOTED:
        overall = next((figure for figure in found.whole if figure.key == key), None)
        own, *others = [one.get(key) for one in shown]
        cells = [overall or own, *others]
        if any(cells):
            rows.append([KNOWN[key][0], *(cell.text() if cell else "" for cell in cells)])
    where = "All figures, their targets and how they are measured: [benchmarks/results.md](benchmarks/results.md)."
    said = f"Measured on {found.machine}; {found.when:%d %B %Y}. Medians, with the range of half the repeats."
    return [*grid(["", *(one.title for one in shown)], rows), "", said, where]


def into_readme(page: Path, found: Results | None) -> None:
    """Puts the figures between the README's two marks.

    Raises:
        WorkshopError: the marks are not there.
    """
    text = page.read_text(encoding="utf-8")
    before, begins, rest = text.partition(BEGIN)
    _, ends, after = rest.partition(END)
    if not begins or not ends:
        raise WorkshopError(f"{page.name} has no place for the figures.", fix=f"Put in the lines {BEGIN} and {END}.")
    page.write_text("\n".join([before + BEGIN, "", *readme_lines(found), "", END + after]), encoding="utf-8")


def refuse_to_overwrite(folder: Path) -> None:
    """Refuses a folder whose results are somebody else's: only an earlier run's are written over."""
    there = [name for name in ("results.md", "results.png", "results.json") if os.path.lexists(folder / name)]
    if there and Results.read(folder) is None:
        raise WorkshopError(
            f"{folder} has a file {there[0]} that no earlier run wrote; nothing was written.",
            fix="Name another folder with --out.",
            used_wrongly=True,
        )


def write(folder: Path, found: Results) -> list[Path]:
    """Writes results.md, results.png and results.json. Returns their paths.

    Raises:
        WorkshopError: files of these names are there and are not an earlier run's.
    """
    refuse_to_overwrite(folder)
    folder.mkdir(parents=True, exist_ok=True)
    page, plot, data = folder / "results.md", folder / "results.png", folder / "results.json"
    data.write_text(json.dumps(found.plain(), indent=1) + "\n", encoding="utf-8")
    page.write_text(markdown(found), encoding="utf-8")
    if not drawn(found.subjects):
        return [page, data]
    picture(found.subjects).save(plot)
    return [page, plot, data]
