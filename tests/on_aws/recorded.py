"""AWS as recorded: real boto3 clients whose requests are answered before they leave the process.

Below boto3's retries and above the network, so that retries, parsing and validation are the real ones.
https://docs.aws.amazon.com/boto3/latest/guide/events.html
"""

from __future__ import annotations

import io
import json
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qs

from workshop.core.agreement import guard
from workshop.serverless.aws import Clients

CREATED = "2026-03-02T10:00:00Z"
STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/hello-world-dev-k3f9/1"


class Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


class RecordedAws:
    """Clients of the deploy tool, and what they are answered: `answers["cloudformation.DescribeStacks"]`, in order.

    The last answer of an operation stands for all that follow. `asked` counts requests by operation.
    """

    def __init__(self, monkeypatch: Any) -> None:
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
        self.clients = Clients("eu-west-1", "")
        self.answers: dict[str, list[Any]] = defaultdict(list)
        monkeypatch.setattr(guard, "is_an_account", lambda client: False)  # made up, so nobody is asked
        self.asked: dict[str, list[dict[str, list[str]]]] = defaultdict(list)
        self.clients.session.events.register("before-send", self._send)

    def _send(self, request: Any, event_name: str, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse
        from botocore.compat import HTTPHeaders

        operation = event_name.removeprefix("before-send.")
        body = request.body or b""
        self.asked[operation].append(parse_qs(body.decode() if isinstance(body, bytes) else str(body)))
        answers = self.answers[operation]
        assert answers, f"nothing recorded for {operation}"
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, BaseException):
            raise answer
        status, text = answer
        return AWSResponse(request.url, status, HTTPHeaders(), Raw(text.encode()))


def refused(code: str, message: str, status: int = 400) -> tuple[int, str]:
    """An error of a Query service. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html"""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return status, f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"


def stacks(*statuses: str, tag: str = "k3f9") -> list[tuple[int, str]]:
    """Answers of DescribeStacks, one a status; an empty status: there is no such stack."""
    gone = refused("ValidationError", "Stack x does not exist")
    return [_stack(status, tag) if status else gone for status in statuses]


def _stack(status: str, tag: str) -> tuple[int, str]:
    member = (
        f"<member><StackName>hello-world-dev-k3f9</StackName><StackId>{STACK_ID}</StackId>"
        f"<CreationTime>{CREATED}</CreationTime><StackStatus>{status}</StackStatus>"
        f"<Tags><member><Key>serverless-payments-workshop</Key><Value>{tag}</Value></member></Tags></member>"
    )
    return 200, _result("DescribeStacks", f"<Stacks>{member}</Stacks>")


def events(*found: tuple[str, str, str, str]) -> tuple[int, str]:
    """An answer of DescribeStackEvents: (logical id, type, status, reason), the newest first."""
    members = "".join(
        f"<member><EventId>{number}</EventId><StackId>{STACK_ID}</StackId><StackName>hello-world-dev-k3f9</StackName>"
        f"<LogicalResourceId>{logical}</LogicalResourceId><ResourceType>{kind}</ResourceType>"
        f"<Timestamp>{CREATED}</Timestamp><ResourceStatus>{status}</ResourceStatus>"
        f"<ResourceStatusReason>{reason}</ResourceStatusReason></member>"
        for number, (logical, kind, status, reason) in enumerate(found)
    )
    return 200, _result("DescribeStackEvents", f"<StackEvents>{members}</StackEvents>")


def resources(*found: tuple[str, str], status: str = "CREATE_COMPLETE") -> tuple[int, str]:
    """An answer of ListStackResources: (type, physical id)."""
    members = "".join(
        f"<member><LogicalResourceId>X</LogicalResourceId><PhysicalResourceId>{name}</PhysicalResourceId>"
        f"<ResourceType>{kind}</ResourceType><LastUpdatedTimestamp>{CREATED}</LastUpdatedTimestamp>"
        f"<ResourceStatus>{status}</ResourceStatus></member>"
        for kind, name in found
    )
    return 200, _result("ListStackResources", f"<StackResourceSummaries>{members}</StackResourceSummaries>")


def template(document: dict[str, Any]) -> tuple[int, str]:
    """An answer of GetTemplate."""
    return 200, _result("GetTemplate", f"<TemplateBody>{json.dumps(document)}</TemplateBody>")


def started(operation: str) -> tuple[int, str]:
    """An answer that only says which stack."""
    return 200, _result(operation, f"<StackId>{STACK_ID}</StackId>")


def _result(operation: str, content: str) -> str:
    return (
        f'<{operation}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><{operation}Result>{content}'
        f"</{operation}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>"
    )
