"""Further commands on a service: create, invoke, logs, metrics, offline."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from workshop.commands.service import (
    Folder,
    Function,
    Json,
    Param,
    Region,
    Stage,
    complain,
    hinted,
    interruptible,
    load,
    one_folder,
    only_function,
    out,
    params,
)
from workshop.core import text_files
from workshop.core.errors import WorkshopError
from workshop.core.inert import inert_json
from workshop.core.paths import path_of


def create(
    template: Annotated[str, typer.Argument(help="A template; --list shows them.")] = "hello-world",
    path: Annotated[str | None, typer.Argument(help="The new folder.", show_default=False)] = None,
    name: Annotated[str, typer.Option("--name", "-n", help="The service's name; default: the folder's.")] = "",
    show_list: Annotated[bool, typer.Option("--list", help="List the templates.")] = False,
) -> None:
    """Makes a new service from a template."""
    from workshop import serverless

    if show_list:
        for known, words in serverless.templates().items():
            out(f"{known:<14} {words}")
        return
    made = serverless.create(template, path, name=name)
    out(f"✔ {made.name} has been created from {template}\n\nNext:\n  workshop deploy {made}")


def invoke(
    words: Annotated[
        list[str] | None, typer.Argument(help="`local` to run it here, and the service's folder.", show_default=False)
    ] = None,
    function: Function = "",
    data: Annotated[str, typer.Option("--data", "-d", help="The event, as JSON (or any text).")] = "",
    path: Annotated[str, typer.Option("--path", "-p", help="A file with the event.")] = "",
    log: Annotated[bool, typer.Option("--log", "-l", help="Show what the function printed.")] = False,
    kind: Annotated[
        str, typer.Option("--type", "-t", help="RequestResponse, or Event to only queue it.")
    ] = "RequestResponse",
    qualifier: Annotated[str, typer.Option("--qualifier", "-q", help="A version or an alias.")] = "",
    stage: Stage = None,
    region: Region = None,
    param: Param = None,
    as_json: Json = False,
) -> None:
    """Invokes a deployed function; `invoke local` runs its handler on this machine. Exit code 1 when it fails."""
    from workshop import serverless

    words = list(words or [])
    local = bool(words and words[0] == "local" and not Path("local/serverless.yml").is_file())
    if kind not in ("RequestResponse", "Event"):
        raise WorkshopError(f"--type is RequestResponse or Event, not {kind!r}.", used_wrongly=True)
    event = event_of(data, path)
    service, cloud = load(one_folder(words[1:] if local else words), stage, region, param)
    name = only_function(service, function)
    if local:
        answer = serverless.invoke_local(service, name, event)
    else:
        with hinted(cloud):
            answer = serverless.invoke(service, name, event, asynchronous=kind == "Event", qualifier=qualifier)
    if as_json:
        typer.echo(inert_json(json.dumps(answer.to_json(), indent=2, ensure_ascii=False)))
    elif kind == "Event" and not local:
        out("✔ Queued")
    else:
        if local and answer.log:
            complain(answer.log.rstrip())
        out(str(answer))
        if log and not local:
            out("-" * 68 + "\n" + answer.log.rstrip())
    if answer.error:
        details = answer.payload if isinstance(answer.payload, dict) else {}
        raise WorkshopError(
            f"{name} failed: {details.get('errorType', 'error')}: {details.get('errorMessage', answer.error)}",
            fix="" if local or as_json else f"See: workshop logs --function {name}",
        )


def event_of(data: str, path: str) -> Any:
    """The event from `--data` or `--path`; from standard input when `--path` is `-`."""
    if data and path:
        raise WorkshopError("Give --data or --path, not both.", used_wrongly=True)
    text = data
    if path:
        if path == "-":
            standard = sys.stdin.buffer.read(text_files.LARGEST + 1)
            text = text_files.decode(standard, "standard input").text
        else:
            text = text_files.read(path_of(path, "a file with the event"), path)
    if not text.strip():
        return {}
    try:
        return json.loads(text)
    except ValueError as error:
        if path or text.lstrip()[:1] in "{[":
            where = path or "--data"
            raise WorkshopError(f"The event is not JSON: {error}.", where=where, used_wrongly=True) from None
        return text


def logs(
    folder: Folder = ".",
    function: Function = "",
    tail: Annotated[bool, typer.Option("--tail", "-t", help="Go on as new lines come, until Ctrl-C.")] = False,
    pattern: Annotated[str, typer.Option("--filter", help='A filter pattern, such as ERROR or "charge failed".')] = "",
    since: Annotated[str, typer.Option("--since", help="An age such as 10m, 2h, 3d, or a time.")] = "",
    last: Annotated[int | None, typer.Option("--last", min=1, help="Only the last so many lines.")] = None,
    text: Annotated[str, typer.Option("--text", help="Only requests in which a line contains this.")] = "",
    level: Annotated[str, typer.Option("--level", help="Only requests with such a line: INFO, WARN, ERROR, …")] = "",
    request: Annotated[str, typer.Option("--request", help="Only the request whose id begins so.")] = "",
    short: Annotated[bool, typer.Option("--short", help="One line a request; failed ones are open.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="The lines as CloudWatch has them.")] = False,
    stage: Stage = None,
    region: Region = None,
    param: Param = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Shows a function's log, request by request."""
    from workshop import serverless
    from workshop.show import LogPrinter, LogView

    wanted: dict[str, Any] = {"text": text, "level": level, "request": request}
    printer = LogPrinter(**wanted)  # refuses an unknown level at once
    service, cloud = load(folder, stage, region, param)
    name = only_function(service, function)
    with hinted(cloud):
        events = serverless.logs(service, name, since=since or None, pattern=pattern, last=last, follow=tail)
        if not (as_json or raw or tail):
            LogView(events, **wanted, expand=not short).print()
            return
        for event in events:
            if as_json:
                typer.echo(inert_json(json.dumps(event.to_json(), ensure_ascii=False)))
            elif raw:
                out(str(event))
            else:
                printer.take(event)
            if tail:
                sys.stdout.flush()


