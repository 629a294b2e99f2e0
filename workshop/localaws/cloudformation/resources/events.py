"""AWS::Events::* and AWS::Scheduler::*"""

from __future__ import annotations

from typing import Any, ClassVar

from workshop.localaws.cloudformation.resources.base import (
    Call,
    Properties,
    Resource,
    document,
    listed,
    only,
    register,
)


@register
class Rule(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html"""

    type = "AWS::Events::Rule"
    replaces = ("EventBusName",)
    name_property = "Name"
    attributes_known = "Arn"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("Name") or call.name(64)
        self._put(call, name, given)
        bus = given.get("EventBusName")
        return str(name) if not bus or bus == "default" else f"{bus}|{name}"

    def _put(self, call: Call, name: str, given: Properties) -> None:
        call(
            "events",
            "put_rule",
            Name=name,
            EventPattern=document(given.get("EventPattern")),
            Tags=listed(call.tagged(given.get("Tags"))),
            **only(given, "ScheduleExpression", "State", "Description", "RoleArn", "EventBusName"),
        )
        if given.get("Targets"):
            call("events", "put_targets", Rule=name, Targets=given["Targets"], **only(given, "EventBusName"))

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        name = physical.rpartition("|")[2]
        gone = {each["Id"] for each in old.get("Targets") or []} - {each["Id"] for each in given.get("Targets") or []}
        if gone:
            call("events", "remove_targets", Rule=name, Ids=sorted(gone), **only(given, "EventBusName"))
        self._put(call, name, given)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        name, bus = physical.rpartition("|")[2], only(given, "EventBusName")
        ids = [each["Id"] for each in call("events", "list_targets_by_rule", Rule=name, **bus)["Targets"]]
        if ids:
            call("events", "remove_targets", Rule=name, Ids=ids, **bus)
        call("events", "delete_rule", Name=name, **bus)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        bus = given.get("EventBusName")
        front = "" if not bus or bus == "default" else f"{bus.rpartition('/')[2]}/"
        return {"Arn": f"arn:aws:events:{call.region}:{call.account}:rule/{front}{physical.rpartition('|')[2]}"}


@register
class EventBus(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-eventbus.html"""

    type = "AWS::Events::EventBus"
    lacks: ClassVar[Properties] = {
        "DeadLetterConfig": None,
        "EventSourceName": None,
        "KmsKeyIdentifier": None,
        "LogConfig": None,
    }
    fixed = ("Description",)
    name_property = "Name"
    attributes_known = "Arn Name Policy"

    def create(self, call: Call, given: Properties) -> str:
        tags = listed(call.tagged(given.get("Tags")))
        call("events", "create_event_bus", **only(given, "Name", "Description"), Tags=tags)
        self._allow(call, given, {})
        return str(given["Name"])

    def _allow(self, call: Call, given: Properties, old: Properties) -> None:
        name, policy = given["Name"], given.get("Policy")
        if policy and policy != old.get("Policy"):
            if old.get("Policy"):
                call("events", "remove_permission", EventBusName=name, RemoveAllPermissions=True)
            statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
            # moto keeps a bus's statements by their Sid, which AWS does not ask for.
            named = [{"Sid": f"statement{number}", **one} for number, one in enumerate(statements)]
            call("events", "put_permission", EventBusName=name, Policy=document(policy | {"Statement": named}))
        elif old.get("Policy") and not policy:
            call("events", "remove_permission", EventBusName=name, RemoveAllPermissions=True)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        self._allow(call, given, old)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("events", "delete_event_bus", Name=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Arn": f"arn:aws:events:{call.region}:{call.account}:event-bus/{physical}", "Name": physical}


@register
class Schedule(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-scheduler-schedule.html"""

    type = "AWS::Scheduler::Schedule"
    replaces = ("GroupName",)
    name_property = "Name"
    attributes_known = "Arn"
    members = (
        "FlexibleTimeWindow",
        "ScheduleExpression",
        "Target",
        "Description",
        "EndDate",
        "KmsKeyArn",
        "StartDate",
        "ScheduleExpressionTimezone",
        "State",
        "GroupName",
    )

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("Name") or call.name(64)
        call("scheduler", "create_schedule", Name=name, **only(given, *self.members))
        return str(name)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        call("scheduler", "update_schedule", Name=physical, **only(given, *self.members))

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("scheduler", "delete_schedule", Name=physical, **only(given, "GroupName"))

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        group = given.get("GroupName") or "default"
        return {"Arn": f"arn:aws:scheduler:{call.region}:{call.account}:schedule/{group}/{physical}"}


@register
class ScheduleGroup(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-scheduler-schedulegroup.html"""

    type = "AWS::Scheduler::ScheduleGroup"
    name_property = "Name"
    attributes_known = "Arn State"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("Name") or call.name(64)
        call("scheduler", "create_schedule_group", Name=name, Tags=listed(call.tagged(given.get("Tags"))))
        return str(name)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("scheduler", "delete_schedule_group", Name=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        arn = f"arn:aws:scheduler:{call.region}:{call.account}:schedule-group/{physical}"
        return {"Arn": arn, "State": "ACTIVE"}
