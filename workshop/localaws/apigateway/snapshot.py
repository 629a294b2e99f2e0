"""What a REST API serves: compiled from moto's store when a deployment is made, as on AWS."""

from __future__ import annotations

import copy
import json
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


def install() -> None:
    """Have moto keep a snapshot with every deployment, and stop it registering mocks that nobody asks.

    moto keeps of a deployment its id only, and for every stage adds two callbacks a method to the `responses`
    library's list, which is searched one by one and never emptied.
    """
    from moto.apigateway.models import RestAPI

    if hasattr(RestAPI, "workshop_snapshots"):
        return
    original = RestAPI.create_deployment

    def create_deployment(self: Any, *args: Any, **kwargs: Any) -> Any:
        deployment = original(self, *args, **kwargs)
        setattr(deployment, "snapshot", take(self))  # noqa: B010
        return deployment

    _keep_binary_types()
    _keep_token_pattern()
    _let_old_deployments_go()
    _refuse_to_delete_none()
    RestAPI.create_deployment = create_deployment  # type: ignore[method-assign]
    RestAPI.update_integration_mocks = lambda self, stage_name: None  # type: ignore[method-assign]
    RestAPI.workshop_snapshots = True  # type: ignore[attr-defined]


def _refuse_to_delete_none() -> None:
    """moto answers 500 when an API is deleted that is not there; AWS 404.

    https://docs.aws.amazon.com/apigateway/latest/api/API_DeleteRestApi.html
    """
    from moto.apigateway.exceptions import RestAPINotFound
    from moto.apigateway.models import APIGatewayBackend

    original = APIGatewayBackend.delete_rest_api

    def delete_rest_api(self: Any, function_id: str) -> Any:
        if function_id not in self.apis:
            raise RestAPINotFound()
        return original(self, function_id)

    APIGatewayBackend.delete_rest_api = delete_rest_api  # type: ignore[method-assign]


def _keep_binary_types() -> None:
    """moto drops `binaryMediaTypes` when an API is made, and misreads `/binaryMediaTypes/image~1png` when patched."""
    from moto.apigateway.models import RestAPI
    from moto.apigateway.responses import APIGatewayResponse

    create, patch = APIGatewayResponse.create_rest_api, RestAPI.apply_patch_operations

    def create_rest_api(self: Any) -> Any:
        answer = create(self)
        kinds = self._get_param("binaryMediaTypes")
        made = json.loads(answer[-1]) if kinds else {}
        if made.get("id"):
            api = self.backend.apis[made["id"]]
            api.binaryMediaTypes = list(kinds)
            return (*answer[:-1], json.dumps(api.to_dict()))
        return answer

    def apply_patch_operations(self: Any, patch_operations: list[dict[str, Any]]) -> None:
        others = []
        for operation in patch_operations:
            kind = operation["path"].removeprefix("/binaryMediaTypes/").replace("~1", "/").replace("~0", "~")
            if kind == operation["path"]:
                others.append(operation)
            elif operation["op"] == "remove":
                self.binaryMediaTypes = [one for one in self.binaryMediaTypes if one != kind]
            else:
                self.binaryMediaTypes.append(kind)
        patch(self, others)

    APIGatewayResponse.create_rest_api = create_rest_api  # type: ignore[method-assign]
    RestAPI.apply_patch_operations = apply_patch_operations  # type: ignore[method-assign]


def _keep_token_pattern() -> None:
    """moto loses an authorizer's `identityValidationExpression` to a misspelt argument."""
    from moto.apigateway.models import RestAPI

    original = RestAPI.create_authorizer

    def create_authorizer(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = original(self, *args, **kwargs)
        made.identity_validation_expression = kwargs.get("identiy_validation_expression")
        return made

    RestAPI.create_authorizer = create_authorizer  # type: ignore[method-assign]


def _let_old_deployments_go() -> None:
    """moto keeps a deployment as long as there is a stage of the name it was made for, wherever that stage points now.

    AWS keeps it while a stage points at it. https://docs.aws.amazon.com/apigateway/latest/api/API_DeleteDeployment.html
    """
    from moto.apigateway.models import RestAPI

    original = RestAPI.delete_deployment

    def delete_deployment(self: Any, deployment_id: str) -> Any:
        if deployment_id in self.deployments and all(
            stage.deployment_id != deployment_id for stage in self.stages.values()
        ):
            return self.deployments.pop(deployment_id)
        return original(self, deployment_id)

    RestAPI.delete_deployment = delete_deployment  # type: ignore[method-assign]


def of_stage(api: Any, stage: Any) -> Snapshot | None:
    """The snapshot a stage points at; None when its deployment is gone."""
    deployment = api.deployments.get(stage.deployment_id)
    if deployment is None:
        return None
    snapshot = getattr(deployment, "snapshot", None)
    if snapshot is None:  # made before `install`
        snapshot = deployment.snapshot = take(api)
    return snapshot
