"""What CloudFormation refuses of a template's sections and values at once, before anything is made.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import eventually, unique
from tests.localaws.cloudformation.conftest import Stacks

QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue"}
NEVER = {"Never": {"Fn::Equals": ["a", "b"]}}


def queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def with_text(**about: Any) -> dict[str, Any]:
    return {"Parameters": {"Text": about}}


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"AWSTemplateFormatVersion": "2011-01-01"}, "unsupported value for AWSTemplateFormatVersion"),
        ({"Description": "x" * 1025}, "'Description' length is greater than 1024"),
        ({"Rules": {"R": {"Assertions": []}}}, "the section Rules is not available offline"),
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
        (with_text(Default="x"), "[/Parameters/Text] Every Parameters object must contain a Type member"),
        (with_text(Type="Strin", Default="x"), "Unrecognized parameter type: Strin"),
        (with_text(Type="String", Defalt="x"), "Invalid template parameter property 'Defalt'"),
        (with_text(Type="String", Default="x", AllowedPattern="(["), "AllowedPattern is no regular expression"),
        (with_text(Type="List<Number>", Default="1,x"), "Parameter 'Text' must be a list of numbers"),
        ({"Parameters": {"a-b": {"Type": "String", "Default": "x"}}}, "Parameter name a-b is non alphanumeric"),
        ({"Parameters": {"Q": {"Type": "String", "Default": "x"}}}, "both a parameter and a resource: [Q]"),
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/mappings-section-structure.html
        ({"Mappings": {"M": {"a": 1}}}, "[/Mappings/M]"),
        ({"Outputs": {"O": {"Value": {"Fn::FindInMap": ["M", "a", "b"]}}}}, "Mapping named 'M' is not present"),
        (
            {"Mappings": {"M": {"a": {"b": "c"}}}, "Outputs": {"O": {"Value": {"Fn::FindInMap": ["M", "a", "x"]}}}},
            "Unable to get mapping for M::a::x",
        ),
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html
        ({"Conditions": {"A": {"Fn::Not": [{"Condition": "B"}]}}}, "condition dependency B in the Conditions"),
        ({"Conditions": {"A": {"Condition": "B"}, "B": {"Condition": "A"}}}, "condition dependency between A, B"),
        ({"Conditions": {"A": {"Fn::Equals": [{"Ref": "Q"}, "x"]}}}, "Cannot reference resources in the Cond"),
        ({"Outputs": {"O": {"Value": {"Fn::If": ["Nope", "a", "b"]}}}}, "dependency Nope in the Outputs"),
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
        ({"Outputs": {"O": {"Value": {"Fn::Nope": "x"}}}}, "Encountered unsupported function: Fn::Nope"),
        ({"Outputs": {"O": {"Value": {"Fn::Select": [3, ["a"]]}}}}, "nonexistent value at index 3"),
        ({"Outputs": {"O": {"Value": ["a"]}}}, "The Value field of every Outputs member must evaluate to a String"),
        ({"Outputs": {"O-x": {"Value": "a"}}}, "Output name O-x is non alphanumeric"),
    ],
)
def test_sections(stacks: Stacks, sections: dict[str, Any], said: str) -> None:
    template = json.dumps({"Resources": {"Q": QUEUE}, **sections})
    for call in (
        lambda: stacks.api.create_stack(StackName=unique("s"), TemplateBody=template),
        lambda: stacks.api.create_change_set(
            StackName=unique("s"), ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=template
        ),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        error = caught.value.response["Error"]
        assert error["Code"] == "ValidationError"
        assert said in error["Message"]


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ({"Q": {**QUEUE, "DependsOn": "Q"}}, "Circular dependency between resources: [Q]"),
        ({"Q": queue(QueueName={"Ref": "Q"})}, "Circular dependency between resources: [Q]"),
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
        ({"Q": {**QUEUE, "DeletionPolicy": "Keep"}}, "Unrecognized DeletionPolicy Keep for resource Q"),
        ({"Q": {**QUEUE, "DeletionPolicy": "Snapshot"}}, "AWS::SQS::Queue does not support deletion policy Snapshot"),
        ({"Q": {**QUEUE, "UpdateReplacePolicy": "Keep"}}, "Unrecognized UpdateReplacePolicy Keep"),
        # A resource whose condition does not hold cannot be referred to …
        (
            {"A": {**QUEUE, "Condition": "Never"}, "B": queue(QueueName={"Fn::Sub": "x-${A.QueueName}"})},
            "Unresolved resource dependencies [A] in the Resources block",
        ),
        (
            {"A": queue(KmsMasterKeyId={"a": {"b": [{"Fn::Select": ["9", {"Fn::Split": ["-", "a-b"]}]}]}})},
            "nonexistent value at index 9",
        ),
    ],
)
def test_resources(stacks: Stacks, resources: dict[str, Any], said: str) -> None:
    code, message = stacks.refused(resources, Conditions=NEVER)
    assert code == "ValidationError"
    assert said in message


def test_what_only_a_made_resource_tells_waits(stacks: Stacks) -> None:
    # … but a branch that is not taken, an output whose condition does not hold, and parts of an ARN may.
    part = {"Fn::Select": ["5", {"Fn::Split": [":", {"Fn::GetAtt": ["B", "Arn"]}]}]}
    stack = stacks.create(
        {
            "A": {**QUEUE, "Condition": "Never"},
            "B": queue(Tags=[{"Key": "other", "Value": {"Fn::If": ["Never", {"Ref": "A"}, "none"]}}]),
            "C": {**QUEUE, "DependsOn": "A"},
        },
        Conditions=NEVER,
        Outputs={
            "Lost": {"Condition": "Never", "Value": {"Ref": "A"}},
            "Name": {"Value": part},
            "Id": {"Value": {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}},
        },
    )
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert outputs["Name"].startswith(stack["StackName"]) and outputs["Id"] == stack["StackId"].rpartition("/")[2]


def test_a_template_cannot_exhaust_the_cloud(stacks: Stacks) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html: no aliases in YAML
    bomb = "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      a0: &a0 [x, x]\n"
    bomb += "".join(f"      a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30))
    deep = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": ' + '{"a": ' * 900 + "1" + "}" * 903
    for body, said in (
        (bomb, "YAML aliases are not allowed in CloudFormation templates"),
        (deep, "nested deeper than"),
    ):
        with pytest.raises(ClientError) as caught:
            stacks.api.create_stack(StackName=unique("s"), TemplateBody=body)
        assert said in caught.value.response["Error"]["Message"]


def test_a_resource_keeps_its_type(stacks: Stacks) -> None:
    # https://repost.aws/knowledge-center/cloudformation-update-resource-type-error
    stack = stacks.create({"A": QUEUE})
    with pytest.raises(ClientError) as caught:
        stacks.update(stack["StackId"], {"A": {"Type": "AWS::SNS::Topic"}})
    told = (
        "Update of resource type is not permitted. The new template modifies resource type of the following resources"
    )
    assert f"{told}: [A]" in caught.value.response["Error"]["Message"]


def test_what_a_request_may_not_ask_for(stacks: Stacks) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
    assert "aws: prefixed" in stacks.refused({"Q": QUEUE}, Tags=[{"Key": "aws:x", "Value": "y"}])[1]
    assert "not both" in stacks.refused({"Q": QUEUE}, OnFailure="DELETE", DisableRollback=True)[1]
    stack = stacks.create({"Q": QUEUE})
    with pytest.raises(ClientError) as caught:
        stacks.api.delete_stack(StackName=stack["StackId"], RetainResources=["Q"])
    assert "only when the stack is in the DELETE_FAILED state" in caught.value.response["Error"]["Message"]


def test_what_is_retained_and_when(stacks: Stacks) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    broken = {
        "Type": "AWS::SSM::Parameter",
        "DependsOn": ["Kept", "NotKept"],
        "Properties": {"Type": "String", "Value": {"Fn::ImportValue": unique("nobody")}},
    }
    kept = {
        "Kept": {**QUEUE, "DeletionPolicy": "Retain"},
        "NotKept": {**QUEUE, "DeletionPolicy": "RetainExceptOnCreate"},
    }
    stack = stacks.create({**kept, "Broken": broken})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    ends = dict(stacks.events(stack["StackId"]))
    assert (ends["Kept"], ends["NotKept"]) == ("DELETE_SKIPPED", "DELETE_COMPLETE")
    stack = stacks.create({**kept, "Other": QUEUE})
    names = stacks.physical(stack["StackId"])
    stacks.update(stack["StackId"], {"Other": QUEUE})
    ends = dict(stacks.events(stack["StackId"]))
    assert (ends["Kept"], ends["NotKept"]) == ("DELETE_SKIPPED", "DELETE_SKIPPED")
    queues = stacks.bench.client("sqs").list_queues(QueueNamePrefix=stack["StackName"])["QueueUrls"]
    assert {names["Kept"], names["NotKept"]} <= set(queues)
    assert eventually(lambda: stacks.delete(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE")
