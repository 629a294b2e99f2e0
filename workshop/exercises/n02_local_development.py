"""Exercises of notebook 02: an edit that is live at once, a path that is not there, two stages."""

from __future__ import annotations

from typing import Any

from workshop.exercises.asking import address, ask, aws, body_of, expect, number, own_stage
from workshop.exercises.exercise import Attempt, Exercise, NotYet, Untouched, need, shown

LESSON = """from workshop import create, deploy, edit, offline

create("local-hello")"""
HANDLER = '"my_work/local-hello/handler.py"'


def message_at(url: str) -> Any:
    """What an address says in its `message`."""
    response = ask(url)
    expect(response, 200)
    body = body_of(response)
    need(isinstance(body, dict) and "message" in body, f"The body is {shown(body)}; it has no `message`.")
    return body["message"]


def grade_live_edit(answer: Any) -> str:
    """`offline` serves /hello, with words that were edited and not deployed."""
    url = address(answer)
    need(
        "/_aws/" not in url and "amazonaws" not in url,
        "That is the address of something deployed. `offline(…).start()` has an address of its own: its `.url`.",
    )
    base = url.rstrip("/").removesuffix("/hello")
    message = message_at(base + "/hello")
    if message == "Hello, world!":
        raise Untouched("/hello still says 'Hello, world!'. Edit the handler while `offline` runs.")
    need(isinstance(message, str) and message.strip(), f"The message is {shown(message)}. Let it be a few words.")
    return f"/hello says {shown(message)} at the next request, and nobody deployed."


live_edit = Exercise(
    name="live_edit",
    title="Live at once",
    task="Start `offline` on `my_work/local-hello`, change what `/hello` says, and give its `.url`.",
    nudge="`offline(folder).start()` goes on beside the notebook. Edit the file with `edit(…)` or in JupyterLab.",
    before=LESSON,
    solved=f"""local = offline("my_work/local-hello").start()
edit({HANDLER}, "Hello, world!", "Hello, me!")
exercises.live_edit.check(local.url)""",
    grade=grade_live_edit,
    wrong=(
        Attempt(
            'exercises.live_edit.check(deploy("my_work/local-hello").endpoints[0])',
            "address of something deployed",
        ),
        Attempt(
            f"""local = offline("my_work/local-hello").start()
edit({HANDLER}, '"statusCode": 200', '"statusCode": 1 / 0')
exercises.live_edit.check(local.url)""",
            "not 200",
        ),
        Attempt(
            """local = offline("my_work/local-hello").start()
local.stop()
exercises.live_edit.check(local.url)""",
            "Nobody answers",
        ),
    ),
)


def grade_unknown_path(answer: Any) -> str:
    """403, and the reader knows why."""
    status = number(answer)
    need(status != 404, "404 is what `offline` says, to help you. API Gateway on AWS says something else.")
    need(status != 401, "401 would ask who you are. API Gateway does not even know whom to ask: another number.")
    need(status == 403, f"{status} is not it. The notebook shows it on the last line of offline's answer.")
    return "403, Missing Authentication Token. Nothing is wrong with a token: the path is wrong."


unknown_path = Exercise(
    name="unknown_path",
    title="The wrong path",
    task="Somebody calls a path that you never deployed. Which status does API Gateway on AWS answer? (A number.)",
    nudge="It puzzles many people, because it speaks of a token.",
    solved="exercises.unknown_path.check(403)",
    grade=grade_unknown_path,
    wrong=(
        Attempt("exercises.unknown_path.check(404)", "what `offline` says"),
        Attempt("exercises.unknown_path.check(401)", "who you are"),
        Attempt('exercises.unknown_path.check("forbidden")', "A plain number"),
    ),
)


def api_of(stack: str) -> str:
    """The number of a stack's API, from its address.

    Raises:
        NotYet: there is no such stack.
    """
    cloudformation = aws("cloudformation")
    try:
        [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except cloudformation.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":  # what CloudFormation says of a name it does not know
            raise
        raise NotYet(f"There is no stack {stack}. Deploy both stages, and leave them.") from None
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
    need("ServiceEndpoint" in outputs, f"The stack {stack} has no API. Deploy `my_work/local-hello` as it was made.")
    return outputs["ServiceEndpoint"].partition("//")[2].partition(".")[0]


def grade_two_stages(answer: Any) -> str:
    """`dev` and `test` both answer, and say different things."""
    stack, endpoints = getattr(answer, "stack", ""), getattr(answer, "endpoints", [])
    need(stack and endpoints, f'The answer is {shown(answer)}. Pass what `deploy(…, stage="test")` returned.')
    dev_stage, test_stage = own_stage("dev"), own_stage("test")
    need(
        stack.endswith(f"-{test_stage}"),
        f"That is the stack {stack}. The one of the stage `test` ends in -{test_stage}.",
    )
    other = stack.removesuffix(test_stage) + dev_stage
    url, api, api_of_dev = str(endpoints[0].url), api_of(stack), api_of(other)
    test, dev = message_at(url), message_at(url.replace(api, api_of_dev).replace(f"/{test_stage}/", f"/{dev_stage}/"))
    need(test != dev, f"Both say {test!r}. Edit the handler between the two deploys.")
    return f"dev says {dev!r}, test says {test!r}: two copies that live on their own."


two_stages = Exercise(
    name="two_stages",
    title="Two stages",
    stretch=True,
    task="Deploy `my_work/local-hello` so that its stage `dev` and its stage `test` say different things. "
    "Pass what the deploy of `test` returned.",
    nudge="A deploy sends the files as they are now. So: deploy one stage, edit, deploy the other.",
    before=LESSON,
    solved=f"""deploy("my_work/local-hello")
edit({HANDLER}, "Hello, world!", "Hello, testers!")
exercises.two_stages.check(deploy("my_work/local-hello", stage="test"))""",
    grade=grade_two_stages,
    wrong=(
        Attempt(
            """deploy("my_work/local-hello")
exercises.two_stages.check(deploy("my_work/local-hello", stage="test"))""",
            "Both say 'Hello, world!'",
        ),
        Attempt('exercises.two_stages.check(deploy("my_work/local-hello", stage="test"))', "local-hello-dev"),
        Attempt('exercises.two_stages.check(deploy("my_work/local-hello"))', "ends in -test"),
        Attempt('exercises.two_stages.check("test")', "Pass what `deploy"),
    ),
)
