"""What CloudFormation refuses before it makes anything, and what its functions give.

moto's own CloudFormation, which is not used, accepts most of what is refused here with CREATE_COMPLETE.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.localaws.bench import Bench, unique
from tests.localaws.cloudformation.conftest import ROLE, Stacks, inline

QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue"}
VALUE = {"Type": "AWS::SSM::Parameter"}


def parameter(value: Any, name: str = "") -> dict[str, Any]:
    return {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Value": value, **({"Name": name} if name else {})},
    }


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
        (
            {"Thing": {"Type": "AWS::Quantum::Computer"}},
            "Template format error: Unrecognized resource types: [AWS::Quantum::Computer]",
        ),
        (
            {"Q": {**QUEUE, "Properties": {"QueueName": {"Ref": "Nobody"}}}},
            "Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the template",
        ),
        (
            {"Q": {**QUEUE, "Properties": {"QueueName": {"Fn::Sub": "x-${Nobody}"}}}},
            "Unresolved resource dependencies [Nobody]",
        ),
        (
            {"P": parameter({"Fn::GetAtt": ["Nobody", "Arn"]})},
            "Template error: instance of Fn::GetAtt references undefined resource Nobody",
        ),
        (
            {"Q": QUEUE, "P": parameter({"Fn::GetAtt": ["Q", "Colour"]})},
            "Template error: resource Q does not support attribute type Colour in Fn::GetAtt",
        ),
        ({"Q": {**QUEUE, "DependsOn": "Nobody"}}, "Unresolved resource dependencies [Nobody]"),
        (
            {"A": {**QUEUE, "DependsOn": "B"}, "B": {**QUEUE, "DependsOn": "A"}},
            "Circular dependency between resources: [A, B]",
        ),
        ({"Q-1": QUEUE}, "Resource name Q-1 is non alphanumeric"),
        ({"Q": {"Properties": {}}}, "Every Resources object must contain a Type member"),
        ({}, "At least one Resources member must be defined"),
    ],
)
def test_a_wrong_template_is_refused_at_once(stacks: Stacks, resources: dict[str, Any], said: str) -> None:
    code, message = stacks.refused(resources)
    assert code == "ValidationError"
    assert said in message


@pytest.mark.parametrize(
    "body",
    [
        "{nonsense",
        "a: [b",
        "",
        "just text",
        "- a\n- list",
        "Resources:\n  A:\n    Type: !Nope x\n",
        "Resources: {A: {Type: 'AWS::SQS::Queue'}, A: {Type: 'AWS::SQS::Queue'}}",
    ],
)
def test_what_is_no_template_is_refused(stacks: Stacks, body: str) -> None:
    from botocore.exceptions import ClientError, ParamValidationError

    with pytest.raises((ClientError, ParamValidationError)) as caught:
        stacks.api.create_stack(StackName=unique("s"), TemplateBody=body)
    if isinstance(caught.value, ClientError):
        assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_capabilities_are_asked_for(stacks: Stacks) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html, Capabilities
    assert stacks.refused({"Role": ROLE}, Capabilities=[]) == (
        "InsufficientCapabilitiesException",
        "Requires capabilities : [CAPABILITY_IAM]",
    )
    named = {"Role": {**ROLE, "Properties": {**ROLE["Properties"], "RoleName": unique("r")}}}
    assert stacks.refused(named, Capabilities=["CAPABILITY_IAM"])[1] == "Requires capabilities : [CAPABILITY_NAMED_IAM]"


def test_a_transform_that_is_not_there_is_refused_by_name(stacks: Stacks) -> None:
    code, message = stacks.refused({"Q": QUEUE}, Transform="Some::Macro", Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert code == "ValidationError"
    assert "Some::Macro" in message


def test_sam_is_translated_or_refused_by_name(stacks: Stacks) -> None:
    # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-simpletable.html
    resources = {"Orders": {"Type": "AWS::Serverless::SimpleTable"}}
    options = {"Transform": "AWS::Serverless-2016-10-31", "Capabilities": ["CAPABILITY_AUTO_EXPAND"]}
    try:
        import samtranslator  # noqa: F401
    except ImportError:
        assert "aws-sam-translator" in stacks.refused(resources, **options)[1]
        return
    stack = stacks.create(resources, **options)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stacks.api.list_stack_resources(StackName=stack["StackId"])["StackResourceSummaries"][0]["ResourceType"] == (
        "AWS::DynamoDB::Table"
    )


def test_intrinsic_functions(stacks: Stacks) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
    wanted = {
        "Join": ({"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}, "c"]]}, "a-eu-west-1-c"),
        "Sub": ({"Fn::Sub": ["${One}/${AWS::AccountId}/${!Literal}", {"One": "1"}]}, "1/123456789012/${Literal}"),
        "Select": ({"Fn::Select": ["1", {"Fn::Split": [",", "a,b,c"]}]}, "b"),
        "If": ({"Fn::If": ["Small", "tiny", "huge"]}, "tiny"),
        "FindInMap": ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "size"]}, "medium"),
        "Base64": ({"Fn::Base64": "hello"}, "aGVsbG8="),
        "Cidr": ({"Fn::Select": [1, {"Fn::Cidr": ["10.0.0.0/16", 2, 8]}]}, "10.0.1.0/24"),
        "ToJson": ({"Fn::ToJsonString": {"a": [1, True]}}, '{"a":[1,true]}'),
        "NoValue": ({"Fn::Join": [",", ["a", {"Fn::If": ["Small", {"Ref": "AWS::NoValue"}, "b"]}]]}, "a"),
        "Number": ({"Ref": "Number"}, "5"),
        "Listed": ({"Fn::Join": ["+", {"Ref": "Listed"}]}, "x+y"),
    }
    outputs = {name: {"Value": value} for name, (value, _) in wanted.items()}
    outputs["Never"] = {"Value": "x", "Condition": "Big"}
    stack = stacks.create(
        {"Q": QUEUE, "Unmade": {**QUEUE, "Condition": "Big"}},
        Outputs=outputs,
        Mappings={"Sizes": {"eu-west-1": {"size": "medium"}}},
        Conditions={"Small": {"Fn::Equals": [{"Ref": "Size"}, "s"]}, "Big": {"Fn::Not": [{"Condition": "Small"}]}},
        Declared={
            "Size": {"Type": "String", "AllowedValues": ["s", "b"]},
            "Number": {"Type": "Number", "Default": 5},
            "Listed": {"Type": "CommaDelimitedList", "Default": "x, y"},
        },
        Parameters=[{"ParameterKey": "Size", "ParameterValue": "s"}],
    )
    found = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert found == {name: value for name, (_, value) in wanted.items()}
    assert set(stacks.physical(stack["StackId"])) == {"Q"}


def test_parameters_are_checked(stacks: Stacks) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    declared = {"Declared": {"Size": {"Type": "String", "AllowedPattern": "[a-z]+"}}}
    assert stacks.refused({"Q": QUEUE}, **declared)[1] == "Parameters: [Size] must have values"
    for value, said in (("UPPER", "failed to satisfy constraint"),):
        given = [{"ParameterKey": "Size", "ParameterValue": value}]
        assert said in stacks.refused({"Q": QUEUE}, Parameters=given, **declared)[1]
    unknown = [{"ParameterKey": "Size", "ParameterValue": "a"}, {"ParameterKey": "Other", "ParameterValue": "b"}]
    assert (
        stacks.refused({"Q": QUEUE}, Parameters=unknown, **declared)[1]
        == "Parameters: [Other] do not exist in the template"
    )


def test_values_come_from_the_parameter_store(stacks: Stacks, bench: Bench) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
    name = unique("/from/ssm")
    bench.client("ssm").put_parameter(Name=name, Value="stored", Type="String")
    stack = stacks.create(
        {"P": parameter(f"{{{{resolve:ssm:{name}}}}}")},
        Outputs={"Worth": {"Value": {"Ref": "Stored"}}},
        Declared={"Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": name}},
    )
    assert stack["Outputs"][0]["OutputValue"] == "stored"
    made = stacks.physical(stack["StackId"])["P"]
    assert bench.client("ssm").get_parameter(Name=made)["Parameter"]["Value"] == "stored"


def test_yaml_with_short_tags(stacks: Stacks) -> None:
    name = unique("yaml")
    template = f"""
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Queue: {{Type: AWS::SQS::Queue, Properties: {{QueueName: !Sub '{name}-${{AWS::Region}}'}}}}
Outputs:
  Arn: {{Value: !GetAtt Queue.Arn}}
  Joined: {{Value: !Join ['/', [!Ref AWS::StackName, !GetAtt [Queue, QueueName]]]}}
