"""Bucket policies are judged by our evaluation, conditions included; moto's own, which knows no conditions, steps back.

The Serverless Framework's deployment bucket denies everything that comes without TLS. moto overlooks the condition
and would refuse every upload.
"""

from __future__ import annotations

from typing import Any


def install() -> None:
    """Called once moto's S3 is imported."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    original = FakeBucket.get_permission

    def get_permission(self: Any, action: str, resource: str) -> Any:
        found = original(self, action, resource)
        return PermissionResult.NEUTRAL if found == PermissionResult.DENIED else found

    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]
