"""What graders ask of a deployed service: over HTTP, and of AWS by boto3. Faults come back as words to the reader."""

from __future__ import annotations

import json
import math
from typing import Any
from urllib.parse import urlsplit

import httpx

from workshop.exercises.exercise import NotYet, need, shown
from workshop.on_aws import arrivals
from workshop.on_aws.names import suffix
from workshop.on_aws.personal import with_suffix

ARRIVAL_SECONDS = 10.0  # what is not there after these was not deployed, as far as a reader cares


def address(answer: Any) -> str:
    """The address in an answer: a text, an endpoint of a deployment, or a call that was shown.

    Raises:
        NotYet: it is none of these.
    """
    if isinstance(answer, list | tuple) and len(answer) == 1:
        answer = answer[0]
    response = getattr(answer, "response", None)
    if response is not None:
        return str(response.url)
    if hasattr(answer, "endpoints"):
        count = len(answer.endpoints)
        need(count == 1, f"That is a whole deployment, with {count} endpoints. Pick one: `.endpoints[…]`")
        answer = answer.endpoints[0]
    text = str(getattr(answer, "url", answer)).strip()
    try:
        whole = urlsplit(text).scheme in ("http", "https") and urlsplit(text).hostname
    except ValueError:  # a bracket that is never closed, for example
        whole = False
    need(whole, f"{shown(answer)} is not a whole address. An address begins with http, as `deploy` prints it.")
    return text


def ask(url: str, method: str = "GET", **options: Any) -> httpx.Response:
    """One HTTP request.

    On AWS it is sent again for some seconds while API Gateway does not know what was deployed a moment ago.

    Raises:
        NotYet: nobody answers there, or not within half a minute.
    """

    def send() -> httpx.Response:
        return httpx.request(method, url, **{"timeout": 30, "trust_env": False} | options)

    try:
        return arrivals.answered(send, seconds=ARRIVAL_SECONDS)
    except httpx.TimeoutException:
        raise NotYet(f"{method} {url} did not answer within 30 seconds.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotYet(f"Nobody answers at {url} ({error}). Is it the address of a service that runs?") from None


def expect(response: httpx.Response, status: int, words: str = "") -> None:
    """The status that an exercise wants, or words for the one that came.

    Raises:
        NotYet: another status; the known ones are explained.
    """
    if response.status_code == status:
        return
    explained = {
        403: "API Gateway does not know this path and method. Does `serverless.yml` have it, and was it deployed?",
        404: "there is nothing at this path. Look at the path, and at the method.",
        500: "the function failed. Its log has the traceback.",
        502: "the function crashed, or returned something that is not a proxy answer. Its log has the traceback.",
        504: "the function took too long.",
    }.get(response.status_code, "")
    request = f"{response.request.method} {response.request.url.raw_path.decode()}"
    more = f": {explained}" if explained else "."
    raise NotYet(f"{request} answers {response.status_code}, not {status}{more} {words}".rstrip())


def body_of(response: httpx.Response) -> Any:
    """An answer's body, parsed.

    Raises:
        NotYet: it is not JSON.
    """
    try:
        return response.json()
    except ValueError:
        body = response.text[:80]
        raise NotYet(f"The body is not JSON: {body!r}. `json.dumps` makes JSON of a dictionary.") from None


def aws(service: str) -> Any:
    """A boto3 client that does not wait long for a function."""
    import boto3

    client: Any = boto3.client  # its type knows only services spelled out
    return client(service)


def own_stage(stage: str) -> str:
    """A stage as this reader has it: `dev`, or `dev-k3f9` where names carry a suffix."""
    return with_suffix(stage, suffix()) if suffix() else stage


def stack_of(answer: Any) -> str:
    """A stack's name, from a deployment or a text."""
    return str(getattr(answer, "stack", answer))


def function_in(answer: Any) -> str:
    """A function's name, from a deployment with a single function, an ARN or a name.

    Raises:
        NotYet: the deployment has several.
    """
    functions = getattr(answer, "functions", None)
    if functions:
        need(len(functions) == 1, f"That service has {len(functions)} functions. Name one of them.")
        answer = next(iter(functions.values()))
    need(isinstance(answer, str), f"The answer is {shown(answer)}. Pass what deploy returned, or a function's name.")
    need(len(answer) <= 170, f"{shown(answer)} is longer than any function's name.")
    return str(answer).partition(":function:")[2] or str(answer)


def invoke(name: str, event: Any) -> tuple[Any, str]:
    """Invokes a function and waits. Returns its answer and the kind of error, empty when it did not fail."""
    done = aws("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    return json.loads(done["Payload"].read() or b"null"), done.get("FunctionError", "")


def log_lines(name: str) -> list[str]:
    """Everything a function has written, oldest first; empty when it never ran."""
    logs = aws("logs")
    try:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
        return [event["message"] for page in pages for event in page["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def called(function: Any, *arguments: Any, what: str = "") -> Any:
    """What a reader's own function returns.

    Raises:
        NotYet: it is no function, or it failed; says with what.
    """
    need(callable(function), f"The answer is {shown(function)}, not a function. Pass its name, without brackets.")
    given = what or ", ".join(repr(argument)[:60] for argument in arguments)
    name = getattr(function, "__name__", "the function")
    try:
        return function(*arguments)
    except NotYet:
        raise
    except (Exception, SystemExit) as error:
        raise NotYet(f"{name}({given}) fails: {type(error).__name__}: {error}") from None


def number(answer: Any, unit: str = "") -> float:
    """An answer as a number.

    Raises:
        NotYet: it is none.
    """
    need(
        isinstance(answer, int | float) and not isinstance(answer, bool) and math.isfinite(answer),
        f"The answer is {shown(answer)}. A plain number{f' of {unit}' if unit else ''} is wanted, such as 42.",
    )
    return answer


def role_policies(function: str) -> list[dict[str, Any]]:
    """The statements that say what a function's role may do."""
    role = aws("lambda").get_function_configuration(FunctionName=function)["Role"].rpartition("/")[2]
    iam, found = aws("iam"), []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        statements = document["Statement"]
        found += statements if isinstance(statements, list) else [statements]
    return found
