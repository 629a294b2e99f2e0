"""From the bytes that an environment's processes write to the events of one log stream."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from workshop.core import system
from workshop.localaws.runtime.model import FunctionSpec

if TYPE_CHECKING:
    from workshop.localaws.runtime.engine import Engine

EVENT_LIMIT = 256 * 1024 - 26  # bytes; CloudWatch Logs counts 26 for each event's own overhead
TAIL_LIMIT = 4096  # bytes; https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (LogResult)
PENDING_LIMIT = 1000  # events held back before they go to the sink


class LogStream:
    """One log stream. Lines end events; a frame of our Python client is one event however many lines it has.

    Args:
        engine: gives the clock and takes the events.
        spec: the function, for the sink.
        name: the stream's name.
    """

    def __init__(self, engine: Engine, spec: FunctionSpec, name: str) -> None:
        self.engine, self.spec, self.name = engine, spec, name
        self.secret = b"\0" + os.urandom(15)
        self.pending: list[tuple[int, str]] = []
        self.tail: list[str] | None = None  # the current request's events, when its log tail was asked for
        self.raw = b""  # not yet looked at: perhaps the beginning of a frame
        self.line = b""  # a line without its end
        self.pieces: list[bytes] = []  # a frame that comes in several

    def add(self, message: str) -> None:
        """One event, now; an empty message is none."""
        if not message:
            return
        self.pending.append((int(self.engine.clock() * 1000), message))
        if self.tail is not None:
            self.tail.append(message)
        if len(self.pending) >= PENDING_LIMIT:
            self.flush()

    def flush(self) -> None:
        """Hand what is pending to the sink."""
        if self.pending:
            events, self.pending = self.pending, []
            self.engine.write(self.spec, self.name, events)

    def feed(self, data: bytes) -> None:
        """Bytes from the processes, in order, cut anywhere."""
        secret = self.secret
        data = self.raw + data if self.raw else data
        self.raw = b""
        while data:
            at = data.find(secret)
            if at < 0:
                start = data.rfind(b"\0", max(0, len(data) - len(secret)))
                if start >= 0 and secret.startswith(data[start:]):
                    self.raw, data = data[start:], data[:start]
                self.text(data)
                return
            self.text(data[:at])
            head = at + len(secret)
            size = int.from_bytes(data[head + 1 : head + 3], "big")
            if len(data) < head + 3 + size:
                self.raw = data[at:]
                return
            self.pieces.append(data[head + 3 : head + 3 + size])
            if data[head : head + 1] == b".":
                self.event(b"".join(self.pieces))
                self.pieces.clear()
            data = data[head + 3 + size :]

    def text(self, data: bytes) -> None:
        """What was printed: an event a line."""
        if not data:
            return
        if system.WINDOWS:
            data = data.replace(b"\r\n", b"\n")
        lines = (self.line + data).split(b"\n") if self.line else data.split(b"\n")
        self.line = lines.pop()
        for line in lines:
            self.event(line + b"\n")
        while len(self.line) > EVENT_LIMIT:
            piece, self.line = cut(self.line)
            self.event(piece)

    def event(self, message: bytes) -> None:
        """One event, cut where CloudWatch Logs would refuse it."""
        while len(message) > EVENT_LIMIT:
            piece, message = cut(message)
            self.add(piece.decode("utf-8", "replace"))
        self.add(message.decode("utf-8", "replace"))

    def finish_line(self) -> None:
        """A request or a process is over: what has no line end is an event all the same."""
        rest, self.raw, self.line = self.line + self.raw, b"", b""
        self.pieces.clear()
        if rest:
            self.event(rest)

    def take_tail(self) -> str:
        """The last 4 KB of the request's log."""
        text = "".join(self.tail or ()).encode()
        self.tail = None
        return text[-TAIL_LIMIT:].decode("utf-8", "ignore")


def cut(text: bytes) -> tuple[bytes, bytes]:
    """As much of a long text as one event holds, and the rest; never within a letter."""
    end = EVENT_LIMIT
    while end > EVENT_LIMIT - 4 and text[end] & 0xC0 == 0x80:
        end -= 1
    return text[:end], text[end:]
