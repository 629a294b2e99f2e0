"""AWS::ApiGateway::*: keys, usage plans, authorizers, validators, models, answers of the gateway's own."""

from __future__ import annotations

from typing import Any, ClassVar

from workshop.localaws.cloudformation.resources.apigateway import replaced
from workshop.localaws.cloudformation.resources.base import Call, Properties, Resource, camel, document, only, register


@register
class Account(Resource):
    """One a region: the role for CloudWatch."""

    type = "AWS::ApiGateway::Account"

    def create(self, call: Call, given: Properties) -> str:
        self.update(call, "", given, {})
        return call.name(64)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        if given.get("CloudWatchRoleArn"):
            patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": given["CloudWatchRoleArn"]}
            call("apigateway", "update_account", patchOperations=[patch])


@register
class ApiKey(Resource):
    """A key that callers send as x-api-key."""

    type = "AWS::ApiGateway::ApiKey"
    lacks: ClassVar[Properties] = {"StageKeys": None}
    fixed = ("Tags",)
    name_property = "Name"
    attributes_known = "APIKeyId"

    def create(self, call: Call, given: Properties) -> str:
        wanted = only(given, "Description", "Enabled", "Value", "CustomerId", "GenerateDistinctId")
        made = call(
            "apigateway",
            "create_api_key",
            name=given.get("Name") or call.name(64),
            **camel(wanted),
            tags=call.tagged(given.get("Tags")),
        )
        return str(made["id"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        patches = [
            {"op": "replace", "path": "/" + name[0].lower() + name[1:], "value": str(given.get(name, "")).lower()}
            for name in ("Enabled", "Description", "CustomerId")
            if given.get(name) != old.get(name)
        ]
        if patches:
            call("apigateway", "update_api_key", apiKey=physical, patchOperations=patches)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigateway", "delete_api_key", apiKey=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"APIKeyId": physical}


@register
class UsagePlan(Resource):
    """Quota and rate for the keys of some stages."""

    type = "AWS::ApiGateway::UsagePlan"
    fixed = ("Tags",)
    name_property = "UsagePlanName"
    attributes_known = "Id"

    def create(self, call: Call, given: Properties) -> str:
        stages = [{"apiId": each["ApiId"], "stage": each["Stage"]} for each in given.get("ApiStages") or []]
        made = call(
            "apigateway",
            "create_usage_plan",
            name=given.get("UsagePlanName") or call.name(64),
            apiStages=stages,
            **camel(only(given, "Description", "Quota", "Throttle")),
            tags=call.tagged(given.get("Tags")),
        )
        return str(made["id"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        patches = [
            replaced(path, given.get(name) or "")
            for name, path in (("UsagePlanName", "/name"), ("Description", "/description"))
            if given.get(name) != old.get(name)
        ]
        for name, members in (("Quota", ("Limit", "Offset", "Period")), ("Throttle", ("RateLimit", "BurstLimit"))):
            wanted, had = given.get(name) or {}, old.get(name) or {}
            if had and not wanted:
                patches.append({"op": "remove", "path": f"/{name.lower()}"})
            patches += [
                replaced(f"/{name.lower()}/{member[0].lower()}{member[1:]}", wanted[member])
                for member in members
                if wanted.get(member) is not None and wanted[member] != had.get(member)
            ]
        stages, before = (
            {f"{each['ApiId']}:{each['Stage']}" for each in properties.get("ApiStages") or []}
            for properties in (given, old)
        )
        for operation, names in (("remove", before - stages), ("add", stages - before)):
            patches += [{"op": operation, "path": "/apiStages", "value": name} for name in sorted(names)]
        if patches:
            call("apigateway", "update_usage_plan", usagePlanId=physical, patchOperations=patches)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        for each in given.get("ApiStages") or []:  # API Gateway refuses to delete a plan that still has stages
            patch = {"op": "remove", "path": "/apiStages", "value": f"{each['ApiId']}:{each['Stage']}"}
            call("apigateway", "update_usage_plan", usagePlanId=physical, patchOperations=[patch])
        call("apigateway", "delete_usage_plan", usagePlanId=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Id": physical}


@register
class UsagePlanKey(Resource):
    """A key in a plan."""

    type = "AWS::ApiGateway::UsagePlanKey"

    def create(self, call: Call, given: Properties) -> str:
        call("apigateway", "create_usage_plan_key", **camel(given))
        return f"{given['KeyId']}:{given['UsagePlanId']}"

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigateway", "delete_usage_plan_key", usagePlanId=given["UsagePlanId"], keyId=given["KeyId"])


@register
class Authorizer(Resource):
    """Who decides about a method's callers."""

    type = "AWS::ApiGateway::Authorizer"
    replaces = ("ProviderARNs",)  # AWS changes it in place; moto's UpdateAuthorizer does not know it
    attributes_known = "AuthorizerId"

    def create(self, call: Call, given: Properties) -> str:
        wanted = {name: value for name, value in given.items() if name != "ProviderARNs"}
        return str(
            call("apigateway", "create_authorizer", **camel(wanted), providerARNs=given.get("ProviderARNs"))["id"]
        )

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        patches = [
            replaced("/" + name[0].lower() + name[1:], given.get(name, ""))
            for name in self.schema.properties
            if given.get(name) != old.get(name)
        ]
        where = {"restApiId": given["RestApiId"], "authorizerId": physical}
        call("apigateway", "update_authorizer", **where, patchOperations=patches)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigateway", "delete_authorizer", restApiId=given["RestApiId"], authorizerId=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"AuthorizerId": physical}


@register
class RequestValidator(Resource):
    """What of a request is checked before the integration."""

    type = "AWS::ApiGateway::RequestValidator"
    name_property = "Name"
    attributes_known = "RequestValidatorId"

    def create(self, call: Call, given: Properties) -> str:
        return str(call("apigateway", "create_request_validator", **camel(given))["id"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        patches = [
            replaced("/" + name[0].lower() + name[1:], given.get(name, False))
            for name in ("ValidateRequestBody", "ValidateRequestParameters")
            if given.get(name) != old.get(name)
        ]
        where = {"restApiId": given["RestApiId"], "requestValidatorId": physical}
        call("apigateway", "update_request_validator", **where, patchOperations=patches)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigateway", "delete_request_validator", restApiId=given["RestApiId"], requestValidatorId=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"RequestValidatorId": physical}


@register
class Model(Resource):
    """The JSON schema of a body."""

    type = "AWS::ApiGateway::Model"
    name_property = "Name"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("Name") or call.name(64).replace("-", "")
        call(
            "apigateway",
            "create_model",
            restApiId=given["RestApiId"],
            name=name,
            schema=document(given.get("Schema")),
            contentType=given.get("ContentType") or "application/json",
            description=given.get("Description"),
        )
        return str(name)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        self.delete(call, physical, old)  # moto's models have no UpdateModel
        self.create(call, given | {"Name": physical})

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigateway", "delete_model", restApiId=given["RestApiId"], modelName=physical)


@register
class GatewayResponse(Resource):
    """What the gateway answers itself."""

    type = "AWS::ApiGateway::GatewayResponse"

    def create(self, call: Call, given: Properties) -> str:
        self.update(call, "", given, {})
        return f"{given['RestApiId']}|{given['ResponseType']}"

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        call("apigateway", "put_gateway_response", **camel(given, keep=("ResponseParameters", "ResponseTemplates")))

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigateway", "delete_gateway_response", **camel(only(given, "RestApiId", "ResponseType")))
