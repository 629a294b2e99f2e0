"""`workshop bench`: every figure the README quotes, measured on this machine."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workshop.core.errors import WorkshopError

if TYPE_CHECKING:
    from workshop.bench.report import Results

ROOT = Path(__file__).resolve().parents[2]


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("bench", short_help="Measures this machine.", epilog="Example: workshop bench --quick --only workshop")(
        bench
    )


def bench(
    quick: Annotated[
        bool, typer.Option("--quick", help="Few repeats, small loads: a first look in two minutes.")
    ] = False,
    only: Annotated[list[str] | None, typer.Option(help="Only this part; may be given more than once.")] = None,
    out: Annotated[Path | None, typer.Option(help="A folder for results.md, its plot and results.json.")] = None,
    readme: Annotated[bool, typer.Option("--readme", help="Put the figures of benchmarks/ in the README.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measures this machine: start, deploys, cold and warm requests, throughput, memory, simulator, notebooks.

    Parts: answering, lab, workshop, ministack, serverless-offline, simulator, notebooks; --quick leaves out the
    notebooks. A peer that is not installed is left out with a word. With --only, what an earlier run on this machine
    wrote to --out is kept. Close what else keeps the machine busy.
    """
    from workshop.bench import report
    from workshop.bench.figures import machine
    from workshop.bench.peers import SUBJECTS

    parts = ["answering", "lab", *SUBJECTS, "simulator", "notebooks"]
    unknown = [name for name in only or () if name not in parts]
    if unknown:
        raise WorkshopError(f"There is no part {unknown[0]!r}.", fix=f"Parts: {', '.join(parts)}.", used_wrongly=True)
    if out is not None and out.exists() and not out.is_dir():
        raise WorkshopError(f"{out} is a file.", fix="Name a folder with --out.", used_wrongly=True)
    if out is not None:
        report.refuse_to_overwrite(out)
    if readme and (quick or out is None or out.resolve() != ROOT / "benchmarks"):
        fix = "From the checkout: workshop bench --out benchmarks --readme"
        raise WorkshopError("The README quotes benchmarks/, measured in full.", fix=fix, used_wrongly=True)
    found = report.Results(machine(), quick=quick)
    older = report.Results.read(out) if out is not None and only else None
    failed = False
    for part in only or [part for part in parts if part != "notebooks" or not quick]:
        typer.echo(f"measuring {part} …", err=True)
        try:
            measure(part, found)
        except (WorkshopError, OSError, subprocess.SubprocessError) as error:
            failed = True
            words = error.paragraph() if isinstance(error, WorkshopError) else str(error)
            typer.echo(f"  {part} failed: {words}", err=True)
        if out is not None:  # after each part, so that what was measured is kept whatever comes
            report.write(out, found.with_older(older))
    show(found, as_json)
    if out is not None:
        typer.echo(f"wrote {out / 'results.md'}, its plot and results.json", err=True)
    if readme and not failed:
        report.into_readme(ROOT / "README.md", report.Results.read(ROOT / "benchmarks"))
        typer.echo("wrote the figures into README.md", err=True)
    if failed:
        raise typer.Exit(1)


def measure(part: str, found: Results) -> None:
    """Measures one part and adds what it gave."""
    from workshop.bench import whole
    from workshop.bench.figures import Subject

    repeats = 1 if found.quick else 5
    if part == "answering":
        found.whole.append(whole.answering(repeats))
    elif part == "lab":
        found.whole.append(whole.lab(repeats))
    elif part == "simulator":
        found.whole += whole.simulator(repeats)
    elif part == "notebooks":
        found.whole += whole.notebooks()
    else:
        found.subjects.append(Subject.of(whole.subject(part, found.quick)))
        if found.subjects[-1].skipped:
            typer.echo(f"  left out: {found.subjects[-1].skipped}", err=True)


def show(found: Results, as_json: bool) -> None:
    """Prints what was found."""
    from workshop.bench import report

    if as_json:
        typer.echo(json.dumps(found.plain()))
    else:
        typer.echo(f"{report.table(found.subjects, found.whole)}\n\n{found.machine}")
