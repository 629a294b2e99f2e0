"""What a lesson does with a service: the deploy tool's commands, drawn live, in the notebook's words.

Each function is one call into `workshop.serverless` with the progress of `workshop.show` around it; `folder` is a
service's folder, as on the command line.
"""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Callable, Iterator
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from workshop import serverless, show
from workshop.cloud.beside import SERVED_HERE, beside
from workshop.cloud.clouds import Cloud
from workshop.cloud.switch import connect, is_elsewhere
from workshop.core import doors, text_files
from workshop.core.errors import WorkshopError
from workshop.core.paths import folder_name, inside, is_file, is_folder, path_of, set_aside, shown
from workshop.core.telling import in_notebook
from workshop.on_aws import arrivals, confirm, deliveries, offer, personal, queue_waits
from workshop.serverless import creating
from workshop.show.views import shortened

ROOT = Path(__file__).resolve().parent.parent
MY_WORK = ROOT / "my_work"  # what a reader makes; not kept in git


def _explained(error: BaseException) -> WorkshopError | None:
    """What boto3 raises, in a paragraph."""
    if not type(error).__module__.startswith(("botocore", "boto3")) or not isinstance(error, Exception):
        return None
    from workshop.core.aws_errors import trouble

    return trouble(error)


door = doors.door(explain=_explained)


def find(folder: str | Path) -> Path:
    """A service's folder, named from the checkout (`demo_lambdas/hello_world`) or from where the notebook runs.

    Raises:
        WorkshopError: there is no such folder.
    """
    given = path_of(folder, "a service's folder")
    for path in (given, ROOT / given, MY_WORK / given):
        if is_folder(path):
            return path.resolve()
    raise WorkshopError(
        f"There is no folder {shown(str(folder))}.", fix="Name a service's folder, such as demo_lambdas/hello_world."
    )


@door
def create(name: str, template: str = "hello-world") -> Path:
    """A new service from a template, in `my_work/<name>`. What an earlier try left there is kept beside it.

    Args:
        name: the service's name, lower case with hyphens.
        template: see `workshop create --list`.

    Returns:
        The new folder.

    Raises:
        WorkshopError: the name is no name, or there is no such template; nothing was changed.
    """
    target = MY_WORK / folder_name(name, "a service's name")
    creating.checked(template, target, name)
    MY_WORK.mkdir(exist_ok=True)
    if os.path.lexists(target):
        set_aside(target)
    serverless.create(template, target, name=name)
    return target


@door
def read(path: str | Path, lines: tuple[int, int] | None = None) -> show.Code:
    """A file, coloured; `lines` first and last, counted from 1."""
    return show.Code(locate(path), lines=lines)


@door
def edit(path: str | Path, before: str, after: str) -> show.Diff:
    """Changes a file as one would in an editor, and shows the difference. Doing it twice does no harm.

    Args:
        path: the file.
        before: a piece of its text that stands there once.
        after: what takes its place.

    Raises:
        WorkshopError: the file lies outside of this checkout, or the piece is not there, or there more than once;
            nothing is changed.
    """
    file = inside(locate(path), [MY_WORK, ROOT], what=shown(str(path)))
    if not before:
        raise WorkshopError("edit() needs a piece of the file's text to look for, not nothing.", used_wrongly=True)
    was = text_files.load(file, file.name)
    old = was.text
    count = old.count(before)
    if count == 0 and old.count(after) == 1:
        return show.Diff(old.replace(after, before), old, file.name)
    if count != 1:
        raise WorkshopError(
            f"{file.name} holds {shown(before)} {count} times; to change it here it must stand there once.",
            fix="Open the file and change it by hand, or make it anew.",
        )
    new = old.replace(before, after)
    text_files.write(file, new, was)
    return show.Diff(old, new, file.name)


def locate(path: str | Path) -> Path:
    """A file, named from the checkout, from `my_work` or from where the notebook runs."""
    given = path_of(path)
    for file in (given, ROOT / given, MY_WORK / given):
        if is_file(file):
            return file
    raise WorkshopError(
        f"There is no file {shown(str(path))}.", fix="Check the name; it is looked for from the checkout's top."
    )


@door
def deploy(folder: str | Path, *, stage: str | None = None, quiet: bool = False, force: bool = False) -> Any:
    """Deploys a service and draws what happens, resource by resource.

    Args:
        folder: the service's folder.
        stage: overrides the one in `serverless.yml`.
        quiet: draw nothing.
        force: deploy although nothing changed.

    Returns:
        The deployment: `.endpoints`, `.functions`, `.layers`, `.outputs`, `.seconds`, `.changed`.
    """
    service = personal.load(find(folder), stage=stage)
    confirm.before_deploy(service)
    with show.Progress(f"Deploying {service.stack}", quiet=quiet) as progress:
        deployment = serverless.deploy(service, on_step=progress, force=force)
    if is_elsewhere():
        queue_waits.shorten(deployment)
    return deployment


@door
def remove(folder: str | Path, *, stage: str | None = None, quiet: bool = False) -> None:
    """Removes a service with everything that deploying it made. On AWS, says what is left there of the reader's.

    Variables of its file that only deploying needs may stand for something that is gone.
    """
    try:
        service = personal.to_remove(find(folder), stage=stage)
        confirm.before_change(service, f"removing the stack {service.stack}")
        with show.Progress(f"Removing {service.stack}", quiet=quiet) as progress:
            serverless.remove(service, on_step=progress)
    finally:
        offer.what_is_left()


@door
def info(folder: str | Path, *, stage: str | None = None) -> Any:
    """What is deployed of a service: endpoints, functions, layers, outputs."""
    return serverless.info(personal.load(find(folder), stage=stage))


