"""What comes late on AWS is waited for, within bounds; what must not be asked twice is not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from tests.on_aws.recorded import RecordedAws
from tests.support import LONGEST
from workshop import lesson
from workshop.on_aws import hooks
from workshop.serverless.aws import INVOKING
from workshop.serverless.serving.report import Line, Reporter

UNKNOWN = (403, {"x-amzn-errortype": "MissingAuthenticationTokenException"}, "Missing Authentication Token")


class Gateway:
    """An API that answers as told, the last answer for ever. `asked` counts."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], str]] = []
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.asked += 1
                status, headers, text = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                body = json.dumps({"message": text}).encode()
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = SimpleNamespace(url=f"http://127.0.0.1:{self.server.server_port}/pay")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setenv("WORKSHOP_CLOUD", "aws")
    made = Gateway()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_an_api_that_is_not_there_yet_is_asked_again(gateway: Gateway, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    gateway.answers = [UNKNOWN, UNKNOWN, (200, {}, "paid")]
    assert lesson.call(gateway.endpoint, "POST", json={}).response.status_code == 200
    assert gateway.asked == 3 and capsys.readouterr().out.count("asking again") == 1


@pytest.mark.parametrize("answer", [(403, {}, "a 403 of the function's own"), (500, {}, "no"), (402, {}, "declined")])
def test_what_the_function_said_is_taken_as_it_is(gateway: Gateway, answer: Any) -> None:
    gateway.answers = [answer]
    assert lesson.call(gateway.endpoint, "POST", json={}).response.status_code == answer[0]
    assert gateway.asked == 1


def test_an_address_that_the_reader_typed_is_asked_once(gateway: Gateway) -> None:
    gateway.answers = [UNKNOWN]
    assert lesson.call(gateway.endpoint.url, "POST", json={}).response.status_code == 403
    assert gateway.asked == 1


def test_the_wait_for_an_api_is_bounded(gateway: Gateway) -> None:
    import httpx

    from workshop.on_aws import arrivals

    gateway.answers = [UNKNOWN]
    assert arrivals.answered(lambda: httpx.post(gateway.endpoint.url), seconds=0.1).status_code == 403


def test_a_payment_whose_answer_is_lost_is_not_invoked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """https://docs.aws.amazon.com/boto3/latest/guide/retries.html: time-outs are retried, were it not for this."""
    aws = RecordedAws(monkeypatch)
    aws.answers["lambda.Invoke"] = [ReadTimeoutError(endpoint_url="https://lambda.eu-west-1.amazonaws.com")]
    with pytest.raises(ReadTimeoutError):
        aws.clients.get(INVOKING).invoke(FunctionName="stripe-payment-dev-payment", Payload=b"{}")
    assert len(aws.asked["lambda.Invoke"]) == 1


def test_a_changed_function_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html"""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    aws = RecordedAws(monkeypatch)
    monkeypatch.setattr(boto3, "client", lambda name: aws.clients.get(name))
    hooks.updates_have_arrived(aws.clients.session)

    def status(word: str) -> tuple[int, str]:
        settings = {"FunctionName": "a", "State": "Active", "LastUpdateStatus": word}
        return 200, json.dumps(settings | {"Configuration": settings})

    aws.answers["lambda.UpdateFunctionConfiguration"] = [status("InProgress")]
    aws.answers["lambda.GetFunction"] = [status("InProgress"), status("InProgress"), status("Successful")]
    answer = aws.clients.get("lambda").update_function_configuration(FunctionName="a", MemorySize=256)
    assert answer["LastUpdateStatus"] == "Successful" and len(aws.asked["lambda.GetFunction"]) == 3


def reported(aws: RecordedAws) -> list[str]:
    """What `offline` prints of one request; fails when it waits for ever."""
    said: list[str] = []
    live: Any = SimpleNamespace(aws=aws.clients, service=SimpleNamespace(function_name=lambda name: name))
    reporter = Reporter(said.append)
    reporter.start()
    reporter.add(Line("GET", "/hello", 200, 12, live, "hello", 100.0))
    waiting = threading.Thread(target=reporter.wait, daemon=True)
    waiting.start()
    waiting.join(LONGEST)
    assert not waiting.is_alive()
    reporter.stop()
    return said


def test_offline_prints_its_lines_where_log_events_have_no_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator that leaves `eventId` out; the terminal waited for ever."""
    aws = RecordedAws(monkeypatch)
    report = "REPORT RequestId: a\tDuration: 1 ms\tInit Duration: 9 ms"
    events = [{"timestamp": 1, "message": report, "logStreamName": "s"}]
    aws.answers["cloudwatch-logs.FilterLogEvents"] = [(200, json.dumps({"events": events}))]
    assert reported(aws)[0].endswith("cold")


def test_offline_goes_on_where_the_log_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = RecordedAws(monkeypatch)
    aws.answers["cloudwatch-logs.FilterLogEvents"] = [(200, json.dumps({"events": [{"odd": True}]}))]
    said = reported(aws)
    assert "cold or warm is not known" in said[0] and "/hello" in said[1]


def test_an_exercise_waits_for_an_api_too(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A right answer that was deployed a moment ago is not called wrong because API Gateway is not there yet."""
    from workshop.exercises import asking

    monkeypatch.setattr("time.sleep", lambda seconds: None)
    gateway.answers = [UNKNOWN, UNKNOWN, (200, {}, "hi")]
    assert asking.ask(gateway.endpoint.url, "POST").status_code == 200
    assert gateway.asked == 3
