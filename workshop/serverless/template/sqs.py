"""SQS events: an event source mapping a queue.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-eventsourcemapping.html
"""

from __future__ import annotations

from typing import Any

from workshop.serverless import naming
from workshop.serverless.template.build import Template, as_json


def add(template: Template) -> None:
    """Adds the mappings."""
    for function, _, event in template.events("sqs"):
        settings = event if isinstance(event, dict) else {"arn": event}
        patterns = settings.get("filterPatterns")
        most = settings.get("maximumConcurrency")
        response = settings.get("functionResponseType")
        waits = [naming.ROLE] if naming.ROLE in template.resources else []
        waits += [naming.alias_id(function)] if template.has_alias(function) else []
        template.add(
            f"{naming.resource_name(function)}EventSourceMappingSQS{naming.letters_only(_queue(settings['arn']))}",
            "AWS::Lambda::EventSourceMapping",
            {
                "BatchSize": settings.get("batchSize", 10),
                "MaximumBatchingWindowInSeconds": settings.get("maximumBatchingWindow"),
                "EventSourceArn": settings["arn"],
                "FunctionName": template.target(function),
                "Enabled": settings.get("enabled", True),
                "FunctionResponseTypes": [response] if response else None,
                "FilterCriteria": {"Filters": [{"Pattern": as_json(one)} for one in patterns]} if patterns else None,
                "ScalingConfig": {"MaximumConcurrency": most} if most else None,
            },
            **({"DependsOn": waits} if waits else {}),
        )


def _queue(arn: Any) -> str:
    """A queue's name as the Framework reads it off its ARN or off the function that gives it."""
    if isinstance(arn, str):
        return arn.rpartition(":")[2]
    ((function, value),) = arn.items()
    if function == "Fn::GetAtt":
        return value[0]
    if function == "Fn::ImportValue":
        return str(value)
    if function == "Fn::Join":
        return str(value[1][-1])
    return str(value)
