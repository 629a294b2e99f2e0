"""The strict back end on the wire. https://www.rfc-editor.org/rfc/rfc9110#status.411"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support import LONGEST


@pytest.fixture
def site(stand_in):
    return stand_in("backend")


def on_the_wire(site: str, request: bytes) -> bytes:
    """Sends exactly these bytes and returns all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", urlsplit(site).port), 5) as sock:
        sock.sendall(request)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
        return answer


def received(site):
    return httpx.get(f"{site}/_stand_in/received").json()


def test_chunks_get_411_before_the_body_ends(site):
    head = b"POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = on_the_wire(site, head + b"5\r\nhello\r\n")  # the last chunk is never sent
    assert answer.startswith(b"HTTP/1.1 411 Length Required\r\n")
    assert b"connection: close" in answer.lower()
    assert received(site) == []


def test_a_post_without_any_length_gets_411(site):
    answer = on_the_wire(site, b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 411 ")


def test_more_than_it_takes_gets_413_before_the_body(site):
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 20000001\r\n\r\n"
    assert on_the_wire(site, head).startswith(b"HTTP/1.1 413 ")
    assert received(site) == []


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 1_000_003, 20_000_000])
def test_bodies_of_every_size_arrive_byte_equal(site, size):
    body = os.urandom(size)
    answer = httpx.post(f"{site}/orders?x=1", content=body, headers={"Content-Length": str(size)}, timeout=LONGEST)
    assert answer.status_code == 201
    assert answer.json() == {"id": 1, "bytes": size, "sha256": hashlib.sha256(body).hexdigest()}


def test_reading_needs_no_length(site):
    assert httpx.get(f"{site}/orders").json() == {"taken": 0}


def test_one_key_counts_once(site):
    headers = {"Idempotency-Key": "order-7"}
    first = httpx.post(site, json={"a": 1}, headers=headers)
    again = httpx.post(site, json={"a": 1}, headers=headers)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert httpx.post(site, json={"a": 2}, headers=headers).status_code == 422
    assert httpx.get(f"{site}/_stand_in/count").json() == {"taken": 1, "replayed": 1}


def test_a_key_can_be_required(site):
    httpx.post(f"{site}/_stand_in/require", json={"key": "k"})
    assert httpx.post(site, json={}).status_code == 401
    assert httpx.post(site, json={}, headers={"X-Api-Key": "k"}).status_code == 201
    assert "x-api-key" not in received(site)[0]["headers"]


def test_a_client_that_hangs_up_leaves_nothing(site):
    with socket.create_connection(("127.0.0.1", urlsplit(site).port), 5) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf")
    assert httpx.post(site, json={}).json()["id"] == 1


def test_a_killed_one_still_knows_what_it_took(tmp_path):
    command = [sys.executable, "-m", "workshop.partners.backend", "--journal", str(tmp_path / "taken.jsonl")]

    def start(*port):
        process = subprocess.Popen([*command, *port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return process, process.stdout.readline().strip()

    process, url = start()
    assert httpx.post(url, json={"a": 1}, headers={"Idempotency-Key": "one"}).status_code == 201
    process.kill()
    process.communicate()
    process, again = start("--port", url.rpartition(":")[2])
    try:
        assert again == url
        assert httpx.post(url, json={"a": 1}, headers={"Idempotency-Key": "one"}).headers["idempotent-replayed"]
        assert httpx.get(f"{url}/_stand_in/count").json() == {"taken": 1, "replayed": 1}
    finally:
        process.stdin.close()  # its lifeline
        assert process.wait(LONGEST) == 0
        process.stdout.close()
