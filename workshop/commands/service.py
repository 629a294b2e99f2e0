"""The commands on a service: deploy and what surrounds it. What they do is in `workshop.serverless`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from workshop.core.errors import Stopped, WorkshopError, for_screen
from workshop.core.inert import inert

Folder = Annotated[str, typer.Argument(help="The service's folder; default: the current one.", show_default=False)]
Words = Annotated[
    list[str] | None, typer.Argument(help="The service's folder; default: the current one.", show_default=False)
]
Stage = Annotated[str | None, typer.Option("--stage", "-s", help="The stage; default: the file's.")]
Region = Annotated[str | None, typer.Option("--region", "-r", help="The region; default: the file's.")]
Param = Annotated[list[str] | None, typer.Option("--param", help="A value for ${param:name}, as name=value.")]
Json = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]
Function = Annotated[str, typer.Option("--function", "-f", help="The function; not needed when there is only one.")]


def register(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    from workshop.commands import service_more as more

    for name, command, short, example in (
        ("create", more.create, "Makes a new service from a template.", "create hello-world my_service"),
        ("deploy", deploy, "Deploys a service, or one function's code.", "deploy demo_lambdas/hello_world --stage dev"),
        ("info", info, "Shows what is deployed.", "info demo_lambdas/hello_world"),
        ("invoke", more.invoke, "Invokes a function, deployed or here.", "invoke demo_lambdas/hello_world -f hello"),
        ("logs", more.logs, "Shows a function's log, request by request.", "logs demo_lambdas/hello_world --tail"),
        (
            "metrics",
            more.metrics,
            "Shows invocations, errors, durations.",
            "metrics demo_lambdas/hello_world --since 1h",
        ),
        ("offline", more.offline, "Serves a service's API; edits are live.", "offline demo_lambdas/hello_world"),
        ("package", package, "Writes zips and templates, deploys nothing.", "package demo_lambdas/hello_world"),
        ("print", print_, "Prints the file, its variables resolved.", "print demo_lambdas/hello_world --path provider"),
        (
            "rollback",
            rollback,
            "Goes back to an earlier deployment.",
            "rollback demo_lambdas/hello_world -t 1774850400000",
        ),
        ("remove", remove, "Removes a service with all that it made.", "remove demo_lambdas/hello_world"),
    ):
        app.command(name, short_help=short, epilog=f"Example: workshop {example}")(command)


def deploy(
    words: Words = None,
    function: Annotated[str, typer.Option("--function", "-f", help="With `deploy function`: which one.")] = "",
    stage: Stage = None,
    region: Region = None,
    param: Param = None,
    force: Annotated[bool, typer.Option("--force", help="Deploy although nothing changed.")] = False,
    check_import: Annotated[
        bool, typer.Option("--check-import", help="Import each handler here first; this runs its code.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Deploys a service; `deploy function -f NAME` replaces one function's code only, past the stack."""
    words = list(words or [])
    single = bool(words and words[0] == "function" and not Path("function").is_dir())
    folder = one_folder(words[1:] if single else words)
    if single or function:
        _deploy_function(folder, function, stage, region, param, as_json)
        return
    from workshop import serverless
    from workshop.on_aws import confirm
    from workshop.show import Progress

    service, cloud = load(folder, stage, region, param)
    if check_import:
        from workshop.serverless.import_check import check_imports

        check_imports(service)
    confirm.before_deploy(service)
    say(f"Deploying {service.name} to stage {service.stage} ({service.region})\n", as_json)
    with interruptible(cloud), Progress(f"Deploying {service.stack}", quiet=as_json) as progress:
        deployment = serverless.deploy(service, on_step=progress, force=force)
    for warning in deployment.warnings:
        complain(f"Warning: {warning}.")
    if as_json:
        typer.echo(json.dumps(deployment.to_json(), indent=2))
        return
    for note in deployment.notes:
        complain(f"Note: {note}.")
    if not deployment.changed:
        out(f"✔ No changes to deploy. Deployment skipped. ({deployment.seconds:.2f}s)")
        return
    out(f"✔ Service deployed to stack {deployment.stack} ({deployment.seconds:.2f}s)\n\n{deployment}")
    if cloud.mode == "local":
        complain(
            "This offline cloud ends with this command. To keep one: `workshop up` in another terminal, then deploy."
        )


