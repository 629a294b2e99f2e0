"""The middleman's handlers against a strict back end."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from urllib.parse import parse_qs

import httpx
import pytest

from tests.partners.serving import served

KEY = "a key between two"


@pytest.fixture
def back_end():
    with served("backend") as url:
        yield url


@pytest.fixture
def handler(service, cloud, parameter, back_end, client):
    parameter("middleman_api_key", KEY)
    queue = client("sqs").create_queue(QueueName=f"requests-{os.urandom(4).hex()}")["QueueUrl"]
    return service("middleman", BACKEND_URL=back_end, BACKEND_TIMEOUT="0.5", QUEUE_URL=queue)


def request(body=b"via lambda", key=KEY, path="orders", **headers):
    """What API Gateway hands over when every body is binary."""
    sent = {"X-API-Key": key, "Content-Type": "text/plain", "Host": "x", "X-Forwarded-For": "1.2.3.4"}
    return {
        "headers": sent | headers,
        "pathParameters": {"proxy": path},
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


def received(back_end):
    return httpx.get(f"{back_end}/_stand_in/received").json()


@pytest.mark.parametrize("body", [b"via lambda", b"", os.urandom(4_500_000), bytes(range(256)), "Zürich €".encode()])
def test_the_body_arrives_byte_equal_with_its_length(handler, back_end, context, body):
    answer = handler.forward(request(body), context)
    assert answer["statusCode"] == 201
    [taken] = received(back_end)
    assert taken["sha256"] == hashlib.sha256(body).hexdigest()
    assert taken["headers"]["content-length"] == str(len(body))
    assert "transfer-encoding" not in taken["headers"]
    assert json.loads(base64.b64decode(answer["body"]))["bytes"] == len(body)


@pytest.mark.parametrize("door", ["forward", "queued"])
def test_letters_beyond_ascii_in_a_header(handler, back_end, context, client, door):
    """HTTP's header values may have them: https://www.rfc-editor.org/rfc/rfc9110#section-5.5"""
    event = request(**{"Idempotency-Key": "Bestellung-ä-1"})
    if door == "forward":
        assert handler.forward(event, context)["statusCode"] == 201
    else:
        handler.accept(event, context)
        [message] = client("sqs").receive_message(QueueUrl=os.environ["QUEUE_URL"])["Messages"]
        record = {"messageId": message["MessageId"], "body": message["Body"]}
        assert handler.deliver({"Records": [record]}, context) == {"batchItemFailures": []}
    [taken] = received(back_end)
    assert taken["idempotency_key"].encode("latin-1").decode() == "Bestellung-ä-1"


@pytest.mark.parametrize("bad", ["{", "[]", "{}", '{"path": "/x", "headers": {"a": 1}, "body": ""}'])
def test_a_message_that_makes_no_sense_holds_up_no_other(handler, back_end, context, bad):
    good = json.dumps({"path": "/orders", "headers": {}, "body": base64.b64encode(b"x").decode()})
    records = [{"messageId": "good-1", "body": good}, {"messageId": "bad", "body": bad}]
    records.append({"messageId": "good-2", "body": good})
    assert handler.deliver({"Records": records}, context) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert [taken["idempotency_key"] for taken in received(back_end)] == ["good-1", "good-2"]


def test_how_long_to_wait_and_where_it_is_come_back(handler, back_end, context):
    """https://www.rfc-editor.org/rfc/rfc9110#field.retry-after · #field.location"""
    headers = {"Retry-After": "120", "Location": "/orders/7", "Set-Cookie": "a=b", "Server": "x"}
    fault = {"kind": "status", "status": 503, "headers": headers}
    httpx.post(f"{back_end}/_stand_in/faults", json=fault)
    answer = handler.forward(request(), context)
    told = {"Retry-After": "120", "Location": "/orders/7", "Content-Type": "application/json"}
    assert (answer["statusCode"], answer["headers"]) == (503, told)


def test_a_path_of_two_slashes_is_no_host(handler, back_end, context):
    assert handler.forward(request(path="/example.com/x"), context)["statusCode"] == 201
    assert received(back_end)[0]["path"] == "//example.com/x"


