"""`workshop slides`, `reset`, `rehearse` and `wheelhouse`: for who gives the workshop."""

from __future__ import annotations

import json
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from workshop.core.errors import WorkshopError


def register(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    app.command("slides", short_help="Builds the deck and opens it.", epilog="Example: workshop slides --build")(slides)
    app.command("reset", short_help="Back to the first state.", epilog="Example: workshop reset --keep-progress")(reset)
    app.command("rehearse", short_help="Runs every live demo of the deck.", epilog="Example: workshop rehearse 01 08")(
        rehearse
    )
    app.command(
        "wheelhouse",
        short_help="Downloads the packages for other laptops.",
        epilog="Example: workshop wheelhouse --platform windows --python 3.13",
    )(wheelhouse)


def slides(
    build_only: Annotated[bool, typer.Option("--build", help="Build without opening.")] = False,
    out: Annotated[Path | None, typer.Option(help="The HTML file; default: slides/build/deck.html.")] = None,
    pdf: Annotated[bool, typer.Option(help="A PDF beside it, where a Chromium is installed.")] = True,
) -> None:
    """Builds the deck as one HTML file that needs no network, and opens it. Press ? there for its keys."""
    from workshop import deck
    from workshop.deck.source import ROOT
    from workshop.lab import has_screen

    html = deck.build(out=out)
    shown = html.resolve()
    shown = shown.relative_to(ROOT) if shown.is_relative_to(ROOT) else shown
    typer.echo(f"{shown}  {html.stat().st_size / 1e6:.1f} MB, {len(deck.read())} slides")
    if pdf:
        try:
            printed = deck.pdf(html)
            typer.echo(f"{shown.with_suffix('.pdf')}  {printed.stat().st_size / 1e6:.1f} MB")
        except WorkshopError as error:
            typer.echo(error.paragraph(), err=True)  # the deck itself is built all the same
    if not build_only and has_screen():
        webbrowser.open(html.resolve().as_uri())
    elif not build_only:
        typer.echo(f"No screen here: open {shown} in a browser.")


def reset(
    keep_progress: Annotated[
        bool, typer.Option("--keep-progress", help="Keep which exercises are solved; without it you are asked.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask: forget the progress as well.")] = False,
    notebooks: Annotated[bool, typer.Option("--notebooks", help="Put changed notebooks back to git's.")] = False,
) -> None:
    """Back to the first state: my_work is set aside, the cloud of `workshop up` is emptied."""
    from workshop.exercises import diary
    from workshop.stage.resetting import reset as back

    if keep_progress and yes:
        raise WorkshopError("--keep-progress and --yes say opposite things.", fix="Use one.", used_wrongly=True)
    progress = yes
    if not keep_progress and not yes and diary.path().exists():
        # Without somebody to ask, nothing is forgotten.
        progress = sys.stdin.isatty() and typer.confirm("Forget which exercises are solved?", default=False)
    undone = back(progress=progress, notebooks=notebooks)
    for words in undone.said:
        typer.echo(words)
    if not progress and diary.path().exists():
        typer.echo("progress: kept")
    typer.echo(f"Back to the first state, {undone.seconds:.2f} s.")


def rehearse(
    demos: Annotated[list[str] | None, typer.Argument(help="Numbers of demos, such as 01 08; all without any.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Runs every live demo of the deck, in order, against the offline cloud; says which would fail."""
    from workshop.stage import rehearsal

    acts = []
    for act in rehearsal.rehearse(rehearsal.demos(only=demos or [])):
        acts.append(act)
        if not as_json:
            mark = "[FAIL]" if act.fault else "[OK]"
            typer.echo(f"{mark:<6} slide {act.slide.number:>2}  {act.seconds:6.1f} s  {act.what}")
            if act.fault:
                typer.echo(f"       {act.fault}\n       On the stage: press F on this slide.")
    failed = [act for act in acts if act.fault]
    if as_json:
        found = [
            {"slide": one.slide.number, "what": one.what, "seconds": round(one.seconds, 2), "fault": one.fault}
            for one in acts
        ]
        typer.echo(json.dumps({"ok": not failed, "acts": found}, indent=2))
    elif not failed:
        typer.echo(f"All {len(acts)} acts work, {sum(act.seconds for act in acts):.0f} s. Then: workshop reset --yes")
    if failed:
        if not as_json:
            raise WorkshopError(f"{len(failed)} of {len(acts)} acts would fail on the stage; why stands above.")
        raise typer.Exit(1)


def wheelhouse(
    platform: Annotated[list[str] | None, typer.Option(help="windows, mac, mac-intel, linux, linux-arm.")] = None,
    python: Annotated[list[str] | None, typer.Option(help="3.11 to 3.14; may be given more than once.")] = None,
    out: Annotated[Path, typer.Option(help="The folder.")] = Path("wheelhouse"),
) -> None:
    """Downloads the packages for other laptops; a checkout with this folder sets itself up without a network."""
    from workshop.stage import wheelhouse as house

    wanted = house.targets(platform or [], python or [])
    for _, words in house.download(wanted, out):
        typer.echo(words)
    typer.echo(f"Copy the checkout with its folder {out} to a stick. There, python3 -m workshop finds it by itself.")
