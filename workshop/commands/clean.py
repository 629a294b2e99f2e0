"""`workshop clean`: removes what the workshop made and did not remove, also after a crash."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from workshop.core.errors import WorkshopError

BUT = " where these credentials may look"


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("clean", short_help="Removes what the workshop made and left.", epilog="Example: workshop clean --yes")(
        clean
    )


def clean(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove without asking.")] = False,
    suffix: Annotated[str, typer.Option("--suffix", help="Whose things; default: this checkout's own.")] = "",
    everyone: Annotated[bool, typer.Option("--all", help="Those of everybody in this account and region.")] = False,
    region: Annotated[str | None, typer.Option("--region", "-r", help="The region; default: the cloud's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON; --yes removes.")] = False,
) -> None:
    """Lists everything that the workshop made and left, and removes it. Running it again does no harm."""
    from workshop.cloud.switch import connect_command
    from workshop.on_aws import cleaning, names
    from workshop.serverless.aws import clients

    cloud = connect_command()
    owner = names.checked(suffix) if suffix and suffix != names.NOBODY else suffix or names.tag_value()
    aws = clients(region or cloud.region)
    found = cleaning.look(aws, owner, everyone=everyone)
    things = found.things
    removing = bool(things) and (yes or (not as_json and agreed(things, cloud)))
    failed = _remove(aws, things, quiet=as_json) if removing else {}
    left = cleaning.find(aws, owner, everyone=everyone) if removing and as_json else things
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "owner": "*" if everyone else owner,
                    "found": [_plain(one) for one in things],
                    "removed": [_plain(one) for one in things if removing and one not in failed],
                    "failed": [_plain(one) | {"reason": why} for one, why in failed.items()],
                    "left": [_plain(one) for one in left],
                    "unseen": found.unseen,
                },
                indent=2,
            )
        )
        raise typer.Exit(1 if failed else 0)
    if str(found):
        typer.echo(str(found), err=True)
    if not things:
        typer.echo(f"Nothing of the workshop is left in {cloud!r}{BUT if str(found) else ''}.")
    elif failed:
        reasons = "; ".join(f"{one.kind} {one.name}: {why}" for one, why in failed.items())
        raise WorkshopError(
            f"{len(failed)} of {len(things)} could not be removed: {reasons}.", fix="Mend that, then: workshop clean"
        )
    elif removing:
        typer.echo(f"{len(things)} removed. Nothing of the workshop is left{BUT if str(found) else ''}.")


def agreed(things: list[Any], cloud: Any) -> bool:
    """Shows what was found and asks; without somebody to ask nothing is removed.

    Raises:
        WorkshopError: nobody can answer.
    """
    typer.echo(f"Found in {cloud!r}:\n" + "\n".join(f"  {one}" for one in things))
    if not sys.stdin.isatty():
        raise WorkshopError("Nothing was removed: there is nobody to ask.", fix="Run: workshop clean --yes")
    return typer.confirm(f"Remove these {len(things)}?", default=False)


def _remove(aws: Any, things: list[Any], *, quiet: bool) -> dict[Any, str]:
    from workshop.on_aws import cleaning
    from workshop.show import Progress

    with Progress("Cleaning up", quiet=quiet) as progress:
        return cleaning.clean(aws, things, progress)


def _plain(thing: Any) -> dict[str, str]:
    return {"kind": thing.kind, "name": thing.name, "owner": thing.owner, "state": thing.state}
