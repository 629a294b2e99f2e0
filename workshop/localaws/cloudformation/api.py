"""CloudFormation's API: query requests in, XML out, in AWS's shapes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from workshop.localaws.cloudformation import operations
from workshop.localaws.cloudformation.service import Stacks
from workshop.localaws.cloudformation.template import invalid
from workshop.localaws.faults import AwsError, answer
from workshop.localaws.http import Request, Response
from workshop.localaws.moto.loading import load

log = logging.getLogger(__name__)


def door(stacks: Stacks) -> Callable[[Request], Response]:
    """What answers CloudFormation's requests."""

    def call(request: Request) -> Response:
        name = request.operation
        operation = operations.TABLE.get(name)
        try:
            if operation is None:
                raise AwsError("InvalidAction", f"CloudFormation's {name or 'operation'} is not available offline.")
            return written(name, operation(stacks, request.region, read(request, name)))
        except AwsError as error:
            return answer(request, error)
        except RecursionError:
            return answer(request, invalid("Template format error: the template is nested too deeply."))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            log.debug("%s could not be read", name, exc_info=True)
            return answer(request, invalid(f"The request or its template has a part of an unexpected form: {error}"))

    return call


def _model(name: str) -> Any:
    return load("core.utils").get_service_model("cloudformation").operation_model(name)


def read(request: Request, name: str) -> dict[str, Any]:
    """The parameters of a request, as plain data."""
    from werkzeug.datastructures import MultiDict

    values: MultiDict[str, str] = MultiDict({**request.arguments, **request.form})
    parser = load("core.parse").PROTOCOL_PARSERS["query"](_model(name))
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
    return plain(parsed)


def plain(value: Any) -> Any:
    """Without the parser's own kinds of dicts."""
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items() if each is not None}
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def written(name: str, result: dict[str, Any] | None) -> Response:
    """An operation's result as XML."""
    serializer = load("core.serialize").get_serializer_class("cloudformation", "query")(operation_model=_model(name))
    done = serializer.serialize(result or {})
    body = done["body"]
    return Response(done["status_code"], body.encode() if isinstance(body, str) else body, dict(done["headers"]))
