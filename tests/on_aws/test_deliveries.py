"""Log lines and figures that AWS delivers late: a lesson's plain boto3 call answers when they are there, or in the end.

The session's cloud is behind a small server that withholds: the first questions are asked of a function that nobody
called, so they are answered as CloudWatch answers before it knows anything.
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import httpx
import pytest

from workshop import lesson, show
from workshop.on_aws import deliveries

QUERY = "FilterLogEvents", "GetMetricData"


class Late(BaseHTTPRequestHandler):
    """Hands everything on. Of what is asked of logs and figures, so many first questions are about somebody else."""

    protocol_version = "HTTP/1.1"
    cloud = ""
    withheld: dict[str, int]
    asked: list[str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        sort = next((one for one in QUERY if one in self.headers.get("x-amz-target", "") + self.path + str(body)), "")
        if sort:
            self.asked.append(sort)
            if self.withheld.get(sort, 0) > 0:
                self.withheld[sort] -= 1
                body = body.replace(b"-dev-late-hello", b"-dev-late-other")
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        answer = httpx.request(self.command, self.cloud + self.path, content=body, headers=headers, timeout=60)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name not in ("content-length", "transfer-encoding", "connection", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_PUT = do_DELETE = do_POST

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def late(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Late]]:
    """boto3 goes through the server that withholds; waits are short."""
    handler = type("Handler", (Late,), {"cloud": cloud.endpoint, "withheld": {}, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setattr(deliveries, "LOG_PAUSE", 0.02)
    monkeypatch.setattr(deliveries, "METRIC_PAUSE", 0.02)
    monkeypatch.setattr(deliveries, "_calls", [])
    yield handler
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def functions(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One function that is called, and one that never is. Gives the first one's name."""
    folder = tmp_path_factory.mktemp("late")
    (folder / "handler.py").write_text("def hello(event, context):\n    print('here I am')\n", encoding="utf-8")
    (folder / "serverless.yml").write_text(
        "service: arrivals\nprovider: {name: aws, runtime: python3.13, stage: dev, region: eu-west-1}\n"
        "functions:\n  late-hello: {handler: handler.hello, events: [{http: GET /hello}]}\n"
        "  late-other: {handler: handler.hello}\n",
        encoding="utf-8",
    )
    deployed = lesson.deploy(folder, quiet=True)
    yield deployed.functions["late-hello"].rpartition(":")[2]
    lesson.remove(folder, quiet=True)


@pytest.fixture
def session(late: Any) -> boto3.session.Session:
    made = boto3.session.Session("test", "test", region_name="eu-west-1")
    deliveries.wait_for_deliveries(made)
    return made


def messages(session: Any, function: str) -> list[str]:
    found = session.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    return [one["message"].strip() for one in found]


def test_lines_of_a_call_are_waited_for(functions: str, session: Any, late: Any, capsys: Any) -> None:
    session.client("lambda").invoke(FunctionName=functions)
    late.withheld["FilterLogEvents"] = 3
    assert "here I am" in messages(session, functions)
    assert late.asked.count("FilterLogEvents") == 4
    assert capsys.readouterr().out.count("CloudWatch delivers log lines a few seconds late") == 1


def test_a_call_over_the_api_counts_and_lines_of_earlier_calls_are_not_enough(
    functions: str, session: Any, late: Any, monkeypatch: Any
) -> None:
    """As in a lesson: call, read the log, call again, read again. Only the newest call's lines end the waiting."""
    session.client("lambda").invoke(FunctionName=functions)
    before = len(messages(session, functions))
    monkeypatch.setattr(deliveries, "_calls", [])
    deliveries.note(f"{datetime.now(UTC) + timedelta(seconds=60):%a, %d %b %Y %H:%M:%S GMT}")
    assert len(messages(session, functions)) == before  # given up after so many looks
    assert late.asked.count("FilterLogEvents") == 2 + deliveries.LOG_LOOKS - (before == 0)


def test_where_nobody_called_nothing_is_waited_for(functions: str, session: Any, late: Any, capsys: Any) -> None:
    other = functions.replace("late-hello", "late-other")
    assert messages(session, other) == []
    assert late.asked == ["FilterLogEvents"] and capsys.readouterr().out == ""


def test_a_request_without_an_end_is_waited_for_whoever_called(functions: str, session: Any, late: Any) -> None:
    """START is delivered, REPORT not yet; in both log formats."""
    for start, report in (
        ("START RequestId: a-1 Version: $LATEST", "REPORT RequestId: a-1\tDuration: 1.00 ms"),
        (
            '{"time": "t", "type": "platform.start", "record": {"requestId": "b-2"}}',
            '{"time": "t", "type": "platform.report", "record": {"requestId": "b-2"}}',
        ),
    ):
        events = [{"message": start, "timestamp": 1}]
        assert not deliveries.lines_are_there(events, functions)
        assert deliveries.lines_are_there([*events, {"message": report, "timestamp": 2}], functions)


def test_waiting_ends_when_nothing_comes(functions: str, session: Any, late: Any) -> None:
    session.client("lambda").invoke(FunctionName=functions)
    late.withheld["FilterLogEvents"] = 1000
    assert messages(session, functions) == []
    assert late.asked.count("FilterLogEvents") == 1 + deliveries.LOG_LOOKS


def test_figures_are_waited_for(functions: str, session: Any, late: Any, monkeypatch: Any, capsys: Any) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics.html"""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    session.client("lambda").invoke(FunctionName=functions)
    late.withheld["GetMetricData"] = 4
    [values] = [one for _, one in [show.metrics_of(functions)["Invocations"]]]
    assert sum(values) >= 1
    assert late.asked.count("GetMetricData") == 5
    assert capsys.readouterr().out.count("one to three minutes late") == 1


def test_errors_come_through_at_once(functions: str, session: Any, late: Any) -> None:
    logs = session.client("logs")
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.filter_log_events(logGroupName="/aws/lambda/there-is-none")
    assert late.asked == ["FilterLogEvents"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("hello-dev-hello", "hello-dev-hello"),
        ("hello-dev-hello:7", "hello-dev-hello"),
        ("123456789012:function:hello-dev-hello", "hello-dev-hello"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:hello-dev-hello:live", "hello-dev-hello"),
    ],
)
def test_the_ways_to_name_a_function(given: str, name: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html: FunctionName."""
    assert deliveries.plain_name(given) == name
