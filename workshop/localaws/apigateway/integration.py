"""From a route to its function: permission, the invocation, the time limit, and HTTP back ends."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from workshop.localaws.apigateway.exchange import Answer, Request
from workshop.localaws.runtime.model import Throttled

log = logging.getLogger("workshop.localaws.apigateway")

LONGEST_WAIT = 29.0
LONGEST_START = 12.0  # an init phase of 10 s and some room
MOST_EVENT = 6 * 1024 * 1024
_FUNCTION_URI = re.compile(r"arn:aws[\w-]*:apigateway:[\w-]+:lambda:path/2015-03-31/functions/(?P<arn>.+)/invocations")
_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length", "host"}
)


class Failed(Exception):
    """The integration gave no answer.

    `kind` is one of permission, missing, throttled, timeout, too_large, crashed, unreachable; `why` is for the log;
    `payload` is what a failed function returned.
    """

    def __init__(self, kind: str, why: str, payload: bytes = b"") -> None:
        self.kind, self.why, self.payload = kind, why, payload
        super().__init__(f"{kind}: {why}")


def function_arn(uri: str, variables: Mapping[str, str] | None) -> str:
    """The function's ARN in an integration URI (either form), with stage variables filled in; empty when none."""
    uri = with_variables(uri or "", variables)
    found = _FUNCTION_URI.fullmatch(uri)
    if found:
        return found["arn"]
    return uri if re.fullmatch(r"arn:aws[\w-]*:lambda:[\w-]+:\d{12}:function:[\w:$-]+", uri) else ""


def with_variables(text: str, variables: Mapping[str, str] | None) -> str:
    """`${stageVariables.name}` replaced: a missing one becomes empty, as on AWS."""
    if "${stageVariables." not in text:
        return text
    return _VARIABLE.sub(lambda match: (variables or {}).get(match[1], ""), text)


class Caller:
    """Invokes functions on behalf of API Gateway.

    Args:
        functions: the cloud's `Functions`.
        iam: the cloud's `Iam`, asked whether the function's policy lets API Gateway in.
    """

    def __init__(self, functions: Any, iam: Any) -> None:
        self.functions, self.iam = functions, iam
        self.longest_wait = LONGEST_WAIT
        self._allowed: set[tuple[str, str]] = set()
        self._brief: dict[str, bool] = {}

    def forget(self) -> None:
        """Ask anew who may call what; for every change of a function, its policy or a role."""
        self._allowed.clear()
        self._brief.clear()

    async def call(
        self, arn: str, event: bytes, source_arn: str, credentials: str = "", trace_id: str | None = None
    ) -> bytes:
        """The function's answer.

        Args:
            arn: of the function, alias or version.
            event: JSON.
            source_arn: `arn:aws:execute-api:…`, held against the permission's `SourceArn`.
            credentials: a role's ARN when the integration has one; then the role decides instead of the permission.
            trace_id: the X-Ray trace header that the function finds in its environment.

        Raises:
            Failed: no answer, or the function failed.
        """
        if credentials:
            allowed = self.iam.role_may(credentials, "apigateway.amazonaws.com", "lambda:InvokeFunction", arn)
        else:
            allowed = not source_arn or (arn, source_arn) in self._allowed
            if not allowed and self.iam.may_invoke(arn, "apigateway.amazonaws.com", source_arn):
                allowed = True
                self._allowed.add((arn, source_arn))
        if not allowed:
            raise Failed("permission", f"{arn} has no permission that lets API Gateway call it from {source_arn}")
        if len(event) > MOST_EVENT:
            raise Failed("too_large", f"the event has {len(event)} bytes and Lambda takes 6 MB")
        try:
            outcome = await self._invoke(arn, event, trace_id)
        except Failed:
            raise
        except Throttled as error:
            raise Failed("throttled", f"{arn} is throttled: {error.reason}") from None
        except Exception as error:
            kind = "missing" if getattr(error, "code", "") == "ResourceNotFoundException" else "crashed"
            log.debug("calling %s failed", arn, exc_info=True)
            raise Failed(kind, f"{arn} could not be called: {error}") from error
        if outcome.function_error:
            raise Failed("crashed", f"{arn} failed ({outcome.function_error}); its log tells why", outcome.payload)
        return outcome.payload

    async def _invoke(self, arn: str, event: bytes, trace_id: str | None) -> Any:
        brief = self._brief.get(arn)
        if brief is None:
            specs = [spec for _, spec in self.functions.route(arn).choices]
            brief = self._brief[arn] = all(spec.timeout + LONGEST_START < self.longest_wait for spec in specs)
        if brief:  # its own time-out comes first: no second watch is needed
            return await self.functions.invoke(arn, event, source="apigateway", trace_id=trace_id)
        work = asyncio.ensure_future(self.functions.invoke(arn, event, source="apigateway", trace_id=trace_id))
        done, _ = await asyncio.wait((work,), timeout=self.longest_wait)
        if not done:  # as on AWS, the function runs on and its answer is thrown away
            work.add_done_callback(_forget)
            raise Failed("timeout", f"{arn} took longer than {self.longest_wait:g} s")
        return work.result()


def _forget(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()


_client: Any = None


async def http_proxy(
    request: Request, uri: str, method: str, parameters: Mapping[str, str] | None, seconds: float
) -> Answer:
    """Pass a request through to an HTTP back end and its answer back.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/setup-http-integrations.html

    Raises:
        Failed: the back end cannot be reached or takes too long.
    """
    import httpx

    global _client
    if _client is None:
        _client = httpx.AsyncClient(trust_env=False, follow_redirects=False)
    for name, value in (parameters or {}).items():
        uri = uri.replace("{" + name + "+}", value).replace("{" + name + "}", quote(value, safe="%"))
    if request.query:
        uri += ("&" if "?" in uri else "?") + request.query
    headers = [(name, value) for name, value in request.headers if name.decode("latin-1") not in _HOP]
    method = request.method if method in ("ANY", "") else method
    began = time.perf_counter()
    try:
        answer = await _client.request(method, uri, headers=headers, content=request.body or None, timeout=seconds)
    except httpx.TimeoutException:
        raise Failed("timeout", f"{uri} took longer than {seconds:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Failed("unreachable", f"{uri} cannot be reached: {error}") from None
    kept = [
        (name.lower(), value)
        for name, value in answer.headers.raw
        if name.lower().decode("latin-1") not in _HOP and name.lower() not in (b"content-encoding", b"date", b"server")
    ]
    reply = Answer(answer.status_code, kept, answer.content)
    reply.integration_ms = (time.perf_counter() - began) * 1000
    return reply