@pytest.mark.parametrize("door", ["forward", "queued"])
def test_path_and_query_arrive_as_they_were(handler, back_end, context, client, door):
    event = request(path="a%20b/what%3F/%C3%BC") | {"multiValueQueryStringParameters": {"x": ["1", "2"], "y": ["& ="]}}
    if door == "forward":
        assert handler.forward(event, context)["statusCode"] == 201
    else:
        handler.accept(event, context)
        [message] = client("sqs").receive_message(QueueUrl=os.environ["QUEUE_URL"])["Messages"]
        record = {"messageId": message["MessageId"], "body": message["Body"]}
        assert handler.deliver({"Records": [record]}, context) == {"batchItemFailures": []}
    [taken] = received(back_end)
    assert taken["path"] == "/a b/what?/ü"
    assert parse_qs(taken["query"]) == {"x": ["1", "2"], "y": ["& ="]}


def test_a_text_body_arrives_too(handler, back_end, context):
    event = request() | {"body": "Zürich", "isBase64Encoded": False}
    assert handler.forward(event, context)["statusCode"] == 201
    assert received(back_end)[0]["text"] == "Zürich"


def test_only_headers_that_matter_pass(handler, back_end, context):
    handler.forward(request(**{"X-Request-Id": "7", "Cookie": "c", "Authorization": "Bearer t"}), context)
    [taken] = received(back_end)
    assert taken["path"] == "/orders"
    assert taken["headers"]["content-type"] == "text/plain"
    assert taken["headers"]["x-request-id"] == "7"
    assert not {"cookie", "authorization", "x-api-key", "x-forwarded-for"} & set(taken["headers"])


@pytest.mark.parametrize("key", ["", "wrong", "é"])
def test_without_the_key_nothing_passes(handler, back_end, context, key):
    for door in (handler.forward, handler.accept):
        assert door(request(key=key), context)["statusCode"] == 401
    assert received(back_end) == []


@pytest.mark.parametrize(("status", "passed"), [(400, 400), (422, 422), (500, 500), (503, 503)])
def test_the_back_ends_status_passes_through(handler, back_end, context, status, passed):
    httpx.post(f"{back_end}/_stand_in/faults", json={"kind": "status", "status": status})
    assert handler.forward(request(), context)["statusCode"] == passed


def test_slow_is_504_and_gone_is_502(handler, back_end, context):
    httpx.post(f"{back_end}/_stand_in/faults", json={"kind": "slow", "seconds": 2})
    assert handler.forward(request(), context)["statusCode"] == 504
    httpx.post(f"{back_end}/_stand_in/faults", json={"kind": "drop"})
    assert handler.forward(request(), context)["statusCode"] == 502


def test_down_is_502(service, handler, context, monkeypatch):
    monkeypatch.setattr(handler, "back_end", httpx.Client(base_url="http://127.0.0.1:9", timeout=2))
    answer = handler.forward(request(), context)
    assert (answer["statusCode"], json.loads(answer["body"])["message"]) == (502, "The back end cannot be reached.")


def test_a_queued_request_is_delivered_once(handler, back_end, context, client):
    answer = handler.accept(request(b"\x00\xff later", **{"Idempotency-Key": "order-7"}), context)
    assert (answer["statusCode"], json.loads(answer["body"])["id"]) == (202, "order-7")
    sqs = client("sqs")
    [message] = sqs.receive_message(QueueUrl=os.environ["QUEUE_URL"])["Messages"]
    event = {"Records": [{"messageId": message["MessageId"], "body": message["Body"]}]}
    for _ in range(2):  # SQS delivers at least once
        assert handler.deliver(event, context) == {"batchItemFailures": []}
    [taken] = received(back_end)
    assert taken["sha256"] == hashlib.sha256(b"\x00\xff later").hexdigest()
    assert taken["idempotency_key"] == "order-7"


def test_what_no_queue_takes_is_refused_by_size(handler, context):
    # 1 MiB: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
    assert handler.accept(request(os.urandom(780_000)), context)["statusCode"] == 202
    answer = handler.accept(request(os.urandom(800_000)), context)
    assert (answer["statusCode"], json.loads(answer["body"])["message"][:9]) == (413, "The queue")


def test_only_what_failed_comes_again(handler, back_end, context):
    httpx.post(f"{back_end}/_stand_in/faults", json={"kind": "status", "status": 503, "path": "/2"})
    body = base64.b64encode(b"x").decode()
    records = [
        {"messageId": f"m{number}", "body": json.dumps({"path": f"/{number}", "headers": {}, "body": body})}
        for number in (1, 2, 3)
    ]
    assert handler.deliver({"Records": records}, context) == {"batchItemFailures": [{"itemIdentifier": "m2"}]}
    assert handler.deliver({"Records": records}, context) == {"batchItemFailures": []}
    assert httpx.get(f"{back_end}/_stand_in/count").json() == {"taken": 3, "replayed": 2}
