"""AWS on this machine: moto answers the control plane, our engine runs the functions."""

from __future__ import annotations

from typing import Any

__all__ = ["LocalAWS", "Settings"]


def __getattr__(name: str) -> Any:
    """`LocalAWS` and `Settings`, imported when they are asked for: the rooms below are used without them too."""
    if name == "LocalAWS":
        from workshop.localaws.aws import LocalAWS

        return LocalAWS
    if name == "Settings":
        from workshop.localaws.settings import Settings

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
