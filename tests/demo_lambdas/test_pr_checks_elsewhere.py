"""Deliveries of GitHub's own repositories, answered to a server that only writes down what it is sent."""

from __future__ import annotations

import copy
import http.server
import json
import threading
from pathlib import Path
from urllib.parse import urlencode

import jsonschema
import pytest

from tests.demo_lambdas.deliveries import SECRET, delivery

FIXTURES = Path(__file__).parents[1] / "fixtures"
EXAMPLES = json.loads((FIXTURES / "github_pull_request_events.json").read_text(encoding="utf-8"))
CREATE = "POST /repos/{owner}/{repo}/statuses/{sha}"


@pytest.fixture
def recorder():
    """`.url`, `.got` (path, headers, body of every POST); shows no pull request: `.shows` is the status of a GET."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.server.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self._answer(201)

        def do_GET(self):
            self._answer(self.server.shows)

        def _answer(self, status):
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            """Silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.shows = [], 404
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def webhook(service, parameter, recorder, context):
    parameter("github_token", "a token")
    parameter("github_webhook_secret", SECRET)
    handler = service("pr_checks", "handler", GITHUB_API_URL=recorder.url)
    return lambda event: handler.webhook(event, context)


@pytest.fixture(scope="session")
def status_schema():
    """What GitHub takes as a new status, from its own description of the API."""
    document = json.loads((FIXTURES / "github_status_schemas.json").read_text(encoding="utf-8"))
    return document["operations"][CREATE]["requestBody"]["content"]["application/json"]["schema"]


def changed(change):
    """GitHub's own example of `opened`, a little different."""
    payload = copy.deepcopy(EXAMPLES["opened"])
    change(payload)
    return payload


VARIED = {
    "opened": EXAMPLES["opened"],
    "edited": EXAMPLES["edited"],
    "synchronize": changed(lambda one: one.update(action="synchronize", before="0" * 40, after="1" * 40)),
    "reopened": changed(lambda one: one.update(action="reopened")),
    "from a fork that is gone": changed(lambda one: one["pull_request"]["head"].update(repo=None, user=None)),
    "of an organisation's app": changed(lambda one: one.update(organization={"id": 1}, installation={"id": 2})),
    "without a description": changed(lambda one: one["pull_request"].update(body=None)),
}


@pytest.mark.parametrize("payload", VARIED.values(), ids=VARIED)
def test_both_statuses_are_posted_as_github_takes_them(webhook, recorder, status_schema, payload):
    # https://docs.github.com/rest/commits/statuses#create-a-commit-status
    answer = webhook(delivery(payload))
    assert answer["statusCode"] == 200, answer
    sha = payload["pull_request"]["head"]["sha"]
    assert sorted(body["context"] for _, _, body in recorder.got) == ["Pull Request Name Check", "Time of Day Check"]
    for path, headers, body in recorder.got:
        assert path == f"/repos/{payload['repository']['full_name']}/statuses/{sha}"
        assert headers["authorization"] == "Bearer a token"
        assert headers["accept"] == "application/vnd.github+json"
        jsonschema.Draft202012Validator(status_schema).validate(body)
        assert len(body["description"]) <= 140


@pytest.mark.parametrize("shows", [200, 403, 404])
def test_a_pull_request_that_github_does_not_show_is_judged_by_what_was_told(webhook, recorder, shows):
    recorder.shows = shows
    assert webhook(delivery(EXAMPLES["opened"]))["statusCode"] == 200
    assert len(recorder.got) == 2


def test_the_same_delivery_as_a_form(webhook, recorder):
    event = delivery(None, raw=urlencode({"payload": json.dumps(EXAMPLES["opened"])}).encode())
    event["headers"]["Content-Type"] = "application/x-www-form-urlencoded"
    assert webhook(event)["statusCode"] == 200
    assert len(recorder.got) == 2
