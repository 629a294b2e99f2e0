"""Schedules: EventBridge rules, or EventBridge Scheduler, which knows time zones.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-events-rule.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-scheduler-schedule.html
"""

from __future__ import annotations

import json
from typing import Any

from workshop.serverless import naming
from workshop.serverless.template.build import Template, as_json
from workshop.serverless.template.role import arn_of_role


def rates_of(event: Any) -> list[str]:
    """The expressions of one schedule event, which may list several."""
    rate = event["rate"] if isinstance(event, dict) else event
    return list(rate) if isinstance(rate, list) else [rate]


def add(template: Template) -> None:
    """Adds a rule or a schedule for every expression; they are numbered by function."""
    numbers: dict[str, int] = {}
    for function, _, event in template.events("schedule"):
        settings = event if isinstance(event, dict) else {}
        for rate in rates_of(event):
            numbers[function] = number = numbers.get(function, 0) + 1
            if settings.get("method") == "scheduler":
                _schedule(template, function, number, rate, settings)
            else:
                _rule(template, function, number, rate, settings)


def input_of(settings: dict[str, Any]) -> dict[str, Any]:
    """What the target gets instead of the whole event."""
    given = settings.get("input")
    if given is not None and isinstance(given, dict) and set(given) == {"body"} and isinstance(given["body"], str):
        given = {"body": _from_json(given["body"])}  # the Framework's: a body may be written as JSON text
    transformer = settings.get("inputTransformer")
    found = {
        "Input": None if given is None else given if isinstance(given, str) else as_json(given),
        "InputPath": settings.get("inputPath"),
        "InputTransformer": transformer
        and {
            "InputTemplate": transformer["inputTemplate"],
            **({"InputPathsMap": transformer["inputPathsMap"]} if "inputPathsMap" in transformer else {}),
        },
    }
    return {key: value for key, value in found.items() if value is not None}


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _state(settings: dict[str, Any]) -> str:
    return "ENABLED" if settings.get("enabled", True) else "DISABLED"


def _rule(template: Template, function: str, number: int, rate: str, settings: dict[str, Any]) -> None:
    base = naming.resource_name(function)
    logical_id = template.add(
        f"{base}EventsRuleSchedule{number}",
        "AWS::Events::Rule",
        {
            "ScheduleExpression": rate,
            "State": _state(settings),
            "Name": settings.get("name"),
            "Description": settings.get("description"),
            "Targets": [{**input_of(settings), "Arn": template.target(function), "Id": f"{function}Schedule"}],
        },
        **template.after(function),
    )
    template.permit(
        f"{base}LambdaPermissionEventsRuleSchedule{number}",
        function,
        "events.amazonaws.com",
        naming.get_arn(logical_id),
    )


def _schedule(template: Template, function: str, number: int, rate: str, settings: dict[str, Any]) -> None:
    target = {
        "Arn": template.target(function),
        "RoleArn": arn_of_role(template.service, function),
        **input_of(settings),
    }
    template.add(
        f"{naming.resource_name(function)}SchedulerSchedule{number}",
        "AWS::Scheduler::Schedule",
        {
            "ScheduleExpression": rate,
            "State": _state(settings),
            "Target": target,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Name": settings.get("name"),
            "Description": settings.get("description"),
            "ScheduleExpressionTimezone": settings.get("timezone"),
        },
        **template.after(function),
    )
