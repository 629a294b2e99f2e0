"""`offline`: the API on localhost; edits live at the next request, faults explained, nothing left behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.serverless.services import HELLO
from tests.support import LONGEST
from workshop import serverless
from workshop.core.errors import WorkshopError

pytestmark = pytest.mark.usefixtures("cloud")
# The suite's share of the 1,000 edits and requests; `OFFLINE_EDITS=1000` does all of them.
EDITS = int(os.environ.get("OFFLINE_EDITS", "40"))
TEXT = (
    HELLO
    + """\
      - http:
          path: orders/{{id}}
          method: post
          cors: true
"""
)
CODE = """\
def hello(event, context):
    path = event["path"]
    return {{"statusCode": 200, "body": f"{word} {{path}} {{event['queryStringParameters']}} {{event['body']}}"}}
"""


@pytest.fixture
def folder(write: Callable[..., Path], service_name: str) -> Path:
    """A service with two routes."""
    return write({"serverless.yml": TEXT.format(name=service_name), "handler.py": CODE.format(word="one")})


@pytest.fixture
def running(folder: Path) -> Iterator[Any]:
    """It, served on a free port."""
    with serverless.offline(folder, port=0) as offline:
        yield offline


def test_the_routes_answer(running: Any, folder: Path) -> None:
    assert httpx.get(f"{running.url}/hello?a=b").text == "one /hello {'a': 'b'} None"
    assert httpx.get(f"{running.url}/dev/hello").text.startswith("one /hello")
    posted = httpx.post(f"{running.url}/orders/a%20b?c=%2F", content="body")
    deployed = serverless.info(serverless.load(folder)).endpoints[1].url.replace("{id}", "a%20b?c=%2F")
    assert posted.text == httpx.post(deployed, content="body").text
    assert posted.text.endswith("{'c': '/'} body")
    preflight = httpx.options(f"{running.url}/orders/1", headers={"Origin": "http://a.example"})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-methods"] == "OPTIONS,POST"
    assert running.routes == [
        f"GET    {running.url}/hello -> hello",
        f"POST   {running.url}/orders/{{id}} -> hello",
    ]


def test_a_line_a_request(running: Any) -> None:
    httpx.get(f"{running.url}/hello")
    httpx.get(f"{running.url}/hello")
    httpx.get(f"{running.url}/nothing")
    lines = running.log()
    assert [line.split()[:3] for line in lines] == [
        ["GET", "/hello", "200"],
        ["GET", "/hello", "200"],
        ["GET", "/nothing", "404"],
    ]
    assert lines[0].endswith("ms  cold")
    assert lines[1].endswith("ms  warm")
    assert lines[2].endswith("ms")


def test_a_refusal_before_the_function_is_neither_cold_nor_warm(write: Callable[..., Path], service_name: str) -> None:
    """Without its key a private route answers as API Gateway does, and no function runs."""
    private = "- http: {path: hello, method: get, private: true}"
    text = HELLO.format(name=service_name).replace("- http: GET /hello", private)
    with serverless.offline(write({"serverless.yml": text}), port=0) as running:
        assert httpx.get(f"{running.url}/hello").status_code == 403
        (line,) = running.log()
        assert line.endswith("ms")


def test_an_unknown_path_lists_the_routes(running: Any) -> None:
    answer = httpx.get(f"{running.url}/nothing")
    assert answer.status_code == 404
    assert f"GET    {running.url}/hello -> hello" in answer.text
    assert '403 {"message":"Missing Authentication Token"}' in answer.text
    assert "/hello answers GET, not DELETE" in httpx.delete(f"{running.url}/hello").text


def test_edits_are_live_at_the_next_request(running: Any, folder: Path, service_name: str) -> None:
    handler, definition = folder / "handler.py", folder / "serverless.yml"
    assert httpx.get(f"{running.url}/hello").text.startswith("one")
    handler.write_text(CODE.format(word="two"), encoding="utf-8")
    assert httpx.get(f"{running.url}/hello").text.startswith("two")
    definition.write_text(TEXT.format(name=service_name).replace("/hello", "/hallo"), encoding="utf-8")
    assert httpx.get(f"{running.url}/hallo").text.startswith("two")
    assert httpx.get(f"{running.url}/hello").status_code == 404
    handler.write_text("def hello(event, context)\n", encoding="utf-8")
    broken = httpx.get(f"{running.url}/hallo")
    assert broken.status_code == 500
    assert "handler.py:1" in broken.text
    assert httpx.get(f"{running.url}/hallo").status_code == 500
    handler.write_text(CODE.format(word="three"), encoding="utf-8")
    definition.write_text(TEXT.format(name=service_name).replace("handler:", "handlr:"), encoding="utf-8")
    assert "Did you mean handler?" in httpx.get(f"{running.url}/hallo").text
    definition.write_text(TEXT.format(name=service_name), encoding="utf-8")
    assert httpx.get(f"{running.url}/hello").text.startswith("three")


def test_an_error_is_answered_with_its_traceback(running: Any, folder: Path) -> None:
    (folder / "handler.py").write_text("def hello(event, context):\n    return 1 / 0\n", encoding="utf-8")
    answer = httpx.get(f"{running.url}/hello")
    assert answer.status_code == 502
    assert "ZeroDivisionError: division by zero" in answer.text
    assert "line 2, in hello" in answer.text
    assert 'sees only: 502 {"message":"Internal server error"}' in answer.text


def test_foreign_hosts_and_sites_are_refused(running: Any) -> None:
    assert httpx.get(f"{running.url}/hello", headers={"Host": "example.com"}).status_code == 403
    posted = httpx.post(f"{running.url}/orders/1", headers={"Origin": "http://example.com"})
    assert posted.status_code == 403


def test_many_at_once_while_editing(running: Any, folder: Path) -> None:
    """Requests that come while an edit is put live wait for it, and none fails."""
    (folder / "handler.py").write_text(CODE.format(word="edited"), encoding="utf-8")
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(httpx.get(f"{running.url}/hello").text)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.split()[0] for answer in answers] == ["edited"] * 8
    assert len(running.log()) == 8


def test_without_watching_edits_wait(folder: Path) -> None:
    with serverless.offline(folder, port=0, watch=False) as offline:
        (folder / "handler.py").write_text(CODE.format(word="two"), encoding="utf-8")
        assert httpx.get(f"{offline.url}/hello").text.startswith("one")


def test_two_services_at_once(folder: Path, write: Callable[..., Path], service_name: str) -> None:
    other = write(
        {
            "serverless.yml": TEXT.format(name=f"{service_name}b").replace("orders", "payments"),
            "handler.py": CODE.format(word="other"),
        },
        "other",
    )
    with serverless.offline(folder, other, port=0) as offline:
        assert httpx.get(f"{offline.url}/{service_name}/hello").text.startswith("one")
        assert httpx.get(f"{offline.url}/{service_name}b/hello").text.startswith("other")
        assert httpx.post(f"{offline.url}/payments/1").text.startswith("other")
        assert httpx.post(f"{offline.url}/orders/1").text.startswith("one")
        assert f"GET    {offline.url}/{service_name}b/hello -> hello" in offline.routes


WITH_PARTS = """\
service: {name}
provider:
  name: aws
  runtime: python3.13
  region: eu-west-1
  iam:
    role:
      statements:
        - Effect: Allow
          Action: ssm:GetParameter
          Resource: arn:aws:ssm:${{aws:region}}:${{aws:accountId}}:parameter/{name}-allowed
