"""API Gateway: deployments are snapshots, and what moto drops or misreads is kept."""

from __future__ import annotations

import json
from typing import Any

from moto.apigateway.exceptions import RestAPINotFound
from moto.apigateway.models import APIGatewayBackend, RestAPI
from moto.apigateway.responses import APIGatewayResponse

from workshop.localaws.moto import rest_apis


def install() -> None:
    """Have moto keep a snapshot with every deployment, and stop it registering mocks that nobody asks.

    moto keeps of a deployment its id only, and for every stage adds two callbacks a method to the `responses`
    library's list, which is searched one by one and never emptied.
    """
    if hasattr(RestAPI, "workshop_snapshots"):
        return
    original = RestAPI.create_deployment

    def create_deployment(self: Any, *args: Any, **kwargs: Any) -> Any:
        deployment = original(self, *args, **kwargs)
        setattr(deployment, "snapshot", rest_apis.take(self))  # noqa: B010
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
    original = APIGatewayBackend.delete_rest_api

    def delete_rest_api(self: Any, function_id: str) -> Any:
        if function_id not in self.apis:
            raise RestAPINotFound()
        return original(self, function_id)

    APIGatewayBackend.delete_rest_api = delete_rest_api  # type: ignore[method-assign]


def _keep_binary_types() -> None:
    """moto drops `binaryMediaTypes` when an API is made, and misreads `/binaryMediaTypes/image~1png` when patched."""
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
    original = RestAPI.delete_deployment

    def delete_deployment(self: Any, deployment_id: str) -> Any:
        if deployment_id in self.deployments and all(
            stage.deployment_id != deployment_id for stage in self.stages.values()
        ):
            return self.deployments.pop(deployment_id)
        return original(self, deployment_id)

    RestAPI.delete_deployment = delete_deployment  # type: ignore[method-assign]
