"""STS knows the credentials of functions, which it did not make itself."""

from __future__ import annotations

from typing import Any

from moto.sts.models import STSBackend

from workshop.localaws.iam.principals import role_of
from workshop.localaws.moto.current import CURRENT


def install() -> None:
    """Let `sts:GetCallerIdentity` answer for the credentials of functions, which moto's STS did not make."""
    original = STSBackend.get_caller_identity

    def get_caller_identity(self: Any, access_key_id: str, region: str) -> tuple[str, str, str]:
        found = CURRENT.session_of(access_key_id)
        if found is None:
            return original(self, access_key_id, region)
        role = role_of(found.owner)
        return f"{role.id if role is not None else 'AROA'}:{found.name}", found.arn, found.account

    STSBackend.get_caller_identity = get_caller_identity  # type: ignore[method-assign]
