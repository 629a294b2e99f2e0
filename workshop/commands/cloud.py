"""`workshop up` and `workshop doctor`."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
from typing import Annotated, Any

import typer

from workshop.core.errors import WorkshopError


def register(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    app.command("up", short_help="Serves the offline cloud until Ctrl-C.", epilog="Example: workshop up --port 4566")(
        up
    )
    app.command(
        "doctor",
        short_help="Checks this machine; each failure says what to do.",
        epilog="Example: workshop doctor --json",
    )(doctor)


def up(
    port: Annotated[int, typer.Option(help="The port of the offline AWS; 0 takes any free one.")] = 4566,
) -> None:
    """Serves the offline cloud until Ctrl-C; commands in other terminals use it."""
    from workshop.cloud.up import free_of_the_reader, registry, serve

    clean = free_of_the_reader(dict(os.environ))
    os.environ.clear()
    os.environ.update(clean)
    path = registry()

    def tell(status: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # a read-only checkout: other terminals then need WORKSHOP_CLOUD
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(status), encoding="utf-8")
        typer.echo(f"Offline AWS      {status['aws']}")
        for name, url in status["partners"].items():
            typer.echo(f"{name + ' stand-in':<16} {url}")
        typer.echo(f"{'folders':<16} {status['folders']}")
        typer.echo(f"{'functions':<16} {status['functions']}")
        typer.echo(f"\nOther tools: set AWS_ENDPOINT_URL={status['aws']}")
        typer.echo("Commands of this checkout find it by themselves. Ctrl-C ends it.")

    try:
        asyncio.run(serve(port, lifeline=False, on_up=tell))
    finally:
        with contextlib.suppress(OSError, ValueError):
            if json.loads(path.read_text(encoding="utf-8")).get("pid") == os.getpid():
                path.unlink()
    typer.echo("The offline cloud has ended; nothing is left running.")


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    deploy: Annotated[
        bool | None,
        typer.Option(
            "--deploy/--no-deploy", help="Try a hello world; default: offline yes, on AWS no.", show_default=False
        ),
    ] = None,
) -> None:
    """Checks this machine; offline with a hello world deployed and removed, on AWS who you are and what you may do."""
    from workshop.doctor import checks

    findings = []
    for finding in checks(deploy=deploy):
        findings.append(finding)
        if not as_json:
            typer.echo(line(finding))
    failed = [finding for finding in findings if not finding.ok]
    if as_json:
        typer.echo(
            json.dumps({"ok": not failed, "checks": [dataclasses.asdict(finding) for finding in findings]}, indent=2)
        )
    elif failed:
        raise WorkshopError(f"{len(failed)} of {len(findings)} checks failed; the mend stands on each line above.")
    else:
        typer.echo(f"All {len(findings)} checks passed: this machine is ready.")
    raise typer.Exit(1 if failed else 0)


def line(finding: Any) -> str:
    """One check as an aligned line; a failed one ends with what to do."""
    mark = "[OK]" if finding.ok else "[FAIL]"
    took = f"  ({finding.seconds:.2f} s)" if (finding.seconds or 0) >= 0.05 else ""
    text = f"{mark:<6} {finding.name:<20} {finding.detail}{took}"
    return text if finding.ok else f"{text}  ->  {finding.mend}"
