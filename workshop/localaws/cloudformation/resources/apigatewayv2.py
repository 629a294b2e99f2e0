"""AWS::ApiGatewayV2::*: HTTP APIs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html
"""

from __future__ import annotations

from typing import Any, ClassVar

from workshop.localaws.cloudformation.resources import openapi
from workshop.localaws.cloudformation.resources.base import Call, Failed, Properties, Resource, only, register


@register
class Api(Resource):
    """An HTTP API; WebSocket APIs are refused."""

    type = "AWS::ApiGatewayV2::Api"
    lacks: ClassVar[Properties] = {
        "ApiKeySelectionExpression": "$request.header.x-api-key",
        "BasePath": "ignore",
        "BodyS3Location": None,
        "CredentialsArn": None,
        "DisableSchemaValidation": False,
        "FailOnWarnings": False,
        "IpAddressType": "ipv4",
        "RouteKey": None,
        "RouteSelectionExpression": "$request.method $request.path",
        "Target": None,
    }
    attributes_known = "ApiEndpoint ApiId"
    members = (
        "CorsConfiguration",
        "Description",
        "DisableExecuteApiEndpoint",
        "Name",
        "Version",
    )

    def create(self, call: Call, given: Properties) -> str:
        body = given.get("Body")
        if not body and given.get("ProtocolType") != "HTTP":
            raise Failed("Only ProtocolType HTTP is supported offline.")
        tags = {name: value for name, value in call.tagged(given.get("Tags")).items() if not name.startswith("aws:")}
        wanted = {"Name": openapi.title(body) or call.stack} if body else {}
        made = call("apigatewayv2", "create_api", ProtocolType="HTTP", Tags=tags, **wanted | only(given, *self.members))
        if body:
            openapi.import_http(call, made["ApiId"], body)
        return str(made["ApiId"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        if old.get("CorsConfiguration") and not given.get("CorsConfiguration"):
            call("apigatewayv2", "delete_cors_configuration", ApiId=physical)
        call("apigatewayv2", "update_api", ApiId=physical, **only(given, *self.members))
        if given.get("Body") and given["Body"] != old.get("Body"):
            openapi.title(given["Body"])
            openapi.import_http(call, physical, given["Body"])

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigatewayv2", "delete_api", ApiId=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"ApiEndpoint": f"https://{physical}.execute-api.{call.region}.amazonaws.com", "ApiId": physical}


@register
class Integration(Resource):
    """What a route calls."""

    type = "AWS::ApiGatewayV2::Integration"
    lacks: ClassVar[Properties] = {
        "ConnectionId": None,
        "ConnectionType": "INTERNET",
        "ContentHandlingStrategy": None,
        "IntegrationSubtype": None,
        "PassthroughBehavior": None,
        "RequestTemplates": None,
        "TemplateSelectionExpression": None,
        "TlsConfig": None,
    }
    attributes_known = "IntegrationId"

    def create(self, call: Call, given: Properties) -> str:
        return str(call("apigatewayv2", "create_integration", **given)["IntegrationId"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        call("apigatewayv2", "update_integration", IntegrationId=physical, **given)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigatewayv2", "delete_integration", ApiId=given["ApiId"], IntegrationId=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"IntegrationId": physical}


@register
class Route(Resource):
    """A method and path, or $default."""

    type = "AWS::ApiGatewayV2::Route"
    lacks: ClassVar[Properties] = {
        "ApiKeyRequired": False,
        "ModelSelectionExpression": None,
        "RequestModels": None,
        "RequestParameters": None,
        "RouteResponseSelectionExpression": None,
    }
    attributes_known = "RouteId"

    def create(self, call: Call, given: Properties) -> str:
        return str(call("apigatewayv2", "create_route", **given)["RouteId"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        call("apigatewayv2", "update_route", RouteId=physical, **given)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigatewayv2", "delete_route", ApiId=given["ApiId"], RouteId=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"RouteId": physical}


@register
class Stage(Resource):
    """A stage; with AutoDeploy every change is live at once."""

    type = "AWS::ApiGatewayV2::Stage"
    lacks: ClassVar[Properties] = {"ClientCertificateId": None, "DeploymentId": None}
    name_property = "StageName"
    members = (
        "AutoDeploy",
        "AccessLogSettings",
        "DefaultRouteSettings",
        "Description",
        "RouteSettings",
        "StageVariables",
    )

    def create(self, call: Call, given: Properties) -> str:
        tags = {name: value for name, value in call.tagged(given.get("Tags")).items() if not name.startswith("aws:")}
        call("apigatewayv2", "create_stage", **only(given, "ApiId", "StageName", *self.members), Tags=tags)
        return str(given["StageName"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        self.delete(call, physical, old)  # moto's HTTP APIs have no UpdateStage; serving changes within the same call
        self.create(call, given)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigatewayv2", "delete_stage", ApiId=given["ApiId"], StageName=physical)


@register
class Deployment(Resource):
    """A snapshot of an API's routes; what moto serves of an HTTP API is always the newest."""

    type = "AWS::ApiGatewayV2::Deployment"
    lacks: ClassVar[Properties] = {"Description": "", "StageName": None}
    attributes_known = "DeploymentId"

    def create(self, call: Call, given: Properties) -> str:
        call("apigatewayv2", "get_api", ApiId=given["ApiId"])
        return call.id()[:8]

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"DeploymentId": physical}


@register
class Authorizer(Resource):
    """Who decides about a route's callers."""

    type = "AWS::ApiGatewayV2::Authorizer"
    lacks: ClassVar[Properties] = {"IdentityValidationExpression": None}
    attributes_known = "AuthorizerId"

    def create(self, call: Call, given: Properties) -> str:
        return str(call("apigatewayv2", "create_authorizer", **given)["AuthorizerId"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        call("apigatewayv2", "update_authorizer", AuthorizerId=physical, **given)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("apigatewayv2", "delete_authorizer", ApiId=given["ApiId"], AuthorizerId=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"AuthorizerId": physical}
