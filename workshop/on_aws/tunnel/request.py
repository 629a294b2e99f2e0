"""One request that came through the tunnel: made on loopback, and its answer as an HTTP API takes it."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

# They belong to one connection, to API Gateway, or are made anew.
# https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
DROPPED = frozenset(
    {
        "host",
        "proxy-connection",
        "proxy-authenticate",
        # A browser's: a request from there is none of a function's.
        "origin",
        "referer",
        "connection",
        "keep-alive",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "proxy-authorization",
        "content-length",
        "accept-encoding",
        "forwarded",
        "via",
    }
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
TEXT = re.compile(r"text/|application/(json|[\w.-]+\+json|x-www-form-urlencoded|xml)\b")
HERE = re.compile(rb"http://127\.0\.0\.1:\d+")


def answer_to(
    request: Mapping[str, Any], http: Any, stand_ins: Mapping[str, str], base: str, longest: int, seconds: float
) -> dict[str, Any]:
    """Makes a request on loopback. Returns what an HTTP API takes for an answer.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html

    Args:
        request: what the entrance took from its event.
        http: an `httpx.Client`.
        stand_ins: name -> address on this machine. Nothing else is reached.
        base: the tunnel's public address.
        longest: bytes of a body; more is not read.
        seconds: for the whole of it.
    """
    import httpx

    if not request["stand_in"]:
        return said(200, "The tunnel is open.")
    site, path, method = stand_ins.get(request["stand_in"]), request["path"], request["method"]
    # The doors /_stand_in/… are for whoever sits at this machine, however they are written.
    if site is None or "_stand_in" in unquote(unquote(path)):
        return said(404, "Nobody is here.")
    if method not in METHODS or not path.startswith("/"):
        return said(400, "This request cannot be passed on: its method or its path is none of HTTP's.")
    # Scheme, host and port are the stand-in's own; nothing of the request can change them.
    parts = httpx.URL(site)
    target = quoted(path) + (f"?{query(request['query'])}" if request["query"] else "")
    address = httpx.URL(scheme=parts.scheme, host=parts.host, port=parts.port, raw_path=target.encode("ascii"))
    body = base64.b64decode(request["body"]) if request["base64"] else request["body"].encode("utf-8", "replace")
    headers = inward(request["headers"])
    until, content = time.monotonic() + seconds, bytearray()
    try:
        with http.stream(method, address, headers=headers, content=body) as answer:
            for piece in answer.iter_raw():
                content += piece
                if len(content) > longest:
                    return said(502, "The stand-in's answer is longer than a Lambda function may give: 6 MB.")
                if time.monotonic() > until:
                    return said(504, "The stand-in did not end its answer in time.")
            return carried(answer, bytes(content), stand_ins, base)
    except httpx.TimeoutException:
        return said(504, "The stand-in did not answer in time.")
    except (httpx.LocalProtocolError, httpx.InvalidURL) as error:
        return said(400, f"This request cannot be passed on: {error}")
    except httpx.HTTPError:  # it is not there, or dropped the connection: what a proxy says of that
        return said(502, "The stand-in ended the connection.")


def inward(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """The headers that concern the stand-in. A header's bytes are Latin-1 in an event; what is not was UTF-8."""
    kept = [(b"accept-encoding", b"identity")]
    for name, value in headers.items():
        if not NAME.fullmatch(name) or any(sign in value for sign in "\r\n\0"):
            continue
        if name.lower() not in DROPPED and not name.lower().startswith(("x-forwarded-", "x-amzn-", "sec-")):
            try:
                kept.append((name.encode(), value.encode("latin-1")))
            except UnicodeEncodeError:
                kept.append((name.encode(), value.encode("utf-8", "replace")))
    return kept


def quoted(path: str) -> str:
    """A path that may go into an address. An HTTP API has unquoted it, except perhaps `%25`: so what was `%2F` is a
    slash, and `%` stands for itself.

    Told in no page of AWS's, but seen: https://github.com/fastify/aws-lambda-fastify/issues/169
    """
    return re.sub("%25(?=25)", "%", quote(path, safe="/:@!$&'()*+,;=~-._"))


def query(text: str) -> str:
    """A query that may go into an address, as it came: only what no address may hold is quoted."""
    return quote(text, safe="/:@!$&'()*+,;=~-._?%[]")


def carried(answer: Any, content: bytes, stand_ins: Mapping[str, str], base: str) -> dict[str, Any]:
    """An answer as it goes to AWS: addresses of this machine in it become those that are reachable from there."""
    names = {address.encode(): name for name, address in stand_ins.items()}

    def outward(text: bytes) -> bytes:
        return HERE.sub(lambda found: f"{base}/{names[found[0]]}".encode() if found[0] in names else found[0], text)

    headers = {
        name: outward(value.encode("utf-8", "replace")).decode()
        for name, value in answer.headers.items()
        if name not in DROPPED and name != "set-cookie"
    }
    if TEXT.match(headers.get("content-type", "")) and "content-encoding" not in headers:
        content = outward(content)
    cookies = answer.headers.get_list("set-cookie")
    return {
        "statusCode": answer.status_code,
        "headers": headers,
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
        **({"cookies": cookies} if cookies else {}),
    }


def said(status: int, message: str) -> dict[str, Any]:
    """An answer of the tunnel's own."""
    body = json.dumps({"message": message})
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": body}
