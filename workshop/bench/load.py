"""The load generator: keep-alive connections on raw sockets, in a process of its own, so that it slows nobody.

    python -m workshop.bench.load URL --connections 8 --seconds 4
    python -m workshop.bench.load URL --connections 8 --requests 50000

Prints one line of JSON: requests, errors, seconds, and latencies in milliseconds (p50, p99, most).
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import sys
import time
from urllib.parse import urlsplit

STALL_SECONDS = 30.0


class Connection:
    """One keep-alive connection that always has one request under way."""

    def __init__(self, host: str, port: int, request: bytes) -> None:
        self.sock = socket.create_connection((host, port), timeout=10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request, self.buffer, self.began = request, b"", 0.0

    def send(self) -> None:
        """Begin a request."""
        self.began = time.perf_counter()
        self.sock.sendall(self.request)

    def receive(self) -> int | None:
        """Take what has come. The status code when the answer is complete, 0 when the connection ended, else None."""
        data = self.sock.recv(65536)
        if not data:
            return 0
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found or not complete(head.lower(), body):
            return None
        status = int(self.buffer[9:12])
        self.buffer = b""
        return status


def complete(head: bytes, body: bytes) -> bool:
    """Whether a response body is whole, going by Content-Length or by chunks (RFC 9112, section 6)."""
    at = head.find(b"content-length:")
    if at >= 0:
        return len(body) >= int(head[at + 15 :].split(b"\r\n", 1)[0])
    return body.endswith(b"0\r\n\r\n") if b"transfer-encoding: chunked" in head else True


def run(url: str, *, connections: int, seconds: float = 0.0, requests: int = 0) -> dict[str, float]:
    """Keep `connections` busy for some seconds, or for a number of requests.

    Raises:
        OSError: nobody listens, or nothing is answered for half a minute.
    """
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: */*\r\n\r\n".encode()
    selector = selectors.DefaultSelector()
    latencies: list[float] = []
    errors = 0
    began = time.perf_counter()
    end = began + seconds if seconds else float("inf")
    left = requests or sys.maxsize
    open_ones = 0
    for _ in range(min(connections, left)):
        connection = Connection(parts.hostname or "", parts.port or 80, request)
        selector.register(connection.sock, selectors.EVENT_READ, connection)
        connection.send()
        open_ones, left = open_ones + 1, left - 1
    while open_ones:
        ready = selector.select(STALL_SECONDS)
        if not ready:
            raise OSError(f"no answer for {STALL_SECONDS:.0f} s")
        for key, _ in ready:
            connection = key.data
            status = connection.receive()
            if status is None:
                continue
            now = time.perf_counter()
            latencies.append(now - connection.began)
            errors += status != 200
            if now < end and left > 0 and status:
                left -= 1
                connection.send()
                continue
            selector.unregister(connection.sock)
            connection.sock.close()
            open_ones -= 1
    return summary(latencies, errors, time.perf_counter() - began)


def summary(latencies: list[float], errors: int, seconds: float) -> dict[str, float]:
    """The figures of a run."""
    from workshop.show.numbers import percentile

    p50, p99, most = (percentile(latencies, q) * 1000 for q in (50, 99, 100))
    return {"requests": len(latencies), "errors": errors, "seconds": seconds, "p50": p50, "p99": p99, "most": most}


def main() -> None:
    """The command line of this module."""
    parser = argparse.ArgumentParser(description="Load a URL with keep-alive connections; prints JSON.")
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--requests", type=int, default=0)
    given = parser.parse_args()
    if not given.seconds and not given.requests:
        parser.error("say --seconds or --requests")
    found = run(given.url, connections=given.connections, seconds=given.seconds, requests=given.requests)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
