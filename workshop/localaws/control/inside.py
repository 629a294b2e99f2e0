"""boto3 clients that never leave the process: how CloudFormation and Lambda's destinations call the other services.

As on AWS they use the public APIs, signed with somebody's credentials, so that permissions hold for them too.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from workshop.localaws.http import Request, Response

# The cloud's own key: nobody's role, so nothing is checked.
OWN_KEY = "offline-cloud"


class Inside:
    """Makes clients.

    Args:
        answer: the control plane, from a request to its response; called in the caller's thread.
        url: the cloud's address, for links that services make of the Host header.
    """

    def __init__(self, answer: Callable[[Request], Response], url: Callable[[], str]) -> None:
        self.answer, self.url = answer, url
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.Lock()
        self._session: Any = None

    def client(self, service: str, region: str, credentials: Any = None) -> Any:
        """A client of a service in a region.

        Args:
            service: boto3's name, such as `lambda`.
            region: where.
            credentials: with `access_key_id`, `secret_access_key` and `session_token`; default the cloud's own.
        """
        key = (service, region, credentials.access_key_id if credentials else OWN_KEY)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._made(service, region, credentials)
            return self._clients[key]

    def _made(self, service: str, region: str, credentials: Any) -> Any:
        import botocore.session
        from botocore.config import Config

        if self._session is None:
            self._session = botocore.session.Session()
            self._session.register_component("data_loader", without_rule_sets(self._session))
        config = Config(
            retries={"max_attempts": 0},
            parameter_validation=True,
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        client = self._session.create_client(
            service,
            region_name=region,
            endpoint_url=self.url() or "http://127.0.0.1",
            config=config,
            aws_access_key_id=credentials.access_key_id if credentials else OWN_KEY,
            aws_secret_access_key=credentials.secret_access_key if credentials else "inside",
            aws_session_token=credentials.session_token if credentials else None,
        )
        client.meta.events.register("before-send", self._send)
        return client

    def _send(self, request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        parts = urlsplit(request.url)
        body = request.body
        if hasattr(body, "read"):
            body = body.read()
        if isinstance(body, str):
            body = body.encode()
        headers = {
            name.lower(): value.decode("latin-1") if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        headers.setdefault("host", parts.netloc)
        response = self.answer(Request(request.method, parts.path or "/", parts.query, headers, body or b""))
        return AWSResponse(request.url, response.status, _headers(response), _Raw(response.body))

    def forget(self) -> None:
        """Make clients anew."""
        with self._lock:
            self._clients.clear()


def without_rule_sets(session: Any) -> Any:
    """A session's loader that finds no rule sets of endpoints, for the address is given; S3's also makes its paths."""
    from botocore.exceptions import UnknownServiceError

    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def load_service_model(service_name: str, type_name: str, api_version: str | None = None) -> Any:
        if type_name == "endpoint-rule-set-1" and service_name != "s3":
            raise UnknownServiceError(service_name=service_name, known_service_names="")
        return load(service_name, type_name, api_version)

    loader.load_service_model = load_service_model
    return loader


def _headers(response: Response) -> Any:
    from botocore.compat import HTTPHeaders

    headers = HTTPHeaders()
    for name, value in response.headers.items():
        headers[name] = value
    return headers


class _Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: Any) -> Any:
        """The body in one piece."""
        yield self.read()
