"""What API Gateway answers by itself: gateway responses of REST APIs, plain errors of HTTP APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from workshop.localaws.apigateway.exchange import Answer, Request

log = logging.getLogger("workshop.localaws.apigateway")

# response type: (status, message, x-amzn-ErrorType)
REST = {
    "MISSING_AUTHENTICATION_TOKEN": (403, "Missing Authentication Token", "MissingAuthenticationTokenException"),
    "INVALID_API_KEY": (403, "Forbidden", "ForbiddenException"),
    "UNKNOWN_STAGE": (403, "Forbidden", "ForbiddenException"),
    "ACCESS_DENIED": (403, "User is not authorized to access this resource", "AccessDeniedException"),
    "UNAUTHORIZED": (401, "Unauthorized", "UnauthorizedException"),
    "REQUEST_TOO_LARGE": (413, "Request Too Long", "RequestTooLargeException"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "Unsupported Media Type", "BadRequestException"),
    "THROTTLED": (429, "Too Many Requests", "TooManyRequestsException"),
    "QUOTA_EXCEEDED": (429, "Limit Exceeded", "LimitExceededException"),
    "API_CONFIGURATION_ERROR": (500, "Internal server error", "InternalServerErrorException"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, None, "AuthorizerConfigurationException"),
    "AUTHORIZER_FAILURE": (500, None, "AuthorizerFailureException"),
    "MALFORMED_PROXY_ANSWER": (502, "Internal server error", "InternalServerErrorException"),
    "INTEGRATION_FAILURE": (504, "Internal server error", "InternalServerErrorException"),
    "INTEGRATION_TIMEOUT": (504, "Endpoint request timed out", "InternalServerErrorException"),
}
HTTP = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def rest_refusal(
    kind: str,
    request: Request,
    customised: Mapping[str, Any] | None = None,
    *,
    why: str = "",
    status: int = 0,
    instead: str = "",
) -> Answer:
    """A gateway response, as its owner customised it or by default.

    Args:
        kind: a key of `REST`.
        request: for its ids.
        customised: the API's gateway responses by type.
        why: for the log only; the caller never sees it.
        status: instead of the type's own status.
        instead: another message than the type's own.
    """
    default_status, message, error_type = REST[kind]
    message = instead or message
    request.error = message or ""
    status = status or default_status
    if why:
        log.warning("%s %s answered %d: %s", request.method, request.path, status, why)
    headers = [
        (b"x-amzn-requestid", request.id.encode()),
        (b"x-amz-apigw-id", request.extended_id.encode()),
        (b"x-amzn-errortype", error_type.encode()),
    ]
    name = "Message" if kind == "ACCESS_DENIED" else "message"
    body = json.dumps({name: message}, separators=(",", ":"))
    custom = (customised or {}).get(kind) or (customised or {}).get("DEFAULT_4XX" if status < 500 else "DEFAULT_5XX")
    if custom is not None:
        status = int(getattr(custom, "status_code", None) or status)
        for name, value in (getattr(custom, "response_parameters", None) or {}).items():
            header = name.removeprefix("gatewayresponse.header.")
            if header != name and value.startswith("'"):
                headers.append((header.lower().encode("latin-1"), value.strip("'").encode("latin-1", "replace")))
        template = (getattr(custom, "response_templates", None) or {}).get("application/json")
        if template:
            body = (
                template.replace("$context.error.messageString", json.dumps(message))
                .replace("$context.error.message", message or "")
                .replace("$context.error.responseType", kind)
                .replace("$context.requestId", request.id)
            )
    return Answer(status, [(b"content-type", b"application/json"), *headers], body.encode())


def too_large(request: Request) -> Answer:
    """More than 10 MB: the front of REST APIs says so in plain text, before the API's own answers."""
    headers = [(b"content-type", b"text/plain"), (b"x-amzn-requestid", request.id.encode())]
    return Answer(413, headers, b"HTTP content length exceeded 10485760 bytes.")


def http_refusal(status: int, request: Request, *, why: str = "") -> Answer:
    """An HTTP API's own error: `{"message":"Not Found"}` and its like."""
    if why:
        log.warning("%s %s answered %d: %s", request.method, request.path, status, why)
    request.error = HTTP[status]
    body = json.dumps({"message": HTTP[status]}, separators=(",", ":")).encode()
    return Answer(
        status, [(b"content-type", b"application/json"), (b"apigw-requestid", request.extended_id.encode())], body
    )
