"""The life of a stack: made, changed, rolled back, removed; its events.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-overview.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import Bench, unique
from tests.localaws.cloudformation.conftest import ROLE, Stacks, inline

QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue"}
BROKEN = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "not allowed!"}}


def test_events_come_resource_by_resource_in_progress_first(stacks: Stacks) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
    stack = stacks.create({"F": inline(), "Role": ROLE})
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    name = stack["StackName"]
    assert stacks.events(stack["StackId"]) == [
        (name, "CREATE_IN_PROGRESS"),
        ("Role", "CREATE_IN_PROGRESS"),
        ("Role", "CREATE_IN_PROGRESS"),
        ("Role", "CREATE_COMPLETE"),
        ("F", "CREATE_IN_PROGRESS"),
        ("F", "CREATE_IN_PROGRESS"),
        ("F", "CREATE_COMPLETE"),
        (name, "CREATE_COMPLETE"),
    ]
    assert all(stacks.physical(stack["StackId"]).values())


def test_a_failure_rolls_back_and_says_which_and_why(stacks: Stacks, bench: Bench) -> None:
    queue = unique("kept-out")
    stack = stacks.create({"Q": {**QUEUE, "Properties": {"QueueName": queue}}, "Bad": {**BROKEN, "DependsOn": "Q"}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = stacks.reasons(stack["StackId"], "ROLLBACK_IN_PROGRESS")[stack["StackName"]]
    assert reason == "The following resource(s) failed to create: [Bad]. Rollback requested by user."
    assert "alphanumeric" in stacks.reasons(stack["StackId"], "CREATE_FAILED")["Bad"]
    assert ("Q", "DELETE_COMPLETE") in stacks.events(stack["StackId"])
    assert queue not in str(bench.client("sqs").list_queues().get("QueueUrls"))
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        stacks.update(stack["StackName"], {"Q": QUEUE})


def test_a_retired_runtime_fails_with_lambda_s_own_sentence(stacks: Stacks) -> None:
    stack = stacks.create({"Role": ROLE, "F": inline(Runtime="python2.7")})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "no longer supported" in stacks.reasons(stack["StackId"], "CREATE_FAILED")["F"]


def test_on_failure_decides(stacks: Stacks) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html, OnFailure
    for choice, status in (("DO_NOTHING", "CREATE_FAILED"), ("DELETE", "DELETE_COMPLETE")):
        stack = stacks.create({"Q": QUEUE, "Bad": {**BROKEN, "DependsOn": "Q"}}, OnFailure=choice)
        assert stack["StackStatus"] == status


def test_an_update_in_place_and_one_that_replaces(stacks: Stacks, bench: Bench) -> None:
    stack = stacks.create({"Q": {**QUEUE, "Properties": {"DelaySeconds": 1}}})
    name, first = stack["StackName"], stacks.physical(stack["StackId"])["Q"]
    assert stacks.update(name, {"Q": {**QUEUE, "Properties": {"DelaySeconds": 2}}})["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.physical(name)["Q"] == first
    attributes = bench.client("sqs").get_queue_attributes(QueueUrl=first, AttributeNames=["DelaySeconds"])["Attributes"]
    assert attributes["DelaySeconds"] == "2"
    renamed = {"DelaySeconds": 2, "QueueName": unique("renamed")}
    assert stacks.update(name, {"Q": {**QUEUE, "Properties": renamed}})["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.physical(name)["Q"].endswith(renamed["QueueName"])
    assert ("Q", "DELETE_COMPLETE") in stacks.events(name)
    with pytest.raises(ClientError):
        bench.client("sqs").get_queue_attributes(QueueUrl=first)


def test_nothing_to_update(stacks: Stacks) -> None:
    stack = stacks.create({"Q": QUEUE})
    with pytest.raises(ClientError, match="No updates are to be performed"):
        stacks.update(stack["StackName"], {"Q": QUEUE})


def test_a_failed_update_restores_the_old_state(stacks: Stacks, bench: Bench) -> None:
    stack = stacks.create({"Role": ROLE, "F": inline()}, Outputs={"Name": {"Value": {"Ref": "F"}}})
    function, api = stacks.physical(stack["StackId"])["F"], bench.client("lambda")
    after = stacks.update(
        stack["StackName"],
        {
            "Role": ROLE,
            "F": inline("def handler(event, context): return 'two'\n", Timeout=9),
            "New": QUEUE,
            "Bad": {**BROKEN, "DependsOn": ["F", "New"]},
        },
    )
    assert after["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert after["Outputs"] == [{"OutputKey": "Name", "OutputValue": function}]
    assert api.invoke(FunctionName=function)["Payload"].read() == b'"one"'
    assert api.get_function_configuration(FunctionName=function)["Timeout"] == 3
    assert set(stacks.physical(stack["StackName"])) == {"Role", "F"}
    assert stacks.update(stack["StackName"], {"Role": ROLE, "F": inline(Timeout=4)})["StackStatus"] == "UPDATE_COMPLETE"


def test_a_custom_name_cannot_be_replaced_by_itself(stacks: Stacks) -> None:
    fixed = unique("t")
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": fixed,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
        },
    }
    other = json.loads(json.dumps(table).replace('"a"', '"b"'))
    stack = stacks.create({"T": table})
    assert stacks.update(stack["StackName"], {"T": other})["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert f"Rename {fixed}" in stacks.reasons(stack["StackId"], "UPDATE_FAILED")["T"]


def test_delete_removes_everything_it_made(stacks: Stacks, bench: Bench) -> None:
    name = unique("whole")
    stack = stacks.create(
        {
            "Role": {**ROLE, "Properties": {**ROLE["Properties"], "RoleName": name}},
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"/aws/lambda/{name}"}},
            "Layer": {
                "Type": "AWS::Lambda::LayerVersion",
                "Properties": {"LayerName": name, "Content": package(bench)},
            },
            "F": inline(FunctionName=name, Layers=[{"Ref": "Layer"}]),
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": name}},
            "Rule": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "ScheduleExpression": "rate(1 day)",
                    "Targets": [{"Id": "a", "Arn": {"Fn::GetAtt": ["F", "Arn"]}}],
                },
            },
            "Queue": {**QUEUE, "Properties": {"QueueName": name}},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}},
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}},
        }
    )
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    bench.client("lambda").invoke(FunctionName=name)
    assert stacks.delete(stack["StackName"])["StackStatus"] == "DELETE_COMPLETE"
    left = [
        bench.client("lambda").list_functions(),
        bench.client("lambda").list_layers(),
        bench.client("iam").list_roles(),
        bench.client("logs").describe_log_groups(),
        bench.client("apigateway").get_rest_apis(),
        bench.client("sqs").list_queues(),
        bench.client("sns").list_topics(),
        bench.client("s3").list_buckets(),
        bench.client("events").list_rule_names_by_target(
            TargetArn=f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"
        ),
    ]
    assert [name in json.dumps(each, default=str) for each in left] == [False] * len(left)
    with pytest.raises(ClientError, match=f"Stack with id {stack['StackName']} does not exist"):
        stacks.api.describe_stacks(StackName=stack["StackName"])


def package(bench: Bench) -> dict[str, str]:
    """A zip in S3, as Code or Content."""
    from tests.localaws.bench import zipped

    bucket, s3 = unique("code"), bench.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=bucket, Key="p.zip", Body=zipped("X = 1\n", "python/x.py"))
    return {"S3Bucket": bucket, "S3Key": "p.zip"}


def test_a_bucket_with_objects_stops_the_deletion(stacks: Stacks, bench: Bench) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html#troubleshooting-errors-delete-stack-fails
    name = unique("full")
    stack = stacks.create({"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}, "Q": QUEUE})
    bench.client("s3").put_object(Bucket=name, Key="k", Body=b"x")
    after = stacks.delete(stack["StackName"])
    assert after["StackStatus"] == "DELETE_FAILED"
    assert after["StackStatusReason"] == "The following resource(s) failed to delete: [Bucket]. "
    assert "The bucket you tried to delete is not empty" in stacks.reasons(stack["StackId"], "DELETE_FAILED")["Bucket"]
    bench.client("s3").delete_object(Bucket=name, Key="k")
    assert stacks.delete(stack["StackName"])["StackStatus"] == "DELETE_COMPLETE"


def test_deletion_policy_retain(stacks: Stacks, bench: Bench) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
    stack = stacks.create({"Q": {**QUEUE, "DeletionPolicy": "Retain"}})
    url = stacks.physical(stack["StackId"])["Q"]
    stacks.delete(stack["StackName"])
    assert ("Q", "DELETE_SKIPPED") in stacks.events(stack["StackId"])
    assert bench.client("sqs").get_queue_attributes(QueueUrl=url)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_exports_are_imported_and_guarded(stacks: Stacks) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
    export = unique("export")
    giver = stacks.create({"Q": QUEUE}, Outputs={"Url": {"Value": {"Ref": "Q"}, "Export": {"Name": export}}})
    taker = stacks.create(
        {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::ImportValue": export}}}}
    )
    assert taker["StackStatus"] == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match=f"Export {export} cannot be deleted as it is in use by {taker['StackName']}"):
        stacks.api.delete_stack(StackName=giver["StackName"])
    second = stacks.create({"Q": QUEUE}, Outputs={"Url": {"Value": "x", "Export": {"Name": export}}})
    assert second["StackStatus"] == "ROLLBACK_COMPLETE"
    stacks.delete(taker["StackName"])
    assert stacks.delete(giver["StackName"])["StackStatus"] == "DELETE_COMPLETE"


def test_change_sets_show_and_do(stacks: Stacks) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
    name, api = unique("set"), stacks.api
    template = json.dumps({"Resources": {"Q": QUEUE}, "Outputs": {"Url": {"Value": {"Ref": "Q"}}}})
    made = api.create_change_set(StackName=name, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=template)
    stacks.made.append(made["StackId"])
    assert api.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    api.get_waiter("change_set_create_complete").wait(StackName=name, ChangeSetName="first", WaiterConfig={"Delay": 1})
    changes = api.describe_change_set(StackName=name, ChangeSetName="first")["Changes"]
    assert [
        (change["ResourceChange"]["Action"], change["ResourceChange"]["LogicalResourceId"]) for change in changes
    ] == [("Add", "Q")]
    api.execute_change_set(StackName=name, ChangeSetName="first")
    stack = stacks.settled(name)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"][0]["OutputKey"] == "Url"
    api.create_change_set(StackName=name, ChangeSetName="same", TemplateBody=template)
    same = api.describe_change_set(StackName=name, ChangeSetName="same")
    assert (same["Status"], same["StatusReason"].startswith("The submitted information didn't contain changes")) == (
        "FAILED",
        True,
    )
    renamed = json.dumps({"Resources": {"Q": {**QUEUE, "Properties": {"QueueName": unique("x")}}}})
    api.create_change_set(StackName=name, ChangeSetName="more", TemplateBody=renamed)
    change = api.describe_change_set(StackName=name, ChangeSetName="more")["Changes"][0]["ResourceChange"]
    assert (change["Action"], change["Replacement"]) == ("Modify", "True")


def test_names_and_protection(stacks: Stacks) -> None:
    stack = stacks.create({"Q": QUEUE}, EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        stacks.create({"Q": QUEUE}, stack["StackName"])
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        stacks.api.delete_stack(StackName=stack["StackName"])
    stacks.api.update_termination_protection(StackName=stack["StackName"], EnableTerminationProtection=False)
    stacks.api.delete_stack(StackName="never-there")


def test_waiters_and_lists(stacks: Stacks) -> None:
    name = unique("waited")
    stacks.made.append(
        stacks.api.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Q": QUEUE}}))["StackId"]
    )
    stacks.api.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    listed = stacks.api.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]
    assert name in [row["StackName"] for row in listed]
    assert json.loads(json.dumps(stacks.api.get_template(StackName=name)["TemplateBody"]))["Resources"] == {"Q": QUEUE}
    resource = stacks.api.describe_stack_resource(StackName=name, LogicalResourceId="Q")["StackResourceDetail"]
    assert resource["ResourceStatus"] == "CREATE_COMPLETE"


def test_a_secret_parameter_is_masked_wherever_the_stack_is_described(stacks: Stacks) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html, NoEcho
    secret, name = 'sk_test_"quoted"_1', unique("/secret")
    value = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Name": name, "Value": {"Fn::Sub": "key ${Key}"}},
    }
    stack = stacks.create(
        {"P": value},
        Declared={"Key": {"Type": "String", "NoEcho": True}},
        Parameters=[{"ParameterKey": "Key", "ParameterValue": secret}],
    )["StackId"]
    assert stacks.bench.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == f"key {secret}"
    events = stacks.api.describe_stack_events(StackName=stack)["StackEvents"]
    described = stacks.api.describe_stacks(StackName=stack)["Stacks"][0]
    assert "sk_test" not in str(events) and "sk_test" not in str(described)
    told = next(event["ResourceProperties"] for event in events if event["LogicalResourceId"] == "P")
    assert json.loads(told)["Value"] == "key ****"
