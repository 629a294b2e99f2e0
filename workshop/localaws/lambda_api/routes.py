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
from workshop.localaws.lambda_api import (
    aliases_api,
    concurrency_api,
    functions_api,
    layers_api,
    mappings_api,
    policy_api,
    settings_api,
    shapes,
)
from workshop.localaws.lambda_api.service import Service

Operation = Callable[..., Response]
# The date in a path is the API's version of that operation and says nothing here.
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
    ("POST", "functions/{name}/aliases", aliases_api.create),
    ("GET", "functions/{name}/aliases", aliases_api.list_all),
    ("GET", "functions/{name}/aliases/{alias}", aliases_api.get),
    ("PUT", "functions/{name}/aliases/{alias}", aliases_api.update),
    ("DELETE", "functions/{name}/aliases/{alias}", aliases_api.delete),
    ("POST", "functions/{name}/policy", policy_api.add),
    ("GET", "functions/{name}/policy", policy_api.get),
    ("DELETE", "functions/{name}/policy/{statement}", policy_api.remove),
    ("PUT", "functions/{name}/concurrency", concurrency_api.put),
    ("GET", "functions/{name}/concurrency", concurrency_api.get),
    ("DELETE", "functions/{name}/concurrency", concurrency_api.delete),
    ("PUT", "functions/{name}/provisioned-concurrency", concurrency_api.put_provisioned),
    ("GET", "functions/{name}/provisioned-concurrency", concurrency_api.get_provisioned),
    ("DELETE", "functions/{name}/provisioned-concurrency", concurrency_api.delete_provisioned),
    ("GET", "account-settings", concurrency_api.account_settings),
    ("POST", "functions/{name}/url", settings_api.put_url),
    ("PUT", "functions/{name}/url", settings_api.put_url),
    ("GET", "functions/{name}/url", settings_api.get_url),
    ("DELETE", "functions/{name}/url", settings_api.delete_url),
    ("GET", "functions/{name}/urls", settings_api.list_urls),
    ("PUT", "functions/{name}/event-invoke-config", settings_api.put_invoke_config),
    ("POST", "functions/{name}/event-invoke-config", settings_api.put_invoke_config),
    ("GET", "functions/{name}/event-invoke-config", settings_api.get_invoke_config),
    ("DELETE", "functions/{name}/event-invoke-config", settings_api.delete_invoke_config),
    ("GET", "functions/{name}/event-invoke-config/list", settings_api.list_invoke_configs),
    ("GET", "functions/{name}/recursion-config", settings_api.recursion),
    ("PUT", "functions/{name}/recursion-config", settings_api.recursion),
    ("GET", "functions/{name}/runtime-management-config", settings_api.runtime_management),
    ("PUT", "functions/{name}/runtime-management-config", settings_api.runtime_management),
    ("GET", "functions/{name}/code-signing-config", settings_api.code_signing),
    ("GET", "tags/{arn:rest}", settings_api.list_tags),
    ("POST", "tags/{arn:rest}", settings_api.tag),
    ("DELETE", "tags/{arn:rest}", settings_api.untag),
    ("GET", "layers", layers_api.list_or_get_by_arn),
    ("GET", "layers/{layer}/versions", layers_api.list_versions),
    ("POST", "layers/{layer}/versions", layers_api.publish),
    ("GET", "layers/{layer}/versions/{version}", layers_api.get),
    ("DELETE", "layers/{layer}/versions/{version}", layers_api.delete),
    ("POST", "layers/{layer}/versions/{version}/policy", layers_api.add_permission),
    ("GET", "layers/{layer}/versions/{version}/policy", layers_api.get_policy),
    ("DELETE", "layers/{layer}/versions/{version}/policy/{statement}", layers_api.remove_permission),
    ("POST", "event-source-mappings", mappings_api.create),
    ("GET", "event-source-mappings", mappings_api.list_all),
    ("GET", "event-source-mappings/{uuid}", mappings_api.get),
    ("PUT", "event-source-mappings/{uuid}", mappings_api.update),
    ("DELETE", "event-source-mappings/{uuid}", mappings_api.delete),
]
INVOKE = re.compile(
    r"/\d{4}-\d\d-\d\d/functions/(?P<name>[^/]+)/(?P<how>invocations|invoke-async|response-streaming-invocations)/?"
)


@cache
def table() -> list[tuple[str, re.Pattern[str], str, Operation]]:
    """The table with its paths as patterns, and as they are."""
    rows = []
    for method, path, operation in TABLE:
        pattern = re.sub(r"\{(\w+):rest\}", r"(?P<\1>.+)", path)
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        rows.append((method, re.compile(rf"/\d{{4}}-\d\d-\d\d/{pattern}/?"), path, operation))
    return rows


def call(service: Service, request: Request) -> Response:
    """The answer of Lambda's API to one request, errors included. Blocks; thread-safe."""
    known = False
    try:
        for method, pattern, path, operation in table():
            found = pattern.fullmatch(request.path)
            known = known or found is not None
            if found and method == request.method:
                named = {name: unquote(value) for name, value in found.groupdict().items()}
                if method in ("POST", "PUT"):
                    shapes.check(method, path, request.json())
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
