"""AWS::Lambda::*: permissions, URLs, event sources, asynchronous invocation."""

from __future__ import annotations

from typing import Any, ClassVar

from workshop.localaws.cloudformation.resources.base import Call, Properties, Resource, only, register


@register
class Permission(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-permission.html"""

    type = "AWS::Lambda::Permission"
    attributes_known = "Id"

    def create(self, call: Call, given: Properties) -> str:
        statement = call.name(100)
        call("lambda", "add_permission", StatementId=statement, **given)
        return statement

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("lambda", "remove_permission", FunctionName=given["FunctionName"], StatementId=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Id": physical}


@register
class LayerVersionPermission(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-layerversionpermission.html"""

    type = "AWS::Lambda::LayerVersionPermission"
    attributes_known = "Id"

    def create(self, call: Call, given: Properties) -> str:
        layer, _, version = given["LayerVersionArn"].rpartition(":")
        statement = call.name(100)
        call(
            "lambda",
            "add_layer_version_permission",
            LayerName=layer,
            VersionNumber=int(version),
            StatementId=statement,
            **only(given, "Action", "Principal", "OrganizationId"),
        )
        return f"{given['LayerVersionArn']}#{statement}"

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        arn, _, statement = physical.partition("#")
        layer, _, version = arn.rpartition(":")
        call(
            "lambda",
            "remove_layer_version_permission",
            LayerName=layer,
            VersionNumber=int(version),
            StatementId=statement,
        )


@register
class Url(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-url.html"""

    type = "AWS::Lambda::Url"
    attributes_known = "FunctionUrl FunctionArn"

    def _where(self, given: Properties) -> dict[str, Any]:
        return {"FunctionName": given["TargetFunctionArn"], **only(given, "Qualifier")}

    def create(self, call: Call, given: Properties) -> str:
        made = call(
            "lambda",
            "create_function_url_config",
            **self._where(given),
            **only(given, "AuthType", "Cors", "InvokeMode"),
        )
        return str(made["FunctionArn"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        cors = {"Cors": given.get("Cors") or {}}
        call(
            "lambda",
            "update_function_url_config",
            **self._where(given),
            **only(given, "AuthType", "InvokeMode"),
            **cors,
        )

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("lambda", "delete_function_url_config", **self._where(given))

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        found = call("lambda", "get_function_url_config", **self._where(given))
        return {"FunctionUrl": found["FunctionUrl"], "FunctionArn": found["FunctionArn"]}


@register
class EventSourceMapping(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html"""

    type = "AWS::Lambda::EventSourceMapping"
    lacks: ClassVar[Properties] = {
        "AmazonManagedKafkaEventSourceConfig": None,
        "DocumentDBEventSourceConfig": None,
        "KmsKeyArn": None,
        "LoggingConfig": None,
        "MetricsConfig": None,
        "ProvisionedPollerConfig": None,
        "Queues": None,
        "SelfManagedEventSource": None,
        "SelfManagedKafkaEventSourceConfig": None,
        "SourceAccessConfigurations": None,
        "StartingPositionTimestamp": None,
        "Topics": None,
        "TumblingWindowInSeconds": 0,
    }
    attributes_known = "Id EventSourceMappingArn"
    defaults: ClassVar[Properties] = {
        "Enabled": True,
        "FilterCriteria": {"Filters": []},
        "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 0,
    }

    def create(self, call: Call, given: Properties) -> str:
        wanted = {name: value for name, value in given.items() if name != "Tags"}
        return str(call("lambda", "create_event_source_mapping", **wanted, Tags=call.tagged(given.get("Tags")))["UUID"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        defaults = self.defaults | {"BatchSize": 10 if ":sqs:" in str(given.get("EventSourceArn")) else 100}
        gone = {name: value for name, value in defaults.items() if name in old and name not in given}
        fixed = {*self.schema.create_only, "FunctionName", "Tags"}
        wanted = {name: value for name, value in given.items() if name not in fixed}
        call(
            "lambda", "update_event_source_mapping", **gone, UUID=physical, FunctionName=given["FunctionName"], **wanted
        )

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("lambda", "delete_event_source_mapping", UUID=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        arn = f"arn:aws:lambda:{call.region}:{call.account}:event-source-mapping:{physical}"
        return {"Id": physical, "EventSourceMappingArn": arn}


@register
class EventInvokeConfig(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventinvokeconfig.html"""

    type = "AWS::Lambda::EventInvokeConfig"

    def create(self, call: Call, given: Properties) -> str:
        call("lambda", "put_function_event_invoke_config", **given)
        return f"{given['FunctionName']}|{given['Qualifier']}"

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        call("lambda", "put_function_event_invoke_config", **given)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("lambda", "delete_function_event_invoke_config", **only(given, "FunctionName", "Qualifier"))