def _deploy_function(
    folder: str, function: str, stage: str | None, region: str | None, param: list[str] | None, as_json: bool
) -> None:
    from workshop import serverless
    from workshop.on_aws import confirm

    service, _ = load(folder, stage, region, param)
    name = only_function(service, function)
    confirm.before_change(service, f"the code of the function {service.function_name(name)}")
    done = serverless.deploy_function(service, name)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "function": done.function,
                    "name": done.name,
                    "code": done.code,
                    "configuration": done.configuration,
                    "seconds": round(done.seconds, 3),
                }
            )
        )
    else:
        out(str(done))


def info(
    folder: Folder = ".", stage: Stage = None, region: Region = None, param: Param = None, as_json: Json = False
) -> None:
    """Shows what is deployed: endpoints, functions, layers."""
    from workshop import serverless

    service, cloud = load(folder, stage, region, param)
    with hinted(cloud):
        deployment = serverless.info(service)
    if as_json:
        typer.echo(json.dumps(deployment.to_json(), indent=2))
        return
    head = {"service": service.name, "stage": service.stage, "region": service.region, "stack": service.stack}
    out("\n".join([*(f"{name}: {value}" for name, value in head.items()), str(deployment)]))


def package(
    folder: Folder = ".",
    to: Annotated[str | None, typer.Option("--package", "-p", help="Where to; default: .serverless")] = None,
    stage: Stage = None,
    region: Region = None,
    param: Param = None,
    as_json: Json = False,
) -> None:
    """Writes the zips and the CloudFormation templates, without deploying them."""
    from workshop import serverless
    from workshop.serverless.words import packaged

    service, _ = load(folder, stage, region, param)
    say(f"Packaging {service.name} for stage {service.stage} ({service.region})\n", as_json)
    made = serverless.package(service)
    made.write(Path(to) if to else None)
    for warning in made.warnings:
        complain(f"Warning: {warning}.")
    if as_json:
        typer.echo(json.dumps(made.to_json(), indent=2))
    else:
        out(f"✔ Service packaged ({made.seconds:.2f}s)\n\n{packaged(made)}")


def print_(
    folder: Folder = ".",
    path: Annotated[str, typer.Option("--path", help="Only what stands there, such as provider.stage.")] = "",
    form: Annotated[str, typer.Option("--format", help="yaml, json or text.")] = "yaml",
    stage: Stage = None,
    region: Region = None,
    param: Param = None,
) -> None:
    """Prints the file with its variables resolved; secrets are hidden."""
    from workshop.serverless.printing import as_text

    if form not in ("yaml", "json", "text"):
        raise WorkshopError(f"The format {form!r} is none of yaml, json and text.", used_wrongly=True)
    service, _ = load(folder, stage, region, param)
    out(as_text(service, path, form))


def rollback(
    folder: Folder = ".",
    timestamp: Annotated[str, typer.Option("--timestamp", "-t", help="Which deployment; lists them without.")] = "",
    stage: Stage = None,
    region: Region = None,
    param: Param = None,
) -> None:
    """Goes back to an earlier deployment; without a timestamp, lists them."""
    from workshop import serverless
    from workshop.on_aws import confirm
    from workshop.show import Progress

    service, cloud = load(folder, stage, region, param)
    if not timestamp:
        with hinted(cloud):
            found = serverless.deployments(service)
        for stamp, when, now in found:
            out(f"{stamp}  {when:%Y-%m-%d %H:%M:%S} UTC{'  <- deployed' if now else ''}")
        return
    confirm.before_change(service, f"rolling back the stack {service.stack}")
    with hinted(cloud), interruptible(), Progress(f"Rolling back {service.stack}") as progress:
        deployment = serverless.rollback(service, timestamp, on_step=progress)
    out(f"✔ Service rolled back to timestamp {timestamp} ({deployment.seconds:.2f}s)\n\n{deployment}")


