"""moto's control plane called directly: no Flask, one call at a time.

moto's services keep their state in plain dictionaries and call one another (SNS puts into SQS, S3 notifies), so the
only lock that is right is one around all of them. A call takes milliseconds; what would wait (an SQS long poll) waits
outside.
"""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

from workshop.localaws.faults import AwsError, answer
from workshop.localaws.http import Request, Response
from workshop.localaws.moto.loading import LOCK, load

log = logging.getLogger(__name__)
Handler = Callable[[Any, str, dict[str, str]], Any]
# Signing names that differ from the host name moto's table of services is keyed by (its server has the same list).
SIGNED_AS = {"eventbridge": "events", "execute-api": "iot", "iotdata": "data.iot", "memorydb": "memory-db"}
UNSIGNED = {"AssumeRoleWithWebIdentity": "sts", "AssumeRoleWithSAML": "sts", "GetCallerIdentity": "sts"}


def module_for(request: Request) -> str:
    """The name of moto's package for a request.

    Raises:
        AwsError: no such service is known here.
    """
    service = request.service or UNSIGNED.get(request.operation, "s3")
    if service == "dynamodb" and request.headers.get("x-amz-target", "").startswith("DynamoDBStreams"):
        return "dynamodbstreams"
    if service == "s3" and request.path.startswith("/v20180820/"):
        return "s3control"
    if service == "ses" and request.path.startswith("/v2/"):
        return "sesv2"
    found = _package_of(SIGNED_AS.get(service, service), request.region)
    if not found:
        raise AwsError(
            "UnknownOperationException", f"The offline cloud has no service that is signed as {service!r}.", 400
        )
    return found


@cache
def _package_of(service: str, region: str) -> str:
    host = f"https://{service}.{region}.amazonaws.com"
    for name, pattern in load("backend_index").backend_url_patterns:
        if pattern.match(host):
            return name
    return ""


@cache
def routes(package: str) -> list[tuple[re.Pattern[str], Handler]]:
    """The paths of one of moto's services, in its own order.

    Raises:
        AwsError: the service needs a package that only one of moto's extras brings, and the workshop does not.
            https://docs.getmoto.org/en/latest/docs/getting_started.html#installing-moto
    """
    try:
        paths = load(f"{package}.urls").url_paths
    except ImportError as error:
        raise AwsError(  # a client's fault, by its status: SDKs try a server's fault again
            "UnsupportedOperationException",
            f"The offline cloud does not have the service {package}: it needs the package {error.name}, which the "
            "workshop does not bring.",
            400,
        ) from None
    return [(re.compile(path.format("")), handler) for path, handler in paths.items()]


def environ_of(request: Request) -> dict[str, Any]:
    """The WSGI environment of a request (PEP 3333), header spelling of S3 metadata kept."""
    host, _, port = request.host.partition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": request.path + (f"?{request.query}" if request.query else ""),
        "SERVER_NAME": host or "127.0.0.1",
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": request.host or "127.0.0.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    kept: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key not in ("CONTENT_LENGTH", "TRANSFER_ENCODING", "HOST"):
            environ[f"HTTP_{key}"] = value
            if "_" in name and name.startswith("x-amz-meta-"):
                kept[f"HTTP_{key}"] = name
    environ["moto.preserved_header_names"] = kept
    return environ


def call(request: Request) -> Response:
    """moto's answer to a request; its faults as AWS's errors, never as a page or a traceback. Blocks; thread-safe."""
    try:
        package, request = module_for(request), _as_form(request)
        for pattern, handler in routes(package):
            if pattern.match(request.path):
                with LOCK:
                    return _called(request, handler)
        raise AwsError(
            "UnknownOperationException", f"{request.method} {request.path} is no operation of {request.service}.", 404
        )
    except AwsError as error:
        return answer(request, error)


def _as_form(request: Request) -> Request:
    """An action by GET as the form that says the same: moto takes it for the protocol that SDKs speak today.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
    """
    if request.method != "GET" or request.service not in ("sqs", "monitoring") or "Action=" not in request.query:
        return request
    form = {**request.headers, "content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return replace(request, method="POST", query="", body=request.query.encode(), headers=form)


@cache
def _kind_of_request() -> Any:
    return type("Served", (load("core.request").Request,), {"from_wsgi_server": True})


def _called(request: Request, handler: Handler) -> Response:
    from botocore.exceptions import ClientError
    from botocore.model import OperationNotFoundError
    from werkzeug.exceptions import HTTPException

    asked = _kind_of_request()(environ_of(request))
    try:
        result = handler(asked, asked.raw_url, dict(asked.headers))
        status, headers, content = result if len(result) == 3 else (200, {}, result)
        return _response(request, int(status), headers, content)
    except HTTPException as error:
        body = error.get_body()
        return _response(request, error.code or 400, dict(error.get_headers()), body)
    except ClientError as error:
        fault = error.response["Error"]
        return answer(request, AwsError(fault["Code"], fault["Message"]))
    except OperationNotFoundError:
        code = "UnknownOperationException" if request.headers.get("x-amz-target") else "InvalidAction"
        return answer(request, AwsError(code, f"{request.service} has no operation {request.operation!r}."))
    except RuntimeError as error:  # moto's word for an operation it does not have
        return answer(request, AwsError("UnknownOperationException", f"Not available offline: {error}", 501))
    except Exception as error:
        log.debug("moto failed", exc_info=True)
        return answer(request, AwsError("InternalFailure", f"{type(error).__name__}: {error}", 500))


def _response(request: Request, status: int, headers: dict[str, Any], content: Any) -> Response:
    if isinstance(content, str):
        body = content.encode()
    elif isinstance(content, (bytes, bytearray)):
        body = bytes(content)
    elif content is None:
        body = b""
    else:
        body = b"".join(part.encode() if isinstance(part, str) else part for part in content)
    named = {str(name).lower(): str(value) for name, value in headers.items() if value is not None}
    named.pop("transfer-encoding", None)
    if request.method != "HEAD":
        named.pop("content-length", None)
    return Response(status, body, named)
