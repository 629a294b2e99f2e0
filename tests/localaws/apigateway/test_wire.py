"""What only shows on the wire: header names as sent, answers in one piece, requests on one connection."""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.localaws.bench import Bench, RestApi


@pytest.fixture(scope="module")
def api(bench: Bench, answer: str) -> RestApi:
    return bench.rest_api({"POST /hook": answer, "GET /hook": answer})


def test_header_names_arrive_as_the_client_wrote_them(api: RestApi) -> None:
    # REST APIs keep the client's spelling, but for Authorization and User-Agent
    where = urlsplit(api.url)
    connection = http.client.HTTPConnection(where.netloc)
    headers = {"X-GitHub-Event": "ping", "x-lower": "1", "tEsT-HEADeR": "2", "aUthorization": "a", "user-agent": "b"}
    connection.request("POST", where.path + "/hook", body=b"{}", headers=headers)
    event = json.loads(connection.getresponse().read())
    connection.close()
    assert {"X-GitHub-Event": "ping", "x-lower": "1", "tEsT-HEADeR": "2"}.items() <= event["headers"].items()
    assert (event["headers"]["Authorization"], event["headers"]["User-Agent"]) == ("a", "b")


def test_a_repeated_header_keeps_all_its_values(api: RestApi) -> None:
    # "multiValueHeaders" of set-up-lambda-proxy-integrations.html; `headers` has the last one
    where = urlsplit(api.url)
    connection = http.client.HTTPConnection(where.netloc)
    connection.putrequest("GET", where.path + "/hook")
    for value in ("a", "b"):
        connection.putheader("X-Many", value)
    connection.endheaders()
    event = json.loads(connection.getresponse().read())
    connection.close()
    assert (event["headers"]["X-Many"], event["multiValueHeaders"]["X-Many"]) == ("b", ["a", "b"])


def test_requests_sent_ahead_are_answered_in_order(api: RestApi) -> None:
    where = urlsplit(api.url)
    with socket.create_connection((where.hostname, where.port)) as connection:
        connection.settimeout(10)
        for number in range(3):
            last = "Connection: close\r\n" if number == 2 else ""
            line = f"GET {where.path}/hook?n={number} HTTP/1.1\r\nHost: {where.netloc}\r\n{last}\r\n"
            connection.sendall(line.encode())
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert received.count(b"HTTP/1.1 200 OK") == 3
    order = [received.index(b'"n": "%d"' % number) for number in range(3)]
    assert order == sorted(order)


def test_a_client_that_hangs_up_harms_nobody(api: RestApi) -> None:
    where = urlsplit(api.url)
    for part in (b"POST ", b"POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nabc", b"\x16\x03\x01"):
        with socket.create_connection((where.hostname, where.port)) as connection:
            connection.sendall(part)
    assert api.get("/hook").status_code == 200


def test_the_function_finds_the_callers_trace(bench: Bench) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html: _X_AMZN_TRACE_ID
    source = "import os\ndef handler(event, context):\n    return {'body': os.environ['_X_AMZN_TRACE_ID']}\n"
    traced = bench.rest_api({"GET /trace": bench.function(source)})
    root = "Root=1-5759e988-bd862e3fe1be46a994272793"
    got = traced.get("/trace", headers={"X-Amzn-Trace-Id": root})
    assert root in got.text and got.headers["x-amzn-trace-id"] == root