def metrics(
    folder: Folder = ".",
    function: Annotated[str, typer.Option("--function", "-f", help="Only this function.")] = "",
    since: Annotated[str, typer.Option("--since", help="An age such as 1h or 7d, or a time.")] = "24h",
    stage: Stage = None,
    region: Region = None,
    param: Param = None,
    as_json: Json = False,
) -> None:
    """Shows invocations, errors, throttles and durations."""
    from workshop import serverless

    service, _ = load(folder, stage, region, param)
    if function:
        service.function(function)
    found = serverless.metrics(service, function, since=since)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
    else:
        out(str(found))


def offline(
    folders: Annotated[
        list[str] | None, typer.Argument(help="One or more services; default: the current folder.", show_default=False)
    ] = None,
    port: Annotated[int, typer.Option("--port", help="The port; 0 takes any free one.")] = 3000,
    watch: Annotated[bool, typer.Option(help="Put edits live at the next request.")] = True,
    stage: Stage = None,
    region: Region = None,
    param: Param = None,
) -> None:
    """Serves a service's API on http://127.0.0.1:3000; edits are live at the next request."""
    from workshop import serverless
    from workshop.cloud.beside import SERVED_HERE, beside
    from workshop.cloud.switch import connect_command
    from workshop.on_aws import personal
    from workshop.serverless.service import find_file

    chosen = folders or ["."]
    for folder in chosen:
        find_file(Path(folder))
    cloud = connect_command(stand_ins=True)  # what is served here can reach them here
    own = beside(cloud, SERVED_HERE)
    running = serverless.offline(
        *chosen,
        port=port,
        stage=stage,
        region=region,
        params=params(param),
        watch=watch,
        say=_line,
        read=personal.load,
        cloud=own,
    )
    with interruptible(cloud):
        running.start()
    out(f"Offline at {running.url}\n")
    for line in running.routes:
        out(f"  {line}")
    edits = "Edits are live at the next request. " if watch else ""
    out(f"\n{edits}Ctrl-C ends it.\n")
    sys.stdout.flush()
    try:
        while running.alive:
            time.sleep(0.2)
    except KeyboardInterrupt:
        out("")
    finally:
        running.stop()
    out("Offline has ended; nothing is left running.")


def _line(text: str) -> None:
    out(text)
    sys.stdout.flush()
