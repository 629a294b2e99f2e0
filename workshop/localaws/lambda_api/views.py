"""What the API answers with: AWS's shapes, complete, from the store's data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from workshop.localaws.lambda_api.store import LATEST, Alias, Function, LayerVersion, Version

RUNTIME_VERSION = "arn:aws:lambda:{region}::runtime:offline"


def stamp(seconds: float) -> str:
    """Epoch seconds as Lambda writes times: 2026-03-02T03:00:00.000+0000."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def iso_to_epoch(text: str) -> float:
    """The epoch seconds of a time that `stamp` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


def configuration(
    function: Function, version: Version, *, qualifier: str = "", pending: bool = False
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html"""
    given = version.config
    suffix = qualifier or (version.version if version.version != LATEST else "")
    logs = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.name}", **(given.get("LoggingConfig") or {})}
    if logs["LogFormat"] == "JSON":
        logs = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", **logs}
    answer: dict[str, Any] = {
        "FunctionName": function.name,
        "FunctionArn": f"{function.arn}:{suffix}" if suffix else function.arn,
        "Runtime": given.get("Runtime"),
        "Role": given["Role"],
        "Handler": given.get("Handler"),
        "CodeSize": version.package.size,
        "CodeSha256": version.package.sha256,
        "Description": given.get("Description", ""),
        "Timeout": given.get("Timeout", 3),
        "MemorySize": given.get("MemorySize", 128),
        "LastModified": version.modified,
        "Version": version.version,
        "RevisionId": version.revision,
        "TracingConfig": given.get("TracingConfig") or {"Mode": "PassThrough"},
        "PackageType": "Zip",
        "Architectures": given.get("Architectures") or ["x86_64"],
        "EphemeralStorage": given.get("EphemeralStorage") or {"Size": 512},
        "SnapStart": {"ApplyOn": (given.get("SnapStart") or {}).get("ApplyOn", "None"), "OptimizationStatus": "Off"},
        "RuntimeVersionConfig": runtime_version(function, version),
        "LoggingConfig": logs,
        "State": "Pending" if pending else "Active",
        "LastUpdateStatus": "Successful",
    }
    if pending:
        answer |= {"StateReason": "The function is being created.", "StateReasonCode": "Creating"}
    if (given.get("Environment") or {}).get("Variables"):
        answer["Environment"] = {"Variables": given["Environment"]["Variables"]}
    if version.layers:
        answer["Layers"] = [{"Arn": layer.arn, "CodeSize": layer.package.size} for layer in version.layers]
    for name in ("DeadLetterConfig", "KMSKeyArn"):
        if given.get(name):
            answer[name] = given[name]
    if given.get("VpcConfig"):
        answer["VpcConfig"] = {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": "", **given["VpcConfig"]}
    return answer


def runtime_version(function: Function, version: Version) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_RuntimeVersionConfig.html: what differs here is its Error."""
    answer: dict[str, Any] = {"RuntimeVersionArn": RUNTIME_VERSION.format(region=function.arn.split(":")[3])}
    if version.runtime_note:
        answer["Error"] = {"ErrorCode": "RuntimeVersionDiffers", "Message": version.runtime_note}
    return answer


def alias(function: Function, given: Alias) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_AliasConfiguration.html"""
    answer: dict[str, Any] = {
        "AliasArn": f"{function.arn}:{given.name}",
        "Name": given.name,
        "FunctionVersion": given.version,
        "Description": given.description,
        "RevisionId": given.revision,
    }
    if given.weights:
        answer["RoutingConfig"] = {"AdditionalVersionWeights": given.weights}
    return answer


def layer_version(given: LayerVersion, code_url: str | None = None) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html"""
    answer: dict[str, Any] = {
        "LayerArn": given.layer_arn,
        "LayerVersionArn": given.arn,
        "Version": given.version,
        "Description": given.description,
        "CreatedDate": given.created,
        "CompatibleRuntimes": given.runtimes,
        "CompatibleArchitectures": given.architectures,
        "LicenseInfo": given.license_info or None,
    }
    if code_url is not None:
        answer["Content"] = {"Location": code_url, "CodeSha256": given.package.sha256, "CodeSize": given.package.size}
    return {name: value for name, value in answer.items() if value is not None and value != []}
