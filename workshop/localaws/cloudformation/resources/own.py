"""AWS::CloudFormation::*: what needs no other service."""

from __future__ import annotations

from workshop.localaws.cloudformation.resources.base import Call, Properties, Resource, register


@register
class WaitConditionHandle(Resource):
    """A resource without an effect; templates that need at least one resource use it."""

    type = "AWS::CloudFormation::WaitConditionHandle"

    def create(self, call: Call, given: Properties) -> str:
        return f"https://cloudformation-waitcondition-{call.region}.s3.amazonaws.com/{call.stack_id}/{call.logical}"


@register
class CdkMetadata(Resource):
    """What the CDK leaves in every template."""

    type = "AWS::CDK::Metadata"

    def create(self, call: Call, given: Properties) -> str:
        return call.id()
