"""`workshop bench`: every figure the README quotes, measured on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from workshop.errors import WorkshopError


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("bench", epilog="Example: workshop bench --quick --only workshop")(bench)


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Few repeats, small loads: a first look in a minute.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Only this part; may be given more than once.")] = None,
    out: Annotated[Path | None, typer.Option(help="A folder for results.md and its plot.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measures this machine: start, deploys, cold and warm requests, throughput, memory, simulator, notebooks.

    Parts: answering, workshop, ministack, serverless-offline, simulator, notebooks. A peer that is not installed is
    left out with a word. Close what else keeps the machine busy.
    """
    from workshop.bench import report, whole
    from workshop.bench.figures import Figure, Subject, machine
    from workshop.bench.peers import SUBJECTS

    parts = ["answering", *SUBJECTS, "simulator", "notebooks"]
    unknown = [name for name in only or () if name not in parts]
    if unknown:
        raise WorkshopError(f"There is no part {unknown[0]!r}.", fix=f"Parts: {', '.join(parts)}.", used_wrongly=True)
    wanted = only or [part for part in parts if part != "notebooks" or not quick]
    repeats = 1 if quick else 5
    figures: list[Figure] = []
    subjects: list[Subject] = []
    for part in wanted:
        typer.echo(f"measuring {part} …", err=True)
        if part == "answering":
            figures.append(whole.answering(repeats))
        elif part == "simulator":
            figures += whole.simulator(repeats)
        elif part == "notebooks":
            figures.append(whole.notebooks())
        else:
            subjects.append(Subject.of(whole.subject(part, quick)))
            if subjects[-1].skipped:
                typer.echo(f"  left out: {subjects[-1].skipped}", err=True)
    if not any(subject.figures for subject in subjects):
        subjects.insert(0, Subject("workshop", list(figures)))
    if as_json:
        typer.echo(json.dumps({"whole": [vars(one) for one in figures], "subjects": [one.plain() for one in subjects]}))
    else:
        typer.echo(f"{report.table(subjects, figures)}\n\n{machine()}")
    if out is not None:
        for path in report.write(out, subjects, figures, machine()):
            typer.echo(f"wrote {path}", err=True)
