"""From an HTTP request to an operation and back: keys, limits, parameters, idempotency, answers."""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from workshop.partners.common import JsonAnswer

# The modules whose import fills the table of operations.
from workshop.partners.stripe import (
    charges,
    customers,
    disputes,
    elsewhere,
    errors,
    events,
    expanding,
    payment_intents,
    refunds,
    search,
    versions,
)
from workshop.partners.stripe.account import Account
from workshop.partners.stripe.errors import ApiError
from workshop.partners.stripe.keys import ACCOUNT
from workshop.partners.stripe.operations import OPERATIONS, Call, Operation
from workshop.partners.stripe.parameters import decode, read, unreadable

ENDPOINTS = (charges, customers, disputes, events, payment_intents, refunds, search)
LONGEST_BODY = 1_000_000
FORM = "application/x-www-form-urlencoded"
# Fixed words before identifiers: /v1/charges/search is no charge.
ROUTES = sorted(OPERATIONS, key=lambda each: each.path.count("{"))
log = logging.getLogger(__name__)


class Api:
    """Answers `/v1/…` for one account."""

    def __init__(self, account: Account, base_url: str) -> None:
        self.account, self.base_url = account, base_url

    async def __call__(self, request: Request) -> Response:
        request_id = f"req_{self.account.store.letters(14)}"
        headers = {
            "Request-Id": request_id,
            "Stripe-Version": versions.API_VERSION,
            "Cache-Control": "no-cache, no-store",
        }
        try:
            operation, names = route(request.method, request.url.path)
            key = self.account.keys.check(
                request.headers.get("authorization"),
                operation.resource,
                operation.level,
                publishable=operation.publishable,
            )
            headers["Stripe-Version"] = versions.check(request.headers.get("stripe-version"))
            check_account(request.headers)
            self.account.limit_rate()
            given = await parameters(request)
            call = Call(
                self.account,
                given,
                request_id,
                request.headers.get("idempotency-key") if request.method == "POST" else None,
                self.base_url,
                headers["Stripe-Version"],
                key.startswith("pk_"),
            )
            status, body, more = await self.idempotent(request, operation, names, call)
        except ApiError as error:
            status, body, more = answer_of(error)
        headers |= more
        return Response(body, status, headers, media_type="application/json")

    async def idempotent(
        self, request: Request, operation: Operation, names: dict[str, str], call: Call
    ) -> tuple[int, bytes, dict[str, str]]:
        """Runs an operation once for each idempotency key; only POST requests have one."""
        key = call.idempotency_key
        if key is None:
            status, body, more, _ = await self.run(operation, names, call)
            return status, body, more
        keys = self.account.idempotency
        canonical = json.dumps(call.given, sort_keys=True).encode()
        first = keys.begin(key, request.url.path, canonical, call.request_id)
        if first is not None:
            return (
                (first.status or 200),
                first.body,
                {
                    "Idempotency-Key": key,
                    "Original-Request": first.request_id,
                    "Idempotent-Replayed": "true",
                },
            )
        saved = False
        try:
            status, body, more, saved = await self.run(operation, names, call)
        finally:
            if not saved:
                keys.forget(key)
        if saved:
            keys.finish(key, status, body)
        return status, body, more | {"Idempotency-Key": key, "Original-Request": call.request_id}

    async def run(
        self, operation: Operation, names: dict[str, str], call: Call
    ) -> tuple[int, bytes, dict[str, str], bool]:
        """Runs an operation. Returns status, body, headers, and whether an idempotency key keeps them."""
        try:
            call.given = read(call.given, operation.takes, operation.beyond)
            paths = call.given.get("expand", [])
            expanding.check(operation.kind, paths, lists=operation.lists)
            result = operation.run(call, **names)
            if inspect.isawaitable(result):
                result = await result
            result = expanding.expand(self.account.store, result, paths)
        except ApiError as error:
            return *answer_of(error), error.saved
        except Exception:
            log.exception("%s %s failed", operation.method, operation.path)
            return *answer_of(unknown_error()), True
        return 200, encode(versions.shown(result, call.version)), {}, True


def unknown_error() -> ApiError:
    return ApiError(500, "An unknown error occurred in the workshop's stand-in for Stripe.", type="api_error")


def encode(body: Any) -> bytes:
    """JSON as Stripe lays it out."""
    return JsonAnswer(None).render(body)


def answer_of(error: ApiError) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of an error."""
    return error.status, encode({"error": error.body}), error.headers


def route(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """The operation for a request and the names in its path. Raises ApiError 404 when there is none."""
    for operation in ROUTES:
        found = operation.pattern.fullmatch(path) if operation.method == method else None
        if found:
            return operation, {name: unquote(value) for name, value in found.groupdict().items()}
    if elsewhere.knows(method, path):
        raise errors.elsewhere(method, path[:200])
    raise errors.unrecognized_url(method, path[:200])


def check_account(headers: Mapping[str, str]) -> None:
    """The stand-in has one account. Raises ApiError when a request is meant for another one.

    https://docs.stripe.com/connect/authentication
    """
    for name in ("stripe-account", "stripe-context"):
        if headers.get(name, ACCOUNT) != ACCOUNT:
            raise errors.not_a_platform()


async def parameters(request: Request) -> dict[str, Any]:
    """The decoded form of the address and the body. Raises ApiError when it is none."""
    given = decode(request.url.query)
    if request.method not in ("POST", "DELETE"):
        return given
    if int(request.headers.get("content-length") or 0) > LONGEST_BODY:
        raise ApiError(413, f"The request's body is longer than {LONGEST_BODY:,} bytes.")
    raw = await request.body()
    if not raw:
        return given
    kind = request.headers.get("content-type", FORM).partition(";")[0].strip().lower()
    if kind != FORM:
        raise unreadable()
    try:
        return given | decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise unreadable() from None
