"""The tunnel under load, and with what one does not expect: nothing hangs, nothing is mixed up, nothing gets out."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.on_aws.tunnelled import last, message
from tests.support import LONGEST
from workshop.core import net
from workshop.on_aws import tunnel
from workshop.on_aws.tunnel.agent import signed
from workshop.on_aws.tunnel.request import said

HTTP_API = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"


def raw(base: str, head: bytes) -> bytes:
    """What comes back for a request that no client library would send."""
    to = urlsplit(base)
    with socket.create_connection((to.hostname, to.port), timeout=LONGEST) as connection:
        connection.sendall(head)
        return connection.makefile("rb").readline()


def test_cookies_are_no_header_in_the_event_and_arrive_as_one(base: str, stand_in: Any) -> None:
    """Payload format 2.0 has them in a member of their own (HTTP_API)."""
    httpx.get(f"{base}/x", headers={"Cookie": "a=1; b=2"})
    assert last(stand_in)["headers"].get("cookie") == "a=1; b=2"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE", "PATCH"])
def test_every_method(base: str, stand_in: Any, method: str) -> None:
    answer = httpx.request(method, f"{base}/x", headers={"Origin": "http://127.0.0.1"})
    assert answer.status_code == 418
    assert last(stand_in)["line"] == f"{method} /x"


def test_characters_that_sqs_refuses_arrive(base: str, stand_in: Any) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
    body = "\x00 \x01 \x0b \x1f \ufffe \uffff \U0001f4b7 \\ud800".encode()
    answer = httpx.post(f"{base}/echo", content=body, headers={"Content-Type": "text/plain"})
    assert answer.content == last(stand_in)["body"] == body


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        ("/a%0Ab", "/a%0Ab"),
        ("/a%0D%0AX-Evil:%201", "/a%0D%0AX-Evil:%201"),
        ("/50%25", "/50%25"),
        ("/a%23b", "/a%23b"),
        ("/%C3%A4", "/%C3%A4"),
        ("//evil.example/x", "/evil.example/x"),
        ("/@evil.example/", "/@evil.example/"),
        ("/http://evil.example/", "/http://evil.example/"),
        ("/x?a=%0D%0Ab", "/x?a=%0D%0Ab"),
        ("/" + "x" * 4000, "/" + "x" * 4000),
    ],
)
def test_odd_paths_arrive_and_lead_nowhere_else(base: str, stand_in: Any, sent: str, arrives: str) -> None:
    assert httpx.get(base + sent).status_code == 418
    assert last(stand_in)["line"] == f"GET {arrives}"
    assert last(stand_in)["headers"]["Host"].startswith("127.0.0.1:")


@pytest.mark.parametrize(
    "path",
    [
        "/_stand%5Fin/x",
        "/%255fstand_in/x",
        "/%25255Fstand_in/x",
        "/./_stand_in/x",
        "/a/%2e%2e/_stand_in/x",
        "/_stand_in",
        "/x?/_stand_in/y",
    ],
)
def test_the_doors_stay_closed_in_every_disguise(base: str, stand_in: Any, path: str) -> None:
    httpx.get(base + path)
    arrived = [one["line"].partition("?")[0] for one in stand_in.RequestHandlerClass.arrived]
    assert not [line for line in arrived if "/_stand_in" in line]


def test_headers_with_odd_bytes_arrive(base: str, stand_in: Any) -> None:
    httpx.get(f"{base}/x", headers=[(b"X-Name", "Zoë".encode()), (b"X-Two", b"a"), (b"X-Two", b"b")])
    headers = {name.lower(): value for name, value in last(stand_in)["headers"].items()}
    assert headers["x-name"].encode("latin-1").decode() == "Zoë"
    assert headers["x-two"] == "a,b"  # duplicates are combined with commas: HTTP_API


@pytest.mark.parametrize(
    "head",
    [
        b"GET http://127.0.0.1:1/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"POST /%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n",
    ],
)
def test_rubbish_from_the_internet_reaches_no_stand_in(base: str, stand_in: Any, head: bytes) -> None:
    before = len(stand_in.RequestHandlerClass.arrived)
    answer = raw(base, head)
    assert b" 40" in answer or answer == b""
    assert len(stand_in.RequestHandlerClass.arrived) == before
    assert httpx.get(f"{base}/still").status_code == 418


def test_an_answer_longer_than_lambda_takes_is_one_clear_502(base: str) -> None:
    """Six megabytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    assert len(httpx.get(f"{base}/size/4194304", timeout=60).content) == 4_194_304
    for path in ("size/5000000", "size/20000000", "endless"):
        answer = httpx.get(f"{base}/{path}", timeout=60)
        assert answer.status_code == 502 and "6 MB" in answer.json()["message"], path


