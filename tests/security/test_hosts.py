"""Who may ask what, on every port that listens, without a browser."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from typing import Any

import httpx
import pytest

from tests.localaws.bench import ANSWER, unique
from tests.security.conftest import Listening
from tests.support import LONGEST

PORTS = ("aws", "offline", "runtime", "stripe", "paypal", "github", "mail", "backend")
SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=00"


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize(
    "host",
    ["e.test", "x.amazonaws.com", "sqs.eu-west-1.amazonaws.com", "a.on.aws", "127.0.0.1.e.test", "10.0.0.1"],
)
def test_a_foreign_name_reaches_nothing(listening: Listening, port: str, host: str) -> None:
    url = f"http://127.0.0.1:{listening.ports[port]}/"
    for path in ("", "_workshop/status", "_stand_in/requests", "hello", "2018-06-01/runtime/invocation/next"):
        answer = httpx.get(url + path, headers={"Host": host, "Authorization": SIGNED.format("sqs")})
        assert answer.status_code == 403
        assert "only on this machine" in answer.text


@pytest.mark.parametrize("host", ["{}.execute-api.eu-west-1.amazonaws.com", "{}.lambda-url.eu-west-1.on.aws"])
def test_names_of_deployed_apis_reach_deployed_apis_only(listening: Listening, host: str) -> None:
    bench = listening.bench
    functions, arn = bench.client("lambda"), bench.function(ANSWER)
    functions.create_function_url_config(FunctionName=arn, AuthType="NONE")
    everybody = {"StatementId": "all", "Principal": "*", "FunctionUrlAuthType": "NONE"}
    functions.add_permission(FunctionName=arn, Action="lambda:InvokeFunctionUrl", **everybody)
    url_host = functions.get_function_url_config(FunctionName=arn)["FunctionUrl"].partition("//")[2].strip("/")
    assert httpx.get(f"{listening.aws}/a?b=c", headers={"Host": url_host}).json()["rawPath"] == "/a"
    name = host.format("a1b2c3")
    for path in ("/_workshop/status", "/_workshop/environments", "/?Action=ListQueues", "/2015-03-31/functions/"):
        for service in ("lambda", "sqs"):
            headers = {"Host": name, "Authorization": SIGNED.format(service)}
            answer = httpx.get(f"{listening.aws}{path}", headers=headers)
            assert answer.status_code in (403, 404)
            assert "partners" not in answer.text and "Functions" not in answer.text and "Queue" not in answer.text


def test_an_action_by_get_needs_what_a_page_cannot_send(listening: Listening) -> None:
    """A page may send a header only with our consent: https://fetch.spec.whatwg.org/#cors-preflight-fetch"""
    name = unique("topic")
    url = f"{listening.aws}/?Action=CreateTopic&Name={name}&Version=2010-03-31"
    presigned = f"{url}&X-Amz-Credential=test/20260101/eu-west-1/sns/aws4_request&X-Amz-Signature=0"
    for refused in (url, presigned):
        answer = httpx.get(refused)
        assert (answer.status_code, "needs an Authorization header" in answer.text) == (403, True)
    assert name not in str(listening.bench.client("sns").list_topics())
    assert httpx.get(url, headers={"Authorization": SIGNED.format("sns")}).status_code == 200
    assert name in str(listening.bench.client("sns").list_topics())


@pytest.mark.parametrize(
    ("service", "action", "said"),
    [
        ("sqs", "CreateQueue&QueueName=by-get&Version=2012-11-05", "/by-get</QueueUrl>"),
        ("sqs", "ListQueues&Version=2012-11-05", "<ListQueuesResponse"),
        ("monitoring", "ListMetrics&Version=2010-08-01", "<ListMetricsResponse"),
    ],
)
def test_a_signed_action_by_get_is_answered_in_xml(listening: Listening, service: str, action: str, said: str) -> None:
    # …/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html: GET or POST
    answer = httpx.get(f"{listening.aws}/?Action={action}", headers={"Authorization": SIGNED.format(service)})
    assert (answer.status_code, said in answer.text) == (200, True), answer.text


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "HEAD", "POST"])
def test_no_other_site_is_let_into_the_control_plane(listening: Listening, method: str) -> None:
    headers = {"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"}
    headers["Access-Control-Request-Headers"] = "authorization"
    answer = httpx.request(method, f"{listening.aws}/", headers=headers)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


CLAIMS = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "99"}


