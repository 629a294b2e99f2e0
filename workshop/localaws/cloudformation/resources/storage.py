"""AWS::S3::*"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from workshop.localaws.cloudformation.resources.base import (
    Call,
    Failed,
    Properties,
    Refused,
    Resource,
    document,
    listed,
    register,
)


def _notifications(given: Properties) -> dict[str, Any]:
    """NotificationConfiguration as the API has it: other member names, and a list of rules in the filter."""
    config = given.get("NotificationConfiguration") or {}
    answer: dict[str, Any] = {}
    for member, target, api in (
        ("LambdaConfigurations", "Function", "LambdaFunctionConfigurations"),
        ("QueueConfigurations", "Queue", "QueueConfigurations"),
        ("TopicConfigurations", "Topic", "TopicConfigurations"),
    ):
        arn = {"Function": "LambdaFunctionArn", "Queue": "QueueArn", "Topic": "TopicArn"}[target]
        for each in config.get(member) or []:
            one: dict[str, Any] = {arn: each[target], "Events": [each["Event"]]}
            rules = ((each.get("Filter") or {}).get("S3Key") or {}).get("Rules") or []
            if rules:
                one["Filter"] = {"Key": {"FilterRules": rules}}
            answer.setdefault(api, []).append(one)
    if (config.get("EventBridgeConfiguration") or {}).get("EventBridgeEnabled") not in (None, False, "false"):
        answer["EventBridgeConfiguration"] = {}
    return answer


def _cors(given: Properties) -> dict[str, Any]:
    rules = (given.get("CorsConfiguration") or {}).get("CorsRules") or []
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    return {"CORSRules": [{names.get(name, name): value for name, value in rule.items()} for rule in rules]}


def _lifecycle(given: Properties) -> dict[str, Any]:
    """LifecycleConfiguration as the API has it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html
    """
    return {"Rules": [_lifecycle_rule(rule) for rule in given["LifecycleConfiguration"].get("Rules") or []]}


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "Days": "ExpirationInDays",
        "Date": "ExpirationDate",
        "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
    }
    expires = {name: rule[given] for name, given in names.items() if given in rule}
    if "Days" in expires:
        expires["Days"] = int(expires["Days"])
    moves = rule.get("Transitions") or ([rule["Transition"]] if "Transition" in rule else [])
    old = rule.get("NoncurrentVersionExpiration") or {}
    if "NoncurrentVersionExpirationInDays" in rule:
        old = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    old = {name: int(value) for name, value in old.items()}
    stopped = {name: int(value) for name, value in (rule.get("AbortIncompleteMultipartUpload") or {}).items()}
    return {
        "Status": rule["Status"],
        **({"ID": rule["Id"]} if "Id" in rule else {}),
        "Filter": _lifecycle_filter(rule),
        **({"Expiration": expires} if expires else {}),
        **({"Transitions": [_transition(one) for one in moves]} if moves else {}),
        **({"NoncurrentVersionExpiration": old} if old else {}),
        **({"AbortIncompleteMultipartUpload": stopped} if stopped else {}),
    }


def _transition(given: Mapping[str, Any]) -> dict[str, Any]:
    when = {"Days": int(given["TransitionInDays"])} if "TransitionInDays" in given else {}
    when |= {"Date": given["TransitionDate"]} if "TransitionDate" in given else {}
    return {**when, "StorageClass": given["StorageClass"]}


def _lifecycle_filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Which objects: all, those below a prefix, those with tags, or both."""
    prefix, tags = rule.get("Prefix"), list(rule.get("TagFilters") or [])
    if len(tags) + (prefix is not None) > 1:
        return {"And": {**({"Prefix": prefix} if prefix is not None else {}), "Tags": tags}}
    return {"Tag": tags[0]} if tags else {"Prefix": prefix or ""}


def _encryption(given: Properties) -> dict[str, Any]:
    rules = (given.get("BucketEncryption") or {}).get("ServerSideEncryptionConfiguration") or []
    return {
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault" if name == "ServerSideEncryptionByDefault" else name: value
                for name, value in rule.items()
            }
            for rule in rules
        ]
    }


