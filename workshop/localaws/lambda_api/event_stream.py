"""AWS's event stream encoding: messages with headers and two checksums.

https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html describes the frame.
"""

from __future__ import annotations

import struct
import zlib

STRING = 7  # the type of a header's value


def message(event_type: str, payload: bytes, content_type: str) -> bytes:
    """One event."""
    pairs = ((":message-type", "event"), (":event-type", event_type), (":content-type", content_type))
    headers = b"".join(_header(name, value) for name, value in pairs)
    prelude = struct.pack(">II", 12 + len(headers) + len(payload) + 4, len(headers))
    head = prelude + struct.pack(">I", zlib.crc32(prelude))
    return head + headers + payload + struct.pack(">I", zlib.crc32(head + headers + payload))


def _header(name: str, value: str) -> bytes:
    raw_name, raw = name.encode(), value.encode()
    return struct.pack(">B", len(raw_name)) + raw_name + struct.pack(">BH", STRING, len(raw)) + raw
