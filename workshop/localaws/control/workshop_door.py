"""The cloud's own doors under `/_workshop/`: what is there, the clock, the environments, the settings, back to the
start.

Never needed by a reader's code; notebooks and commands use them (docs/architecture.md).
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from typing import TYPE_CHECKING, Any

from workshop.core.errors import WorkshopError
from workshop.localaws.events.clock_door import clock_door
from workshop.localaws.http import Request, Response
from workshop.localaws.lambda_api.runtimes import SUPPORTED

if TYPE_CHECKING:
    from workshop.localaws.aws import LocalAWS

log = logging.getLogger(__name__)
PREFIX = "/_workshop/"
LEAST = {"max_processes": 1, "init_seconds": 0.1}  # with less, no request would ever end
MOST_BODY = 1 << 20


async def handle(aws: LocalAWS, scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer one request."""
    from workshop.localaws.server import TooLarge, read_body, send_response

    try:
        body = await read_body(receive, MOST_BODY)
    except TooLarge:
        response = Response.of_json({"error": f"The body is larger than {MOST_BODY} bytes."}, 413, connection="close")
        await send_response(send, response, scope["method"])
        return
    if body is None:
        return
    request = Request.from_scope(scope, body, aws.settings.region)
    door = DOORS.get(request.path[len(PREFIX) :].rstrip("/").partition("/")[0])
    try:
        response = (
            await door(aws, request) if door else Response.of_json({"error": f"There is no {request.path}."}, 404)
        )
    except WorkshopError as error:
        response = Response.of_json({"error": error.paragraph()}, 400)
    except ValueError as error:
        response = Response.of_json({"error": f"The body is not the JSON expected here: {error}"}, 400)
    except Exception as error:  # a fault of ours: said with its kind, and the cloud's log has the rest
        log.exception("%s %s", request.method, request.path)
        response = Response.of_json({"error": f"{type(error).__name__}: {error}"}, 500)
    await send_response(send, response, request.method)


async def status(aws: LocalAWS, _: Request) -> Response:
    """Where things are and whether a first deploy would not wait."""
    return Response.of_json(
        {
            "ready": aws.server.is_open,
            "aws": aws.url,
            "region": aws.settings.region,
            "account": aws.settings.account,
            "partners": aws.partners,
            "services": ["lambda", "cloudformation", "apigateway", "s3", "iam", "logs"],
            "folders": aws.engine.launches.folders,
            "functions": aws.engine.launches.reach,
        }
    )


async def clock(aws: LocalAWS, request: Request) -> Response:
    """The time, and moving it."""
    return Response.of_json(await clock_door(aws.clock, request.json() if request.method == "POST" else None))


async def environments(aws: LocalAWS, _: Request) -> Response:
    """The live execution environments: those idle for too long by the clock, which may just have moved, are gone."""
    aws.engine.reap()
    return Response.of_json({"environments": aws.engine.environments()})


async def invocations(aws: LocalAWS, request: Request) -> Response:
    """Who ran where and when, for timelines: finished requests that started after `since` (epoch seconds)."""
    return Response.of_json({"invocations": aws.sink.since(float(request.arguments.get("since") or 0))})


async def settings(aws: LocalAWS, request: Request) -> Response:
    """The settings, and changing some of them."""
    engine = aws.engine.settings
    known: dict[str, Any] = {field.name: engine for field in dataclasses.fields(engine)}
    known |= dict.fromkeys(("enforce_iam", "retry_seconds", "transaction_seconds"), aws.settings)
    if request.method == "POST":
        wanted = request.json()
        if not isinstance(wanted, dict):
            raise WorkshopError("Settings are a JSON object.", fix='Send something like {"idle_seconds": 60}.')
        changes = {name: checked(name, known, value) for name, value in wanted.items()}
        for name, value in changes.items():
            setattr(known[name], name, value)
        aws.queue.waits = aws.settings.retry_seconds
    return Response.of_json({name: getattr(holder, name) for name, holder in known.items()})


def checked(name: str, known: dict[str, Any], value: Any) -> Any:
    """A setting's value, of the kind it has.

    Raises:
        WorkshopError: no such setting, or a value of another kind.
    """
    if name not in known:
        raise WorkshopError(f"There is no setting {name!r}.", fix=f"Known are {', '.join(sorted(known))}.")
    now = getattr(known[name], name)
    if name == "isolation" and value != now:
        raise WorkshopError("isolation is decided when the cloud starts.", fix="Folders: see /_workshop/status.")
    wrong = WorkshopError(f"{name} cannot be {value!r}.", fix=f"It is {now!r} now.")
    if isinstance(now, tuple):
        if not isinstance(value, list) or len(value) != len(now) or not all(_positive(each) for each in value):
            raise wrong
        return tuple(float(each) for each in value)
    if isinstance(now, (bool, str)):
        if type(value) is not type(now):
            raise wrong
        return value
    if not _positive(value) or value < LEAST.get(name, 0) or (isinstance(now, int) and not float(value).is_integer()):
        raise wrong
    return type(now)(value)


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


async def calls(aws: LocalAWS, request: Request) -> Response:
    """Which permissions the reader's calls would have needed on AWS; POST `{"record": true}` begins to keep them."""
    await asyncio.to_thread(aws.ready.wait, 60)
    recorder = aws.iam.recorder
    if request.method == "POST":
        await asyncio.to_thread(aws.warming.join, 60)  # the cloud's own first calls are nobody's
        wanted = request.json()
        if not isinstance(wanted, dict) or not isinstance(wanted.get("record"), bool):
            raise WorkshopError('The recorder is told {"record": true} or false.', fix="Send that.")
        recorder.switch(wanted["record"])
    return Response.of_json({"record": recorder.on, "calls": recorder.calls()})


async def runtimes(aws: LocalAWS, _: Request) -> Response:
    """Every runtime AWS takes: can this machine run it, and is it with another version's interpreter?"""

    def told(runtime: str) -> dict[str, Any]:
        try:
            return {"available": True, "warning": aws.engine.check_runtime(runtime) or ""}
        except WorkshopError as error:
            return {"available": False, "warning": error.paragraph()}

    found = await asyncio.to_thread(lambda: {runtime: told(runtime) for runtime in SUPPORTED})
    return Response.of_json({"runtimes": found})


async def reset(aws: LocalAWS, request: Request) -> Response:
    """Back to the first state: nothing deployed, nobody running, real time."""
    if request.method != "POST":
        return Response.of_json({"error": "Resetting is a POST."}, 405)
    await aws.reset()
    return Response.of_json({"reset": True})


async def code(aws: LocalAWS, request: Request) -> Response:
    """A package's zip: where GetFunction's and GetLayerVersion's links lead."""
    data = await asyncio.to_thread(aws.service.packages.zip_named, request.path.rpartition("/")[2])
    if data is None:
        return Response.of_json({"error": "There is no such package."}, 404)
    return Response(200, data, {"content-type": "application/zip"})


DOORS = {
    "status": status,
    "clock": clock,
    "environments": environments,
    "invocations": invocations,
    "settings": settings,
    "calls": calls,
    "runtimes": runtimes,
    "reset": reset,
    "code": code,
}