@register
class Bucket(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html"""

    type = "AWS::S3::Bucket"
    lacks: ClassVar[Properties] = {
        "AbacStatus": "Disabled",
        "AccelerateConfiguration": {"AccelerationStatus": "Suspended"},
        "AccessControl": "Private",
        "AnalyticsConfigurations": None,
        "BucketNamePrefix": None,
        "BucketNamespace": None,
        "IntelligentTieringConfigurations": None,
        "InventoryConfigurations": None,
        "LoggingConfiguration": None,
        "MetadataConfiguration": None,
        "MetadataTableConfiguration": None,
        "MetricsConfigurations": None,
        "ObjectLockConfiguration": None,
        "ObjectLockEnabled": False,
        "ReplicationConfiguration": None,
    }
    name_property = "BucketName"
    attributes_known = "Arn DomainName DualStackDomainName RegionalDomainName WebsiteURL"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("BucketName") or call.name(63, lower=True)
        place = {} if call.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": call.region}}
        call("s3", "create_bucket", Bucket=name, **place)
        try:
            self._settle(call, name, given, {})
        except Failed:
            call("s3", "delete_bucket", Bucket=name)
            raise
        return str(name)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        self._settle(call, physical, given, old)

    def _settle(self, call: Call, name: str, given: Properties, old: Properties) -> None:
        def differs(member: str) -> bool:
            return given.get(member) != old.get(member)

        if differs("VersioningConfiguration"):
            versioning = given.get("VersioningConfiguration") or {"Status": "Suspended"}
            call("s3", "put_bucket_versioning", Bucket=name, VersioningConfiguration=versioning)
        if differs("BucketEncryption") and given.get("BucketEncryption"):
            call("s3", "put_bucket_encryption", Bucket=name, ServerSideEncryptionConfiguration=_encryption(given))
        if differs("PublicAccessBlockConfiguration") and given.get("PublicAccessBlockConfiguration"):
            call(
                "s3",
                "put_public_access_block",
                Bucket=name,
                PublicAccessBlockConfiguration=given["PublicAccessBlockConfiguration"],
            )
        if differs("CorsConfiguration"):
            if given.get("CorsConfiguration"):
                call("s3", "put_bucket_cors", Bucket=name, CORSConfiguration=_cors(given))
            else:
                call("s3", "delete_bucket_cors", Bucket=name)
        if differs("LifecycleConfiguration"):
            if given.get("LifecycleConfiguration"):
                call(
                    "s3",
                    "put_bucket_lifecycle_configuration",
                    Bucket=name,
                    LifecycleConfiguration=_lifecycle(given),
                )
            else:
                call("s3", "delete_bucket_lifecycle", Bucket=name)
        if differs("OwnershipControls") and given.get("OwnershipControls"):
            call("s3", "put_bucket_ownership_controls", Bucket=name, OwnershipControls=given["OwnershipControls"])
        if differs("WebsiteConfiguration") and given.get("WebsiteConfiguration"):
            site = given["WebsiteConfiguration"]
            call(
                "s3",
                "put_bucket_website",
                Bucket=name,
                WebsiteConfiguration={
                    "IndexDocument": {"Suffix": site.get("IndexDocument", "index.html")},
                    **({"ErrorDocument": {"Key": site["ErrorDocument"]}} if site.get("ErrorDocument") else {}),
                },
            )
        if differs("NotificationConfiguration"):
            call(
                "s3",
                "put_bucket_notification_configuration",
                Bucket=name,
                NotificationConfiguration=_notifications(given),
            )
        if given.get("Tags") != old.get("Tags") or not old:
            tags = {key: value for key, value in call.tagged(given.get("Tags")).items() if not key.startswith("aws:")}
            if tags:
                call("s3", "put_bucket_tagging", Bucket=name, Tagging={"TagSet": listed(tags)})

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        # moto empties nothing and refuses nothing alike; S3 refuses a bucket that still has versions in it.
        versions = call("s3", "list_object_versions", Bucket=physical, MaxKeys=1)
        if versions.get("Versions") or versions.get("DeleteMarkers"):
            raise Failed(
                'Resource handler returned message: "The bucket you tried to delete is not empty. You must delete all '
                'versions in the bucket." (Service: S3, Status Code: 409, Request ID: ' + call.id()[:16].upper() + ")"
            )
        call("s3", "delete_bucket", Bucket=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {
            "Arn": f"arn:aws:s3:::{physical}",
            "DomainName": f"{physical}.s3.amazonaws.com",
            "DualStackDomainName": f"{physical}.s3.dualstack.{call.region}.amazonaws.com",
            "RegionalDomainName": f"{physical}.s3.{call.region}.amazonaws.com",
            "WebsiteURL": f"http://{physical}.s3-website-{call.region}.amazonaws.com",
        }


@register
class BucketPolicy(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucketpolicy.html"""

    type = "AWS::S3::BucketPolicy"

    def create(self, call: Call, given: Properties) -> str:
        self.update(call, "", given, {})
        return str(given["Bucket"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        call("s3", "put_bucket_policy", Bucket=given["Bucket"], Policy=document(given["PolicyDocument"]))

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        try:
            call("s3", "delete_bucket_policy", Bucket=given["Bucket"])
        except Refused as refused:
            if not refused.gone:
                raise
