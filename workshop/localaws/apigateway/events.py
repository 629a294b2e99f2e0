"""HTTP requests as Lambda events: payload 1.0 (REST, HTTP API) and 2.0 (HTTP API, function URLs)."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl, unquote

from workshop.localaws.apigateway.exchange import Request

# Hop-by-hop headers end at the gateway; the body's length is said anew once it is whole.
_DROPPED = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"})
_ADDED = frozenset({"x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-amzn-trace-id"})
# REST APIs write these two so whatever the client's spelling was.
_REST_SPELLING = {"authorization": "Authorization", "user-agent": "User-Agent"}

IDENTITY = {
    "accessKey": None,
    "accountId": None,
    "caller": None,
    "cognitoAuthenticationProvider": None,
    "cognitoAuthenticationType": None,
    "cognitoIdentityId": None,
    "cognitoIdentityPoolId": None,
    "principalOrgId": None,
    "sourceIp": None,
    "user": None,
    "userAgent": None,
    "userArn": None,
}


def rest_event(
    request: Request,
    *,
    resource_path: str,
    parameters: dict[str, str] | None,
    stage_variables: dict[str, str] | None,
    context: dict[str, Any],
    binary: bool,
) -> dict[str, Any]:
    """The event of a REST API's Lambda proxy integration.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html

    Args:
        request: the whole request.
        resource_path: the resource matched, such as `/orders/{id}`.
        parameters: path parameters, as sent (REST APIs do not decode them).
        stage_variables: the stage's variables, or None when it has none.
        context: what of `requestContext` is the same for every request of the method.
        binary: whether the body's media type is one of the API's binary types.
    """
    headers, many = rest_headers(request)
    single, multi = _rest_query(request.query) if request.query else (None, None)
    body, encoded = _rest_body(request.body, binary)
    return {
        "resource": resource_path,
        "path": request.path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": many,
        "queryStringParameters": single,
        "multiValueQueryStringParameters": multi,
        "pathParameters": parameters,
        "stageVariables": stage_variables,
        "requestContext": rest_context(request, context, headers.get("User-Agent")),
        "body": body,
        "isBase64Encoded": encoded,
    }


def rest_context(request: Request, context: dict[str, Any], agent: str | None) -> dict[str, Any]:
    """`requestContext` of a REST API: what is the same for every request of a method, and what is this one's."""
    return {
        **context,
        **({"authorizer": request.authorizer} if request.authorizer else {}),
        "path": f"/{context['stage']}{request.path}",
        "protocol": request.protocol,
        "requestId": request.id,
        "extendedRequestId": request.extended_id,
        "requestTime": request.clf_time(),
        "requestTimeEpoch": int(request.started * 1000),
        "httpMethod": request.method,
        "identity": {
            **IDENTITY,
            **context.get("identity", {}),
            "sourceIp": request.client_ip,
            "userAgent": agent,
        },
    }


def rest_headers(request: Request) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Headers by name, the last value of each, and all values; with those that the gateway adds."""
    headers: dict[str, str] = {}
    many: dict[str, list[str]] = {}
    trace = forwarded = ""
    for lower, name, value in request.spelled():
        if lower in _DROPPED:
            continue
        if lower in _ADDED:
            if lower == "x-amzn-trace-id":
                trace = value
            elif lower == "x-forwarded-for":
                forwarded = value
            continue
        name = _REST_SPELLING.get(lower, name)
        headers[name] = value
        if name in many:
            many[name].append(value)
        else:
            many[name] = [value]
    for name, value in (
        *((("Content-Length", str(len(request.body))),) if request.body else ()),
        ("X-Amzn-Trace-Id", trace or request.trace_id()),
        ("X-Forwarded-For", f"{forwarded}, {request.client_ip}" if forwarded else request.client_ip),
        ("X-Forwarded-Port", request.port),
        ("X-Forwarded-Proto", request.scheme),
    ):
        headers[name] = value
        many[name] = [value]
    return headers, many


def _rest_query(query: str) -> tuple[dict[str, str] | None, dict[str, list[str]] | None]:
    multi: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors="replace"):
        multi.setdefault(name, []).append(value)
    return ({name: values[-1] for name, values in multi.items()}, multi) if multi else (None, None)


def _rest_body(body: bytes, binary: bool) -> tuple[str | None, bool]:
    if not body:
        return None, False
    if binary:
        return base64.b64encode(body).decode(), True
    return body.decode("utf-8", "replace"), False


def http_headers(request: Request, *, decode_cookies: bool) -> tuple[dict[str, str], list[str]]:
    """Headers in lower case, repeated ones joined with commas, and the cookies apart."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for lower, _, value in request.spelled():
        if lower in _DROPPED:
            continue
        if lower == "cookie" and decode_cookies:
            cookies += [part.strip() for part in value.split(";") if part.strip()]
        elif lower in headers:
            headers[lower] += "," + value
        else:
            headers[lower] = value
    headers["content-length"] = str(len(request.body))
    headers.setdefault("x-amzn-trace-id", request.trace_id())
    forwarded = headers.get("x-forwarded-for")
    headers["x-forwarded-for"] = f"{forwarded}, {request.client_ip}" if forwarded else request.client_ip
    headers["x-forwarded-port"] = request.port
    headers["x-forwarded-proto"] = request.scheme
    return headers, cookies