def remove(folder: Folder = ".", stage: Stage = None, region: Region = None, param: Param = None) -> None:
    """Removes a service with everything that deploying it made; its other variables need no value any more."""
    from workshop import serverless
    from workshop.on_aws import confirm
    from workshop.show import Progress

    service, cloud = load(folder, stage, region, param, "to_remove")
    confirm.before_change(service, f"removing the stack {service.stack}")
    out(f"Removing {service.name} from stage {service.stage} ({service.region})\n")
    with hinted(cloud), interruptible(), Progress(f"Removing {service.stack}") as progress:
        removal = serverless.remove(service, on_step=progress)
    out(str(removal))


def load(folder: str, stage: Stage, region: Region, param: Param, how: Literal["load", "to_remove"] = "load") -> Any:
    """Connects, then reads the service, or what removing takes of it. Returns service and cloud."""
    from workshop.cloud.switch import connect_command
    from workshop.on_aws import personal
    from workshop.serverless.service import find_file

    find_file(Path(folder))  # no cloud is started for a folder without a service
    cloud = connect_command()
    return getattr(personal, how)(folder, stage=stage, region=region, params=params(param)), cloud


def params(given: list[str] | None) -> dict[str, str]:
    """`--param name=value`, as a mapping."""
    found = {}
    for text in given or []:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise WorkshopError(f"--param takes name=value, not {text!r}.", used_wrongly=True)
        found[name] = value
    return found


def one_folder(words: list[str]) -> str:
    """The folder among a command's words."""
    if len(words) > 1:
        raise WorkshopError(f"One folder at a time, not {len(words)}: {' '.join(words)}.", used_wrongly=True)
    return words[0] if words else "."


def only_function(service: Any, name: str) -> str:
    """The function named, or the only one there is."""
    if name:
        service.function(name)
        return name
    if len(service.functions) == 1:
        return next(iter(service.functions))
    known = ", ".join(service.functions) or "none"
    raise WorkshopError(f"Which function? {service.name} has: {known}.", fix="Add --function NAME.", used_wrongly=True)


class hinted:
    """Adds to an error that this command had a cloud of its own, where nothing can be deployed yet."""

    def __init__(self, cloud: Any) -> None:
        self.alone = cloud.mode == "local"

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self.alone and isinstance(error, WorkshopError) and "not deployed" in error.what:
            raise WorkshopError(
                f"{error.what} No offline cloud is running, so this command had an empty one of its own.",
                where=error.where,
                fix="Run `workshop up` in another terminal, then deploy.",
            ) from None


class interruptible:
    """Says on Ctrl-C what state that leaves; a cloud of the command's own leaves none."""

    def __init__(self, cloud: Any = None) -> None:
        self.alone = cloud is not None and cloud.mode == "local"

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, KeyboardInterrupt):
            words = "Stopped; the offline cloud of this command ended with it." if self.alone else str(error)
            raise Stopped(words or "Stopped.") from None


def out(text: str) -> None:
    """Prints to standard output, in signs the terminal has."""
    from workshop.serverless.words import fit

    typer.echo(fit(inert(text), sys.stdout))


def say(text: str, quiet: bool) -> None:
    """Prints unless the output is JSON."""
    if not quiet:
        out(text)


def complain(text: str) -> None:
    """Prints to standard error."""
    from workshop.serverless.words import fit

    typer.echo(for_screen(fit(inert(text), sys.stderr), sys.stderr), err=True)
