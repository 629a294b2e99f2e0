"""AWS::Lambda::*: functions, versions, aliases, layers."""

from __future__ import annotations

import io
import zipfile
from typing import Any, ClassVar

from workshop.localaws.cloudformation.resources.base import Call, Failed, Properties, Resource, only, register

CONFIGURATION = (
    "Description",
    "Handler",
    "Role",
    "Timeout",
    "MemorySize",
    "Runtime",
    "Environment",
    "DeadLetterConfig",
    "TracingConfig",
    "VpcConfig",
    "EphemeralStorage",
    "Layers",
    "LoggingConfig",
    "KmsKeyArn",
    "SnapStart",
)
EXTENSIONS = {"python": "py", "nodejs": "js", "ruby": "rb"}


def code_of(given: Properties) -> dict[str, Any]:
    """The Code member as the API takes it; inline text becomes `index` in a zip."""
    code = given.get("Code") or {}
    if "ZipFile" in code:
        kind = next((value for start, value in EXTENSIONS.items() if str(given.get("Runtime")).startswith(start)), "")
        if not kind:
            raise Failed("ZipFile can only be used when Runtime is set to either of nodejs, python.")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(f"index.{kind}"), str(code["ZipFile"]))
        return {"ZipFile": packed.getvalue()}
    return only(code, "S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri")


def configuration_of(given: Properties) -> dict[str, Any]:
    """The configuration as the API takes it."""
    answer = only(given, *CONFIGURATION)
    if "KmsKeyArn" in answer:
        answer["KMSKeyArn"] = answer.pop("KmsKeyArn")
    return answer


@register
class Function(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html"""

    type = "AWS::Lambda::Function"
    lacks: ClassVar[Properties] = {
        "CapacityProviderConfig": None,
        "CodeSigningConfigArn": None,
        "DurableConfig": None,
        "FileSystemConfigs": [],
        "FunctionScalingConfig": None,
        "ImageConfig": None,
        "PublishToLatestPublished": None,
        "RuntimeManagementConfig": {"UpdateRuntimeOn": "Auto"},
        "TenancyConfig": None,
    }
    name_property = "FunctionName"
    attributes_known = "Arn SnapStartResponse"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("FunctionName") or call.name(64)
        call(
            "lambda",
            "create_function",
            FunctionName=name,
            Code=code_of(given),
            Tags=call.tagged(given.get("Tags")),
            **configuration_of(given),
            **only(given, "Architectures", "PackageType"),
        )
        self._extras(call, name, given, {})
        return str(name)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        if given.get("Code") != old.get("Code") or given.get("Architectures") != old.get("Architectures"):
            call(
                "lambda",
                "update_function_code",
                FunctionName=physical,
                **code_of(given),
                **only(given, "Architectures"),
            )
        configuration = configuration_of(given)
        if configuration != configuration_of(old):
            empty: dict[str, Any] = {
                "Description": "",
                "Environment": {"Variables": {}},
                "Layers": [],
                "DeadLetterConfig": {},
                "VpcConfig": {},
                "Timeout": 3,
                "MemorySize": 128,
                "LoggingConfig": {},
                "TracingConfig": {"Mode": "PassThrough"},
                "EphemeralStorage": {"Size": 512},
            }
            gone = {name: value for name, value in empty.items() if name in old and name not in given}
            call("lambda", "update_function_configuration", FunctionName=physical, **(gone | configuration))
        self._extras(call, physical, given, old)

    def _extras(self, call: Call, name: str, given: Properties, old: Properties) -> None:
        reserved = given.get("ReservedConcurrentExecutions")
        if reserved is not None and reserved != old.get("ReservedConcurrentExecutions"):
            call("lambda", "put_function_concurrency", FunctionName=name, ReservedConcurrentExecutions=reserved)
        elif reserved is None and old.get("ReservedConcurrentExecutions") is not None:
            call("lambda", "delete_function_concurrency", FunctionName=name)
        if given.get("RecursiveLoop"):
            call("lambda", "put_function_recursion_config", FunctionName=name, RecursiveLoop=given["RecursiveLoop"])

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("lambda", "delete_function", FunctionName=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Arn": f"arn:aws:lambda:{call.region}:{call.account}:function:{physical}"}


def provision(call: Call, function: str, qualifier: str, given: Properties) -> None:
    """Provisioned concurrency of a version or an alias, as its resource says."""
    wanted = (given.get("ProvisionedConcurrencyConfig") or {}).get("ProvisionedConcurrentExecutions")
    if wanted:
        call(
            "lambda",
            "put_provisioned_concurrency_config",
            FunctionName=function,
            Qualifier=qualifier,
            ProvisionedConcurrentExecutions=wanted,
        )


@register
class Version(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html"""

    type = "AWS::Lambda::Version"
    lacks: ClassVar[Properties] = {"FunctionScalingConfig": None, "RuntimePolicy": None}
    attributes_known = "Version FunctionArn"

    def create(self, call: Call, given: Properties) -> str:
        made = call("lambda", "publish_version", **only(given, "FunctionName", "CodeSha256", "Description"))
        provision(call, given["FunctionName"], made["Version"], given)
        return str(made["FunctionArn"])

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        name, _, version = physical.rpartition(":")
        call("lambda", "delete_function", FunctionName=name, Qualifier=version)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Version": physical.rpartition(":")[2], "FunctionArn": physical}


@register
class Alias(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-alias.html"""

    type = "AWS::Lambda::Alias"
    name_property = "Name"
    attributes_known = "AliasArn"

    def _routing(self, given: Properties) -> dict[str, Any]:
        weights = (given.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or []
        return {
            "AdditionalVersionWeights": {each["FunctionVersion"]: float(each["FunctionWeight"]) for each in weights}
        }

    def create(self, call: Call, given: Properties) -> str:
        names = only(given, "FunctionName", "FunctionVersion", "Name", "Description")
        made = call("lambda", "create_alias", **names, RoutingConfig=self._routing(given))
        provision(call, given["FunctionName"], given["Name"], given)
        return str(made["AliasArn"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        names = {"Description": "", **only(given, "FunctionName", "FunctionVersion", "Name", "Description")}
        call("lambda", "update_alias", **names, RoutingConfig=self._routing(given))
        wanted, had = given.get("ProvisionedConcurrencyConfig"), old.get("ProvisionedConcurrencyConfig")
        if had and not wanted:
            call(
                "lambda",
                "delete_provisioned_concurrency_config",
                FunctionName=given["FunctionName"],
                Qualifier=given["Name"],
            )
        elif wanted and (wanted != had or given["FunctionVersion"] != old.get("FunctionVersion")):
            provision(call, given["FunctionName"], given["Name"], given)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("lambda", "delete_alias", FunctionName=given["FunctionName"], Name=given["Name"])

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"AliasArn": physical}


@register
class LayerVersion(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-layerversion.html"""

    type = "AWS::Lambda::LayerVersion"
    attributes_known = "LayerVersionArn"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("LayerName") or call.logical
        made = call(
            "lambda",
            "publish_layer_version",
            LayerName=name,
            Content=only(given["Content"], "S3Bucket", "S3Key", "S3ObjectVersion"),
            **only(given, "CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo"),
        )
        return str(made["LayerVersionArn"])

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        layer, _, version = physical.rpartition(":")
        call("lambda", "delete_layer_version", LayerName=layer, VersionNumber=int(version))

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"LayerVersionArn": physical}
