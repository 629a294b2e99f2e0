"""One request and one answer, as plain data: what every control-plane door takes and gives."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote

# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
SCOPE = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
HOST = re.compile(
    r"^(?:(?P<prefix>.+)\.)?(?P<service>[a-z0-9-]+)(?:\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com$"
)


@dataclass
class Request:
    """An HTTP request with its whole body. Header names are lower case; `path` is percent-encoded, as it arrived."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    default_region: str = "eu-west-1"

    @classmethod
    def from_scope(cls, scope: dict[str, Any], body: bytes, default_region: str) -> Request:
        """From an ASGI scope; repeated headers are joined with a comma as RFC 9110 allows."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        raw = scope.get("raw_path") or scope["path"].encode()
        return cls(
            scope["method"],
            raw.decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            headers,
            body,
            default_region,
        )

    @cached_property
    def scope(self) -> tuple[str, str, str]:
        """(access key id, region, service) that the request was signed for; empty strings when it was not signed."""
        found = SCOPE.search(self.headers.get("authorization", ""))
        if not found and "X-Amz-Credential=" in self.query:
            found = SCOPE.search(f"Credential={self.arguments.get('X-Amz-Credential', '')}")
        if found:
            return found["key"], found["region"], found["service"].lower()
        named = HOST.match(self.host.partition(":")[0])
        if named:
            return self.arguments.get("AWSAccessKeyId", ""), named["region"] or "", named["service"]
        return self.arguments.get("AWSAccessKeyId", ""), "", ""

    @property
    def access_key(self) -> str:
        """The access key id that signed the request, or an empty string."""
        return self.scope[0]

    @property
    def region(self) -> str:
        """The region of the signature's scope, else the cloud's own."""
        return self.scope[1] or self.default_region

    @property
    def service(self) -> str:
        """The signing name of the service, such as `lambda`, `monitoring` or `s3`."""
        return self.scope[2]

    @property
    def host(self) -> str:
        """The Host header."""
        return self.headers.get("host", "")

    @cached_property
    def arguments(self) -> dict[str, str]:
        """The query string, last value of each name."""
        return {name: values[-1] for name, values in parse_qs(self.query, keep_blank_values=True).items()}

    def all_arguments(self, name: str) -> list[str]:
        """Every value of one name in the query string."""
        return parse_qs(self.query, keep_blank_values=True).get(name, [])

    @cached_property
    def form(self) -> dict[str, str]:
        """The body of a query-protocol request, else an empty dict."""
        if not self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return {}
        text = self.body.decode("utf-8", "replace")
        return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}

    @cached_property
    def operation(self) -> str:
        """The operation of a JSON or query protocol request, such as `PutEvents`; empty for REST protocols."""
        target = self.headers.get("x-amz-target", "")
        if target:
            return target.rpartition(".")[2]
        return self.form.get("Action") or self.arguments.get("Action", "")

    @property
    def plain_path(self) -> str:
        """The path with its percent-encoding undone."""
        return unquote(self.path)

    def json(self) -> Any:
        """The body as JSON; an empty body is an empty object.

        Raises:
            ValueError: the body is no JSON.
        """
        try:
            return json.loads(self.body) if self.body.strip() else {}
        except RecursionError:
            raise json.JSONDecodeError("it is nested too deeply", "", 0) from None


@dataclass
class Response:
    """An HTTP answer with its whole body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, value: Any, status: int = 200, content_type: str = "application/json", **headers: str) -> Response:
        """An answer with a JSON body; header names are given with underscores."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, json.dumps(value, default=str).encode(), {"content-type": content_type, **named})
