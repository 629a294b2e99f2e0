"""S3 events: a bucket, its notifications, and leave for S3 to call.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucket.html
"""

from __future__ import annotations

from typing import Any

from workshop.serverless import naming
from workshop.serverless.template.build import Template


def add(template: Template) -> None:
    """Adds the buckets that functions listen to; one bucket may serve several events."""
    configurations: dict[str, list[dict[str, Any]]] = {}
    permissions: dict[str, str] = {}
    waits: dict[str, list[str]] = {}
    for function, _, event in template.events("s3"):
        settings = event if isinstance(event, dict) else {"bucket": event}
        bucket = settings["bucket"]
        rules = [{"Name": name, "Value": value} for rule in settings.get("rules") or [] for name, value in rule.items()]
        one = {"Event": settings.get("event", "s3:ObjectCreated:*"), "Function": template.target(function)}
        if rules:
            one["Filter"] = {"S3Key": {"Rules": rules}}
        configurations.setdefault(bucket, []).append(one)
        permission = f"{naming.resource_name(function)}LambdaPermission{naming.letters_only(bucket)}S3"
        permissions[permission] = function
        waits.setdefault(bucket, [])
        if permission not in waits[bucket]:
            waits[bucket] += [permission, *template.after(function).values()]
    for bucket, listed in configurations.items():
        template.add(
            f"S3Bucket{naming.letters_only(bucket)}",
            "AWS::S3::Bucket",
            {"BucketName": bucket, "NotificationConfiguration": {"LambdaConfigurations": listed}},
            DependsOn=waits[bucket],
        )
        for permission in filter(permissions.get, waits[bucket]):
            template.permit(
                permission,
                permissions[permission],
                "s3.amazonaws.com",
                naming.join("", "arn:", naming.PARTITION, f":s3:::{bucket}"),
                SourceAccount=naming.ACCOUNT,
            )
