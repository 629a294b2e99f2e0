"""Lambda's REST API: which path is which operation.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from urllib.parse import unquote

from workshop.localaws.faults import AwsError, answer
from workshop.localaws.http import Request, Response
from workshop.localaws.lambda_api import functions_api
from workshop.localaws.lambda_api.service import Service

Operation = Callable[..., Response]
TABLE: list[tuple[str, str, Operation]] = [
    ("POST", "functions", functions_api.create),
    ("GET", "functions", functions_api.list_all),
    ("GET", "functions/{name}", functions_api.get),
    ("DELETE", "functions/{name}", functions_api.delete),
    ("GET", "functions/{name}/configuration", functions_api.get_configuration),
    ("PUT", "functions/{name}/configuration", functions_api.update_configuration),
    ("PUT", "functions/{name}/code", functions_api.update_code),
    ("GET", "functions/{name}/versions", functions_api.list_versions),
    ("POST", "functions/{name}/versions", functions_api.publish),
]
INVOKE = re.compile(
    r"/\d{4}-\d\d-\d\d/functions/(?P<name>[^/]+)/(?P<how>invocations|invoke-async|response-streaming-invocations)/?"
)


@cache
def table() -> list[tuple[str, re.Pattern[str], Operation]]:
    """The table with its paths as patterns; the date is the API's version and says nothing here."""
    rows = []
    for method, path, operation in TABLE:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        rows.append((method, re.compile(rf"/\d{{4}}-\d\d-\d\d/{pattern}/?"), operation))
    return rows


def call(service: Service, request: Request) -> Response:
    """The answer of Lambda's API to one request, errors included. Blocks; thread-safe."""
    known = False
    try:
        for method, pattern, operation in table():
            found = pattern.fullmatch(request.path)
            known = known or found is not None
            if found and method == request.method:
                named = {name: unquote(value) for name, value in found.groupdict().items()}
                return operation(service, request, **named)
        raise AwsError(
            "UnknownOperationException",
            f"{request.method} {request.path} is no operation of Lambda that is available offline.",
            405 if known else 404,
        )
    except AwsError as error:
        return answer(request, error)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        return answer(
            request, AwsError("InvalidRequestContentException", f"Could not parse request body into json: {error}")
        )
    except (AttributeError, KeyError, TypeError) as error:
        return answer(
            request, AwsError("SerializationException", f"The request has a member of the wrong type: {error}")
        )
