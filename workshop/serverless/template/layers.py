"""Layers: a version of each, who else may use it, and the outputs other services find it by.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-layerversion.html
"""

from __future__ import annotations

from workshop.serverless import naming
from workshop.serverless.template.build import Template


def add(template: Template) -> None:
    """Adds the layers of the file."""
    for name, layer in template.service.layers.items():
        stored = template.artifacts.layers[name]
        kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"} if layer.get("retain") else {}
        suffix = stored.sha1 if kept else ""  # another content is another resource, so that the old one stays
        logical_id = template.add(
            naming.layer_id(name) + suffix,
            "AWS::Lambda::LayerVersion",
            {
                "Content": {"S3Bucket": template.bucket, "S3Key": stored.key},
                "LayerName": layer.get("name") or name,
                "Description": layer.get("description"),
                "LicenseInfo": layer.get("licenseInfo"),
                "CompatibleRuntimes": layer.get("compatibleRuntimes"),
                "CompatibleArchitectures": layer.get("compatibleArchitectures"),
            },
            **kept,
        )
        for account in layer.get("allowedAccounts") or []:
            who = "Wild" if account == "*" else account
            template.add(
                f"{naming.resource_name(name)}{who}LambdaLayerPermission{suffix}",
                "AWS::Lambda::LayerVersionPermission",
                {"Action": "lambda:GetLayerVersion", "LayerVersionArn": naming.ref(logical_id), "Principal": account},
                **kept,
            )
        base = naming.layer_id(name)
        template.output(f"{base}QualifiedArn", naming.ref(logical_id), "Current Lambda layer version")
        template.output(f"{base}Hash", stored.sha1, "Current Lambda layer hash")
        template.output(f"{base}S3Key", stored.key, "Current Lambda layer S3Key")
