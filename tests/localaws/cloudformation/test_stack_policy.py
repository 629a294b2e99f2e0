"""Stack policies.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import unique
from tests.localaws.cloudformation.conftest import Stacks

ALL = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
# The example of the page: everything may change but one resource
PROTECTED = [ALL, {**ALL, "Effect": "Deny", "Resource": "LogicalResourceId/Precious"}]


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": statements})


def parameter(value: str, name: str) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value, "Name": name}}


def test_a_protected_resource_does_not_change(stacks: Stacks) -> None:
    precious, other = unique("/precious"), unique("/other")
    before = {"Precious": parameter("1", precious), "Other": parameter("1", other)}
    stack = stacks.create(before, StackPolicyBody=policy(*PROTECTED))["StackId"]
    assert stacks.update(stack, {**before, "Other": parameter("2", other)})["StackStatus"] == "UPDATE_COMPLETE"
    for changed in (
        {"Other": parameter("2", other), "Precious": parameter("2", precious)},  # modify
        {"Other": parameter("2", other), "Precious": parameter("1", unique("/new"))},  # replace
        {"Other": parameter("2", other)},  # delete
    ):
        assert stacks.update(stack, changed)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        told = "Action denied by stack policy: Statement [#2] does not allow [Update:*] for resource "
        assert stacks.reasons(stack, "UPDATE_FAILED")["Precious"] == told + "[LogicalResourceId/Precious]"
        assert stacks.bench.client("ssm").get_parameter(Name=precious)["Parameter"]["Value"] == "1"
    during = {"Precious": parameter("3", precious), "Other": parameter("2", other)}
    assert stacks.update(stack, during, StackPolicyDuringUpdateBody=policy(ALL))["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.bench.client("ssm").get_parameter(Name=precious)["Parameter"]["Value"] == "3"


def test_what_is_not_allowed_is_denied(stacks: Stacks) -> None:
    name = unique("/p")
    kind = {"StringLike": {"ResourceType": "AWS::SQS::*"}}
    stack = stacks.create({"P": parameter("1", name)}, StackPolicyBody=policy({**ALL, "Condition": kind}))["StackId"]
    assert stacks.update(stack, {"P": parameter("2", name)})["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "not allowed by stack policy" in stacks.reasons(stack, "UPDATE_FAILED")["P"]
    stacks.api.set_stack_policy(StackName=stack, StackPolicyBody=policy(ALL))
    assert json.loads(stacks.api.get_stack_policy(StackName=stack)["StackPolicyBody"])["Statement"] == [ALL]
    assert stacks.update(stack, {"P": parameter("2", name)})["StackStatus"] == "UPDATE_COMPLETE"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"Statement": 1}',
        policy({**ALL, "Effect": "Perhaps"}),
        policy({**ALL, "Action": "Update:Paint"}),
        policy({**ALL, "Resource": "arn:aws:s3:::b"}),
        policy({**ALL, "Condition": {"Bool": {"a": "b"}}}),
    ],
)
def test_what_is_no_policy_is_refused(stacks: Stacks, text: str) -> None:
    stack = stacks.create({"Q": {"Type": "AWS::SQS::Queue"}})["StackId"]
    with pytest.raises(ClientError) as caught:
        stacks.api.set_stack_policy(StackName=stack, StackPolicyBody=text)
    assert "Error validating stack policy: Invalid stack policy" in caught.value.response["Error"]["Message"]
