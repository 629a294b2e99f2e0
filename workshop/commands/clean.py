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
    short = "Prints the least policy of one reader on AWS."
    app.command("policy", short_help=short, epilog="Example: workshop policy")(policy)


def policy(
    suffix: Annotated[str, typer.Option("--suffix", help="Whose; default: this checkout's own.")] = "",
    account: Annotated[str, typer.Option("--account", help="The account's number.")] = "*",
    region: Annotated[str, typer.Option("--region", "-r", help="The only region.")] = "eu-west-1",
    boundary: Annotated[bool, typer.Option("--boundary", help="The boundary that each role carries, instead.")] = False,
) -> None:
    """Prints the policy that lets one reader do what the workshop does, with their own things only."""
    from workshop.on_aws import names
    from workshop.on_aws import policy as least

    owner = names.checked(suffix or names.suffix() or names.kept())
    found = least.boundary(owner, region) if boundary else least.personal(owner, region, account)
    typer.echo(json.dumps(found, indent=2))


def clean(
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Remove without asking; data that is retained stays.")
    ] = False,
    retained: Annotated[
        bool, typer.Option("--retained", help="With --yes: tables and buckets that no stack takes along, too.")
    ] = False,
    also: Annotated[
        list[str] | None, typer.Option("--also", help="One thing that is only perhaps yours, by its name.")
    ] = None,
    suffix: Annotated[str, typer.Option("--suffix", help="Whose things; default: this checkout's own.")] = "",
    everyone: Annotated[bool, typer.Option("--all", help="Those of everybody in this account and region.")] = False,
    region: Annotated[str | None, typer.Option("--region", "-r", help="The region; default: the cloud's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON; --yes removes.")] = False,
) -> None:
    """Lists what the workshop made and left, by its tag, and removes it. Running it again does no harm."""
    from workshop.cloud.switch import connect_command
    from workshop.on_aws import cleaning, names
    from workshop.serverless.aws import clients

    if suffix and suffix != names.NOBODY:
        names.checked(suffix)
    cloud = connect_command()
    owner = suffix or names.tag_value()
    aws = clients(region or cloud.region)
    found = cleaning.look(aws, owner, everyone=everyone)
    things = [_named(found.perhaps, name) for name in also] if also else found.things
    data = [] if also else found.retained
    if not as_json:
        _list(found, cloud, only=things if also else None)
    chosen = things if yes else []
    if not as_json and not yes:
        chosen = _agreed(things, data)
    elif yes and retained:
        chosen = things + data
    failed = _remove(aws, chosen, quiet=as_json) if chosen else {}
    if as_json:
        left = cleaning.find(aws, owner, everyone=everyone) if chosen else found.things + found.retained
        outcome: dict[str, Any] = {
            "owner": "*" if everyone else owner,
            "found": [_plain(one) for one in found.things],
            "retained": [_plain(one) for one in found.retained],
            "perhaps": [_plain(one) for one in found.perhaps],
            "also_tagged": [_plain(one) for one in found.others],
            "removed": [_plain(one) for one in chosen if one not in failed],
            "failed": [_plain(one) | {"reason": why} for one, why in failed.items()],
            "left": [_plain(one) for one in left],
            "unseen": found.unseen,
        }
        typer.echo(json.dumps(outcome, indent=2))
        raise typer.Exit(1 if failed else 0)
    if str(found):
        typer.echo(str(found), err=True)
    if failed:
        reasons = "; ".join(f"{one.kind} {one.name}: {why}" for one, why in failed.items())
        raise WorkshopError(
            f"{len(failed)} of {len(chosen)} could not be removed: {reasons}.", fix="Mend that, then: workshop clean"
        )
    _last_word(found, chosen, also, cloud)


def _named(perhaps: list[Any], name: str) -> Any:
    """The one thing of that name among those that are only perhaps the reader's.

    Raises:
        WorkshopError: there is none, or more than one.
    """
    fitting = [one for one in perhaps if name in (one.name, one.state)]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(one.name for one in perhaps) or "nothing"
    raise WorkshopError(
        f"--also takes the name of one thing that is listed as perhaps yours, not {name!r}. Listed is: {known}.",
        fix="Run `workshop clean` to see them.",
        used_wrongly=True,
    )


def _list(found: Any, cloud: Any, *, only: list[Any] | None) -> None:
    """Shows what was found, in groups: what goes, what is asked for by itself, what is not touched."""
    for listed, head in (
        (found.things if only is None else only, f"Found in {cloud!r}:"),
        (
            found.retained if only is None else [],
            "Tables and buckets that no stack takes along; their data would be gone for good:",
        ),
        (
            found.perhaps if only is None else [],
            "Perhaps yours, by name alone, so not touched. To remove one: workshop clean --also NAME",
        ),
        (found.others if only is None else [], "Also tagged as yours, and not removed here:"),
    ):
        if listed:
            typer.echo("\n".join([head, *(f"  {one}" for one in listed)]))


def _agreed(things: list[Any], data: list[Any]) -> list[Any]:
    """Asks, for data by itself, before anything is removed. Returns what may go.

    Raises:
        WorkshopError: nobody can answer.
    """
    if not things and not data:
        return []
    if not sys.stdin or not sys.stdin.isatty():
        raise WorkshopError("Nothing was removed: there is nobody to ask.", fix="Run: workshop clean --yes")
    chosen = list(things) if things and typer.confirm(f"Remove these {len(things)}?", default=False) else []
    # What a template retains can go only after its stack.
    removable = [one for one in data if not one.stack or chosen]
    if removable and typer.confirm(
        f"Remove the data in these {len(removable)} tables and buckets, too?", default=False
    ):
        chosen += removable
    return chosen


def _last_word(found: Any, removed: list[Any], also: list[str] | None, cloud: Any) -> None:
    """What went, and what is still there."""
    where = BUT if str(found) else ""
    kept = [one for one in found.things + found.retained if one not in removed]
    if not found.things and not found.retained and not removed:
        typer.echo(f"Nothing of the workshop is left in {cloud!r}{where}.")
    elif removed and (also or not kept):
        typer.echo(f"{len(removed)} removed." + ("" if also else f" Nothing of the workshop is left{where}."))
    elif removed:
        words = ", ".join(f"{one.kind} {one.name}" for one in kept)
        typer.echo(f"{len(removed)} removed. Kept: {words}. To remove that, too: workshop clean --yes --retained")


def _remove(aws: Any, things: list[Any], *, quiet: bool) -> dict[Any, str]:
    from workshop.core.agreement import guard
    from workshop.on_aws import cleaning
    from workshop.show import Progress

    guard.given(aws.get("cloudformation"))  # by --yes, or by the answer to the question here

    with Progress("Cleaning up", quiet=quiet) as progress:
        return cleaning.clean(aws, things, progress)


def _plain(thing: Any) -> dict[str, str]:
    found = {"kind": thing.kind, "name": thing.name, "owner": thing.owner, "state": thing.state}
    return found | ({"stack": thing.stack} if thing.stack else {})