def test_five_megabytes_of_text_go_up_and_as_much_binary_is_refused(base: str, stand_in: Any) -> None:
    """An event is JSON, where bytes take a third more; it may have six megabytes, too."""
    text = {"Content-Type": "application/json"}
    body = json.dumps({"x": "y" * 5_000_000}).encode()
    assert httpx.post(f"{base}/up", content=body, headers=text, timeout=60).status_code == 418
    assert last(stand_in)["body"] == body
    before = len(stand_in.RequestHandlerClass.arrived)
    told = {"Content-Type": "application/octet-stream"}
    assert httpx.post(f"{base}/up", content=bytes(5_000_000), headers=told, timeout=60).status_code == 413
    assert len(stand_in.RequestHandlerClass.arrived) == before


def test_an_answer_that_is_packed_comes_as_it_was_packed(base: str) -> None:
    assert httpx.get(f"{base}/gzip").json() == {"a": 1}


def test_addresses_in_answers_are_those_of_stand_ins_and_no_others(base: str, stand_in: Any) -> None:
    """5432 is no beginning of 54321; another stand-in's address leads there; a stranger's stays."""
    port = stand_in.server_address[1]
    tunnel.offer("other", "http://127.0.0.1:7")
    body = f'["http://127.0.0.1:{port}", "http://127.0.0.1:{port}1/a", "http://127.0.0.1:7/b", "http://127.0.0.1:8"]'
    found = httpx.post(f"{base}/echo", content=body.encode()).json()
    other = f"{base.rpartition('/')[0]}/other"
    assert found == [base, f"http://127.0.0.1:{port}1/a", f"{other}/b", "http://127.0.0.1:8"]


def test_many_at_once_are_not_mixed_up_and_a_slow_one_holds_nobody_up(base: str, stand_in: Any) -> None:
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(10) as pool:

        def echoed(number: int) -> Any:
            return client.post(f"{base}/echo", content=f"[{number}]").json()

        list(pool.map(echoed, range(20)))  # the entrance's environments are there
        slow = pool.submit(client.get, f"{base}/held")
        assert list(pool.map(echoed, range(60))) == [[number] for number in range(60)]
        assert not slow.done()
        stand_in.RequestHandlerClass.let_go.set()
        assert slow.result().text == "at last"


def test_what_went_through_the_bucket_is_deleted(base: str, client: Any) -> None:
    """A request holds the caller's secrets. The session that ends leaves none."""
    secret = {"Authorization": "Bearer only-for-you"}
    assert httpx.put(f"{base}/x", content=b"x" * 300_000, headers=secret).status_code == 418
    store = tunnel._open["agent"].store
    tunnel.close()
    assert client("s3").list_objects_v2(Bucket=store)["KeyCount"] == 0
    tunnel.opened()


def test_a_request_that_waited_too_long_is_not_made() -> None:
    """Its caller was told that it failed. Both times are AWS's own."""
    from workshop.on_aws.tunnel.agent import is_late

    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": "Wed, 01 Apr 2026 10:00:40 GMT"}}}
    sent = {seconds: {"Attributes": {"SentTimestamp": str((1775037600 + seconds) * 1000)}} for seconds in (0, 30, 60)}
    assert [is_late(answer, sent[seconds]) for seconds in (0, 30, 60)] == [True, False, False]
    assert not is_late({}, sent[0]) and not is_late(answer, {}) and not is_late(answer, {"Attributes": None})


