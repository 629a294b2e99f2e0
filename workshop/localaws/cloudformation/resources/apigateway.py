"""AWS::ApiGateway::*: REST APIs, their methods, deployments and stages."""

from __future__ import annotations

from typing import Any, ClassVar

from workshop.localaws.cloudformation.resources import openapi
from workshop.localaws.cloudformation.resources.base import (
    Call,
    Failed,
    Properties,
    Refused,
    Resource,
    camel,
    document,
    only,
    register,
)

KEEP = (
    "ResponseTemplates",
    "RequestTemplates",
    "RequestParameters",
    "ResponseParameters",
    "RequestModels",
    "ResponseModels",
    "Variables",
    "Tags",
)


def replaced(path: str, value: Any) -> dict[str, Any]:
    """One patch operation."""
    return {"op": "replace", "path": path, "value": str(value).lower() if isinstance(value, bool) else str(value)}


def changed_variables(wanted: dict[str, Any], had: dict[str, Any]) -> list[dict[str, Any]]:
    """The patch operations that bring a stage's variables from one set to another."""
    patches = [replaced(f"/variables/{key}", value) for key, value in wanted.items() if had.get(key) != value]
    return patches + [{"op": "remove", "path": f"/variables/{key}"} for key in had if key not in wanted]


def _endpoint(given: Properties) -> dict[str, Any] | None:
    """Which kind of endpoint: the property's words, or the parameter that templates give with an OpenAPI document."""
    parameters = given.get("Parameters") or {}
    if set(parameters) - {"endpointConfigurationTypes"}:
        raise Failed("Of Parameters, the offline cloud takes endpointConfigurationTypes only.")
    kinds = parameters.get("endpointConfigurationTypes")
    found = camel(given.get("EndpointConfiguration")) or ({"types": kinds.split(",")} if kinds else None)
    return found if found is None else dict(found)


