"""The query protocol, read and written by moto's own parser and serializer for a service that is ours.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from __future__ import annotations

from typing import Any

from workshop.localaws.http import Request, Response
from workshop.localaws.moto.loading import load


def _operation(service: str, name: str) -> Any:
    return load("core.utils").get_service_model(service).operation_model(name)


def read(request: Request, service: str, operation: str) -> dict[str, Any]:
    """The parameters of a request, as plain data.

    Args:
        request: as it came.
        service: botocore's name, such as `cloudformation`.
        operation: such as `CreateStack`.
    """
    from werkzeug.datastructures import MultiDict

    values: MultiDict[str, str] = MultiDict({**request.arguments, **request.form})
    parser = load("core.parse").PROTOCOL_PARSERS["query"](_operation(service, operation))
    parsed = parser.parse(
        {
            "method": request.method,
            "values": values,
            "headers": request.headers,
            "body": request.body,
            "url_path": request.path,
            "url_params": {},
        }
    )
    found: dict[str, Any] = plain(parsed)
    return found


def plain(value: Any) -> Any:
    """Without the parser's own kinds of dicts."""
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items() if each is not None}
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def write(service: str, operation: str, result: dict[str, Any] | None) -> Response:
    """An operation's result as XML."""
    kind = load("core.serialize").get_serializer_class(service, "query")
    done = kind(operation_model=_operation(service, operation)).serialize(result or {})
    body = done["body"]
    return Response(done["status_code"], body.encode() if isinstance(body, str) else body, dict(done["headers"]))
