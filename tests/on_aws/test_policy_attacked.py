"""The policy of one reader, enforced: their own things are theirs, and every way to more ends in AccessDenied."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support import TRUST, zipped
from workshop.on_aws import policy
from workshop.on_aws.names import TAG

MINE, THEIRS, REGION, ACCOUNT = "k3f9", "m2p7", "eu-west-1", "123456789012"
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
FENCE = policy.boundary_arn(MINE, ACCOUNT, REGION)
Reader = Callable[..., Any]


@pytest.fixture(scope="module")
def reader(cloud: Any) -> Iterator[Reader]:
    """Clients of a user to whom the policy of `k3f9` is attached, and nothing else."""
    admin = boto3.client("iam", endpoint_url=cloud.endpoint, region_name=REGION)
    name = f"student-{secrets.token_hex(3)}"
    user = admin.create_user(UserName=name)["User"]
    document = json.dumps(policy.personal(MINE, REGION, ACCOUNT))
    admin.put_user_policy(UserName=name, PolicyName="workshop", PolicyDocument=document)
    fence = json.dumps(policy.boundary(MINE, REGION))
    admin.create_policy(PolicyName=f"workshop-boundary-{MINE}", PolicyDocument=fence)
    key = admin.create_access_key(UserName=name)["AccessKey"]
    session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)

    def client(service: str, region: str = REGION) -> Any:
        return session.client(service, endpoint_url=cloud.endpoint, region_name=region)

    client.arn = user["Arn"]  # type: ignore[attr-defined]
    yield client


def denied(call: Callable[..., Any], **arguments: Any) -> None:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    assert refused.value.response["Error"]["Code"].startswith("AccessDenied"), refused.value


def role(reader: Reader, name: str, **more: Any) -> str:
    made = reader("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **more)
    return str(made["Role"]["Arn"])


def test_the_policies_can_be_attached() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: a managed policy, without blanks"""
    for document in (policy.personal("k3f9xy77", REGION, ACCOUNT), policy.boundary("k3f9xy77", REGION)):
        assert policy.size(document) <= policy.LARGEST


def test_a_role_carries_the_boundary_or_is_not_made(reader: Reader) -> None:
    denied(reader("iam").create_role, RoleName=f"a-dev-{MINE}-x", AssumeRolePolicyDocument=TRUST)
    other = f"arn:aws:iam::{ACCOUNT}:policy/another"
    with_other = {"AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": other}
    denied(reader("iam").create_role, RoleName=f"a-dev-{MINE}-x", **with_other)
    denied(reader("iam").create_role, RoleName="admin", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=FENCE)
    role(reader, f"a-dev-{MINE}-x", PermissionsBoundary=FENCE)
    denied(reader("iam").delete_role_permissions_boundary, RoleName=f"a-dev-{MINE}-x")
    denied(reader("iam").update_assume_role_policy, RoleName=f"a-dev-{MINE}-x", PolicyDocument=TRUST)
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    denied(reader("iam").attach_role_policy, RoleName=f"a-dev-{MINE}-x", PolicyArn=admin)


def test_a_role_that_may_do_anything_may_do_no_more_than_the_boundary(reader: Reader, cloud: Any) -> None:
    trust = json.loads(TRUST)
    trust["Statement"][0]["Principal"] = {"AWS": reader.arn}  # type: ignore[attr-defined]
    name = f"all-dev-{MINE}-x"
    made = reader("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), PermissionsBoundary=FENCE
    )["Role"]["Arn"]
    reader("iam").put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(ANYTHING))
    keys = reader("sts").assume_role(RoleArn=made, RoleSessionName="student")["Credentials"]
    as_role = boto3.session.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION
    )
    for service, call, arguments in (
        ("iam", "create_user", {"UserName": "more"}),
        ("lambda", "list_functions", {}),
        ("ssm", "get_parameter", {"Name": f"/workshop-{THEIRS}/key"}),
        ("s3", "list_buckets", {}),
    ):
        denied(getattr(as_role.client(service, endpoint_url=cloud.endpoint), call), **arguments)


