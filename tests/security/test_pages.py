"""A stranger's page in a real browser, on a network whose DNS is the stranger's: it changes and reads nothing.

`--host-resolver-rules` is what a Wi-Fi's DNS can do: every name leads to this machine. A browser sends no `Sec-Fetch-*`
headers to plain http under such names (https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header), so nothing but the
Host and the Origin tells a page from a tool.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.browser.driver import Browser, absent, launched
from tests.localaws.bench import unique
from tests.security.conftest import Listening

pytestmark = pytest.mark.skipif(bool(absent()), reason=absent() or "there is a browser")
NAMES = (
    "127.0.0.1",
    "localhost",
    "evil.test",
    "x.amazonaws.com",
    "sqs.eu-west-1.amazonaws.com",
    "cloudformation.eu-west-1.amazonaws.com",
    "x.execute-api.eu-west-1.amazonaws.com",
    "x.lambda-url.eu-west-1.on.aws",
    "a.on.aws",
    "localhost.evil.test",
)
SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=00"
# What a page can do without a word of ours: pictures (GET), forms (POST), requests whose answer it cannot read, and
# requests with headers of its own, which need our consent.
PAGE = """
const settle = promise => promise.then(got => got.status + ' ' + got.type, error => 'refused');
const picture = url => new Promise(done => {
  const image = new Image();
  image.onload = () => done('loaded'); image.onerror = () => done('no picture'); image.src = url;
});
const form = (url, text) => new Promise(done => {
  const frame = document.createElement('iframe'); frame.name = 'f' + Math.random(); document.body.append(frame);
  const form = document.createElement('form'); form.method = 'POST'; form.action = url; form.target = frame.name;
  for (const [name, value] of new URLSearchParams(text)) {
    const field = document.createElement('input'); field.name = name; field.value = value; form.append(field);
  }
  document.body.append(form); frame.onload = () => done('sent'); form.submit(); setTimeout(() => done('sent'), 3000);
});
const run = async attacks => Promise.all(attacks.map(([how, url, body, headers]) =>
  how === 'picture' ? picture(url) : how === 'form' ? form(url, body) :
  how === 'read' ? fetch(url).then(got => got.text(), () => '') :
  settle(fetch(url, {
    method: how, body: body || undefined, headers: headers || {}, mode: headers ? 'cors' : 'no-cors'}))));
"""


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    """A stranger's web site."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<!doctype html><meta charset=utf-8><title>kittens</title><body>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser to which every name is this machine."""
    with launched(more=("--host-resolver-rules=MAP * 127.0.0.1", "--no-proxy-server")) as window:
        window.ask("POST", "/timeouts", {"script": 60_000})
        yield window


def attack(browser: Browser, attacks: list[list[Any]]) -> list[str]:
    """All of them from the page that is open; what the page saw of each."""
    script = f"{PAGE}; const done = arguments[arguments.length - 1]; run(arguments[0]).then(done)"
    return browser.ask("POST", "/execute/async", {"script": script, "args": [attacks]})


class State:
    """What a page could have changed."""

    def __init__(self, listening: Listening) -> None:
        self.listening = listening
        self.mark = unique("page")

    def seen(self) -> dict[str, Any]:
        """A picture of everything that the attacks are aimed at."""
        client, aws = self.listening.bench.client, self.listening.aws
        stacks = client("cloudformation").list_stacks()["StackSummaries"]
        rows = httpx.get(f"{aws}/_workshop/environments").json()["environments"]
        function = self.listening.function.rpartition(":")[2]
        return {
            "stacks": [each["StackName"] for each in stacks if self.mark in each["StackName"]],
            "queues": client("sqs").list_queues(QueueNamePrefix=self.mark).get("QueueUrls", []),
            "topics": [each for each in client("sns").list_topics()["Topics"] if self.mark in each["TopicArn"]],
            "users": [each for each in client("iam").list_users()["Users"] if self.mark in each["UserName"]],
            "buckets": [each for each in client("s3").list_buckets()["Buckets"] if self.mark in each["Name"]],
            "moved": httpx.get(f"{aws}/_workshop/clock").json()["moved"],
            "function": client("lambda").get_function_configuration(FunctionName=function)["Description"],
            "environments": [(row["id"], row["state"]) for row in rows if row["function"] == function],
            "partners": {
                name: httpx.get(f"http://127.0.0.1:{port}/_stand_in/requests").json()
                for name, port in self.listening.ports.items()
                if name not in ("aws", "offline", "runtime")
            },
        }


