"""What a function returned as an HTTP answer, checked as API Gateway checks it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from workshop.localaws.apigateway.exchange import Answer

_FIELDS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
_REMAPPED = frozenset(
    {"authorization", "connection", "content-length", "date", "host", "server", "user-agent", "www-authenticate"}
)
_REFUSED = frozenset({"transfer-encoding", "keep-alive", "upgrade", "trailer", "te", "proxy-authenticate"})

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")  # RFC 9110, 5.6.2, in lower case
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")


class Malformed(Exception):
    """The function's answer is not one API Gateway understands; the text says why, for the log."""


def from_proxy(payload: bytes, *, decode: bool, fields: frozenset[str] = _FIELDS) -> tuple[int, Any, bytes]:
    """A Lambda proxy answer of format 1.0.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html

    Args:
        payload: what the function returned, as JSON.
        decode: whether a base64 body is to be decoded (the API has a matching binary media type).
        fields: the keys allowed; anything else is refused, as on AWS.

    Returns:
        Status, list of (name, value), body.

    Raises:
        Malformed: not such an answer.
    """
    answer = _load(payload)
    if not isinstance(answer, dict):
        raise Malformed(f"the function returned {_kind(answer)}, not an object with statusCode, headers and body")
    if not fields.issuperset(answer):
        unknown = ", ".join(sorted(map(str, set(answer) - fields)))
        raise Malformed(f"the answer has keys API Gateway does not know: {unknown}")
    status = status_of(answer.get("statusCode"))
    body = body_of(answer, decode=decode)
    return status, headers_of(answer), body


def status_of(value: Any, default: int = 200) -> int:
    """A status code given as a number or its text."""
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise Malformed(f"statusCode is {_kind(value)}, not a whole number")
    try:
        status = int(value)
    except ValueError:
        raise Malformed(f"statusCode {value!r} is not a number") from None
    if not 200 <= status <= 599:  # 1xx would leave the client waiting for the answer proper (RFC 9110, 15.2)
        raise Malformed(f"statusCode {status} is not between 200 and 599")
    return status


def body_of(answer: dict[str, Any], *, decode: bool) -> bytes:
    """The body as bytes."""
    body, encoded = answer.get("body"), answer.get("isBase64Encoded")
    if encoded is not None and not isinstance(encoded, bool) and encoded not in ("true", "false"):
        raise Malformed(f"isBase64Encoded is {_kind(encoded)}, not true or false")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise Malformed(f"body is {_kind(body)}, not a string; json.dumps it")
    if encoded in (True, "true") and decode:
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            raise Malformed("isBase64Encoded is true but body is not base64") from None
    return body.encode("utf-8", "surrogatepass")


def headers_of(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Headers and multi-value headers merged, in order, duplicates dropped."""
    lines: list[tuple[str, str]] = []
    headers, many = answer.get("headers"), answer.get("multiValueHeaders")
    if headers is not None:
        if not isinstance(headers, dict):
            raise Malformed(f"headers is {_kind(headers)}, not an object")
        lines += [(name, _value(name, value)) for name, value in headers.items()]
    if many is not None:
        if not isinstance(many, dict):
            raise Malformed(f"multiValueHeaders is {_kind(many)}, not an object of lists")
        taken = {name.lower() for name in many}
        lines = [line for line in lines if line[0].lower() not in taken or line[1] not in _values(many, line[0])]
        for name, values in many.items():
            if not isinstance(values, list):
                raise Malformed(f"multiValueHeaders {name!r} is {_kind(values)}, not a list")
            lines += [(name, _value(name, value)) for value in values]
    return lines


def _values(many: dict[str, Any], name: str) -> list[Any]:
    return [
        value
        for key, values in many.items()
        if key.lower() == name.lower() and isinstance(values, list)
        for value in values
    ]


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Malformed(f"header {name!r} is {_kind(value)}, not a string")


def wire_headers(lines: list[tuple[str, str]], default_type: bytes) -> list[tuple[bytes, bytes]]:
    """Headers as bytes: what only the gateway may say renamed or dropped, a content type always there."""
    wire: list[tuple[bytes, bytes]] = []
    typed = False
    for name, value in lines:
        lower = name.lower()
        if lower in _REFUSED:
            continue
        if lower == "content-type":
            typed = True
        elif lower in _REMAPPED:
            lower = "x-amzn-remapped-" + lower
        if not _TOKEN.fullmatch(lower):
            raise Malformed(f"{name!r} is not a name a header can have")
        wire.append((lower.encode(), _one_line(value)))
    if not typed:
        wire.append((b"content-type", default_type))
    return wire


def _one_line(value: str) -> bytes:
    """A header value in one line, so that a function cannot write headers through another's value."""
    text = (value if value.isprintable() else _CONTROL.sub(" ", value)).strip()
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


def inferred(payload: bytes, *, default_type: bytes = b"text/plain; charset=utf-8") -> Answer:
    """An answer of format 2.0: with `statusCode` as it says, else 200 with the returned value as JSON.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    answer = _load(payload)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        body = answer.encode() if isinstance(answer, str) else payload
        return Answer(200, [(b"content-type", b"application/json")], body)
    lines = headers_of(answer)
    cookies = answer.get("cookies")
    if cookies is not None:
        if not isinstance(cookies, list):
            raise Malformed(f"cookies is {_kind(cookies)}, not a list")
        lines += [("set-cookie", _value("cookies", cookie)) for cookie in cookies]
    status = status_of(answer["statusCode"])
    return Answer(status, wire_headers(lines, default_type), body_of(answer, decode=True))


def _load(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        raise Malformed("the function returned no JSON") from None


def _kind(value: Any) -> str:
    if value is None:
        return "nothing (None)"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    kinds: dict[type, str] = {str: "a string", list: "a list", dict: "an object"}
    return kinds.get(type(value), type(value).__name__)