def test_roles_go_to_two_services_only_and_only_the_readers_own(reader: Reader, client: Any) -> None:
    theirs = client("iam").create_role(RoleName=f"b-dev-{THEIRS}-x", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    code = {"Runtime": "python3.11", "Handler": "h.h", "Code": {"ZipFile": zipped({"h.py": "def h(*_): pass"})}}
    denied(reader("lambda").create_function, FunctionName=f"f-dev-{MINE}-x", Role=theirs, **code)
    own = role(reader, f"c-dev-{MINE}-x", PermissionsBoundary=FENCE)
    reader("lambda").create_function(FunctionName=f"f-dev-{MINE}-x", Role=own, **code)
    denied(reader("lambda").create_function, FunctionName=f"f-dev-{THEIRS}-x", Role=own, **code)
    [statement] = [
        one for one in policy.personal(MINE, REGION, ACCOUNT)["Statement"] if "iam:PassRole" in one.get("Action", [])
    ]
    assert set(statement["Condition"]["StringEquals"]["iam:PassedToService"]) == {
        "lambda.amazonaws.com",
        "scheduler.amazonaws.com",
    }


def test_another_teams_things_are_out_of_reach(reader: Reader, client: Any) -> None:
    queue = client("sqs").create_queue(QueueName=f"stand-ins-dev-{THEIRS}-abc")["QueueUrl"]
    api = client("apigateway").create_rest_api(name="theirs", tags={TAG: THEIRS})["id"]
    untagged = client("apigateway").create_rest_api(name="company")["id"]
    client("lambda").publish_layer_version(LayerName=f"tools-{THEIRS}", Content={"ZipFile": zipped({"x.py": ""})})
    client("ssm").put_parameter(Name=f"/workshop-{THEIRS}/key", Value="x", Type="SecureString", Overwrite=True)
    arn = client("iam").create_role(RoleName=f"d-dev-{THEIRS}-x", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    client("lambda").create_function(
        FunctionName=f"g-dev-{THEIRS}-x",
        Role=arn,
        Runtime="python3.11",
        Handler="h.h",
        Code={"ZipFile": zipped({"h.py": "def h(*_): pass"})},
    )
    source = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    made = client("lambda").create_event_source_mapping(FunctionName=f"g-dev-{THEIRS}-x", EventSourceArn=source)
    denied(reader("sqs").receive_message, QueueUrl=queue)
    denied(reader("sqs").send_message, QueueUrl=queue, MessageBody="x")
    for one in (api, untagged):
        denied(reader("apigateway").delete_rest_api, restApiId=one)
        denied(reader("apigateway").get_rest_api, restApiId=one)
    denied(reader("lambda").delete_layer_version, LayerName=f"tools-{THEIRS}", VersionNumber=1)
    denied(reader("lambda").delete_event_source_mapping, UUID=made["UUID"])
    denied(reader("lambda").create_event_source_mapping, FunctionName=f"g-dev-{THEIRS}-x", EventSourceArn=source)
    denied(reader("lambda").get_function_configuration, FunctionName=f"g-dev-{THEIRS}-x")
    denied(reader("lambda").list_functions)  # its answer has every function's environment
    denied(reader("ssm").get_parameters, Names=[f"/workshop-{THEIRS}/key"])
    denied(reader("cloudformation").delete_stack, StackName=f"shop-dev-{THEIRS}")
    denied(reader("cloudformation").delete_stack, StackName=f"shop-dev-{MINE}x")  # another reader's suffix begins so
    denied(reader("apigateway").create_rest_api, name="no tag")
    reader("apigateway").create_rest_api(name="mine", tags={TAG: MINE})


def test_nothing_is_made_in_another_region(reader: Reader) -> None:
    reader("sqs").create_queue(QueueName=f"q-dev-{MINE}-x")
    denied(reader("sqs", "us-east-1").create_queue, QueueName=f"q-dev-{MINE}-x")
