"""Exercises of notebook 05: how much goes through, and how chunks are written."""

from __future__ import annotations

from typing import Any

from workshop.exercises.asking import called, number
from workshop.exercises.exercise import Attempt, Exercise, need

INVOKE_LIMIT = 6 * 1024 * 1024  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html


def grade_largest_body(answer: Any) -> str:
    """About 4.5 MB of binary: what 6 MB of base64 hold, less the rest of the event."""
    size, largest = number(answer, "bytes"), INVOKE_LIMIT * 3 // 4
    need(size >= 1000, f"{size} looks like megabytes. The answer is in bytes.")
    need(size < 9_000_000, "API Gateway takes 10 MB. But then the body must fit into an event for Lambda.")
    need(
        size <= largest,
        f"Lambda takes events of {INVOKE_LIMIT:,} bytes, and a binary body travels as base64: {size:,.0f} bytes become "
        f"{size * 4 / 3:,.0f}.",
    )
    need(size >= 4_300_000, f"More goes through: {size:,.0f} bytes are {size * 4 / 3:,.0f} as base64.")
    return f"Yes: {size:,.0f} bytes are {size * 4 / 3:,.0f} as base64, and the event has its other fields, too."


largest_body = Exercise(
    name="largest_body",
    title="The largest body",
    task="Lambda takes events of 6 MB (6 times 1,024 times 1,024 bytes). A binary body travels as base64, which "
    "writes 3 bytes with 4 letters. About how many **bytes** of a file get through?",
    nudge="Three quarters of what Lambda takes. A few hundred bytes less, for the event's other fields.",
    solved="exercises.largest_body.check(6 * 1024 * 1024 * 3 // 4 - 2000)",
    grade=grade_largest_body,
    wrong=(
        Attempt("exercises.largest_body.check(10_000_000)", "must fit into an event"),
        Attempt("exercises.largest_body.check(6 * 1024 * 1024)", "travels as base64"),
        Attempt("exercises.largest_body.check(4.5)", "looks like megabytes"),
        Attempt("exercises.largest_body.check(3_000_000)", "More goes through"),
    ),
)


def received(chunks: bytes) -> tuple[bytes, bool]:
    """What a server makes of a chunked body: the data, and whether the end was there. Raises ValueError on nonsense."""
    import h11

    server = h11.Connection(h11.SERVER)
    server.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    data = b""
    try:
        while True:
            event = server.next_event()
            if isinstance(event, h11.Data):
                data += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                rest, _ = server.trailing_data
                if rest:
                    raise ValueError("bytes are left after the end")
                return data, True
            elif event in (h11.NEED_DATA, h11.PAUSED):
                return data, False
    except h11.RemoteProtocolError as error:
        raise ValueError(str(error)) from None


def grade_in_chunks(answer: Any) -> str:
    """A server reads back every piece, whatever its length."""
    for pieces in ([b"via ", b"lam", b"bda"], [b"x" * 26], [b"a", b"", b"b"], [b"\r\n0\r\n\r\n", b"\xff\x00"], []):
        shown = str(pieces)[:50]
        made = called(answer, list(pieces), what=shown)
        need(isinstance(made, bytes), f"For {shown} it returns {type(made).__name__}; bytes go over the wire.")
        try:
            data, ended = received(made)
        except ValueError as error:
            hexadecimal = " Sizes are hexadecimal: 26 is 1a." if pieces and len(pieces[0]) == 26 else ""
            empty = " An empty piece looks like the end: leave it out." if b"" in pieces else ""
            need(False, f"For {shown} a server says: {error}.{hexadecimal}{empty}")
            raise
        if len(made) > 2 and pieces == [b"x" * 26] and made.startswith(b"26"):
            need(False, "Sizes are hexadecimal: 26 bytes are announced as 1a.")
        need(ended, f"For {shown} the server still waits: a chunk of size 0, with an empty line, is the end.")
        need(data == b"".join(pieces), f"For {shown} the server reads {data[:40]!r}.")
    return "A server reads back every piece: long ones, empty ones, and those that look like the end."


CHUNKED = """def chunked(pieces):
    return b"".join(b"%x\\r\\n%s\\r\\n" % (len(piece), piece) for piece in pieces if piece) + b"0\\r\\n\\r\\n"

exercises.in_chunks.check(chunked)"""
in_chunks = Exercise(
    name="in_chunks",
    title="In chunks",
    stretch=True,
    task="Write `chunked(pieces)`: a list of bytes in, the body of a chunked request out. Each chunk is its size in "
    "hexadecimal, `\\r\\n`, the bytes, `\\r\\n`. A chunk of size 0 is the end. Pass the function.",
    nudge='`b"%x" % 26` is `b"1a"`. What would an empty piece in the middle look like to a server?',
    solved=CHUNKED,
    grade=grade_in_chunks,
    wrong=(
        Attempt(CHUNKED.replace("%x", "%d"), "hexadecimal"),
        Attempt(CHUNKED.replace(' + b"0\\r\\n\\r\\n"', ""), "still waits"),
        Attempt(CHUNKED.replace(" if piece)", ")"), "An empty piece looks like the end"),
        Attempt(CHUNKED.replace('b"".join', "str").replace(' + b"0\\r\\n\\r\\n"', ""), "bytes go over the wire"),
    ),
)
