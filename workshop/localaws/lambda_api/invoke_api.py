"""Invoke: the request as AWS checks it, the answer as AWS gives it.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from urllib.parse import unquote
from uuid import uuid4

from workshop.localaws.asynchronous import AsyncQueue
from workshop.localaws.faults import AwsError, answer
from workshop.localaws.functions import ASYNC_LIMIT, SYNC_LIMIT, Functions
from workshop.localaws.http import Request, Response
from workshop.localaws.lambda_api import names
from workshop.localaws.runtime.model import Invocation, Throttled

KINDS = ("Event", "RequestResponse", "DryRun")
LOG_TYPES = ("None", "Tail")


class Invoke:
    """The Invoke family of operations.

    Args:
        functions: runs them.
        queue: takes asynchronous invocations.
        check: refuses what the caller may not do.
    """

    def __init__(self, functions: Functions, queue: AsyncQueue, check: Callable[[Request], None]) -> None:
        self.functions, self.queue, self.check = functions, queue, check

    async def __call__(self, request: Request, name: str, how: str) -> Response:
        """Answer one Invoke, InvokeAsync or InvokeWithResponseStream request."""
        try:
            self.check(request)
            return await self._invoke(request, unquote(name), how)
        except AwsError as error:
            return answer(request, error)
        except Throttled as refused:
            throttled = AwsError("TooManyRequestsException", "Rate Exceeded.", 429, Reason=refused.reason)
            return answer(request, throttled)

    async def _invoke(self, request: Request, name: str, how: str) -> Response:
        qualifier = request.arguments.get("Qualifier")
        kind = "Event" if how == "invoke-async" else request.headers.get("x-amz-invocation-type", "RequestResponse")
        log_type = request.headers.get("x-amz-log-type", "None")
        kinds = KINDS[1:] if how == "response-streaming-invocations" else KINDS  # nobody would read a later stream
        for value, member, known in ((kind, "invocationType", kinds), (log_type, "logType", LOG_TYPES)):
            if value not in known:
                rule = f"Member must satisfy enum value set: [{', '.join(known)}]"
                raise names.constraint(value, member, rule)
        route = self.functions.route(name, qualifier, request.region)
        payload = request.body or b"{}"
        check_payload(payload, SYNC_LIMIT if kind == "RequestResponse" else ASYNC_LIMIT)
        if kind == "DryRun":
            return Response(
                204, b"", {"x-amzn-requestid": str(uuid4()), "x-amz-executed-version": route.pick().version}
            )
        context = client_context(request.headers.get("x-amz-client-context"))
        if kind == "Event":
            request_id = self.queue.put(route.reference, payload, context=context)
            return Response(202, b'{"Status": 202}' if how == "invoke-async" else b"", {"x-amzn-requestid": request_id})
        tail = log_type == "Tail"
        outcome = await self.functions.invoke(
            name,
            payload,
            source="lambda",
            qualifier=qualifier,
            region=request.region,
            client_context=context,
            trace_id=request.headers.get("x-amzn-trace-id"),
            tail=tail,
        )
        if how == "response-streaming-invocations":
            return streamed(outcome, tail)
        return plain(outcome, tail)


def _no_json(token: str) -> None:
    raise ValueError(f"Non-standard token '{token}'")


STRICT = json.JSONDecoder(parse_constant=_no_json)  # Python alone takes NaN and Infinity for JSON


def check_payload(payload: bytes, limit: int) -> None:
    """The size, then that it is JSON.

    Raises:
        AwsError: as AWS words it.
    """
    if len(payload) > limit:
        raise AwsError(
            "RequestTooLargeException",
            f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
            if limit == SYNC_LIMIT
            else f"{len(payload)} byte payload is too large for the Event invocation type (limit {limit} bytes)",
            413,
        )
    try:
        STRICT.decode(payload.decode(json.detect_encoding(payload)))
    except (ValueError, RecursionError) as error:
        raise AwsError("InvalidRequestContentException", f"Could not parse request body into json: {error}") from None


def client_context(header: str | None) -> bytes | None:
    """The JSON of an X-Amz-Client-Context header."""
    if not header:
        return None
    try:
        context = base64.b64decode(header, validate=True)
        json.loads(context)
    except (binascii.Error, ValueError):
        raise AwsError(
            "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object."
        ) from None
    return context


def plain(outcome: Invocation, tail: bool) -> Response:
    """The answer to Invoke."""
    headers = {
        "content-type": "application/json",
        "x-amzn-requestid": outcome.request_id,
        "x-amz-executed-version": outcome.executed_version,
    }
    if outcome.function_error:
        headers["x-amz-function-error"] = outcome.function_error
    if tail:
        headers["x-amz-log-result"] = base64.b64encode(outcome.log_tail.encode()[-4096:]).decode()
    return Response(200, outcome.payload, headers)


def streamed(outcome: Invocation, tail: bool) -> Response:
    """The answer to InvokeWithResponseStream: one chunk and the end, in AWS's event stream encoding."""
    from workshop.localaws.lambda_api.event_stream import message

    body = b""
    if not outcome.function_error:
        body += message("PayloadChunk", outcome.payload, "application/octet-stream")
    complete: dict[str, str] = {}
    if outcome.function_error:
        complete |= {"ErrorCode": outcome.function_error, "ErrorDetails": outcome.payload.decode("utf-8", "replace")}
    if tail:
        complete["LogResult"] = base64.b64encode(outcome.log_tail.encode()[-4096:]).decode()
    body += message("InvokeComplete", json.dumps(complete).encode(), "application/json")
    headers = {
        "content-type": "application/vnd.amazon.eventstream",
        "x-amzn-requestid": outcome.request_id,
        "x-amz-executed-version": outcome.executed_version,
        "x-amzn-remapped-content-type": "application/json",
    }
    return Response(200, body, headers)
