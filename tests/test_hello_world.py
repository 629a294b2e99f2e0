"""Hello world, end to end, through the doors a reader uses: the deploy tool, boto3, HTTP."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import LONGEST, unique
from workshop import serverless
from workshop.core.errors import WorkshopError

ROOT = Path(__file__).resolve().parent.parent
HELLO = ROOT / "demo_lambdas" / "hello_world"


@pytest.fixture
def service(tmp_path: Path, cloud: Any) -> Iterator[Callable[..., Path]]:
    """`service(handler=…)`: a hello world with a name and a handler of its own; removed when the test is over."""
    made: list[Path] = []

    def make(handler: str = "", yml: Callable[[str], str] = str) -> Path:
        folder = tmp_path / unique("svc")
        shutil.copytree(HELLO, folder, ignore=shutil.ignore_patterns("__pycache__", ".serverless"))
        text = (folder / "serverless.yml").read_text(encoding="utf-8")
        text = text.replace("service: hello-world", f"service: {folder.name}")
        (folder / "serverless.yml").write_text(yml(text), encoding="utf-8")
        if handler:
            (folder / "handler.py").write_text(handler, encoding="utf-8")
        made.append(folder)
        return folder

    yield make
    for folder in made:
        try:
            serverless.remove(serverless.load(folder))
        except WorkshopError:
            continue


def deploy(folder: Path) -> Any:
    return serverless.deploy(serverless.load(folder))


def url(deployment: Any) -> str:
    return deployment.endpoints[0].url


def test_it_answers_boto3_and_http(service: Callable[..., Path], client: Callable[..., Any]) -> None:
    deployment = deploy(service())
    answer = httpx.get(url(deployment))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    invoked = client("lambda").invoke(FunctionName=deployment.functions["hello"], Payload=b"{}")
    assert invoked["StatusCode"] == 200
    assert "FunctionError" not in invoked
    assert json.loads(invoked["Payload"].read())["body"] == answer.text


def test_a_second_call_reuses_the_environment_and_ten_at_once_use_ten(service: Callable[..., Path]) -> None:
    handler = (
        "import os, time\n"
        "def hello(event, context):\n"
        "    time.sleep(3 if event['queryStringParameters'] else 0)\n"
        "    return {'statusCode': 200, 'body': os.environ['AWS_LAMBDA_LOG_STREAM_NAME']}\n"
    )
    address = url(deploy(service(handler)))
    assert httpx.get(address).text == httpx.get(address).text
    with ThreadPoolExecutor(10) as pool:
        streams = set(pool.map(lambda _: httpx.get(f"{address}?together=1", timeout=LONGEST).text, range(10)))
    assert len(streams) == 10


ENDS = {
    "raises": ("def hello(e, c):\n    raise ValueError('no')\n", "ValueError", "no"),
    "exits": ("import sys\ndef hello(e, c):\n    sys.exit(3)\n", "Runtime.ExitError", "exit status 3"),
    "imports what is missing": ("import not_there\ndef hello(e, c): ...\n", "Runtime.ImportModuleError", "not_there"),
    "answers what JSON cannot say": ("def hello(e, c):\n    return {1, 2}\n", "Runtime.MarshalError", "set"),
    "dies": ("import os\ndef hello(e, c):\n    os.abort()\n", "Runtime.ExitError", "signal"),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_handler_that_ends_badly_answers_at_once_and_says_why(
    service: Callable[..., Path], client: Callable[..., Any], how: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    handler, error_type, message = ENDS[how]
    folder = service()
    deployment = deploy(folder)
    # Changed behind the deploy tool's back, which would refuse some of these.
    from tests.support import zipped

    client("lambda").update_function_code(
        FunctionName=deployment.functions["hello"], ZipFile=zipped({"handler.py": handler})
    )
    answer = httpx.get(url(deployment), timeout=LONGEST)
    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})
    invoked = client("lambda").invoke(FunctionName=deployment.functions["hello"], Payload=b"{}")
    body = json.loads(invoked["Payload"].read())
    assert invoked["FunctionError"] == "Unhandled"
    assert body["errorType"] == error_type  # not Sandbox.Timedout: nobody waited for the time-out
    assert message in body["errorMessage"]
    if how == "raises":
        assert any("hello" in line for line in body["stackTrace"])
        events = client("logs").filter_log_events(logGroupName=f"/aws/lambda/{folder.name}-dev-hello")["events"]
        lines = "".join(event["message"] for event in events)
        assert "[ERROR] ValueError: no" in lines
        assert "Traceback (most recent call last):" in lines


@pytest.mark.parametrize(
    "returned", ["None", "'hello'", "{'statusCode': 200, 'body': {'a': 1}}", "{'statusCode': 'x'}"]
)
def test_a_malformed_answer_is_a_502_that_tells_a_stranger_nothing(service: Callable[..., Path], returned: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"""
    answer = httpx.get(url(deploy(service(f"def hello(event, context):\n    return {returned}\n"))))
    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})


