"""The server: bad requests, foreign hosts, clients that hang up, environments that die."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import ECHO, Bench, eventually, unique
from tests.support import LONGEST

SLOW = "import time\ndef handler(event, context):\n    time.sleep(event.get('seconds', 0))\n"


@pytest.fixture(scope="module")
def bench(cloud: Any, client: Any) -> Bench:
    return Bench(client, cloud.endpoint)


def raw(bench: Bench, data: bytes, *, read: bool = True) -> bytes:
    """What the server answers to bytes."""
    parts = urlsplit(bench.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=LONGEST) as connection:
        connection.sendall(data)
        return connection.recv(65536) if read else b""


def alive(bench: Bench) -> bool:
    return httpx.get(f"{bench.url}/_workshop/status").json()["aws"] == bench.url


def test_status_says_where_things_are(bench: Bench) -> None:
    status = httpx.get(f"{bench.url}/_workshop/status").json()
    assert (status["aws"], status["region"], status["account"]) == (bench.url, "eu-west-1", "123456789012")
    assert {"stripe", "paypal", "github", "mail", "backend"} <= set(status["partners"])
    assert "/var/task" in status["folders"]


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
    ],
)
def test_malformed_http_is_survived(bench: Bench, data: bytes) -> None:
    parts = urlsplit(bench.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=LONGEST) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert alive(bench)


def test_a_foreign_host_and_a_cross_site_post_are_refused(bench: Bench) -> None:
    assert httpx.get(f"{bench.url}/", headers={"Host": "evil.example"}).status_code == 403
    assert httpx.post(f"{bench.url}/_workshop/reset", headers={"Origin": "https://evil.example"}).status_code == 403
    assert httpx.post(f"{bench.url}/_workshop/reset", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
        ("DynamoDB_20120810.GetItem", b"{", "SerializationException"),
        ("AmazonSSM.GetParameter", b"[]", "SerializationException"),
        ("Logs_20140328.PutLogEvents", b"\xff", "SerializationException"),
        ("DynamoDB_20120810.Nope", b"{}", "UnknownOperationException"),
    ],
)
def test_what_is_no_request_of_a_service_is_a_400(bench: Bench, target: str, body: bytes, code: str) -> None:
    service = {"DynamoDB": "dynamodb", "AmazonSS": "ssm", "Logs_201": "logs"}[target[:8]]
    scope = f"Credential=test/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=x"
    headers = {"X-Amz-Target": target, "Authorization": f"AWS4-HMAC-SHA256 {scope}"}
    got = httpx.post(bench.url, content=body, headers=headers)
    assert (got.status_code, got.json()["__type"]) == (400, code)
    assert "Error:" not in got.text  # nothing of Python's


def test_two_hundred_idle_connections(bench: Bench) -> None:
    parts = urlsplit(bench.url)
    idle = [socket.create_connection((parts.hostname, parts.port), timeout=LONGEST) for _ in range(200)]
    try:
        assert alive(bench)
        assert bench.client("lambda").invoke(FunctionName=bench.function(ECHO))["StatusCode"] == 200
    finally:
        for connection in idle:
            connection.close()


def test_a_client_that_hangs_up_changes_nothing(bench: Bench) -> None:
    arn = bench.function(SLOW)
    scope = "AWS4-HMAC-SHA256 Credential=k/20260101/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=s"
    body = b'{"seconds": 0.3}'
    head = (
        f"POST /2015-03-31/functions/{arn}/invocations HTTP/1.1\r\nHost: localhost\r\nAuthorization: {scope}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    raw(bench, head.encode() + body, read=False)
    raw(bench, head.encode() + body[:4], read=False)  # half a body
    assert bench.client("lambda").invoke(FunctionName=arn)["StatusCode"] == 200


@pytest.mark.skipif(os.name != "posix", reason="kills a process by signal")
def test_an_environment_killed_mid_request_fails_that_request_only(bench: Bench) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html: Runtime.ExitError
    arn, api = bench.function(SLOW), bench.client("lambda")
    name = arn.rpartition(":")[2]
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: api.invoke(FunctionName=arn, Payload=b'{"seconds": 8}'))

        def victim() -> int:
            rows = httpx.get(f"{bench.url}/_workshop/environments").json()["environments"]
            return next((row["pid"] for row in rows if row["function"] == name and row["state"] == "busy"), 0)

        os.kill(eventually(victim), signal.SIGKILL)
        got = running.result(timeout=LONGEST)
    assert got["FunctionError"] == "Unhandled"
    assert json.loads(got["Payload"].read())["errorType"] == "Runtime.ExitError"
    assert api.invoke(FunctionName=arn, Payload=b"{}").get("FunctionError") is None


def test_an_unknown_service_is_refused_in_its_own_protocol(bench: Bench, client: Any) -> None:
    for service, call in (("braket", "search_devices"), ("lightsail", "get_regions")):
        with pytest.raises(ClientError) as caught:
            getattr(client(service), call)(**({"filters": []} if service == "braket" else {}))
        assert caught.value.response["Error"]["Code"] == "UnknownOperationException"


def test_large_objects_come_back_whole(bench: Bench) -> None:
    bucket, s3 = unique("large"), bench.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    data = os.urandom(20 * 1024 * 1024)
    s3.put_object(Bucket=bucket, Key="ä b/c+d.bin", Body=data, Metadata={"my_key": "v"})
    got = s3.get_object(Bucket=bucket, Key="ä b/c+d.bin")
    assert got["Body"].read() == data
    assert got["Metadata"] == {"my_key": "v"}
    link = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "ä b/c+d.bin"})
    assert httpx.get(link).content == data


def test_a_long_poll_waits_for_a_message(bench: Bench) -> None:
    sqs = bench.client("sqs")
    url = sqs.create_queue(QueueName=unique("q"), Attributes={"ReceiveMessageWaitTimeSeconds": "20"})["QueueUrl"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: sqs.receive_message(QueueUrl=url))
        assert alive(bench)
        bench.client("sqs").send_message(QueueUrl=url, MessageBody="here")
        assert waiting.result(timeout=LONGEST)["Messages"][0]["Body"] == "here"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"idle_second": 1}, "There is no setting"),
        ({"freeze": "yes"}, "cannot be"),
        ({"idle_seconds": -1}, "cannot be"),
        ({"max_processes": 0}, "max_processes cannot be 0. It is 50 now."),
        ({"init_seconds": 0}, "cannot be"),
        ({"account_concurrency": 1.5}, "cannot be"),
        ({"isolation": "never"}, "is decided when the cloud starts"),
        ([1], "JSON object"),
    ],
)
def test_settings_refuse_nonsense(bench: Bench, body: Any, said: str) -> None:
    got = httpx.post(f"{bench.url}/_workshop/settings", json=body)
    assert got.status_code == 400
    assert said in got.json()["error"]


def test_importing_an_api_document_is_refused_clearly(bench: Bench) -> None:
    document = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {}}
    with pytest.raises(ClientError) as caught:
        bench.client("apigateway").import_rest_api(body=json.dumps(document).encode(), failOnWarnings=True)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500


def test_a_door_of_the_cloud_takes_a_megabyte(bench: Bench) -> None:
    def pieces() -> Any:
        for _ in range(17):
            yield b"x" * (1 << 16)

    got = httpx.post(f"{bench.url}/_workshop/clock", content=pieces())
    assert (got.status_code, got.json()["error"]) == (413, "The body is larger than 1048576 bytes.")


def test_hanging_up_is_quiet(tmp_path: Path) -> None:
    """A client that goes away in the middle of its body leaves nothing in the cloud's log, whichever door it used."""
    log = tmp_path / "log.txt"
    with log.open("wb") as errors:
        words = [sys.executable, "-m", "workshop.cloud.up", "--lifeline"]
        child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        try:
            assert child.stdout is not None
            status = json.loads(child.stdout.readline())
            for url in (status["aws"], *status["partners"].values()):
                httpx.get(url)  # a stand-in is imported at its first request
                for path in (
                    "/_workshop/clock",
                    "/_stand_in/faults",
                    "/send",
                    "/v1/charges",
                    "/v2/checkout/orders",
                    "/x",
                ):
                    _hang_up(url, path)
                assert httpx.get(url).status_code < 600
        finally:
            child.communicate(timeout=LONGEST)  # its lifeline closes
    assert "Traceback" not in log.read_text(encoding="utf-8")


def _hang_up(url: str, path: str) -> None:
    parts = urlsplit(url)
    head = f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\nContent-Length: 900\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=LONGEST) as connection:
        connection.sendall(head.encode() + b"Authorization: Bearer sk_test_1\r\n\r\n{")


def test_a_long_poll_that_outlives_the_cloud_is_quiet(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    with log.open("wb") as errors, ThreadPoolExecutor(1) as pool:
        words = [sys.executable, "-m", "workshop.cloud.up", "--lifeline"]
        child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        try:
            assert child.stdout is not None
            sqs = _client("sqs", json.loads(child.stdout.readline())["aws"])
            queue = sqs.create_queue(QueueName="q")["QueueUrl"]
            waiting = pool.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=20)
            assert not eventually(waiting.done, 1)
        finally:
            child.communicate(timeout=LONGEST)
        waiting.exception(LONGEST)  # an error, or an empty answer that was just on its way
    assert "Traceback" not in log.read_text(encoding="utf-8")


def _client(service: str, url: str) -> Any:
    import boto3
    from botocore.config import Config

    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    config = Config(retries={"max_attempts": 0})
    return boto3.client(service, region_name="eu-west-1", endpoint_url=url, config=config, **keys)