"""
    stacks.made.append(stacks.api.create_stack(StackName=name, TemplateBody=template)["StackId"])
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks.settled(name)["Outputs"]}
    assert outputs == {
        "Arn": f"arn:aws:sqs:eu-west-1:123456789012:{name}-eu-west-1",
        "Joined": f"{name}/{name}-eu-west-1",
    }


def test_a_template_in_s3(stacks: Stacks, bench: Bench) -> None:
    bucket = unique("templates")
    s3 = bench.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=bucket, Key="a/t.json", Body=json.dumps({"Resources": {"Q": QUEUE}}))
    for url in (
        f"https://s3.amazonaws.com/{bucket}/a/t.json",
        f"https://{bucket}.s3.eu-west-1.amazonaws.com/a/t.json",
        f"{bench.url}/{bucket}/a/t.json",
    ):
        name = unique("s3")
        stacks.made.append(stacks.api.create_stack(StackName=name, TemplateURL=url)["StackId"])
        assert stacks.settled(name)["StackStatus"] == "CREATE_COMPLETE"


def test_describing_a_template(stacks: Stacks) -> None:
    template = json.dumps(
        {"Description": "d", "Parameters": {"A": {"Type": "String"}}, "Resources": {"Role": ROLE, "F": inline()}}
    )
    found = stacks.api.validate_template(TemplateBody=template)
    assert (found["Description"], found["Capabilities"]) == ("d", ["CAPABILITY_IAM"])
    summary = stacks.api.get_template_summary(TemplateBody=template)
    assert summary["ResourceTypes"] == ["AWS::IAM::Role", "AWS::Lambda::Function"]