@register
class RestApi(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-restapi.html"""

    type = "AWS::ApiGateway::RestApi"
    lacks: ClassVar[Properties] = {
        "BodyS3Location": None,
        "CloneFrom": None,
        "EndpointAccessMode": None,
        "FailOnWarnings": False,
        "MinimumCompressionSize": None,
        "Mode": "overwrite",
        "SecurityPolicy": None,
        "Version": None,
    }
    fixed = ("Tags",)
    attributes_known = "RootResourceId RestApiId"

    def create(self, call: Call, given: Properties) -> str:
        body = given.get("Body")
        name = given.get("Name") or (openapi.title(body) if body else "")
        if not name:
            raise Failed("Properties validation failed for resource with message: #: required key [Name] not found")
        wanted = only(
            given,
            "Description",
            "BinaryMediaTypes",
            "DisableExecuteApiEndpoint",
        )
        made = call(
            "apigateway",
            "create_rest_api",
            name=name,
            **camel(wanted),
            apiKeySource=given.get("ApiKeySourceType"),
            endpointConfiguration=_endpoint(given),
            policy=document(given.get("Policy")),
            tags=call.tagged(given.get("Tags")),
        )
        if body:
            openapi.import_rest(call, made["id"], body)
        return str(made["id"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        if given.get("Body") and given["Body"] != old.get("Body"):
            openapi.title(given["Body"])
            openapi.import_rest(call, physical, given["Body"])
        patches = []
        for name, path in (
            ("Name", "/name"),
            ("Description", "/description"),
            ("ApiKeySourceType", "/apiKeySource"),
            ("DisableExecuteApiEndpoint", "/disableExecuteApiEndpoint"),
        ):
            if given.get(name) != old.get(name):
                patches.append(replaced(path, given.get(name) if given.get(name) is not None else ""))
        types = (_endpoint(given) or {}).get("types"), (_endpoint(old) or {}).get("types")
        if types[0] != types[1]:
            before, after = ((each or ["EDGE"])[0] for each in reversed(types))
            patches.append(replaced(f"/endpointConfiguration/types/{before}", after))
        if given.get("Policy") != old.get("Policy"):
            patches.append(replaced("/policy", document(given.get("Policy")) or ""))
        wanted, had = set(given.get("BinaryMediaTypes") or []), set(old.get("BinaryMediaTypes") or [])
        for action, kinds in (("add", wanted - had), ("remove", had - wanted)):
            patches += [{"op": action, "path": "/binaryMediaTypes/" + kind.replace("/", "~1")} for kind in kinds]
        if patches:
            call("apigateway", "update_rest_api", restApiId=physical, patchOperations=patches)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigateway", "delete_rest_api", restApiId=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        items = call("apigateway", "get_resources", restApiId=physical, limit=500)["items"]
        root = next(item["id"] for item in items if item["path"] == "/")
        return {"RootResourceId": root, "RestApiId": physical}


@register
class ApiResource(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-resource.html"""

    type = "AWS::ApiGateway::Resource"
    attributes_known = "ResourceId"

    def create(self, call: Call, given: Properties) -> str:
        return str(call("apigateway", "create_resource", **camel(given))["id"])

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigateway", "delete_resource", restApiId=given["RestApiId"], resourceId=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"ResourceId": physical}


@register
class Method(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-method.html"""

    type = "AWS::ApiGateway::Method"

    def _where(self, given: Properties) -> dict[str, Any]:
        return camel(only(given, "RestApiId", "ResourceId", "HttpMethod"))

    def create(self, call: Call, given: Properties) -> str:
        where = self._where(given)
        wanted = only(
            given,
            "ApiKeyRequired",
            "AuthorizerId",
            "AuthorizationScopes",
            "OperationName",
            "RequestModels",
            "RequestParameters",
            "RequestValidatorId",
        )
        call(
            "apigateway",
            "put_method",
            **where,
            authorizationType=given.get("AuthorizationType") or "NONE",
            **camel(wanted, keep=KEEP),
        )
        for response in given.get("MethodResponses") or []:
            call("apigateway", "put_method_response", **where, **camel(response, keep=KEEP))
        integration = dict(given.get("Integration") or {})
        responses = integration.pop("IntegrationResponses", None) or []
        if integration:
            method = integration.pop("IntegrationHttpMethod", None)
            call(
                "apigateway", "put_integration", **where, integrationHttpMethod=method, **camel(integration, keep=KEEP)
            )
            for response in responses:
                call("apigateway", "put_integration_response", **where, **camel(response, keep=KEEP))
        return "|".join(where.values())

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        self.delete(call, physical, old)
        self.create(call, given)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigateway", "delete_method", **self._where(given))


@register
class Deployment(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-deployment.html"""

    type = "AWS::ApiGateway::Deployment"
    lacks: ClassVar[Properties] = {"DeploymentCanarySettings": None}
    fixed = ("Description",)
    attributes_known = "DeploymentId"

    def create(self, call: Call, given: Properties) -> str:
        about = given.get("StageDescription") or {}
        made = call(
            "apigateway",
            "create_deployment",
            **camel(only(given, "RestApiId", "StageName", "Description")),
            variables=about.get("Variables"),
            stageDescription=about.get("Description"),
        )
        return str(made["id"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        api, stage = given["RestApiId"], given.get("StageName")
        about, had = given.get("StageDescription") or {}, old.get("StageDescription") or {}
        if stage and stage != old.get("StageName"):
            call(
                "apigateway",
                "create_stage",
                restApiId=api,
                stageName=stage,
                deploymentId=physical,
                variables=about.get("Variables"),
                description=about.get("Description"),
            )
        elif stage and about != had:
            patches = changed_variables(about.get("Variables") or {}, had.get("Variables") or {})
            if about.get("Description") != had.get("Description"):
                patches.append(replaced("/description", about.get("Description") or ""))
            call("apigateway", "update_stage", restApiId=api, stageName=stage, patchOperations=patches)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        api, stage = given["RestApiId"], given.get("StageName")
        if stage:  # a stage made by a deployment goes with it, unless a newer deployment has taken it over
            try:
                if call("apigateway", "get_stage", restApiId=api, stageName=stage)["deploymentId"] == physical:
                    call("apigateway", "delete_stage", restApiId=api, stageName=stage)
            except Refused as refused:
                if not refused.gone:
                    raise
        call("apigateway", "delete_deployment", restApiId=api, deploymentId=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"DeploymentId": physical}


@register
class Stage(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-stage.html"""

    type = "AWS::ApiGateway::Stage"
    lacks: ClassVar[Properties] = {
        "CacheClusterEnabled": False,
        "CacheClusterSize": None,
        "CanarySetting": None,
        "ClientCertificateId": None,
        "DocumentationVersion": None,
    }
    fixed = ("Tags",)
    name_property = "StageName"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("StageName") or call.name(32).replace("-", "_")
        wanted = only(
            given,
            "RestApiId",
            "DeploymentId",
            "Description",
            "TracingEnabled",
            "Variables",
        )
        call(
            "apigateway",
            "create_stage",
            stageName=name,
            **camel(wanted, keep=KEEP),
            tags=call.tagged(given.get("Tags")),
        )
        self._settings(call, name, given, {})
        return str(name)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        self._settings(call, physical, given, old)

    def _settings(self, call: Call, name: str, given: Properties, old: Properties) -> None:
        patches = []
        if old:
            for member, path in (
                ("DeploymentId", "/deploymentId"),
                ("Description", "/description"),
                ("TracingEnabled", "/tracingEnabled"),
            ):
                if given.get(member) != old.get(member):
                    patches.append(replaced(path, given.get(member) or ""))
            patches += changed_variables(given.get("Variables") or {}, old.get("Variables") or {})
        if given.get("AccessLogSetting") != old.get("AccessLogSetting"):
            log = given.get("AccessLogSetting")
            if not log:
                patches.append({"op": "remove", "path": "/accessLogSettings"})
            for member, end in (("DestinationArn", "destinationArn"), ("Format", "format")):
                if log and log.get(member):
                    patches.append(replaced(f"/accessLogSettings/{end}", str(log[member]).removesuffix(":*")))
        if given.get("MethodSettings") != old.get("MethodSettings"):
            for setting in given.get("MethodSettings") or []:
                path = setting.get("ResourcePath", "/*").replace("/", "~1").removeprefix("~1") or "~1"
                front = f"/{path}/{setting.get('HttpMethod', '*')}"
                for member, end in (
                    ("ThrottlingRateLimit", "throttling/rateLimit"),
                    ("LoggingLevel", "logging/loglevel"),
                    ("ThrottlingBurstLimit", "throttling/burstLimit"),
                    ("MetricsEnabled", "metrics/enabled"),
                    ("DataTraceEnabled", "logging/dataTrace"),
                ):
                    if setting.get(member) is not None:
                        patches.append(replaced(f"{front}/{end}", setting[member]))
        if patches:
            call("apigateway", "update_stage", restApiId=given["RestApiId"], stageName=name, patchOperations=patches)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigateway", "delete_stage", restApiId=given["RestApiId"], stageName=physical)
