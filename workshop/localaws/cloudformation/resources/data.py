"""AWS::DynamoDB::*, AWS::SSM::*, AWS::SecretsManager::* and AWS::KMS::*"""

from __future__ import annotations

import json
import secrets
import string
from typing import Any

from workshop.localaws.cloudformation.resources.base import Call, Properties, Resource, document, listed, only, register


@register
class Table(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html"""

    type = "AWS::DynamoDB::Table"
    required = "KeySchema"
    known = (
        "BillingMode ContributorInsightsSpecification DeletionProtectionEnabled GlobalSecondaryIndexes "
        "KinesisStreamSpecification OnDemandThroughput PointInTimeRecoverySpecification ProvisionedThroughput "
        "ResourcePolicy SSESpecification StreamSpecification TableClass Tags TimeToLiveSpecification "
        "WarmThroughput"
    )
    replaces = "AttributeDefinitions ImportSourceSpecification KeySchema LocalSecondaryIndexes TableName"
    name_property = "TableName"
    attributes_known = "Arn StreamArn"

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
            "TableClass",
        )
        if "SSESpecification" in wanted:
            sse = dict(wanted["SSESpecification"])
            wanted["SSESpecification"] = {"Enabled": sse.pop("SSEEnabled", True), **sse}
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
            name: given[name]
            for name in ("BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled")
            if given.get(name) is not None and given.get(name) != old.get(name)
        }
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
    required = "Type Value"
    known = "AllowedPattern DataType Description Policies Tags Tier"
    replaces = "Name"
    name_property = "Name"
    attributes_known = "Type Value"
    members = ("AllowedPattern", "DataType", "Description", "Policies", "Tier", "Type", "Value")

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
    known = "Description GenerateSecretString KmsKeyId ReplicaRegions SecretString Tags"
    replaces = "Name"
    name_property = "Name"
    attributes_known = "Id"

    def _value(self, given: Properties) -> str | None:
        if given.get("SecretString") is not None:
            return document(given["SecretString"])
        how = given.get("GenerateSecretString")
        if how is None:
            return None
        letters = string.ascii_letters + string.digits
        made = "".join(secrets.choice(letters) for _ in range(int(how.get("PasswordLength", 32))))
        if how.get("GenerateStringKey"):
            return json.dumps({**json.loads(how.get("SecretStringTemplate", "{}")), how["GenerateStringKey"]: made})
        return made

    def create(self, call: Call, given: Properties) -> str:
        made = call(
            "secretsmanager",
            "create_secret",
            Name=given.get("Name") or call.name(200),
            SecretString=self._value(given),
            Tags=listed(call.tagged(given.get("Tags"))),
            **only(given, "Description", "KmsKeyId"),
        )
        return str(made["ARN"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        call("secretsmanager", "update_secret", SecretId=physical, **only(given, "Description", "SecretString"))

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("secretsmanager", "delete_secret", SecretId=physical, ForceDeleteWithoutRecovery=True)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Id": physical}


@register
class Key(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html"""

    type = "AWS::KMS::Key"
    known = "Description EnableKeyRotation Enabled KeyPolicy PendingWindowInDays Tags BypassPolicyLockoutSafetyCheck"
    replaces = "KeySpec KeyUsage MultiRegion Origin"
    attributes_known = "Arn KeyId"

    def create(self, call: Call, given: Properties) -> str:
        made = call(
            "kms",
            "create_key",
            **only(given, "Description", "KeySpec", "KeyUsage", "MultiRegion"),
            Policy=document(given.get("KeyPolicy")),
        )
        return str(made["KeyMetadata"]["KeyId"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        if given.get("KeyPolicy") and given["KeyPolicy"] != old.get("KeyPolicy"):
            call("kms", "put_key_policy", KeyId=physical, PolicyName="default", Policy=document(given["KeyPolicy"]))

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("kms", "schedule_key_deletion", KeyId=physical, PendingWindowInDays=given.get("PendingWindowInDays") or 30)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Arn": f"arn:aws:kms:{call.region}:{call.account}:key/{physical}", "KeyId": physical}
