"""What a lesson does with a service: the deploy tool's commands, drawn live, in the notebook's words.

Each function is one call into `workshop.serverless` with the progress of `workshop.show` around it; `folder` is a
service's folder, as on the command line.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from workshop import serverless, show
from workshop.cloud.beside import SERVED_HERE, beside
from workshop.cloud.switch import connect, is_elsewhere
from workshop.core.errors import WorkshopError
from workshop.core.telling import in_notebook
from workshop.on_aws import arrivals, confirm, deliveries, offer, personal, queue_waits
from workshop.show.views import shortened

ROOT = Path(__file__).resolve().parent.parent
MY_WORK = ROOT / "my_work"  # what a reader makes; not kept in git


def find(folder: str | Path) -> Path:
    """A service's folder, named from the checkout (`demo_lambdas/hello_world`) or from where the notebook runs.

    Raises:
        WorkshopError: there is no such folder.
    """
    for path in (Path(folder), ROOT / folder, MY_WORK / folder):
        if path.is_dir():
            return path.resolve()
    raise WorkshopError(
        f"There is no folder {folder}.", fix="Name a service's folder, such as demo_lambdas/hello_world."
    )


def create(name: str, template: str = "hello-world") -> Path:
    """A new service from a template, in `my_work/<name>`. What an earlier try left there is kept beside it.

    Args:
        name: the service's name, lower case with hyphens.
        template: see `workshop create --list`.

    Returns:
        The new folder.
    """
    target = MY_WORK / name
    if target.exists():
        number = 1
        while (aside := MY_WORK / f"{name}.{number}").exists():
            number += 1
        if any(path.is_file() and "__pycache__" not in path.parts for path in target.rglob("*")):
            target.rename(aside)
        else:
            shutil.rmtree(target)
    MY_WORK.mkdir(exist_ok=True)
    serverless.create(template, target, name=name)
    return target


def read(path: str | Path, lines: tuple[int, int] | None = None) -> show.Code:
    """A file, coloured; `lines` first and last, counted from 1."""
    return show.Code(locate(path), lines=lines)


def edit(path: str | Path, before: str, after: str) -> show.Diff:
    """Changes a file as one would in an editor, and shows the difference. Doing it twice does no harm.

    Args:
        path: the file.
        before: a piece of its text that stands there once.
        after: what takes its place.

    Raises:
        WorkshopError: the piece is not there, or there more than once; nothing is changed.
    """
    file = locate(path)
    old = file.read_text(encoding="utf-8")
    count = old.count(before)
    if count == 0 and old.count(after) == 1:
        return show.Diff(old.replace(after, before), old, file.name)
    if count != 1:
        raise WorkshopError(
            f"{file.name} holds {before!r} {count} times; to change it here it must stand there once.",
            fix="Open the file and change it by hand, or make it anew.",
        )
    new = old.replace(before, after)
    file.write_text(new, encoding="utf-8")
    return show.Diff(old, new, file.name)


def locate(path: str | Path) -> Path:
    """A file, named from the checkout, from `my_work` or from where the notebook runs."""
    for file in (Path(path), ROOT / path, MY_WORK / path):
        if file.is_file():
            return file
    raise WorkshopError(f"There is no file {path}.", fix="Check the name; it is looked for from the checkout's top.")


def deploy(folder: str | Path, *, stage: str | None = None, quiet: bool = False, **options: Any) -> Any:
    """Deploys a service and draws what happens, resource by resource.

    Args:
        folder: the service's folder.
        stage: overrides the one in `serverless.yml`.
        quiet: draw nothing.

    Returns:
        The deployment: `.endpoints`, `.functions`, `.layers`, `.outputs`, `.seconds`, `.changed`.
    """
    service = personal.load(find(folder), stage=stage)
    confirm.before_deploy(service)
    with show.Progress(f"Deploying {service.stack}", quiet=quiet) as progress:
        deployment = serverless.deploy(service, on_step=progress, **options)
    if is_elsewhere():
        queue_waits.shorten(deployment)
    return deployment


def remove(folder: str | Path, *, stage: str | None = None, quiet: bool = False) -> None:
    """Removes a service with everything that deploying it made. On AWS, says what is left there of the reader's.

    Variables of its file that only deploying needs may stand for something that is gone.
    """
    try:
        service = personal.to_remove(find(folder), stage=stage)
        with show.Progress(f"Removing {service.stack}", quiet=quiet) as progress:
            serverless.remove(service, on_step=progress)
    finally:
        offer.what_is_left()


def info(folder: str | Path, *, stage: str | None = None) -> Any:
    """What is deployed of a service: endpoints, functions, layers, outputs."""
    return serverless.info(personal.load(find(folder), stage=stage))


def invoke(folder: str | Path, function: str, data: Any = None, *, stage: str | None = None, **options: Any) -> Any:
    """Invokes a function past the API, as `workshop invoke` does. Returns its answer."""
    return serverless.invoke(personal.load(find(folder), stage=stage), function, data, **options)


def logs(folder: str | Path, function: str, *, stage: str | None = None, **options: Any) -> Iterator[Any]:
    """A function's log events, oldest first."""
    return serverless.logs(personal.load(find(folder), stage=stage), function, **options)


