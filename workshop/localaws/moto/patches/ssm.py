"""The Parameter Store answers in alphabetical order, as AWS documents; moto answers in the order of a set.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
"""

from __future__ import annotations

from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend


def install() -> None:
    """Called once moto's SSM is imported."""
    original = SimpleSystemManagerBackend.get_parameters

    def get_parameters(self: Any, names: list[str]) -> dict[str, Any]:
        return dict(sorted(original(self, names).items()))

    SimpleSystemManagerBackend.get_parameters = get_parameters  # type: ignore[method-assign]