@pytest.mark.parametrize("through", ["aws", "offline"])
def test_a_client_does_not_say_who_it_is(listening: Listening, through: str, tmp_path: Any) -> None:
    """`sourceIp` is the TCP peer's, and it is appended to what the client sent.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    """
    from workshop import serverless

    name = unique("who")
    (tmp_path / "handler.py").write_text(
        "import json\ndef who(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n",
        encoding="utf-8",
    )
    (tmp_path / "serverless.yml").write_text(
        f"service: {name}\nprovider:\n  name: aws\n  runtime: python3.12\n"
        "functions:\n  who:\n    handler: handler.who\n    events:\n      - http: GET /rest\n"
        "      - httpApi: GET /plain\n",
        encoding="utf-8",
    )
    with serverless.offline(tmp_path, port=0) as offline:
        urls = {route.split()[1].rpartition("/")[2]: route.split()[1] for route in offline.routes}
        if through == "aws":
            urls = {end.url.rpartition("/")[2]: end.url for end in serverless.info(serverless.load(tmp_path)).endpoints}
        rest = httpx.get(urls["rest"], headers=CLAIMS).json()
        plain = httpx.get(urls["plain"], headers=CLAIMS).json()
    assert rest["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert plain["requestContext"]["http"]["sourceIp"] == "127.0.0.1"
    for headers in ({name.lower(): value for name, value in rest["headers"].items()}, plain["headers"]):
        assert headers["x-forwarded-for"] == "6.6.6.6, 127.0.0.1"
        assert headers["x-forwarded-proto"] == "http"
        assert headers["x-forwarded-port"] not in ("99", "80")


@pytest.mark.parametrize("port", PORTS)
def test_a_head_that_never_ends_is_cut_off(listening: Listening, port: str) -> None:
    """20 MB of one header, which was kept in memory; now the connection ends after a part of it."""
    sent, answer = 0, b""
    with socket.create_connection(("127.0.0.1", listening.ports[port]), timeout=LONGEST) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        try:
            while sent < 20_000_000:
                connection.sendall(b"x" * 65536)
                sent += 65536
                time.sleep(0)
        except OSError:
            pass
        with contextlib.suppress(OSError):  # it was reset before the answer was read: also an end
            answer = connection.recv(1000)
    assert sent < 16_000_000
    assert not answer or answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))
    reached = httpx.get(f"http://127.0.0.1:{listening.ports[port]}/_stand_in/requests")
    assert reached.status_code in (200, 403, 404)


def test_a_head_that_stops_is_given_up(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """`offline` serves in this process, so its patience can be made short here; all servers share the class."""
    from workshop.core import serving

    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", listening.ports["offline"]), timeout=LONGEST) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: local")
        assert connection.recv(1000).startswith(b"HTTP/1.1 408")
        assert connection.recv(1000) == b""


def test_a_head_that_stops_is_given_up_by_a_functions_runtime_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket of its own, whose patience can be made short here: the real one is in the cloud's process."""
    from workshop.localaws.runtime import runtime_api

    async def talk() -> tuple[bytes, bytes]:
        server = await asyncio.get_running_loop().create_server(
            lambda: runtime_api.RuntimeConnection(None),
            "127.0.0.1",
            0,  # type: ignore[arg-type]  # no host is reached
        )
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            writer.write(b"GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            whole = await asyncio.wait_for(reader.readuntil(b"}"), LONGEST)
            writer.write(b"GET / HTTP/1.1\r\nHost: 127.")
            stopped = await asyncio.wait_for(reader.read(), LONGEST)
            writer.close()
            return whole, stopped

    monkeypatch.setattr(runtime_api, "HEAD_SECONDS", 0.2)
    whole, stopped = asyncio.run(talk())
    assert whole.startswith(b"HTTP/1.1 404")
    assert stopped.startswith(b"HTTP/1.1 408")


STAND_INS = ("stripe", "paypal", "github", "mail", "backend")


@pytest.mark.parametrize("port", STAND_INS)
@pytest.mark.parametrize("path", ["/anything", "/v1/customers", "/_stand_in/faults"])
def test_a_body_without_an_end_is_not_kept(listening: Listening, port: str, path: str) -> None:
    """Chunks without a length, up to 200 MB: the answer, or the end, comes before theirs."""
    sent, answer, chunk = 0, b"", b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    with socket.create_connection(("127.0.0.1", listening.ports[port]), timeout=LONGEST) as connection:
        connection.sendall(f"{head}Authorization: Bearer sk_test_1\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        try:
            while sent < 200:
                connection.sendall(chunk)
                sent += 1
        except OSError:
            pass
        with contextlib.suppress(OSError):
            answer = connection.recv(1000)
    assert sent < 100 or answer  # who needs no body answers at once, and keeps none of it
    assert not answer or answer.startswith(b"HTTP/1.1 4")
    longer = f"{head}Content-Length: 99999999999\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", listening.ports[port]), timeout=LONGEST) as connection:
        connection.sendall(longer)
        assert connection.recv(1000).startswith(b"HTTP/1.1 4")
