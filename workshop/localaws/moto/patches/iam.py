"""AWS's own managed policies, read from moto's data one at a time, when one is asked for."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

PREFIX = "arn:aws:iam::aws:policy/"


@lru_cache(maxsize=256)
def _data(name: str) -> dict[str, Any] | None:
    """moto's record of a policy; the 4.7 MB of all 1,500 are never parsed as a whole."""
    start = aws_managed_policies_data.find(f'\n "{name}":{{')
    if start < 0:
        return None
    found, _ = json.JSONDecoder().raw_decode(aws_managed_policies_data, aws_managed_policies_data.index("{", start))
    return found if isinstance(found, dict) else None


def load(backend: Any, arn: str) -> None:
    """Put an AWS managed policy into moto's store when it exists and is not there yet."""
    if not isinstance(arn, str) or not arn.startswith(PREFIX) or arn in backend.managed_policies:
        return
    name = arn.rpartition("/")[2]
    data = _data(name)
    if data is None:
        return
    policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, data)
    if policy.arn == arn:
        backend.managed_policies[arn] = policy


def install() -> None:
    """Have moto know AWS's managed policies without loading them all (its own switch costs 0.3 s and 60 MB)."""
    if hasattr(IAMBackend, "workshop_managed"):
        return
    for method, position in (
        ("attach_role_policy", 0),
        ("attach_user_policy", 0),
        ("attach_group_policy", 0),
        ("put_role_permissions_boundary", 1),
        ("get_policy", 0),
        ("get_policy_version", 0),
        ("list_policy_versions", 0),
    ):
        setattr(IAMBackend, method, _knowing(getattr(IAMBackend, method), position))
    IAMBackend.workshop_managed = True  # type: ignore[attr-defined]


def _knowing(original: Any, position: int) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        for value in (*args[position : position + 1], *kwargs.values()):
            load(self, value)
        return original(self, *args, **kwargs)

    return method
