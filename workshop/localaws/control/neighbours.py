"""What Lambda asks its neighbours: IAM whether a role trusts it, S3 for code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from workshop.localaws.control.moto_door import LOCK
from workshop.localaws.faults import AwsError

if TYPE_CHECKING:
    from workshop.localaws.aws import LocalAWS


def connect(aws: LocalAWS) -> None:
    """Give Lambda's service its neighbours."""
    service = aws.service
    service.role_trusted = lambda arn: role_trusts(aws.settings.account, arn, "lambda.amazonaws.com")
    service.s3_object = lambda bucket, key, version: s3_object(aws.settings.account, bucket, key, version)
    service.changed = aws.functions.forget


def role_trusts(account: str, arn: str, principal: str) -> bool:
    """True when the role exists and its trust policy lets this service assume it."""
    from moto.iam.models import iam_backends

    with LOCK:
        roles = iam_backends[account]["aws"].roles.values()
        role = next((role for role in roles if role.arn == arn), None)
        document = role.assume_role_policy_document if role else None
    if not document:
        return False
    policy = document if isinstance(document, dict) else json.loads(unquote(document))
    return any(_lets(statement, principal) for statement in _several(policy.get("Statement")))


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _lets(statement: dict[str, Any], principal: str) -> bool:
    actions = {str(action).lower() for action in _several(statement.get("Action"))}
    if statement.get("Effect") != "Allow" or not actions & {"sts:assumerole", "sts:*", "*"}:
        return False
    named = statement.get("Principal")
    return named == "*" or (isinstance(named, dict) and principal in _several(named.get("Service")))


def s3_object(account: str, bucket: str, key: str, version: str | None) -> bytes:
    """The bytes of an object.

    Raises:
        AwsError: InvalidParameterValueException in Lambda's words.
    """
    from moto.core.exceptions import ServiceException
    from moto.s3.models import s3_backends
    from werkzeug.exceptions import HTTPException

    with LOCK:
        try:
            found = s3_backends[account]["aws"].get_object(bucket, key, version_id=version)
            if found is not None and hasattr(found, "value"):
                return bytes(found.value)
            code, sentence = "NoSuchKey", "The specified key does not exist."
        except (HTTPException, ServiceException):
            code, sentence = "NoSuchBucket", "The specified bucket does not exist"
    raise AwsError(
        "InvalidParameterValueException",
        f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {sentence}",
    )