def metrics(folder: str | Path, *, stage: str | None = None, **options: Any) -> Any:
    """A service's CloudWatch figures."""
    return serverless.metrics(personal.load(find(folder), stage=stage), **options)


def package(folder: str | Path, *, stage: str | None = None) -> Any:
    """What a deploy would upload: templates and zips."""
    return serverless.package(personal.load(find(folder), stage=stage))


def offline(*folders: str | Path, **options: Any) -> Any:
    """Serves services on this machine for as long as the `with` block runs; edits are live at the next request.

    Connected to AWS, or to another emulator, it starts an offline cloud for itself: see `workshop.cloud.beside`.
    """
    own = beside(connect(), SERVED_HERE)
    return serverless.offline(*[find(folder) for folder in folders], read=personal.load, cloud=own, **options)


def resources(deployment: Any) -> show.Table:
    """What CloudFormation made for a deployment, from the stack itself.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html
    """
    import boto3

    stack = getattr(deployment, "stack", deployment)
    pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    found = [resource for page in pages for resource in page["StackResourceSummaries"]]
    rows = [
        (shortened(one["LogicalResourceId"]), one["ResourceType"].removeprefix("AWS::"), one["ResourceStatus"])
        for one in found
    ]
    return show.Table(rows, ["logical id", "type", "status"])


def call(
    url: Any, method: str = "GET", *, json: Any = None, headers: dict[str, str] | None = None, **options: Any
) -> show.Http:
    """One HTTP request, with httpx, shown as an exchange; the answer itself is `.response`.

    Args:
        url: an address, or an endpoint of a deployment.
        method: GET, POST, …
        json: a body to send as JSON.
    """
    import httpx

    address = str(getattr(url, "url", url))

    def send() -> Any:
        return httpx.request(method, address, json=json, headers=headers, timeout=60, **options)

    try:
        response = arrivals.answered(send) if hasattr(url, "url") else send()
    except httpx.HTTPError as error:
        raise WorkshopError(
            f"{address} does not answer ({error}).", fix="Is the service deployed, and offline running?"
        ) from None
    if hasattr(url, "url"):
        deliveries.note(response.headers.get("date", ""))
    view = show.Http(response)
    view.response = response
    return view


class Refusal(show.View):
    """What was refused, and why: one paragraph, as the command line prints it."""

    def __init__(self, error: WorkshopError) -> None:
        self.error = error

    def __str__(self) -> str:
        return textwrap.fill(f"Refused. {self.error.paragraph()}", 88)

    def html(self) -> str:
        look = "border-left:4px solid #b45309;padding:2px 12px;margin:4px 0;max-width:60em"
        return f'<div style="{look}"><b>Refused.</b> {escape(self.error.paragraph())}</div>'


def refused(work: Callable[..., Any], *arguments: Any, **options: Any) -> Refusal:
    """Does what is meant to be refused, and shows the refusal.

    Args:
        work: a function of the workshop, such as `deploy`; then its arguments.

    Raises:
        AssertionError: it was not refused.
    """
    try:
        work(*arguments, **options)
    except WorkshopError as error:
        return Refusal(error)
    raise AssertionError(f"{getattr(work, '__name__', work)} was expected to be refused, and was not")


def preflight(cloud: Any = None) -> show.Checks | None:
    """Is this machine ready? The same checks as `workshop doctor`; in a notebook drawn as they are found.

    Args:
        cloud: what `connect()` gave.

    Returns:
        The checks; None in a notebook, where they have been drawn already.
    """
    from workshop.doctor import checks

    found: list[show.Check] = []
    handle = None
    for check in checks(cloud):
        found.append(check)
        view = show.Checks(found, "Preflight")
        if not in_notebook():
            continue
        if handle is None:
            from IPython.display import display

            handle = display(view, display_id=True)
        else:
            handle.update(view)
    return None if handle is not None else show.Checks(found, "Preflight")
