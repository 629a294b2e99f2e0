"""SNS events: topics, subscriptions, and leave for SNS to call.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sns-subscription.html
"""

from __future__ import annotations

from typing import Any

from workshop.serverless import naming
from workshop.serverless.template.build import Template


def add(template: Template) -> None:
    """Adds a topic for a name; for an ARN only the subscription."""
    for function, _, event in template.events("sns"):
        settings = dict(event) if isinstance(event, dict) else {}
        if isinstance(event, str):
            settings["arn" if event.startswith("arn:") else "topicName"] = event
        if settings.get("arn"):
            name = settings.get("topicName") or str(settings["arn"]).rpartition(":")[2]
            _subscribe(template, function, name, settings["arn"], settings)
            source: Any = settings["arn"]
        else:
            name = settings["topicName"]
            _topic(template, function, name, settings)
            source = naming.join("", "arn:", naming.PARTITION, ":sns:", naming.REGION, ":", naming.ACCOUNT, ":", name)
        permission = f"{naming.resource_name(function)}LambdaPermission{naming.letters_only(name)}SNS"
        template.permit(permission, function, "sns.amazonaws.com", source)


def _topic(template: Template, function: str, name: str, settings: dict[str, Any]) -> None:
    logical_id = f"SNSTopic{naming.letters_only(name)}"
    if logical_id not in template.resources:
        template.add(logical_id, "AWS::SNS::Topic", {"TopicName": name})
    properties = template.resources[logical_id]["Properties"]
    if settings.get("displayName"):
        properties["DisplayName"] = settings["displayName"]
    if settings.get("filterPolicy"):
        _subscribe(template, function, name, naming.ref(logical_id), settings)
    else:
        properties.setdefault("Subscription", []).append({"Endpoint": template.target(function), "Protocol": "lambda"})
        template.resources[logical_id].update(template.after(function))


def _region(template: Template, topic: Any) -> str | None:
    """A topic's region, when it is not the stack's own: CloudFormation must be told."""
    parts = topic.split(":") if isinstance(topic, str) else []
    return parts[3] if len(parts) > 3 and parts[3] != template.service.region else None


def _subscribe(template: Template, function: str, name: str, topic: Any, settings: dict[str, Any]) -> None:
    template.add(
        f"{naming.resource_name(function)}SnsSubscription{naming.letters_only(name)}",
        "AWS::SNS::Subscription",
        {
            "TopicArn": topic,
            "Protocol": "lambda",
            "Endpoint": template.target(function),
            "FilterPolicy": settings.get("filterPolicy"),
            "FilterPolicyScope": settings.get("filterPolicyScope"),
            "Region": _region(template, topic),
        },
        **template.after(function),
    )