def test_nonsense_from_the_other_end_is_answered(base: str, client: Any) -> None:
    """What no rule foresaw is a 502 at once, not half a minute and a 504."""
    agent = tunnel._open["agent"]
    odd = {"stand_in": "shop", "method": "GE\nT", "path": "/x", "query": "\x00", "body": "!", "base64": True}
    told = message(odd)
    client("sqs").send_message(QueueUrl=agent.queue, MessageBody=told)
    until = time.monotonic() + LONGEST
    answers: dict[str, Any] = {}
    while not answers and time.monotonic() < until:
        found = client("s3").list_objects_v2(Bucket=agent.store, Prefix=f"answers/{agent.name}/odd").get("Contents", [])
        answers = {
            one["Key"]: client("s3").get_object(Bucket=agent.store, Key=one["Key"])["Body"].read() for one in found
        }
    [content] = answers.values()
    assert json.loads(json.loads(content)["answer"])["statusCode"] in (400, 502)


def here() -> str:
    """The stand-in's public address now: an earlier test closed the tunnel and opened it again."""
    return f"{tunnel._open['base']}/shop"


class Admin:
    """Something else on this machine, which nobody offered: Jupyter, a database. Keeps whoever connects."""

    def __init__(self) -> None:
        self.socket = net.bind(0)
        self.socket.listen(8)
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]

    def met(self) -> bool:
        try:
            self.socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def admin() -> Iterator[Admin]:
    one = Admin()
    yield one
    one.socket.close()


def handled(agent: Any, client: Any) -> None:
    """Waits until the queue is empty: every message was taken and deleted."""
    wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = client("sqs").get_queue_attributes(QueueUrl=agent.queue, AttributeNames=wanted)["Attributes"]
        if set(found.values()) == {"0"}:
            return
        time.sleep(0.1)
    raise AssertionError("messages are left in the queue")


def keys(agent: Any, client: Any) -> set[str]:
    """What lies in the tunnel's bucket."""
    return {one["Key"] for one in client("s3").list_objects_v2(Bucket=agent.store).get("Contents", [])}


PATHS = ("@127.0.0.1:{port}/admin", "x@127.0.0.1:{port}/admin", ":{port}/admin", "//127.0.0.1:{port}/admin", "")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("secret", ["", "0" * 32], ids=["signed", "by another"])
def test_no_message_leads_to_another_port(
    base: str, stand_in: Any, client: Any, admin: Admin, path: str, secret: str
) -> None:
    """A path that does not begin with a slash became a part of the address: `@127.0.0.1:PORT/admin`. Whoever may send
    to the queue could have any port of this machine called. Even the entrance itself cannot, now.
    """
    agent = tunnel._open["agent"]
    told = {"id": f"{path}{secret}", "stand_in": "shop", "method": "GET", "path": path.format(port=admin.port)}
    before = len(stand_in.RequestHandlerClass.arrived)
    client("sqs").send_message(QueueUrl=agent.queue, MessageBody=message(told, secret))
    handled(agent, client)
    assert not admin.met()
    arrived = stand_in.RequestHandlerClass.arrived[before:]
    assert not arrived or (path.startswith("//") and not secret)  # a path of the stand-in's own, odd as it is


def test_what_is_not_signed_is_dropped(base: str, stand_in: Any, client: Any) -> None:
    agent, before = tunnel._open["agent"], len(stand_in.RequestHandlerClass.arrived)
    pay = {"stand_in": "shop", "method": "POST", "path": "/pay"}
    old = message(pay | {"id": "old", "at": time.time() - 3600})  # signed, kept, and played again
    other = message(pay | {"id": "other"}, signature="0" * 64)
    answer = json.loads(message(pay | {"id": "a"}))
    answer["signature"] = signed(
        tunnel._open["base"].rpartition("/")[2], "answer a", answer["told"]
    )  # what is signed for another purpose
    plain = json.dumps({"id": "plain", "request": pay | {"query": "", "headers": {}, "body": "", "base64": False}})
    dropped = agent.dropped
    for told in (old, other, json.dumps(answer), plain):
        client("sqs").send_message(QueueUrl=agent.queue, MessageBody=told)
    handled(agent, client)
    assert len(stand_in.RequestHandlerClass.arrived) == before and agent.dropped == dropped + 4
    assert httpx.get(f"{here()}/still").status_code == 418


