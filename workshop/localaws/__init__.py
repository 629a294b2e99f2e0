"""AWS on this machine: moto answers the control plane, our engine runs the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workshop.core.lazy import attach

if TYPE_CHECKING:
    from workshop.localaws.aws import LocalAWS
    from workshop.localaws.settings import Settings

__all__, __getattr__, __dir__ = attach(__name__, __file__)
