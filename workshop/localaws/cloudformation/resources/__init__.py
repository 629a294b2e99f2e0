"""Resource types: how each is made, changed and removed through the public APIs."""

from __future__ import annotations

from workshop.localaws.cloudformation.resources import (
    apigateway,
    apigateway_more,
    apigatewayv2,
    data,
    events,
    iam,
    lambdas,
    lambdas_more,
    messaging,
    observing,
    own,
    storage,
)
from workshop.localaws.cloudformation.resources.base import REGISTRY

__all__ = ["REGISTRY"]
