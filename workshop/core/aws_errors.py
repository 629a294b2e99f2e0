"""What boto3 raises, in one paragraph a reader can act on.

https://docs.aws.amazon.com/boto3/latest/guide/error-handling.html
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import os

from workshop.core.errors import WorkshopError

_SSO = ("TokenRetrievalError", "UnauthorizedSSOTokenError", "SSOTokenLoadError", "SSOError")
_LOGIN = ("LoginRefreshRequired", "LoginTokenLoadError", "LoginError", "LoginAuthorizationCodeError")
_MISSING = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError")
_NOBODY = (
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ConnectionClosedError",
    "ConnectionError",
    "ProxyConnectionError",
    "SSLError",
)
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_UNKNOWN = (
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "AuthFailure",
    "IncompleteSignature",
)
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")
_THROTTLED = (
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "SlowDown",
    "TooManyRequestsException",
    "RequestThrottled",
)
_QUOTA = (
    "LimitExceededException",
    "LimitExceeded",
    "ServiceQuotaExceededException",
    "TooManyBuckets",
    "CodeStorageExceededException",
    "ResourceLimitExceeded",
)


def explain(error: Exception) -> str:
    """One paragraph: what was wrong and what to do.

    Args:
        error: an exception of botocore or boto3.
    """
    return trouble(error).paragraph()


def is_unreachable(error: Exception) -> bool:
    """True when nobody answered."""
    return type(error).__name__ in _NOBODY


def is_the_accounts(error: Exception) -> bool:
    """True for what the account, its credentials or its permissions are the reason of, whatever was asked."""
    if type(error).__name__ in (*_MISSING, *_SSO, *_LOGIN, "ProfileNotFound", "NoRegionError", "InvalidRegionError"):
        return True
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    return code in (*_EXPIRED, *_UNKNOWN, *_DENIED, *_THROTTLED, *_QUOTA, "OptInRequired", "RequestTimeTooSkewed")


def trouble(error: Exception) -> WorkshopError:
    """The same as an error of the workshop, with what was wrong and what to do apart.

    Args:
        error: an exception of botocore or boto3.
    """
    name = type(error).__name__
    if name in _MISSING:
        return WorkshopError(
            "AWS credentials are missing or incomplete.",
            fix="Run: aws configure (or aws sso login), or name a profile with AWS_PROFILE; to stay offline, unset "
            "WORKSHOP_CLOUD.",
        )
    if name == "ProfileNotFound":
        return WorkshopError(
            f"{str(error).rstrip('.')}.",
            fix="Look at ~/.aws/config for the names there are, and set AWS_PROFILE to one of them.",
        )
    profile = os.environ.get("AWS_PROFILE", "")
    if name in _SSO:
        return WorkshopError(
            "The AWS sign-in (SSO) has expired or was never done.",
            fix="Run: aws sso login" + (f" --profile {profile}" if profile else ""),
        )
    if name in _LOGIN:
        again = "Run: aws login" + (f" --profile {profile}" if profile else "")
        return WorkshopError("The AWS sign-in has expired.", fix=again)
    if name in ("NoRegionError", "InvalidRegionError"):
        return WorkshopError("No usable AWS region is set.", fix="Set AWS_REGION, for example to eu-west-1.")
    if name in _NOBODY:
        elsewhere = os.environ.get("AWS_ENDPOINT_URL", "")
        if elsewhere:
            return WorkshopError(
                f"{elsewhere} does not answer.", fix="Check that it runs (workshop up), then try again."
            )
        return WorkshopError(
            "AWS does not answer.",
            fix="Check the network (a proxy, a VPN) and that the region's name is right, then try again.",
        )
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return _refused(error, response.get("Error", {}))
    return WorkshopError(f"{name}: {error}")


def _refused(error: Exception, details: dict[str, str]) -> WorkshopError:
    code, message = details.get("Code", ""), details.get("Message", "")
    operation = getattr(error, "operation_name", "the request")
    words = f"AWS refused {operation}: {(message or code).rstrip('.')} ({code})."
    if code in _EXPIRED:
        return WorkshopError(
            "The AWS credentials have expired.",
            fix="Sign in again (aws sso login, or new access keys), then try again.",
        )
    if code in _UNKNOWN:
        return WorkshopError(
            "AWS does not know these credentials.",
            fix="Check AWS_PROFILE or the keys in ~/.aws/credentials. Where they work elsewhere, the region may not be "
            "switched on for this account, or this machine's clock is wrong.",
        )
    if code == "OptInRequired":
        return WorkshopError(
            words, fix="Switch the region or service on for this account, or set AWS_REGION to another one."
        )
    if code == "RequestTimeTooSkewed":
        return WorkshopError(words, fix="Set this machine's clock right.")
    if code in _DENIED:
        return WorkshopError(
            words, fix="Ask for the permissions in docs/workshop-policy.json, or use another profile (AWS_PROFILE)."
        )
    if code in _THROTTLED:
        return WorkshopError(
            words,
            fix="Too many requests at once in this account; boto3 has tried again by itself. Wait a minute, then try "
            "again.",
        )
    if code in _QUOTA:
        return WorkshopError(
            words,
            fix="A quota of this account is used up: remove what is not needed (workshop clean), or ask for more under "
            "Service Quotas.",
        )
    return WorkshopError(words)
