"""What a control-plane request needs: its actions and the ARNs of what it touches.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from workshop.localaws.iam.evaluation import UNKNOWN, Need
from workshop.localaws.iam.principals import Principal
from workshop.localaws.iam.requests_by_service import SERVICES
from workshop.localaws.iam.requests_s3 import s3_needs

if TYPE_CHECKING:
    from workshop.localaws.http import Request

# Signing name: IAM's prefix.
_PREFIXES = {"monitoring": "cloudwatch", "email": "ses", "tagging": "tag", "dynamodbstreams": "dynamodb"}
# Anybody may ask who they are: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
_FREE = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken", "sts:GetAccessKeyInfo"})


class Asked:
    """A request as the tables below read it: region, account, parsed parameters."""

    def __init__(self, request: Request, principal: Principal, now: float) -> None:
        self.request, self.account, self.region = request, principal.account, request.region
        self.operation = request.operation
        self.parameters = _parameters(request)
        self.context = _context(request, principal) | times(now)
        self.context |= requested_tags(self.parameters, request.headers)

    def text(self, *names: str) -> str:
        """The first parameter of these that was given as text."""
        for name in names:
            value = self.parameters.get(name)
            if isinstance(value, str) and value:
                return value
        return ""

    def arn(self, service: str, resource: str) -> str:
        """An ARN in the request's region and account; a full ARN stays as it is."""
        return resource if resource.startswith("arn:") else f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def need(
        self, action: str, resource: str = UNKNOWN, *, more_context: Mapping[str, Any] | None = None, **more: Any
    ) -> Need:
        """A need in this request's context."""
        return Need(action, resource, {**self.context, **(more_context or {})}, **more)


def needs(request: Request, principal: Principal, now: float = 0.0) -> list[Need]:
    """The permissions that a request takes, in the order AWS checks them; `now` is for conditions about the time."""
    asked = Asked(request, principal, now)
    service = request.service or "s3"
    if service == "s3":
        return s3_needs(asked)
    prefix = _PREFIXES.get(service, service)
    if not asked.operation:
        asked.operation = _rest_operation(service, request)
    if f"{prefix}:{asked.operation}" in _FREE:
        return []
    table: Callable[[Asked], list[Need]] | None = SERVICES.get(prefix)
    if table is not None:
        return table(asked)
    found = next((value for value in asked.parameters.values() if isinstance(value, str) and value[:4] == "arn:"), "")
    return [asked.need(f"{prefix}:{asked.operation}", found or UNKNOWN)]


def _parameters(request: Request) -> Mapping[str, Any]:
    if request.form or "Action" in request.arguments:
        return {**request.arguments, **request.form}
    try:
        found = request.json() if request.body[:1] == b"{" else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _context(request: Request, principal: Principal) -> dict[str, Any]:
    context: dict[str, Any] = {
        "aws:PrincipalArn": principal.owner,
        "aws:PrincipalAccount": principal.account,
        "aws:PrincipalType": "AssumedRole" if principal.kind == "role" else "User",
        "aws:SourceIp": "127.0.0.1",
        "aws:SecureTransport": "true",  # the loopback stands for TLS
        "aws:RequestedRegion": request.region,
        "aws:UserAgent": request.headers.get("user-agent", ""),
    }
    if principal.kind == "user":
        context["aws:username"] = principal.name
    return context


def times(now: float) -> dict[str, str]:
    """The context keys that tell the time, from epoch seconds.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-currenttime
    """
    return {"aws:CurrentTime": f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}", "aws:EpochTime": str(int(now))}


def requested_tags(parameters: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """`aws:RequestTag/…` and `aws:TagKeys`, from the forms in which services take tags.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requesttag
    """
    given: dict[str, str] = {}
    for name in ("Tags", "tags"):
        value = parameters.get(name)
        if isinstance(value, Mapping):
            given |= {str(key): str(one) for key, one in value.items()}
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, Mapping):
                    key = one.get("Key") or one.get("TagKey") or one.get("key")
                    given[str(key)] = str(one.get("Value") or one.get("TagValue") or one.get("value") or "")
    for name, value in parameters.items():
        found = re.fullmatch(r"(Tags\.(?:member|entry)\.\d+)\.Key", name)
        if found:
            given[str(value)] = str(parameters.get(f"{found[1]}.Value", ""))
    if not given:
        return {}
    return {f"aws:RequestTag/{key}": value for key, value in given.items()} | {"aws:TagKeys": list(given)}


def _rest_operation(service: str, request: Request) -> str:
    """The operation of a REST request, found by method and path in botocore's model of the service."""
    found = [
        (len(query), name)
        for name, method, path, query in _rest_paths(service)
        if method == request.method and path(request.path) and query.items() <= request.arguments.items()
    ]
    # Of two that differ by a fixed part of the query (`?List=ALL`) only, the one that says more.
    return max(found, key=lambda one: one[0])[1] if found else request.method


@cache
def _rest_paths(service: str) -> list[tuple[str, str, Callable[[str], Any], dict[str, str]]]:
    """Operation, method, path and the fixed part of the query of every operation of a service."""
    from botocore.exceptions import UnknownServiceError
    from botocore.session import get_session

    try:
        model = get_session().get_service_model({"execute-api": "apigatewaymanagementapi"}.get(service, service))
    except UnknownServiceError:
        return []
    found: list[tuple[str, str, Callable[[str], Any], dict[str, str]]] = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        plain, _, query = http["requestUri"].partition("?")
        path = re.sub(r"\\\{[^}]*\\?\+\\\}", ".+", re.escape(plain))
        path = re.sub(r"\\\{[^}]*\\\}", "[^/]+", path)
        fixed = dict(parse_qsl(query, keep_blank_values=True))
        found.append((name, http["method"], re.compile(path).fullmatch, fixed))
    return found
