"""AWS's errors in the shape each protocol gives them."""

from __future__ import annotations

import json
from uuid import uuid4
from xml.sax.saxutils import escape

from workshop.localaws.http import Request, Response


class AwsError(Exception):
    """An error that AWS's clients understand.

    Args:
        code: the exception's name, such as `ResourceNotFoundException`.
        message: AWS's sentence.
        status: the HTTP status.
        extra: further members of the error, such as `Reason`.
    """

    def __init__(self, code: str, message: str, status: int = 400, **extra: str) -> None:
        self.code, self.message, self.status, self.extra = code, message, status, extra
        super().__init__(f"{code}: {message}")


def protocol_of(request: Request) -> str:
    """`json`, `query`, `s3` or `rest-json`: how the caller wants its errors."""
    if request.headers.get("x-amz-target"):
        return "json"
    if request.service in ("s3", ""):
        return "s3"
    if (
        request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        or "Action" in request.arguments
    ):
        return "query"
    return "rest-json"


def answer(request: Request, error: AwsError) -> Response:
    """The HTTP answer for an error.

    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html
    """
    request_id = str(uuid4())
    headers = {"x-amzn-requestid": request_id}
    protocol = protocol_of(request)
    if protocol in ("json", "rest-json"):
        kind = "User" if error.status < 500 else "Service"
        body = {"Type": kind, "Message": error.message, "message": error.message, **error.extra}
        content_type = "application/json"
        if protocol == "json":
            body["__type"], content_type = error.code, "application/x-amz-json-1.1"
        return Response(
            error.status,
            json.dumps(body).encode(),
            headers | {"content-type": content_type, "x-amzn-errortype": error.code},
        )
    code, message = escape(error.code), escape(error.message)
    if protocol == "s3":
        text = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'
    else:
        kind = "Sender" if error.status < 500 else "Receiver"
        text = (
            f"<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return Response(error.status, text.encode(), headers | {"content-type": "text/xml"})
