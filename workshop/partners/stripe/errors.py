"""Stripe's errors: one exception, and a function for each that the API documents.

https://docs.stripe.com/api/errors · https://docs.stripe.com/error-codes · https://docs.stripe.com/declines/codes
"""

from __future__ import annotations

from typing import Any

SUPPORT = "or we can help at https://support.stripe.com/."


class ApiError(Exception):
    """An answer other than 2xx.

    Args:
        status: the HTTP status.
        message, type, code, param, extra: the fields of the body's `error`.
        saved: True when an idempotency key replays this answer: the endpoint had begun its work.
            https://docs.stripe.com/api/idempotent_requests
        headers: further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",  # noqa: A002 (the API's own name)
        code: str = "",
        param: str = "",
        saved: bool = False,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.status, self.saved, self.headers = status, saved, headers or {}
        body: dict[str, Any] = {"message": message, "type": type}
        if code:
            body |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
        if param:
            body["param"] = param
        self.body = body | extra


def missing(param: str) -> ApiError:
    return ApiError(400, f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown_parameters(names: list[str]) -> ApiError:
    words = "parameter" if len(names) == 1 else "parameters"
    message = f"Received unknown {words}: {', '.join(names)}"
    return ApiError(400, message, code="parameter_unknown", param=names[0])


def beyond(param: str) -> ApiError:
    """Stripe takes this parameter; the stand-in says that it does not, rather than ignore it."""
    message = f"The workshop's stand-in for Stripe does not do {param}. Stripe itself does: try it with a test key."
    return ApiError(400, message, param=param)


def invalid(param: str, message: str, code: str = "") -> ApiError:
    return ApiError(400, message, code=code, param=param)


def no_such(kind: str, identifier: str, param: str, *, status: int = 400) -> ApiError:
    """A reference in a parameter that leads nowhere is a 400; an address that does, a 404."""
    return ApiError(status, f"No such {kind}: '{identifier}'", code="resource_missing", param=param)


def unexpected_state(message: str, **extra: Any) -> ApiError:
    return ApiError(400, message, code="payment_intent_unexpected_state", saved=True, **extra)


def unrecognized_url(method: str, path: str) -> ApiError:
    slash = (
        "If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, make "
        "sure you passed a valid (non-empty) identifier in your code. "
    )
    hint = slash if path.startswith("/v1/") and path.endswith("/") else ""
    message = f"Unrecognized request URL ({method}: {path}). {hint}Please see https://stripe.com/docs {SUPPORT}"
    return ApiError(404, message)


def elsewhere(method: str, path: str) -> ApiError:
    """Stripe has this endpoint; the stand-in says that it does not."""
    what = f"{method} {path}"
    message = f"The workshop's stand-in for Stripe does not do {what}. Stripe itself does: try it with a test key."
    return ApiError(404, message)


def not_a_platform() -> ApiError:
    return ApiError(
        403,
        "Only Stripe Connect platforms can work with other accounts. If you specified a client_id parameter, make sure "
        "it's correct. If you need to setup a Stripe Connect platform, you can do so at "
        "https://dashboard.stripe.com/account/applications/settings.",
    )


def no_key() -> ApiError:
    return ApiError(
        401,
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer "
        "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for "
        f"details, {SUPPORT}",
        headers={"WWW-Authenticate": 'Bearer realm="Stripe"'},
    )


def bad_key(key: str) -> ApiError:
    return ApiError(
        401, f"Invalid API Key provided: {redacted(key)}", headers={"WWW-Authenticate": 'Bearer realm="Stripe"'}
    )


def live_key() -> ApiError:
    return ApiError(
        401,
        "This is a live key. The workshop's stand-in for Stripe takes test keys only (sk_test_…) and moves no money.",
        code="testmode_charges_only",
    )


def needs_permission(key: str, permission: str, account: str) -> ApiError:
    return ApiError(
        403,
        f"The provided key '{redacted(key)}' does not have the required permissions for this endpoint on account "
        f"'{account}'. Having the '{permission}' permission would allow this request to continue.",
    )


def redacted(key: str) -> str:
    """A key as Stripe shows it: its kind and its last four letters."""
    for kind in ("sk_test_", "rk_test_", "pk_test_", "sk_live_", "rk_live_", "pk_live_"):
        if key.startswith(kind):
            rest = key[len(kind) :]
            return kind + "*" * max(0, len(rest) - 4) + rest[-4:]
    return "*" * max(0, len(key) - 4) + key[-4:]


def rate_limited() -> ApiError:
    """Too many requests. No `Stripe-Should-Retry`: the libraries leave slowing down to the caller.

    https://docs.stripe.com/rate-limits#handling-limiting-gracefully
    """
    return ApiError(
        429,
        "Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits.",
        code="rate_limit",
        headers={"Stripe-Rate-Limited-Reason": "global-rate"},
    )


def locked() -> ApiError:
    return ApiError(
        429,
        "This object cannot be accessed right now because another API request or Stripe process is currently accessing "
        "it. If you see this error intermittently, retry the request.",
        code="lock_timeout",
        headers={"Stripe-Should-Retry": "true"},
    )


def key_in_use(key: str) -> ApiError:
    return ApiError(
        409,
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted "
        f"twice, and the other request is still going through): {key}. Please try again later.",
        code="idempotency_key_in_use",
        headers={"Stripe-Should-Retry": "true"},
    )


def other_parameters(key: str) -> ApiError:
    return ApiError(
        400,
        "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a "
        f"key other than '{key}' if you meant to execute a different request.",
        type="idempotency_error",
    )


def other_endpoint(key: str, now: str, first: str) -> ApiError:
    return ApiError(
        400,
        f"Keys for idempotent requests can only be used for the same endpoint they were first used for ('{now}' vs "
        f"'{first}'). Try using a key other than '{key}' if you meant to execute a different request.",
        type="idempotency_error",
    )


def told_to(status: int) -> dict[str, Any]:
    """The body of an error that a test or a lesson asked for."""
    if status == 429:
        return {"error": rate_limited().body}
    kind = "api_error" if status >= 500 else "invalid_request_error"
    return {"error": {"type": kind, "message": f"The stand-in was told to answer {status}."}}
