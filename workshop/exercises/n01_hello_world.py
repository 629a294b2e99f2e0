"""Exercises of notebook 01: another address, another status, an answer that depends on the question."""

from __future__ import annotations

from typing import Any

from workshop.exercises.asking import address, ask, body_of, expect
from workshop.exercises.exercise import Attempt, Exercise, Untouched, need, shown

LESSON = """from workshop import call, create, deploy, edit

folder = create("hello-world")
hello = deploy("my_work/hello-world")"""


def grade_second_address(answer: Any) -> str:
    """`/hi` answers as `/hello` does, and `/hello` still answers."""
    url = address(answer)
    path = url.split("?")[0].rstrip("/")
    need(not path.endswith("/hello"), "That address ends in /hello, the one that was there before. Where is /hi?")
    need(path.endswith("/hi"), f"That address ends in /{path.rpartition('/')[2]}; the new one shall end in /hi.")
    new = ask(url)
    expect(new, 200)
    old = ask(path.removesuffix("/hi") + "/hello")
    expect(old, 200, "Both addresses shall answer: add an event, replace none.")
    need(
        isinstance(body_of(new), dict) and body_of(new).get("message") == body_of(old).get("message"),
        "/hi and /hello say different things. Both events belong to the same function, `hello`.",
    )
    return "GET /hi and GET /hello both answer 200 with the same words: one function, two addresses."


second_address = Exercise(
    name="second_address",
    title="A second address",
    task="Give the function a second address, `GET /hi`, beside `/hello`. Deploy, then put the address of `/hi` below.",
    nudge="`events` is a list: one function may have several. Each begins with a dash, below the first one.",
    before=LESSON,
    solved="""edit("my_work/hello-world/serverless.yml", "method: get", "method: get\\n      - http: GET /hi")
url = deploy("my_work/hello-world").endpoints[1]
exercises.second_address.check(url)""",
    grade=grade_second_address,
    wrong=(
        Attempt("exercises.second_address.check(hello.endpoints[0])", "the one that was there before"),
        Attempt(
            'exercises.second_address.check(str(hello.endpoints[0].url).replace("/hello", "/hi"))',
            "was it deployed",
        ),
        Attempt('exercises.second_address.check("/hi")', "not a whole address"),
    ),
)


def grade_created(answer: Any) -> str:
    """The address answers 201 with a JSON object."""
    response = ask(address(answer))
    if response.status_code == 200:
        raise Untouched("The address still answers 200.")
    expect(response, 201)
    body = body_of(response)
    need(isinstance(body, dict), f"The body is {shown(body)}. Keep a JSON object: clients look things up by name.")
    need(
        "statusCode" not in body,
        "The status is right, but `statusCode` stands in the body as well: a client has no use for it there.",
    )
    return "201 Created, with a JSON object as its body."


created = Exercise(
    name="created",
    title="201 Created",
    task="Let the handler answer with status 201 (*Created*) instead of 200, deploy, and give the address.",
    nudge="The status is the value of `statusCode` in what the handler returns. It is a number.",
    before=LESSON,
    solved="""edit("my_work/hello-world/handler.py", '"statusCode": 200', '"statusCode": 201')
url = deploy("my_work/hello-world").endpoints[0]
exercises.created.check(url)""",
    grade=grade_created,
    wrong=(
        Attempt(
            """edit("my_work/hello-world/handler.py", '"statusCode": 200', '"status": 201')
exercises.created.check(deploy("my_work/hello-world").endpoints[0])""",
            "not a proxy answer",
        ),
        Attempt(
            """edit("my_work/hello-world/handler.py", '"statusCode": 200', '"statusCode": 204')
exercises.created.check(deploy("my_work/hello-world").endpoints[0])""",
            "answers 204, not 201",
        ),
        Attempt("""exercises.created.check("my_work/hello-world")""", "not a whole address"),
    ),
)


# A handler written by a reader, with one expression of their own in it.
GREETING = """from pathlib import Path

Path(folder, "handler.py").write_text('''import json


def hello(event, context):
    name = {}
    return {{"statusCode": 200, "body": json.dumps({{"message": f"hello {{name}}"}})}}
''', encoding="utf-8")
exercises.greet_by_name.check(deploy("my_work/hello-world").endpoints[0])"""


def grade_greet_by_name(answer: Any) -> str:
    """`?name=Ada` is greeted by name, without a name a stranger is, and odd names do no harm."""
    url = address(answer).split("?")[0]
    plain = ask(url)
    if plain.status_code == 502:
        need(
            ask(url, params={"name": "Ada"}).status_code != 200,
            "With ?name=Ada it answers, without it answers 502: then `queryStringParameters` is None, not an empty "
            "dictionary. Its log has the traceback.",
        )
    expect(plain, 200)
    message = body_of(plain).get("message") if isinstance(body_of(plain), dict) else None
    greeted = ask(url, params={"name": "Ada"})
    expect(greeted, 200)
    if body_of(greeted) == body_of(plain) and "stranger" not in str(message):
        raise Untouched(f"With and without ?name=Ada it answers the same: {shown(message)}.")
    for name in ("Ada", "Grace Hopper", '"O\'Neil"'):
        wanted = f"hello {name}"
        answered = ask(url, params={"name": name})
        expect(answered, 200)
        said = body_of(answered).get("message") if isinstance(body_of(answered), dict) else body_of(answered)
        need(said == wanted, f"For the name {name} the message is {shown(said)}, not {wanted!r}.")
    need(message == "hello stranger", f"Without a name the message is {shown(message)}, not 'hello stranger'.")
    return "Ada, Grace Hopper and a stranger are all greeted, and a name with quotes in it does no harm."


greet_by_name = Exercise(
    name="greet_by_name",
    title="Greet by name",
    stretch=True,
    task='`GET /hello?name=Ada` shall answer `{"message": "hello Ada"}`, and `GET /hello` without a name '
    '`{"message": "hello stranger"}`. What follows the question mark is in `event["queryStringParameters"]`.',
    nudge="Call it once without a name and read the log. AWS sends `None` where there is no question mark.",
    before=LESSON,
    solved='''from pathlib import Path

Path(folder, "handler.py").write_text("""import json


def hello(event, context):
    name = (event["queryStringParameters"] or {}).get("name", "stranger")
    return {"statusCode": 200, "body": json.dumps({"message": f"hello {name}"})}
""", encoding="utf-8")
url = deploy("my_work/hello-world").endpoints[0]
exercises.greet_by_name.check(url)''',
    grade=grade_greet_by_name,
    wrong=(
        Attempt(GREETING.format('event["queryStringParameters"]["name"]'), "is None, not an empty dictionary"),
        Attempt(GREETING.format('event["queryStringParameters"] or "stranger"'), "For the name Ada the message is"),
        Attempt(GREETING.format('(event["queryStringParameters"] or {}).get("name", "you")'), "not 'hello stranger'"),
        Attempt(
            GREETING.format('(event["queryStringParameters"] or {}).get("name", "stranger").split()[0]'),
            "For the name Grace Hopper",
        ),
    ),
)
