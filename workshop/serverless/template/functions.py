"""Functions: log group, function, version, alias, URL, where asynchronous results go.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-function.html
"""

from __future__ import annotations

import base64
from typing import Any

from workshop.serverless import naming
from workshop.serverless.kinds import is_intrinsic
from workshop.serverless.service import DEFAULT_MEMORY, DEFAULT_TIMEOUT
from workshop.serverless.template.build import Template, digest, tag_list
from workshop.serverless.template.role import arn_of_role

HEADERS = ["Content-Type", "X-Amz-Date", "Authorization", "X-Api-Key", "X-Amz-Security-Token", "X-Amzn-Trace-Id"]


def add_log_groups(template: Template) -> None:
    """Adds a log group a function; without one Lambda would make it, and leave it behind."""
    service = template.service
    for name in service.functions:
        template.add(
            naming.log_group_id(name),
            "AWS::Logs::LogGroup",
            {
                "LogGroupName": f"/aws/lambda/{service.function_name(name)}",
                "RetentionInDays": service.provider.get("logRetentionInDays"),
            },
        )


def add(template: Template) -> None:
    """Adds the functions with what belongs to each."""
    for name in template.service.functions:
        _function(template, name)
    if template.service.provider.get("versionFunctions", True):
        for name in template.service.functions:
            _version(template, name)
    for name, settings in template.service.functions.items():
        if template.has_alias(name):
            _alias(template, name)
        if settings.get("url"):
            _url(template, name)
        _event_config(template, name)


def _function(template: Template, name: str) -> None:
    service, settings = template.service, template.service.functions[name]
    environment = {**(service.provider.get("environment") or {}), **(settings.get("environment") or {})}
    tags = {**(service.provider.get("tags") or {}), **(settings.get("tags") or {})}
    template.add(
        naming.function_id(name),
        "AWS::Lambda::Function",
        {
            "Code": {"S3Bucket": template.bucket, "S3Key": template.artifacts.functions[name].key},
            "Handler": settings["handler"],
            "Runtime": service.runtime(name),
            "FunctionName": service.function_name(name),
            "MemorySize": service.setting(name, "memorySize", DEFAULT_MEMORY),
            "Timeout": service.setting(name, "timeout", DEFAULT_TIMEOUT),
            "Description": settings.get("description"),
            "Tags": tag_list(tags),
            "Environment": {"Variables": _variables(environment)} if environment else None,
            "Role": arn_of_role(service, name),
            "ReservedConcurrentExecutions": settings.get("reservedConcurrency"),
            "Layers": service.setting(name, "layers"),
        },
        DependsOn=[naming.log_group_id(name)],
    )


def _variables(environment: dict[str, Any]) -> dict[str, Any]:
    return {key: value if is_intrinsic(value) else str(value) for key, value in environment.items()}


def _version(template: Template, name: str) -> None:
    """A version is never changed: another code or configuration is another logical id.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-version.html
    """
    function = template.resources[naming.function_id(name)]["Properties"]
    sha256 = template.artifacts.functions[name].sha256
    about = {
        key: value for key, value in function.items() if key not in ("Code", "Tags", "ReservedConcurrentExecutions")
    }
    layers = [
        stored.sha1
        for layer, stored in template.artifacts.layers.items()
        if {"Ref": naming.layer_id(layer)} in (function.get("Layers") or [])
    ]
    logical_id = naming.version_id(name, base64.b64encode(digest(sha256, about, layers)).decode())
    template.add(
        logical_id,
        "AWS::Lambda::Version",
        {
            "FunctionName": naming.ref(naming.function_id(name)),
            "CodeSha256": sha256,
            "Description": function.get("Description"),
        },
        DeletionPolicy="Retain",
    )
    template.output(
        f"{naming.function_id(name)}QualifiedArn", naming.ref(logical_id), "Current Lambda function version"
    )


def _alias(template: Template, name: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html"""
    prefix = f"{naming.resource_name(name)}LambdaVersion"
    version = next(logical_id for logical_id in template.resources if logical_id.startswith(prefix))
    template.add(
        naming.alias_id(name),
        "AWS::Lambda::Alias",
        {
            "FunctionName": naming.ref(naming.function_id(name)),
            "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
            "Name": "provisioned",
            "ProvisionedConcurrencyConfig": {
                "ProvisionedConcurrentExecutions": template.service.functions[name]["provisionedConcurrency"]
            },
        },
    )


def _url(template: Template, name: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html"""
    setting = template.service.functions[name]["url"]
    setting = setting if isinstance(setting, dict) else {}
    logical_id = f"{naming.function_id(name)}Url"
    signed = setting.get("authorizer") == "aws_iam"
    template.add(
        logical_id,
        "AWS::Lambda::Url",
        {
            "AuthType": "AWS_IAM" if signed else "NONE",
            "TargetFunctionArn": template.target(name),
            "Cors": cors_of_url(setting.get("cors")),
            "InvokeMode": setting.get("invokeMode"),
        },
        **template.after(name),
    )
    if not signed:
        prefix = f"{naming.resource_name(name)}LambdaPermission"
        template.permit(f"{prefix}FnUrl", name, "*", action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")
        template.permit(f"{prefix}Fn", name, "*", InvokedViaFunctionUrl=True)
    template.output(logical_id, {"Fn::GetAtt": [logical_id, "FunctionUrl"]}, "Lambda Function URL")


def cors_of_url(setting: Any) -> dict[str, Any] | None:
    """CORS of a function's URL; None when it has none."""
    if not setting:
        return None
    setting = setting if isinstance(setting, dict) else {}
    cors = {
        "AllowCredentials": setting.get("allowCredentials"),
        "AllowHeaders": setting.get("allowedHeaders", HEADERS),
        "AllowMethods": setting.get("allowedMethods", ["*"]),
        "AllowOrigins": setting.get("allowedOrigins", ["*"]),
        "ExposeHeaders": setting.get("exposedResponseHeaders"),
        "MaxAge": setting.get("maxAge"),
    }
    return {key: value for key, value in cors.items() if value is not None}


def _event_config(template: Template, name: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
    settings = template.service.functions[name]
    destinations = settings.get("destinations") or {}
    age, retries = settings.get("maximumEventAge"), settings.get("maximumRetryAttempts")
    if not destinations and age is None and retries is None:
        return
    config = {
        "OnSuccess" if key == "onSuccess" else "OnFailure": {"Destination": destination_arn(template, value)}
        for key, value in destinations.items()
    }
    template.add(
        f"{naming.resource_name(name)}LambdaEvConf",
        "AWS::Lambda::EventInvokeConfig",
        {
            "FunctionName": naming.ref(naming.function_id(name)),
            "DestinationConfig": config or None,
            "Qualifier": "provisioned" if template.has_alias(name) else "$LATEST",
            "MaximumEventAgeInSeconds": age,
            "MaximumRetryAttempts": retries,
        },
        **template.after(name),
    )


def destination_arn(template: Template, value: Any) -> Any:
    """The ARN of a destination: a function of this service by its name, or an ARN."""
    if isinstance(value, dict) and "arn" in value:
        return value["arn"]
    return naming.get_arn(naming.function_id(value)) if value in template.service.functions else value