def test_a_print_without_a_newline_is_logged_in_its_own_request(
    service: Callable[..., Path], client: Callable[..., Any]
) -> None:
    folder = service("def hello(e, c):\n    print('no newline', end='')\n    return {'statusCode': 200, 'body': ''}\n")
    assert httpx.get(url(deploy(folder))).status_code == 200
    events = client("logs").filter_log_events(logGroupName=f"/aws/lambda/{folder.name}-dev-hello")["events"]
    kinds = [event["message"].split()[0] for event in events]
    assert kinds[-4:] == ["START", "no", "END", "REPORT"]
    report = events[-1]["message"]
    assert all(word in report for word in ("Duration:", "Billed Duration:", "Max Memory Used:", "Init Duration:"))


def test_an_unknown_path_is_403(service: Callable[..., Path]) -> None:
    """https://repost.aws/knowledge-center/api-gateway-authentication-token-errors"""
    answer = httpx.get(url(deploy(service())) + "/nowhere")
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})


BAD_FILES = {
    "bad YAML": (lambda text: text.replace("provider:", "provider: :\n\t"), "serverless.yml:"),
    "an unknown key": (lambda text: text.replace("functions:", "functoins:"), "functions"),
    "a missing file": (lambda text: text.replace("handler.hello", "handlr.hello"), "handlr.py"),
    "a missing function": (lambda text: text.replace("handler.hello", "handler.helo"), "hello"),
    "a retired runtime": (lambda text: text.replace("runtime: python3.13", "runtime: python2.7"), "python2.7"),
}


@pytest.mark.parametrize("fault", BAD_FILES)
def test_a_broken_file_is_refused_before_anything_is_deployed(
    service: Callable[..., Path], client: Callable[..., Any], fault: str
) -> None:
    change, expected = BAD_FILES[fault]
    folder = service(yml=change)
    with pytest.raises(WorkshopError) as refused:
        deploy(folder)
    message = refused.value.paragraph()
    assert "serverless.yml:" in message, "file and line"
    assert expected in message
    stacks = [stack["StackName"] for stack in client("cloudformation").describe_stacks()["Stacks"]]
    assert not [name for name in stacks if name.startswith(folder.name)]


def test_update_and_remove_leave_nothing_behind(service: Callable[..., Path], client: Callable[..., Any]) -> None:
    def left(name: str) -> list[str]:
        """All that the service owns, of every kind a deploy makes."""
        kinds = (
            ("lambda", "list_functions", "Functions", "FunctionName"),
            ("s3", "list_buckets", "Buckets", "Name"),
            ("iam", "list_roles", "Roles", "RoleName"),
            ("logs", "describe_log_groups", "logGroups", "logGroupName"),
            ("apigateway", "get_rest_apis", "items", "name"),
        )
        found = [
            one[key]
            for service, operation, rows, key in kinds
            for page in client(service).get_paginator(operation).paginate()  # the session's cloud is full of others'
            for one in page[rows]
        ]
        return [one for one in found if name in one]

    folder = service()
    first = deploy(folder)
    assert first.changed
    assert not deploy(folder).changed
    (folder / "handler.py").write_text(
        "def hello(e, c):\n    return {'statusCode': 200, 'body': 'new'}\n", encoding="utf-8"
    )
    second = deploy(folder)
    assert second.changed
    assert url(second) == url(first)
    assert httpx.get(url(second)).text == "new"
    assert len(left(folder.name)) == 5
    serverless.remove(serverless.load(folder))
    assert left(folder.name) == []
