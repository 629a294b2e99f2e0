"""What boto3 raises, in one paragraph a reader can act on.

https://docs.aws.amazon.com/boto3/latest/guide/error-handling.html
"""

from __future__ import annotations

import os


def explain(error: Exception) -> str:
    """One paragraph: what was wrong and what to do.

    Args:
        error: an exception of botocore or boto3.
    """
    name = type(error).__name__
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if name in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
        return (
            "AWS credentials are missing or incomplete. Run: aws configure (or aws sso login), or name a profile with "
            "AWS_PROFILE; to stay offline, unset WORKSHOP_CLOUD."
        )
    if name == "ProfileNotFound":
        return f"{error}. Look at ~/.aws/config for the names there are, and set AWS_PROFILE to one of them."
    if name in ("TokenRetrievalError", "UnauthorizedSSOTokenError", "SSOTokenLoadError"):
        return "The AWS sign-in has expired. Run: aws sso login"
    if name in ("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError"):
        place = endpoint or "AWS"
        return (
            f"{place} does not answer. Check that it runs (workshop up) or that the network is there, then try again."
        )
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        details = response.get("Error", {})
        code, message = details.get("Code", ""), details.get("Message", "")
        if code in ("ExpiredToken", "ExpiredTokenException", "RequestExpired"):
            return (
                "The AWS credentials have expired. Sign in again (aws sso login, or new access keys), then try again."
            )
        if code in ("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"):
            return "AWS does not know these credentials. Check AWS_PROFILE or the keys in ~/.aws/credentials."
        operation = getattr(error, "operation_name", "the request")
        return f"AWS refused {operation}: {message or code} ({code})."
    return f"{name}: {error}"
