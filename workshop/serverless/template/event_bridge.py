"""EventBridge events: rules over a bus, by pattern or by schedule.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-events-rule.html
"""

from __future__ import annotations

import hashlib
from typing import Any

from workshop.serverless import naming
from workshop.serverless.template.build import Template
from workshop.serverless.template.schedule import input_of

_LONGEST = 64  # of a rule's name, and of a target's id


def add(template: Template) -> None:
    """Adds the rules; each is numbered by its place among the function's events."""
    for function, number, settings in template.events("eventBridge"):
        _rule(template, function, number, settings)


def _rule(template: Template, function: str, number: int, settings: dict[str, Any]) -> None:
    usual = f"{template.service.function_name(function)}-rule-{number}"
    name = settings.get("name") or _fitting(usual, f"rule-{number}")
    bus, made = _bus(template, settings.get("eventBus"))
    retry = settings.get("retryPolicy")
    dead = settings.get("deadLetterQueueArn")
    target = {"Arn": template.target(function), "Id": _fitting(f"{name}-target", "target"), **input_of(settings)}
    if retry:
        limits = {
            "MaximumEventAgeInSeconds": retry.get("maximumEventAge"),
            "MaximumRetryAttempts": retry.get("maximumRetryAttempts"),
        }
        target["RetryPolicy"] = {key: value for key, value in limits.items() if value is not None}
    if dead:
        target["DeadLetterConfig"] = {"Arn": dead}
    template.add(
        f"{naming.letters_only(usual)}EventBridgeRule",
        "AWS::Events::Rule",
        {
            "Description": settings.get("description"),
            "EventBusName": bus,
            "EventPattern": settings.get("pattern"),
            "Name": name,
            "ScheduleExpression": settings.get("schedule"),
            "State": "ENABLED" if settings.get("enabled", True) else "DISABLED",
            "Targets": [target],
        },
        **({"DependsOn": made} if made else template.after(function)),
    )
    path = naming.join("/", "rule", *([bus] if bus else []), name)
    template.permit(
        f"{naming.resource_name(function)}EventBridgeLambdaPermission{number}",
        function,
        "events.amazonaws.com",
        naming.join(":", "arn", naming.PARTITION, "events", naming.REGION, naming.ACCOUNT, path),
    )


def _fitting(name: str, ending: str) -> str:
    """The name itself; when AWS finds it too long, its beginning and a hash of the whole, as the Framework does."""
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    return f"{name[: 31 - len(ending)]}{digest}-{ending}"


def _bus(template: Template, bus: Any) -> tuple[Any, str]:
    """The bus of a rule (None: the default one), and the logical id when this stack makes it."""
    if not isinstance(bus, str):
        return bus, ""
    if bus.startswith("arn:"):
        return bus.rpartition("/")[2], ""
    if bus == "default":
        return None, ""
    logical_id = f"{naming.resource_name(bus)}EventBridgeEventBus"
    if logical_id not in template.resources:
        template.add(logical_id, "AWS::Events::EventBus", {"Name": bus})
    return bus, logical_id