def test_a_request_that_was_changed_in_the_bucket_is_not_made(base: str, stand_in: Any, client: Any) -> None:
    agent, before = tunnel._open["agent"], len(stand_in.RequestHandlerClass.arrived)
    long = {
        "stand_in": "shop",
        "method": "POST",
        "path": "/pay",
        "query": "",
        "headers": {},
        "body": "",
        "base64": False,
    }
    client("s3").put_object(Bucket=agent.store, Key=f"requests/{agent.name}/swapped", Body=json.dumps(long).encode())
    told = message({"id": "swapped", "sha256": hashlib.sha256(b"another").hexdigest()})
    client("sqs").send_message(QueueUrl=agent.queue, MessageBody=told)
    handled(agent, client)
    assert len(stand_in.RequestHandlerClass.arrived) == before


def test_an_answer_that_somebody_else_wrote_is_not_given(base: str, stand_in: Any, client: Any) -> None:
    """Whoever may write into the bucket cannot have a payment look made."""
    agent = tunnel._open["agent"]
    forged = said(200, "Paid.")
    with ThreadPoolExecutor(1) as pool:
        stand_in.RequestHandlerClass.let_go.clear()
        before = set(agent._seen)
        asked = pool.submit(httpx.get, f"{here()}/held", timeout=60)
        until = time.monotonic() + 60
        while set(agent._seen) == before and time.monotonic() < until:
            time.sleep(0.02)  # its id is known once the agent took it
        for request_id in set(agent._seen) - before:
            text = json.dumps(forged)
            for content in (text, json.dumps({"answer": text, "signature": "0" * 64})):
                key = f"answers/{agent.name}/{request_id}"
                client("s3").put_object(Bucket=agent.store, Key=key, Body=content.encode())
        stand_in.RequestHandlerClass.let_go.set()
        assert asked.result().text == "at last"


def test_bodies_are_gone_when_their_request_has_ended(base: str, client: Any) -> None:
    """They may hold a key; the entrance deletes them itself, so that it does not matter whether the notebook lives."""
    agent = tunnel._open["agent"]
    before = keys(agent, client)
    assert httpx.put(f"{here()}/x", content=b"x" * 300_000).status_code == 418
    handled(agent, client)
    assert keys(agent, client) <= before


def test_what_a_killed_notebook_left_is_swept_away(base: str, client: Any, monkeypatch: Any) -> None:
    from workshop.on_aws.tunnel import agent as module

    agent = tunnel._open["agent"]
    for key in ("requests/gone/1", "answers/gone/1", "alive/gone"):
        client("s3").put_object(Bucket=agent.store, Key=key, Body=b"sk_test_workshop")
    agent._sweep()
    left = {key for key in keys(agent, client) if "/gone" in key}
    assert len(left) == 3  # a moment old: perhaps still wanted
    monkeypatch.setattr(module, "FORGOTTEN", -1000.0)
    agent._sweep()
    assert not left & keys(agent, client)
    agent._beat(agent._s3)


@pytest.mark.parametrize("name", ["Origin", "Referer", "Sec-Fetch-Site", "X-Forwarded-For", "Proxy-Authorization"])
def test_headers_that_are_not_a_functions_stay_outside(base: str, stand_in: Any, name: str) -> None:
    httpx.get(f"{here()}/x", headers={name: "https://evil.example"})
    assert name.lower() not in {one.lower() for one in last(stand_in)["headers"]}


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get"])
def test_other_methods_are_refused(base: str, stand_in: Any, client: Any, method: str) -> None:
    agent, before = tunnel._open["agent"], len(stand_in.RequestHandlerClass.arrived)
    told = message({"id": f"m-{method}", "stand_in": "shop", "method": method, "path": "/x"})
    client("sqs").send_message(QueueUrl=agent.queue, MessageBody=told)
    handled(agent, client)
    assert len(stand_in.RequestHandlerClass.arrived) == before