@door
def invoke(
    folder: str | Path,
    function: str,
    data: Any = None,
    *,
    stage: str | None = None,
    asynchronous: bool = False,
    qualifier: str = "",
) -> Any:
    """Invokes a function past the API, as `workshop invoke` does. Returns its answer.

    Args:
        folder: the service's folder.
        function: the function's name in `serverless.yml`.
        data: its event: anything that JSON can say.
        stage: overrides the one in `serverless.yml`.
        asynchronous: only queue it; the answer is empty.
        qualifier: a version or an alias.
    """
    doors.as_json(data, "The event")
    service = personal.load(find(folder), stage=stage)
    return serverless.invoke(service, function, data, asynchronous=asynchronous, qualifier=qualifier)


@door
def logs(
    folder: str | Path,
    function: str,
    *,
    stage: str | None = None,
    since: str | datetime | None = None,
    pattern: str = "",
    last: int | None = None,
    follow: bool = False,
) -> Iterator[Any]:
    """A function's log events, oldest first.

    Args:
        folder: the service's folder.
        function: the function's name in `serverless.yml`.
        stage: overrides the one in `serverless.yml`.
        since: an age such as `10m`, or a time.
        pattern: a CloudWatch filter pattern, such as `ERROR`.
        last: only the last so many.
        follow: go on for ever, as new events come.
    """
    service = personal.load(find(folder), stage=stage)
    return serverless.logs(service, function, since=since, pattern=pattern, last=last, follow=follow)


@door
def metrics(
    folder: str | Path, function: str = "", *, stage: str | None = None, since: str | datetime | None = None
) -> Any:
    """A service's CloudWatch figures.

    Args:
        folder: the service's folder.
        function: only this one.
        stage: overrides the one in `serverless.yml`.
        since: an age such as `24h`, or a time.
    """
    service = personal.load(find(folder), stage=stage)
    if function:
        service.function(function)
    return serverless.metrics(service, function, since=since)


@door
def package(folder: str | Path, *, stage: str | None = None) -> Any:
    """What a deploy would upload: templates and zips."""
    return serverless.package(personal.load(find(folder), stage=stage))


@door
def offline(*folders: str | Path, port: int | None = None, stage: str | None = None, watch: bool = True) -> Any:
    """Serves services on this machine for as long as the `with` block runs; edits are live at the next request.

    Args:
        folders: the services' folders.
        port: 0 takes any free one; without it 3000, or any free one when that is taken.
        stage: overrides the one in `serverless.yml`.
        watch: put edits live at the next request.

    Connected to AWS, or to another emulator, it starts an offline cloud for itself: see `workshop.cloud.beside`.
    """
    if not folders:
        raise WorkshopError("offline() serves a service's folder, and none was named.", used_wrongly=True)
    if port is not None and not 0 <= port < 65536:
        raise WorkshopError(f"There is no port {shown(port)}.", fix="Ports go from 0 to 65535.", used_wrongly=True)
    found = [find(folder) for folder in folders]
    own = beside(connect(), SERVED_HERE)
    return serverless.offline(*found, port=port, stage=stage, watch=watch, read=personal.load, cloud=own)


@door
def resources(deployment: Any) -> show.Table:
    """What CloudFormation made for a deployment, from the stack itself.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html
    """
    import boto3

    stack = getattr(deployment, "stack", deployment)
    if not isinstance(stack, str) or not re.fullmatch(r"[\w:/.-]{1,300}", stack, re.ASCII):
        raise WorkshopError(
            f"resources() takes what deploy() returned, or a stack's name, not {shown(deployment)}.", used_wrongly=True
        )
    pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    found = [resource for page in pages for resource in page["StackResourceSummaries"]]
    rows = [
        (shortened(one["LogicalResourceId"]), one["ResourceType"].removeprefix("AWS::"), one["ResourceStatus"])
        for one in found
    ]
    return show.Table(rows, ["logical id", "type", "status"])


@door
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

    address = getattr(url, "url", url)
    if not isinstance(address, str) or not address.lower().startswith(("http://", "https://")):
        raise WorkshopError(
            f"{shown(url)} is no address to call.",
            fix="Give an endpoint of a deployment, or text that begins with http://",
            used_wrongly=True,
        )
    if json is not None:
        doors.as_json(json, "The body")

    def send() -> Any:
        return httpx.request(method, address, json=json, headers=headers, timeout=60, **options)

    try:
        response = arrivals.answered(send) if hasattr(url, "url") else send()
    except (httpx.InvalidURL, TypeError, ValueError) as error:  # a header, a parameter, a port that cannot be sent
        raise WorkshopError(f"The request to {shown(address)} cannot be sent: {error}.", used_wrongly=True) from None
    except httpx.HTTPError as error:
        raise WorkshopError(
            f"{address} does not answer ({error}).", fix="Is the service deployed, and offline running?"
        ) from None
    if hasattr(url, "url"):
        deliveries.note(response.headers.get("date", ""))
    view: Any = show.Http(response)
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


@door
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


@door
def preflight(cloud: Any = None) -> show.Checks | None:
    """Is this machine ready? The same checks as `workshop doctor`; in a notebook drawn as they are found.

    Args:
        cloud: what `connect()` gave.

    Returns:
        The checks; None in a notebook, where they have been drawn already.
    """
    from workshop.doctor import checks

    if cloud is not None and not isinstance(cloud, Cloud):
        raise WorkshopError(f"preflight() takes what connect() gave, not {shown(cloud)}.", used_wrongly=True)
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