def http_event(
    request: Request,
    *,
    route_key: str,
    raw_path: str,
    parameters: dict[str, str] | None,
    stage_variables: dict[str, str] | None,
    context: dict[str, Any],
) -> dict[str, Any]:
    """The event of payload format 2.0.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    """
    headers, cookies = http_headers(request, decode_cookies=True)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": unquote(raw_path),
        "rawQueryString": request.query,
    }
    if cookies:
        event["cookies"] = cookies
    event["headers"] = headers
    if request.query:
        event["queryStringParameters"] = joined_query(request.query)
    event["requestContext"] = {
        **context,
        "http": {
            "method": request.method,
            "path": unquote(raw_path),
            "protocol": request.protocol,
            "sourceIp": request.client_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request.id if context["accountId"] == "anonymous" else request.extended_id,
        "routeKey": route_key,
        "time": request.clf_time(),
        "timeEpoch": int(request.started * 1000),
    }
    if parameters:
        event["pathParameters"] = {name: unquote(value) for name, value in parameters.items()}
    if stage_variables:
        event["stageVariables"] = stage_variables
    if request.body:
        event["body"], event["isBase64Encoded"] = http_body(request)
    else:
        event["isBase64Encoded"] = False
    return event


def http_event_v1(
    request: Request,
    *,
    route_path: str,
    raw_path: str,
    parameters: dict[str, str] | None,
    stage_variables: dict[str, str] | None,
    context: dict[str, Any],
) -> dict[str, Any]:
    """The event of payload format 1.0 from an HTTP API."""
    headers, _ = http_headers(request, decode_cookies=False)
    many: dict[str, list[str]] = {}
    for lower, _, value in request.spelled():
        if lower not in _DROPPED and lower not in _ADDED:
            many.setdefault(_http_v1_name(lower), []).append(value)
    for name in ("content-length", *sorted(_ADDED)):
        many[_http_v1_name(name)] = [headers[name]]
    single, multi = _rest_query(request.query)
    body, encoded = http_body(request) if request.body else (None, False)
    return {
        "version": "1.0",
        "resource": route_path,
        "path": unquote(raw_path),
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in many.items()},
        "multiValueHeaders": many,
        "queryStringParameters": single,
        "multiValueQueryStringParameters": multi,
        "requestContext": {
            **context,
            "extendedRequestId": request.extended_id,
            "httpMethod": request.method,
            "identity": {**IDENTITY, "sourceIp": request.client_ip, "userAgent": headers.get("user-agent", "")},
            "path": unquote(raw_path),
            "protocol": request.protocol,
            "requestId": request.extended_id,
            "requestTime": request.clf_time(),
            "requestTimeEpoch": int(request.started * 1000),
            "resourcePath": route_path,
        },
        "pathParameters": {name: unquote(value) for name, value in parameters.items()} if parameters else None,
        "stageVariables": stage_variables,
        "body": body,
        "isBase64Encoded": encoded,
    }


def _http_v1_name(lower: str) -> str:
    """HTTP APIs write what they set themselves with capitals and leave the rest in lower case."""
    if lower in ("content-length", "host", "user-agent") or lower in _ADDED:
        return "-".join(part.capitalize() for part in lower.split("-"))
    return lower


def joined_query(query: str) -> dict[str, str]:
    """Query parameters, repeated ones joined with commas."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors="replace"):
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


_TEXT = ("text/", "application/json", "application/xml", "application/javascript")


def http_body(request: Request) -> tuple[str, bool]:
    """The body as text when its media type says so, else in base64 (form data too, as on AWS)."""
    media = request.header(b"content-type").partition(";")[0].strip().lower()
    if media.startswith(_TEXT) or media.endswith(("+json", "+xml")):
        try:
            return request.body.decode("utf-8"), False
        except UnicodeDecodeError:
            return base64.b64encode(request.body).decode(), True
    return base64.b64encode(request.body).decode(), True
