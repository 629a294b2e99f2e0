"""A request on its way through the engine, and the words for how it may end."""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import time
from dataclasses import dataclass

from workshop.localaws.runtime.model import FunctionSpec, Invocation


@dataclass(slots=True)
class Request:
    """Times by `perf_counter`, `began` in epoch seconds of the engine's clock."""

    spec: FunctionSpec
    payload: bytes
    request_id: str
    future: asyncio.Future[Invocation]
    asked: float
    trace_id: str = ""
    client_context: bytes | None = None
    cognito_identity: bytes | None = None
    tail: bool = False
    invoked_arn: str = ""  # as the caller named the function: with a qualifier, or without
    started: float = 0.0
    began: float = 0.0
    deadline: float = math.inf
    cold: bool = False

    def head(self) -> bytes:
        """The head of the response to the runtime's /next.

        https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-next
        """
        # The deadline is in the time of the process, whatever the workshop's own clock says.
        deadline = int((time.time() + self.deadline - time.perf_counter()) * 1000)
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            f"Lambda-Runtime-Aws-Request-Id: {self.request_id}\r\nLambda-Runtime-Deadline-Ms: {deadline}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {self.invoked_arn or self.spec.arn}\r\n"
            f"Lambda-Runtime-Trace-Id: {self.trace_id}\r\n"
            f"Content-Length: {len(self.payload)}\r\n"
        ).encode()
        if self.client_context:
            head += b"Lambda-Runtime-Client-Context: " + one_line(self.client_context) + b"\r\n"
        if self.cognito_identity:
            head += b"Lambda-Runtime-Cognito-Identity: " + one_line(self.cognito_identity) + b"\r\n"
        return head + b"\r\n"


def one_line(document: bytes) -> bytes:
    """A JSON document as a header's value: line breaks in it are only layout."""
    return document.replace(b"\r", b" ").replace(b"\n", b" ")


def new_trace_id() -> str:
    """An X-Ray trace header that is not sampled."""
    random = os.urandom(20).hex()
    return f"Root=1-{int(time.time()):08x}-{random[:24]};Parent={random[24:]};Sampled=0"


def document(error_type: str, message: str) -> bytes:
    """An error of Lambda's own as the caller gets it."""
    return json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()


def exit_reason(code: int) -> str:
    """How a process ended, in the words that Lambda uses."""
    if code == 0:
        return "Runtime exited without providing a reason"
    if code > 0:
        return f"Runtime exited with error: exit status {code}"
    try:
        name = signal.strsignal(-code) or str(-code)
    except ValueError:
        name = str(-code)
    return f"Runtime exited with error: signal: {name.lower().partition(':')[0]}"
