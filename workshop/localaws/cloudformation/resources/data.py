"""AWS::DynamoDB::*, AWS::SSM::*, AWS::SecretsManager::* and AWS::KMS::*"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from workshop.localaws.cloudformation.resources.base import (
    Call,
    Failed,
    Properties,
    Resource,
    document,
    listed,
    only,
    pairs,
    register,
)


def _encryption(given: Properties) -> dict[str, Any]:
    return {"Enabled": given.get("SSEEnabled", True), **only(given, "SSEType", "KMSMasterKeyId")}


@register
class Table(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html"""

    type = "AWS::DynamoDB::Table"
    lacks: ClassVar[Properties] = {
        "ContributorInsightsSpecification": None,
        "ImportSourceSpecification": None,
        "KinesisStreamSpecification": None,
        "OnDemandThroughput": None,
        "ResourcePolicy": None,
        "TableClass": "STANDARD",
        "VectorIndexes": None,
        "WarmThroughput": None,
    }
    replaces = ("LocalSecondaryIndexes",)
    name_property = "TableName"
    attributes_known = "Arn StreamArn"
    # What can be changed in place by itself, and what it becomes when a template no longer says it.
    defaults: ClassVar[Properties] = {
        "BillingMode": None,
        "ProvisionedThroughput": None,
        "DeletionProtectionEnabled": False,
    }

    def must_replace(self, given: Properties, old: Properties) -> bool:
        """A definition that is there already and is given another type makes a new table; a further one does not."""
        types = {one.get("AttributeName"): one.get("AttributeType") for one in old.get("AttributeDefinitions") or []}
        retyped = any(
            one.get("AttributeType") != types.get(one.get("AttributeName"), one.get("AttributeType"))
            for one in given.get("AttributeDefinitions") or []
        )
        return retyped or given.get("KeySchema") != old.get("KeySchema") or super().must_replace(given, old)

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("TableName") or call.name(255)
        wanted = only(
            given,
            "AttributeDefinitions",
            "BillingMode",
            "DeletionProtectionEnabled",
            "GlobalSecondaryIndexes",
            "KeySchema",
            "LocalSecondaryIndexes",
            "ProvisionedThroughput",
            "SSESpecification",
        )
        if "SSESpecification" in wanted:
            wanted["SSESpecification"] = _encryption(wanted["SSESpecification"])
        stream = given.get("StreamSpecification")
        if stream:
            wanted["StreamSpecification"] = {"StreamEnabled": True, **only(stream, "StreamViewType")}
        call("dynamodb", "create_table", TableName=name, Tags=listed(call.tagged(given.get("Tags"))), **wanted)
        self._extras(call, name, given, {})
        return str(name)

    def _extras(self, call: Call, name: str, given: Properties, old: Properties) -> None:
        if given.get("TimeToLiveSpecification") != old.get("TimeToLiveSpecification"):
            spec = given.get("TimeToLiveSpecification") or {**old["TimeToLiveSpecification"], "Enabled": False}
            call("dynamodb", "update_time_to_live", TableName=name, TimeToLiveSpecification=spec)
        if given.get("PointInTimeRecoverySpecification") != old.get("PointInTimeRecoverySpecification"):
            spec = given.get("PointInTimeRecoverySpecification") or {"PointInTimeRecoveryEnabled": False}
            call("dynamodb", "update_continuous_backups", TableName=name, PointInTimeRecoverySpecification=spec)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        changes = {
            name: given.get(name, default)
            for name, default in self.defaults.items()
            if given.get(name) != old.get(name) and given.get(name, default) is not None
        }
        if given.get("SSESpecification") != old.get("SSESpecification"):
            changes["SSESpecification"] = _encryption(given.get("SSESpecification") or {"SSEEnabled": False})
        if given.get("StreamSpecification") != old.get("StreamSpecification"):
            stream = given.get("StreamSpecification")
            changes["StreamSpecification"] = {"StreamEnabled": bool(stream), **only(stream or {}, "StreamViewType")}
        if changes:
            call("dynamodb", "update_table", TableName=physical, **changes)
        wanted = {index["IndexName"]: index for index in given.get("GlobalSecondaryIndexes") or []}
        had = {index["IndexName"]: index for index in old.get("GlobalSecondaryIndexes") or []}
        updates: list[dict[str, Any]] = [
            {"Delete": {"IndexName": name}} for name in had if wanted.get(name) != had[name]
        ]
        updates += [{"Create": index} for name, index in wanted.items() if had.get(name) != index]
        for one in updates:
            call(
                "dynamodb",
                "update_table",
                TableName=physical,
                GlobalSecondaryIndexUpdates=[one],
                AttributeDefinitions=given["AttributeDefinitions"],
            )
        self._extras(call, physical, given, old)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("dynamodb", "delete_table", TableName=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        found = call("dynamodb", "describe_table", TableName=physical)["Table"]
        return {"Arn": found["TableArn"], "StreamArn": found.get("LatestStreamArn")}


@register
class Parameter(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html"""

    type = "AWS::SSM::Parameter"
    lacks: ClassVar[Properties] = {"Policies": None}
    name_property = "Name"
    attributes_known = "Type Value"
    members = ("AllowedPattern", "DataType", "Description", "Tier", "Type", "Value")

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("Name") or f"CFN-{call.name(60)}"
        tags = listed(
            {key: value for key, value in call.tagged(given.get("Tags")).items() if not key.startswith("aws:")}
        )
        call("ssm", "put_parameter", Name=name, **only(given, *self.members), **({"Tags": tags} if tags else {}))
        return str(name)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        call("ssm", "put_parameter", Name=physical, Overwrite=True, **only(given, *self.members))

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("ssm", "delete_parameter", Name=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Type": given["Type"], "Value": given["Value"]}


@register
class Secret(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html"""

    type = "AWS::SecretsManager::Secret"
    lacks: ClassVar[Properties] = {"ReplicaRegions": None, "Type": None}
    name_property = "Name"
    attributes_known = "Id"

    def _value(self, call: Call, given: Properties) -> str | None:
        if given.get("SecretString") is not None:
            return document(given["SecretString"])
        how = given.get("GenerateSecretString")
        if how is None:
            return None
        asked = {
            name: value for name, value in how.items() if name not in ("GenerateStringKey", "SecretStringTemplate")
        }
        made = call("secretsmanager", "get_random_password", **asked)["RandomPassword"]
        if how.get("GenerateStringKey"):
            return json.dumps({**json.loads(how.get("SecretStringTemplate", "{}")), how["GenerateStringKey"]: made})
        return made

    def create(self, call: Call, given: Properties) -> str:
        made = call(
            "secretsmanager",
            "create_secret",
            Name=given.get("Name") or call.name(200),
            SecretString=self._value(call, given),
            Tags=listed(call.tagged(given.get("Tags"))),
            **only(given, "Description", "KmsKeyId"),
        )
        return str(made["ARN"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        wanted = only(given, "Description", "KmsKeyId", "SecretString")
        call("secretsmanager", "update_secret", SecretId=physical, **wanted)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("secretsmanager", "delete_secret", SecretId=physical, ForceDeleteWithoutRecovery=True)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Id": physical}


@register
class Key(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html"""

    type = "AWS::KMS::Key"
    lacks: ClassVar[Properties] = {
        "BypassPolicyLockoutSafetyCheck": False,
        "Origin": "AWS_KMS",
        "RotationPeriodInDays": 365,
    }
    attributes_known = "Arn KeyId"

    def create(self, call: Call, given: Properties) -> str:
        made = call(
            "kms",
            "create_key",
            **only(given, "Description", "KeySpec", "KeyUsage", "MultiRegion"),
            Policy=document(given.get("KeyPolicy")),
            Tags=[{"TagKey": key, "TagValue": value} for key, value in pairs(given.get("Tags")).items()],
        )
        key = str(made["KeyMetadata"]["KeyId"])
        self._extras(call, key, given, {})
        return key

    def _extras(self, call: Call, key: str, given: Properties, old: Properties) -> None:
        def on(properties: Properties, name: str, default: str) -> bool:
            return str(properties.get(name, default)).lower() == "true"

        turns = on(given, "EnableKeyRotation", "false")
        if turns != on(old, "EnableKeyRotation", "false"):
            call("kms", "enable_key_rotation" if turns else "disable_key_rotation", KeyId=key)
        wanted, had = pairs(given.get("Tags")), pairs(old.get("Tags"))
        if old and wanted != had:
            call("kms", "untag_resource", KeyId=key, TagKeys=sorted(had))
            call("kms", "tag_resource", KeyId=key, Tags=[{"TagKey": one, "TagValue": wanted[one]} for one in wanted])
        if on(given, "Enabled", "true") != on(old, "Enabled", "true"):
            call("kms", "enable_key" if on(given, "Enabled", "true") else "disable_key", KeyId=key)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        for name in ("KeySpec", "KeyUsage", "MultiRegion"):
            if given.get(name) != old.get(name):
                raise Failed(f"You cannot change {name} of a KMS key after it is created.")
        if given.get("Description") != old.get("Description"):
            call("kms", "update_key_description", KeyId=physical, Description=given.get("Description") or "")
        if given.get("KeyPolicy") and given["KeyPolicy"] != old.get("KeyPolicy"):
            call("kms", "put_key_policy", KeyId=physical, PolicyName="default", Policy=document(given["KeyPolicy"]))
        self._extras(call, physical, given, old)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("kms", "schedule_key_deletion", KeyId=physical, PendingWindowInDays=given.get("PendingWindowInDays") or 30)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Arn": f"arn:aws:kms:{call.region}:{call.account}:key/{physical}", "KeyId": physical}
