"""One HTTP exchange as a reader wants to see it: what was asked, what came back."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from workshop.core.telling import View
from workshop.show.views import fence

# Headers that explain something; the rest is noise on a slide. `headers="all"` shows every one.
TELLING = frozenset(
    {"content-type", "content-length", "transfer-encoding", "location", "retry-after", "www-authenticate"}
    | {"authorization", "x-api-key", "idempotency-key", "request-id", "access-control-allow-origin"}
    | {"x-amzn-errortype", "x-github-event", "x-hub-signature-256", "stripe-signature"}
)
SECRET = frozenset({"authorization", "proxy-authorization", "x-api-key", "cookie", "set-cookie"})


def masked(value: str) -> str:
    """A credential with all but its scheme and first letters hidden: `Bearer sk_t…`."""
    scheme, space, rest = value.partition(" ")
    return f"{scheme} {rest[:4]}…" if space else f"{value[:4]}…"


def pretty_body(body: bytes, content_type: str = "", most: int = 2000) -> str:
    """A body laid out for reading: JSON indented, other text as it is, bytes counted.

    Args:
        body: the bytes of the message.
        content_type: its Content-Type header.
        most: letters shown before the rest is counted instead.
    """
    if not body:
        return ""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return f"({len(body):,} bytes of {content_type or 'binary data'})"
    if "json" in content_type or text[:1] in "{[":
        try:
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except ValueError:
            text = text.strip()
    if len(text) > most:
        return f"{text[:most]}\n(… {len(text) - most:,} more characters)"
    return text


class Http(View):
    """A request and its answer: the status line, the headers that matter, the body laid out.

    Args:
        response: an `httpx.Response` (or anything with `status_code`, `headers`, `content`).
        request: the `httpx.Request`; the response's own when left out.
        headers: `"telling"` (those that explain something), `"all"` or `"none"`. Credentials are masked always.
        caption: one line above.
    """

    def __init__(self, response: Any, request: Any = None, *, headers: str = "telling", caption: str = "") -> None:
        if request is None:
            try:  # httpx raises when a response was made without a request
                request = response.request
            except (AttributeError, RuntimeError):
                request = None
        self.caption, self.asked, self.answered = caption, "", ""
        if request is not None:
            self.asked = _message(_request_line(request), request, headers)
        self.answered = _message(_status_line(response), response, headers)

    def __str__(self) -> str:
        parts = [self.caption, _marked(self.asked, "> "), _marked(self.answered, "< ")]
        return "\n\n".join(part for part in parts if part)

    def markdown(self) -> str:
        head = f"**{self.caption}**" if self.caption else ""
        parts = [head, fence(self.asked, "http") if self.asked else "", fence(self.answered, "http")]
        return "\n\n".join(part for part in parts if part)


def _marked(text: str, mark: str) -> str:
    return "\n".join((mark + line).rstrip() for line in text.splitlines())


def _request_line(request: Any) -> str:
    url = urlsplit(str(request.url))
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return f"{request.method} {target} HTTP/1.1\nhost: {url.netloc}"


def _status_line(response: Any) -> str:
    reason = getattr(response, "reason_phrase", "") or getattr(response, "reason", "") or ""
    return f"HTTP/1.1 {response.status_code} {reason}".rstrip()


def _message(first: str, message: Any, which: str) -> str:
    lines = [first]
    for name, value in message.headers.items():
        low = name.lower()
        if low == "host" or which == "none" or (which == "telling" and low not in TELLING):
            continue
        lines.append(f"{low}: {masked(value) if low in SECRET else value}")
    body = pretty_body(_body_of(message), message.headers.get("content-type", ""))
    return "\n".join(lines) + (f"\n\n{body}" if body else "")


def _body_of(message: Any) -> bytes:
    try:
        body = getattr(message, "content", None)
        if body is None:
            body = getattr(message, "body", None)
    except RuntimeError:  # httpx.RequestNotRead, ResponseNotRead: the body went out as a stream
        return b"(streamed)"
    return body.encode() if isinstance(body, str) else (body or b"")