def attacks(state: State, names: tuple[str, ...] = NAMES) -> list[list[Any]]:
    """Every port, by every name, in every way a page has."""
    ports, mark = state.listening.ports, state.mark
    code = {"ZipFile": "def handler(*_): open('/tmp/owned', 'w')"}
    made = {"Type": "AWS::Lambda::Function", "Properties": {"Code": code, "Handler": "index.handler"}}
    template = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}, "F": made}})
    actions = [
        {"Action": "CreateStack", "Version": "2010-05-15", "StackName": mark, "TemplateBody": template},
        {"Action": "CreateQueue", "Version": "2012-11-05", "QueueName": mark},
        {"Action": "CreateTopic", "Version": "2010-03-31", "Name": mark},
        {"Action": "CreateUser", "Version": "2010-05-08", "UserName": mark},
    ]
    # No signature is checked offline, so one in the query proves nothing: a picture's address can hold it.
    presigned = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Signature": "00"}
    services = ("cloudformation", "sqs", "sns", "iam")
    found: list[list[Any]] = []
    for name in names:
        base = {each: f"http://{name}:{port}" for each, port in ports.items()}
        for service, action in zip(services, actions, strict=True):
            scope = {"X-Amz-Credential": f"test/20260101/eu-west-1/{service}/aws4_request", **presigned}
            found.append(["picture", f"{base['aws']}/?{urlencode(action)}", ""])
            found.append(["picture", f"{base['aws']}/?{urlencode({**action, **scope})}", ""])
            found.append(["form", f"{base['aws']}/", urlencode(action)])
            found.append(["form", f"{base['aws']}/?{urlencode(scope)}", urlencode(action)])
            found.append(["POST", f"{base['aws']}/?{urlencode(action)}", ""])
            signed = {"Authorization": SIGNED.format(service), "Content-Type": "application/x-www-form-urlencoded"}
            found.append(["POST", f"{base['aws']}/", urlencode(action), signed])
            found.append(["GET", f"{base['aws']}/?{urlencode(action)}", "", {"Authorization": SIGNED.format(service)}])
        s3 = {"Authorization": SIGNED.format("s3").replace("eu-west-1", "us-east-1")}
        found.append(["PUT", f"{base['aws']}/{mark}", "", s3])
        target = f"{base['aws']}/2015-03-31/functions/{quote(state.listening.function)}/configuration"
        found.append(["PUT", target, '{"Description": "taken"}', {"Authorization": SIGNED.format("lambda")}])
        for door, body in (("reset", "{}"), ("clock", '{"advance": 3600}'), ("settings", '{"idle_seconds": 1}')):
            found += [[how, f"{base['aws']}/_workshop/{door}", body] for how in ("POST", "form")]
        for partner in set(ports) - {"aws", "offline", "runtime"}:
            found += [["picture", f"{base[partner]}/anything", ""], ["POST", f"{base[partner]}/anything", "x=1"]]
            found.append(["POST", f"{base[partner]}/_stand_in/reset", "{}"])
            found.append(["DELETE", f"{base[partner]}/_stand_in/requests", "", {}])
        found += [["picture", f"{base['offline']}/hello", ""], ["POST", f"{base['offline']}/hello", "x=1"]]
        found.append(["picture", f"{base['runtime']}/2018-06-01/runtime/invocation/next", ""])
        found.append(["POST", f"{base['runtime']}/2018-06-01/runtime/init/error", "{}"])
    return found


def test_a_page_of_a_stranger_changes_nothing(browser: Browser, site: int, listening: Listening) -> None:
    state = State(listening)
    for partner in set(listening.ports) - {"aws", "offline", "runtime"}:  # something that a reset would take away
        httpx.get(f"http://127.0.0.1:{listening.ports[partner]}/before")
    before = state.seen()
    assert all(before["partners"].values())
    listed = attacks(state)
    for page in ("evil.test", "x.amazonaws.com", "sqs.eu-west-1.amazonaws.com"):
        browser.open(f"http://{page}:{site}/")
        assert browser.run("return document.title") == "kittens"
        for start in range(0, len(listed), 60):
            attack(browser, listed[start : start + 60])
    assert state.seen() == before


def test_a_page_whose_name_is_pointed_here_after_it_was_loaded(browser: Browser, listening: Listening) -> None:
    """DNS rebinding: the page's own name leads to our port, so all its requests are of the same origin."""
    state = State(listening)
    before = state.seen()
    for port in listening.ports.values():
        for name in NAMES[2:]:
            browser.open(f"http://{name}:{port}/nothing/here")
            own = [each for each in attacks(state, (name,)) if f"://{name}:{port}/" in each[1]]
            attack(browser, own)
            paths = ("/_workshop/status", "/_stand_in/requests")
            for text in attack(browser, [["read", f"http://{name}:{port}{path}", ""] for path in paths]):
                assert "partners" not in text and "milliseconds" not in text, (name, port, text)
    assert state.seen() == before


def test_the_same_page_on_this_machine_would_change_things(browser: Browser, listening: Listening) -> None:
    """That the attacks above are real: as a page of this machine's own, the same requests do arrive."""
    state = State(listening)
    port = listening.ports["aws"]
    browser.open(f"http://127.0.0.1:{port}/_workshop/status")
    here = [each for each in attacks(state, ("127.0.0.1",)) if f"://127.0.0.1:{port}/" in each[1]]
    attack(browser, [each for each in here if state.mark in json.dumps(each)])  # what makes something under that name
    seen = state.seen()
    assert (len(seen["queues"]), len(seen["topics"]), len(seen["users"]), len(seen["buckets"])) == (1, 1, 1, 1)
