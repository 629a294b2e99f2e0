"""An environment's end of the Runtime API: what its runtime did, and what it is told.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workshop.localaws.runtime.requests import document
from workshop.localaws.runtime.runtime_api import RESPONSE_LIMIT, Answer, Headers, RuntimeConnection

if TYPE_CHECKING:
    from workshop.localaws.runtime.environment import Environment

ACCEPTED: Answer = (202, {})
UNKNOWN: Answer = (400, {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"})
TOO_LATE: Answer = (403, {"errorMessage": "The init phase is over.", "errorType": "InvalidStateTransition"})
ERROR_TYPE = b"lambda-runtime-function-error-type"


class Host:
    """The `RuntimeHost` of one environment; see there for what each method is told."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    def asked_next(self, connection: RuntimeConnection) -> None:
        if self.environment.state == "busy":
            connection.waiting = False
            connection.refuse(403, "InvalidStateTransition", "Transition from Running to Ready is not allowed.")
        else:
            self.environment.ready(connection)

    def responded(self, request_id: str, headers: Headers, body: bytes) -> Answer:
        if not self.is_current(request_id):
            return UNKNOWN
        if len(body) > RESPONSE_LIMIT:
            return self.too_large()
        # The header comes in the trailer of a streamed response that broke off.
        self.environment.finish(body, "error" if ERROR_TYPE in headers else "success")
        return ACCEPTED

    def failed(self, request_id: str, headers: Headers, body: bytes) -> Answer:
        if not self.is_current(request_id):
            return UNKNOWN
        if len(body) > RESPONSE_LIMIT:
            return self.too_large()
        self.environment.finish(body, "error")
        return ACCEPTED

    def too_large(self) -> Answer:
        """An answer that Lambda does not carry becomes an error that says so."""
        message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
        self.environment.finish(document("Function.ResponseSizeTooLarge", message), "error")
        return 413, {"errorMessage": message, "errorType": "RequestEntityTooLarge"}

    def init_failed(self, headers: Headers, body: bytes) -> Answer:
        if self.environment.state != "init":
            return TOO_LATE
        self.environment.init_reported(headers.get(ERROR_TYPE, b"Runtime.Unknown").decode("latin-1"), body)
        return ACCEPTED

    def disconnected(self, connection: RuntimeConnection) -> None:
        if self.environment.connection is connection:
            self.environment.connection = None

    def is_current(self, request_id: str) -> bool:
        """Whether this is the request that the runtime works on."""
        request = self.environment.request
        return self.environment.state == "busy" and request is not None and request.request_id == request_id
