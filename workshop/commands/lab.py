"""`workshop lab` and `workshop run`: the notebooks, by hand and by themselves."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    app.command("lab", short_help="Opens JupyterLab on the workshop.", epilog="Example: workshop lab 01")(lab)
    app.command(
        "run",
        short_help="Runs notebooks as a reader would; --render keeps outputs.",
        epilog="Example: workshop run 01 02",
    )(run)


def open_workshop() -> None:
    """What `workshop` does without a command: the preflight, and JupyterLab on the first notebook."""
    from workshop.lab import open_lab

    raise typer.Exit(open_lab())


def lab(
    notebook: Annotated[str, typer.Argument(help="The notebook it opens on: a number, a name or a path.")] = "00",
    port: Annotated[int | None, typer.Option(help="The port; without it 8888 or any free one; 0 takes any.")] = None,
    browser: Annotated[bool, typer.Option(help="Open the browser.")] = True,
    stage: Annotated[
        bool, typer.Option("--stage", help="For a projector: big fonts, no file browser, no pop-ups.")
    ] = False,
) -> None:
    """Opens JupyterLab on the workshop."""
    from workshop.lab import open_lab

    raise typer.Exit(open_lab(notebook=notebook, port=port, browser=browser, stage=stage, preflight=False))


def run(
    notebooks: Annotated[
        list[str] | None, typer.Argument(help="Numbers or names, such as 01 or 04_cron; all without any.")
    ] = None,
    render: Annotated[bool, typer.Option("--render", help="Keep the outputs in the notebooks.")] = False,
    jobs: Annotated[int, typer.Option(help="How many at a time; not with --render.", min=1, max=16)] = 1,
) -> None:
    """Runs notebooks from top to bottom in a real kernel, as a reader would, and says how long each took."""
    from workshop.notebooks import run_all

    raise typer.Exit(run_all(notebooks or [], render=render, jobs=jobs))
