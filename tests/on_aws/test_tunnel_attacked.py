"""The tunnel under load, and with what one does not expect: nothing hangs, nothing is mixed up, nothing gets out."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.on_aws.tunnelled import last
from workshop.on_aws import tunnel

HTTP_API = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"


def raw(base: str, head: bytes) -> bytes:
    """What comes back for a request that no client library would send."""
    to = urlsplit(base)
    with socket.create_connection((to.hostname, to.port), timeout=40) as connection:
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
    assert client("s3").list_objects_v2(Bucket=store)["KeyCount"] > 0
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
    request = {
        "stand_in": "shop",
        "method": "GE\nT",
        "path": "/x",
        "query": "\x00",
        "headers": {},
        "body": "!",
        "base64": True,
    }
    told = json.dumps({"id": "odd", "request": request})
    client("sqs").send_message(QueueUrl=agent.queue, MessageBody=told)
    until = time.monotonic() + 20
    answers: dict[str, Any] = {}
    while not answers and time.monotonic() < until:
        found = client("s3").list_objects_v2(Bucket=agent.store, Prefix=f"answers/{agent.name}/odd").get("Contents", [])
        answers = {
            one["Key"]: client("s3").get_object(Bucket=agent.store, Key=one["Key"])["Body"].read() for one in found
        }
    [content] = answers.values()
    assert json.loads(content)["statusCode"] in (400, 502)
