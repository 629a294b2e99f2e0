"""A third party that sends in chunks, and what goes over the wire: a raw socket, so that every byte can be seen."""

from __future__ import annotations

import re
import select
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, urlsplit

from workshop.show import View

CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding: *chunked")
SECRET = re.compile(rb"(?i)((?:x-api-key|authorization): )[^\r\n]+")


class Wire(View):
    """What two programs said to each other, byte by byte.

    Attributes:
        said: (milliseconds since the start, `>` sent or `<` received, the bytes), in order.
        status: the status of the answer; 0 when there was none.
        body: the answer's body.
    """

    def __init__(self, said: list[tuple[float, str, bytes]]) -> None:
        self.said = said
        answer = b"".join(data for _, way, data in said if way == "<")
        head, _, rest = answer.partition(b"\r\n\r\n")
        words = head.split(b" ", 2)
        self.status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        self.body = _joined(rest) if CHUNKED.search(head) else rest

    def __str__(self) -> str:
        lines = []
        for at, way, data in self.said:
            for number, line in enumerate(_visible(data)):
                lines.append(f"{at:5.0f} ms  {way} {line}" if number == 0 else f"{'':8}  {way} {line}")
        return "\n".join(lines)


def _visible(data: bytes, most: int = 600) -> list[str]:
    """Bytes as text, a line each: \\r\\n is written out, what cannot be printed as \\x…."""
    shown = SECRET.sub(rb"\1(covered)", data)[:most]
    ends = {13: "\\r", 10: "\\n\n"}
    text = "".join(chr(byte) if 32 <= byte < 127 else ends.get(byte, f"\\x{byte:02x}") for byte in shown)
    lines = text.splitlines() or [""]
    return lines + ([f"(… {len(data) - most:,} more bytes)"] if len(data) > most else [])


def send_in_chunks(
    url: Any,
    pieces: Iterable[bytes],
    *,
    headers: dict[str, str] | None = None,
    pause: float = 0.05,
    timeout: float = 40.0,
) -> Wire:
    """POSTs a body in chunks, as the talk's third party does: no Content-Length, the end comes when it comes.

    Stops sending when the server answers before the end, or hangs up.

    Args:
        url: an http address, or an endpoint of a deployment.
        pieces: the body, a chunk each.
        headers: further headers.
        pause: seconds between two chunks.
        timeout: seconds to wait for the answer.

    https://www.rfc-editor.org/rfc/rfc9112#name-chunked-transfer-coding
    """
    address = urlsplit(str(getattr(url, "url", url)))
    messages = [_head(address, {"Transfer-Encoding": "chunked", **(headers or {})})]
    messages += [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece] + [b"0\r\n\r\n"]
    return _talk(address, messages, pause, timeout)


def send_with_length(url: Any, body: bytes, *, headers: dict[str, str] | None = None) -> Wire:
    """POSTs a body with its Content-Length, over the same kind of socket."""
    address = urlsplit(str(getattr(url, "url", url)))
    message = _head(address, {"Content-Length": str(len(body)), **(headers or {})}) + body
    return _talk(address, [message], 0, 40)


def _head(address: SplitResult, headers: dict[str, str]) -> bytes:
    # API Gateway decides by these two what is text and what is bytes, on the way there and back:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/lambda-proxy-binary-media.html
    usual = {"Host": address.netloc, "Content-Type": "application/octet-stream", "Accept": "*/*"}
    lines = [f"POST {address.path or '/'} HTTP/1.1", *(f"{name}: {one}" for name, one in {**usual, **headers}.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _connected(address: SplitResult, timeout: float) -> socket.socket:
    host, secure = address.hostname or "", address.scheme == "https"
    sock = socket.create_connection((host, address.port or (443 if secure else 80)), timeout)
    return ssl.create_default_context().wrap_socket(sock, server_hostname=host) if secure else sock


def _talk(address: SplitResult, messages: list[bytes], pause: float, timeout: float) -> Wire:
    said: list[tuple[float, str, bytes]] = []
    begun = time.perf_counter()

    def note(way: str, data: bytes) -> None:
        said.append((1000 * (time.perf_counter() - begun), way, data))

    with _connected(address, timeout) as sock:
        for number, message in enumerate(messages):
            if select.select([sock], [], [], pause if number else 0)[0]:
                break  # it answers before we are done
            try:
                sock.sendall(message)
            except OSError:
                break
            note(">", message)
        answer = _answer(sock)
    note("<", answer)
    return Wire(said)


def _joined(body: bytes) -> bytes:
    """The bytes of a chunked body without what stands around each chunk."""
    out = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        out, body = out + body[:length], body[length + 2 :]
    return out


def _answer(sock: socket.socket) -> bytes:
    """One HTTP answer: until its end is there or the server hangs up."""
    data = b""
    while not _whole(data):
        try:
            piece = sock.recv(65536)
        except OSError:
            break
        if not piece:
            break
        data += piece
    return data


def _whole(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    if CHUNKED.search(head):
        return body.endswith(b"0\r\n\r\n")
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return False
