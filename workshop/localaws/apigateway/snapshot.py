"""What a REST API serves: compiled from moto's store when a deployment is made, as on AWS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workshop.localaws.apigateway.routing import Router


@dataclass(frozen=True, slots=True)
class Method:
    """One method of one resource, ready to be called."""

    http_method: str
    api_key_required: bool
    authorization: str
    authorizer_id: str
    integration: Any  # a copy of moto's Integration, or None
    responses: dict[str, Any]
    request_parameters: dict[str, bool]


@dataclass(frozen=True, slots=True)
class Resource:
    """One path with its methods."""

    id: str
    path: str
    methods: dict[str, Method]


@dataclass(slots=True)
class Snapshot:
    """A deployment: the API as it was when the deployment was made."""

    api_id: str
    account: str
    region: str
    router: Router[Resource]
    binary_types: tuple[str, ...]
    gateway_responses: dict[str, Any]
    authorizers: dict[str, Any]
    key_source: str
    disabled: bool
    contexts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def is_binary(self, media_type: str) -> bool:
        """Whether a body of this media type travels in base64.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/lambda-proxy-binary-media.html
        """
        if not self.binary_types:
            return False
        if "*/*" in self.binary_types:
            return True
        media = media_type.partition(";")[0].strip().lower()
        kind = media.partition("/")[0] + "/*"
        return media in self.binary_types or kind in self.binary_types