layers:
  words:
    path: layer
functions:
  hello:
    handler: handler.hello
    layers:
      - Ref: WordsLambdaLayer
    events:
      - http: GET /hello/{{what}}
      - schedule: rate(1 hour)
"""
READS = """\
import boto3
from words import WORD


def hello(event, context):
    if event.get("source") == "aws.events":
        print("tick at", event["time"])
        return None
    what = event["pathParameters"]["what"]
    if what == "word":
        return {"statusCode": 200, "body": WORD}
    try:
        answer = boto3.client("ssm").get_parameter(Name=what)["Parameter"]["Value"]
    except Exception as error:
        answer = str(error)
    return {"statusCode": 200, "body": answer}
"""


def test_layers_permissions_and_schedules_work_as_deployed(
    write: Callable[..., Path], service_name: str, cloud: Any, client: Any
) -> None:
    """serverless-offline has none of these; here the service is deployed, so all of it is there."""
    folder = write(
        {
            "serverless.yml": WITH_PARTS.format(name=service_name),
            "handler.py": READS,
            "layer/python/words.py": "WORD = 'from the layer'\n",
        },
    )
    for name in ("allowed", "secret"):
        client("ssm").put_parameter(Name=f"{service_name}-{name}", Value=f"the {name} one", Type="String")
    with serverless.offline(folder, port=0) as offline:
        assert httpx.get(f"{offline.url}/hello/word").text == "from the layer"
        assert httpx.get(f"{offline.url}/hello/{service_name}-allowed").text == "the allowed one"
        refused = httpx.get(f"{offline.url}/hello/{service_name}-secret").text
        assert "AccessDeniedException" in refused and "is not authorized to perform: ssm:GetParameter" in refused
        (folder / "layer" / "python" / "words.py").write_text("WORD = 'edited'\n", encoding="utf-8")
        assert httpx.get(f"{offline.url}/hello/word").text == "edited"
        fired = cloud.clock.advance(hours=1)
        cloud.clock.reset()
        mine = [one for one in fired if service_name in one["target"]]
        assert len(mine) == 1 and not mine[0]["error"]
        lines = [event.message for event in serverless.logs(serverless.load(folder), "hello")]
        assert any("tick at" in line for line in lines)


def test_it_takes_away_what_it_deployed(folder: Path) -> None:
    with serverless.offline(folder, port=0):
        assert serverless.info(serverless.load(folder)).functions
    with pytest.raises(WorkshopError, match="not deployed"):
        serverless.info(serverless.load(folder))
    service = serverless.load(folder)
    serverless.deploy(service)
    with serverless.offline(folder, port=0):
        pass
    assert serverless.info(service).functions
    serverless.remove(service)


def test_what_somebody_else_has_removed_is_nothing_to_take_away(folder: Path) -> None:
    """By `workshop remove` in a terminal, or a cloud that was set back: neither stopping nor a second start fails."""
    first = serverless.offline(folder, port=0).start()
    serverless.remove(serverless.load(folder))
    second = serverless.offline(folder, port=0).start()  # ends the first one
    assert not first.alive and httpx.get(f"{second.url}/hello").text.startswith("one")
    serverless.remove(serverless.load(folder))
    second.stop()


def test_a_taken_port_says_by_whom(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(WorkshopError, match=rf"offline cannot use port {port}: it is taken"):
            serverless.offline(folder, port=port).start()
    with pytest.raises(WorkshopError, match="not deployed"):
        serverless.info(serverless.load(folder))


def test_it_refuses_to_deploy_to_aws_at_every_edit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(WorkshopError, match="boto3 is pointed at AWS"):
        serverless.offline(folder, port=0)


def test_edits_and_requests_cost_nothing_that_stays(running: Any, folder: Path, cloud: Any) -> None:
    """Constant memory and process count over many edits and requests: here and in the cloud."""
    handler = folder / "handler.py"
    me, other = psutil.Process(), psutil.Process(cloud._process.pid)

    def rounds(first: int, count: int) -> None:
        with httpx.Client() as http:
            for number in range(first, first + count):
                handler.write_text(CODE.format(word=f"w{number}"), encoding="utf-8")
                assert http.get(f"{running.url}/hello").text.startswith(f"w{number} ")

    def environments() -> int:
        return len([one for one in cloud.environments() if folder.name and "hello" in one["function"]])

    rounds(0, EDITS // 2)
    before = me.memory_info().rss, other.memory_info().rss, len(other.children(recursive=True)), me.num_threads()
    kept = environments()
    rounds(EDITS, EDITS // 2)
    after = me.memory_info().rss, other.memory_info().rss, len(other.children(recursive=True)), me.num_threads()
    allowed = 8_000_000 + 4_000 * EDITS
    assert after[0] - before[0] < allowed
    assert after[1] - before[1] < allowed * 2  # every edit leaves a log stream in the cloud
    assert after[2] <= before[2] + 3
    assert after[3] <= before[3] + 3
    assert environments() <= kept + 1


def test_the_command_ends_clean(folder: Path, cloud: Any) -> None:
    """Ctrl-C on `workshop offline`: exit code 0, the service gone, no process left."""
    if os.name == "nt":
        pytest.skip("a console's Ctrl-C cannot be sent to one process on Windows")
    import signal

    environment = os.environ | {"WORKSHOP_CLOUD": cloud.endpoint, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "workshop", "offline", str(folder), "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=Path(__file__).resolve().parent.parent.parent,
    )
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or "Ctrl-C" not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], "".join(lines) + (process.stderr.read() if process.stderr else "")
    url = next(line for line in lines if "Offline at" in line).split()[-1]
    assert httpx.get(f"{url}/hello").status_code == 200
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=LONGEST)
    assert process.returncode == 0, errors
    assert "200" in rest
    assert "nothing is left running" in rest
    with pytest.raises(WorkshopError, match="not deployed"):
        serverless.info(serverless.load(folder))
