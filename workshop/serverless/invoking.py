"""Invokes a deployed function past its events, as an application with the right permission could.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.core.inert import inert_json
from workshop.serverless.aws import INVOKING, clients
from workshop.serverless.service import Service

_REPORT = re.compile(r"^REPORT RequestId: (\S+)\s+(.*)$", re.M)


@dataclass
class Answer:
    """What a function answered.

    Attributes:
        payload: its answer, as JSON reads it.
        error: `""`, or Lambda's word `Unhandled`.
        log: what it printed (the last 4 KB), with Lambda's START, END and REPORT lines.
        request_id: of this invocation.
        seconds: billed duration and others, as the REPORT line has them: name -> text.
    """

    payload: Any
    error: str = ""
    log: str = ""
    request_id: str = ""
    status: int = 200
    report: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """What `workshop invoke --json` prints."""
        return {
            "payload": self.payload,
            "error": self.error or None,
            "status": self.status,
            "request_id": self.request_id,
            "log": self.log,
            "report": self.report,
        }

    def __str__(self) -> str:
        return inert_json(json.dumps(self.payload, indent=4, ensure_ascii=False))

    def __repr__(self) -> str:
        return str(self)


def invoke(
    service: Service, function: str, data: Any = None, *, asynchronous: bool = False, qualifier: str = ""
) -> Answer:
    """Invokes a function.

    Args:
        service: what `load` gave.
        function: its name in the file.
        data: its event: anything that JSON can say.
        asynchronous: only queue it; the answer is empty.
        qualifier: a version or alias.

    Raises:
        WorkshopError: there is no such function, it is not deployed, or it is throttled.
    """
    full = service.function_name(function)
    api = clients(service.region, service.profile, service.endpoint).get(INVOKING)
    options: dict[str, Any] = {"Qualifier": qualifier} if qualifier else {}
    try:
        payload = json.dumps({} if data is None else data).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise WorkshopError(f"The event is not JSON: {error}.", used_wrongly=True) from None
    try:
        found = api.invoke(
            FunctionName=full,
            Payload=payload,
            InvocationType="Event" if asynchronous else "RequestResponse",
            **({} if asynchronous else {"LogType": "Tail"}),
            **options,
        )
    except api.exceptions.ResourceNotFoundException:
        raise WorkshopError(f"The function {full} is not deployed.", fix=f"Run: {service.deploy_command}") from None
    except api.exceptions.TooManyRequestsException as error:
        raise WorkshopError(f"{full} was throttled: {error.response['Error']['Message']}") from None
    body = found["Payload"].read()
    log = base64.b64decode(found.get("LogResult", "")).decode("utf-8", "replace")
    return Answer(
        _read(body),
        found.get("FunctionError", ""),
        log,
        found["ResponseMetadata"]["RequestId"],
        found["StatusCode"],
        report_of(log),
    )


def _read(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # no JSON, a number of thousands of digits, or nested without end
        return body.decode("utf-8", "replace")


def report_of(log: str) -> dict[str, str]:
    """The figures of a REPORT line: name -> text with its unit."""
    match = _REPORT.search(log)
    if not match:
        return {}
    parts = [part.partition(": ") for part in match[2].split("\t") if ": " in part]
    return {name.strip(): value.strip() for name, _, value in parts}
