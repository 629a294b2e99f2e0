"""AWS::Logs::* and AWS::CloudWatch::*"""

from __future__ import annotations

from typing import Any, ClassVar

from workshop.localaws.cloudformation.resources.base import (
    Call,
    Properties,
    Resource,
    camel,
    document,
    listed,
    only,
    register,
)


@register
class LogGroup(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html"""

    type = "AWS::Logs::LogGroup"
    lacks: ClassVar[Properties] = {
        "BearerTokenAuthenticationEnabled": False,
        "DataProtectionPolicy": None,
        "DeletionProtectionEnabled": False,
        "FieldIndexPolicies": None,
        "LogGroupClass": "STANDARD",
        "ResourcePolicyDocument": None,
    }
    fixed = ("KmsKeyId",)
    name_property = "LogGroupName"
    attributes_known = "Arn"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("LogGroupName") or call.name(200)
        call(
            "logs",
            "create_log_group",
            logGroupName=name,
            tags=call.tagged(given.get("Tags")),
            **camel(only(given, "KmsKeyId")),
        )
        self._retention(call, name, given, {})
        return str(name)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        self._retention(call, physical, given, old)

    def _retention(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        days = given.get("RetentionInDays")
        if days is not None and days != old.get("RetentionInDays"):
            call("logs", "put_retention_policy", logGroupName=physical, retentionInDays=days)
        elif days is None and old.get("RetentionInDays") is not None:
            call("logs", "delete_retention_policy", logGroupName=physical)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("logs", "delete_log_group", logGroupName=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Arn": f"arn:aws:logs:{call.region}:{call.account}:log-group:{physical}:*"}


@register
class LogStream(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-logstream.html"""

    type = "AWS::Logs::LogStream"
    name_property = "LogStreamName"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("LogStreamName") or call.name(200)
        call("logs", "create_log_stream", logGroupName=given["LogGroupName"], logStreamName=name)
        return str(name)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("logs", "delete_log_stream", logGroupName=given["LogGroupName"], logStreamName=physical)


@register
class SubscriptionFilter(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-subscriptionfilter.html"""

    type = "AWS::Logs::SubscriptionFilter"
    lacks: ClassVar[Properties] = {
        "ApplyOnTransformedLogs": False,
        "Distribution": "ByLogStream",
        "EmitSystemFields": None,
        "FieldSelectionCriteria": None,
    }
    name_property = "FilterName"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("FilterName") or call.name(200)
        call(
            "logs",
            "put_subscription_filter",
            filterName=name,
            **camel(only(given, "DestinationArn", "FilterPattern", "LogGroupName", "RoleArn")),
        )
        return str(name)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        self.create(call, {**given, "FilterName": physical})

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("logs", "delete_subscription_filter", logGroupName=given["LogGroupName"], filterName=physical)


@register
class MetricFilter(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-metricfilter.html"""

    type = "AWS::Logs::MetricFilter"
    lacks: ClassVar[Properties] = {
        "ApplyOnTransformedLogs": False,
        "EmitSystemFieldDimensions": None,
        "FieldSelectionCriteria": None,
    }
    name_property = "FilterName"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("FilterName") or call.name(200)
        call(
            "logs",
            "put_metric_filter",
            filterName=name,
            **camel(only(given, "FilterPattern", "LogGroupName", "MetricTransformations")),
        )
        return str(name)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        self.create(call, {**given, "FilterName": physical})

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("logs", "delete_metric_filter", logGroupName=given["LogGroupName"], filterName=physical)


@register
class Alarm(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html"""

    type = "AWS::CloudWatch::Alarm"
    lacks: ClassVar[Properties] = {
        "ActionConfiguration": None,
        "EvaluationCriteria": None,
        "EvaluationInterval": None,
        "EvaluationWindow": None,
        "WarmUpConfiguration": None,
    }
    name_property = "AlarmName"
    attributes_known = "Arn"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("AlarmName") or call.name(200)
        wanted = {member: value for member, value in given.items() if member not in ("AlarmName", "Tags")}
        call("cloudwatch", "put_metric_alarm", AlarmName=name, Tags=listed(call.tagged(given.get("Tags"))), **wanted)
        return str(name)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        self.create(call, {**given, "AlarmName": physical})

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("cloudwatch", "delete_alarms", AlarmNames=[physical])

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Arn": f"arn:aws:cloudwatch:{call.region}:{call.account}:alarm:{physical}"}


@register
class Dashboard(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-dashboard.html"""

    type = "AWS::CloudWatch::Dashboard"
    lacks: ClassVar[Properties] = {"Tags": []}
    name_property = "DashboardName"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("DashboardName") or call.name(200)
        call("cloudwatch", "put_dashboard", DashboardName=name, DashboardBody=document(given["DashboardBody"]))
        return str(name)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        call("cloudwatch", "put_dashboard", DashboardName=physical, DashboardBody=document(given["DashboardBody"]))

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("cloudwatch", "delete_dashboards", DashboardNames=[physical])
