"""Access logs: one line a request, in the format that the stage's owner wrote.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from workshop.localaws.apigateway.exchange import Answer, Request

VARIABLE = re.compile(r"\$context\.(\w+(?:\.\w+)*)")
GROUP = re.compile(r"arn:aws[\w-]*:logs:(?P<region>[\w-]+):(?P<account>\d{12}):log-group:(?P<name>[^:]+)(:\*)?")
# (account, region, log group, log stream, epoch milliseconds, line)
Append = Callable[[str, str, str, str, int, str], None]


class AccessLog:
    """The access log of one stage.

    Args:
        group, account, region: the log group.
        form: the line, with `$context.…` variables.
        context: what is the same for every request: `apiId`, `stage`, `accountId`, `domainName` and their like.
    """

    def __init__(self, group: str, account: str, region: str, form: str, context: Mapping[str, Any]) -> None:
        self.group, self.account, self.region, self.form = group, account, region, form
        self.context = {name: str(value) for name, value in context.items() if isinstance(value, str)}
        self.stream = hashlib.sha256(f"{context.get('apiId')}/{context.get('stage')}".encode()).hexdigest()[:32]

    def write(self, append: Append, request: Request, answer: Answer, milliseconds: float) -> None:
        """Log one request."""
        front = "" if self.context["stage"] == "$default" else f"/{self.context['stage']}"
        known = {**self.context, **_of_request(request), **_of_answer(answer, milliseconds)}
        known["path"] = front + request.path
        line = VARIABLE.sub(lambda found: known.get(found[1], "-"), self.form)
        append(self.account, self.region, self.group, self.stream, int(request.started * 1000), line)


def of_stage(settings: Mapping[str, Any] | None, context: Mapping[str, Any]) -> AccessLog | None:
    """A stage's access log; None when it has none, or none that goes to CloudWatch Logs."""
    given = {name[:1].lower() + name[1:]: value for name, value in (settings or {}).items()}
    found = GROUP.fullmatch(str(given.get("destinationArn") or ""))
    if not found or not given.get("format"):
        return None
    return AccessLog(found["name"], found["account"], found["region"], str(given["format"]), context)


def _of_request(request: Request) -> dict[str, str]:
    told = {
        "requestId": request.id,
        "extendedRequestId": request.extended_id,
        "httpMethod": request.method,
        "protocol": request.protocol,
        "requestTime": request.clf_time(),
        "requestTimeEpoch": str(int(request.started * 1000)),
        "identity.sourceIp": request.client_ip,
        "identity.userAgent": request.header(b"user-agent") or "-",
        "resourcePath": request.route or "-",
        "routeKey": request.route or "-",
        "error.message": request.error or "-",
        "error.messageString": json.dumps(request.error) if request.error else "-",
    }
    authorizer = request.authorizer or {}
    return told | {f"authorizer.{name}": str(value) for name, value in authorizer.items()}


def _of_answer(answer: Answer, milliseconds: float) -> dict[str, str]:
    latency = str(round(answer.integration_ms)) if answer.integration_ms else "-"
    return {
        "status": str(answer.status),
        "responseLength": str(len(answer.body)),
        "responseLatency": str(round(milliseconds)),
        "integrationLatency": latency,
        "integration.latency": latency,
        "integration.responseLatency": latency,
    }
