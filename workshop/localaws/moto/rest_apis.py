"""REST APIs in moto's store, compiled when a deployment is made, as on AWS."""

from __future__ import annotations

import copy
from typing import Any

from workshop.localaws.apigateway.routing import Router
from workshop.localaws.apigateway.snapshot import Method, Resource, Snapshot


def take(api: Any) -> Snapshot:
    """Compile moto's `RestAPI` as it is now."""
    router: Router[Resource] = Router()
    for resource in api.resources.values():
        methods = {
            name: Method(
                http_method=name,
                api_key_required=_truth(method.api_key_required),
                authorization=method.authorization_type or "NONE",
                authorizer_id=method.authorizer_id or "",
                integration=copy.deepcopy(method.method_integration),
                responses=copy.deepcopy(method.method_responses),
                request_parameters=dict(method.request_parameters or {}),
            )
            for name, method in list(resource.resource_methods.items())
        }
        if methods:
            router.add(resource.get_path(), Resource(resource.id, resource.get_path(), methods))
    return Snapshot(
        api_id=api.id,
        account=api.account_id,
        region=api.region_name,
        router=router,
        binary_types=tuple(str(kind).lower() for kind in api.binaryMediaTypes or ()),
        gateway_responses=copy.deepcopy(api.gateway_responses),
        authorizers=copy.deepcopy(api.authorizers),
        key_source=api.api_key_source or "HEADER",
        disabled=_truth(api.disableExecuteApiEndpoint),
    )


def _truth(value: Any) -> bool:
    """CloudFormation hands booleans over as text."""
    return value.lower() == "true" if isinstance(value, str) else bool(value)


def of_stage(api: Any, stage: Any) -> Snapshot | None:
    """The snapshot a stage points at; None when its deployment is gone."""
    deployment = api.deployments.get(stage.deployment_id)
    if deployment is None:
        return None
    snapshot = getattr(deployment, "snapshot", None)
    if snapshot is None:  # made before `install`
        snapshot = deployment.snapshot = take(api)
    return snapshot
