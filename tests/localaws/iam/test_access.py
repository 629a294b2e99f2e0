"""What a function's role may do, met from inside functions through boto3.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.localaws.bench import ACCOUNT, REGION, Bench, allow, deny, document, unique

EVENT = {"timestamp": 1, "message": "x"}
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter"


@pytest.fixture
def as_role(bench: Bench) -> Callable[..., Any]:
    """`as_role(statement, …)(service)`: a boto3 client with the credentials of a role that may do just that."""

    def make(*statements: dict[str, Any], arn: str = "") -> Callable[[str], Any]:
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        iam, name = bench.client("iam"), unique("role")
        if not arn:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
            if statements:
                iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(*statements))
        role = arn or f"arn:aws:iam::{ACCOUNT}:role/{name}"
        found = bench.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]

        def client(service: str) -> Any:
            return boto3.client(
                service,
                region_name=REGION,
                endpoint_url=bench.url,
                aws_access_key_id=found["AccessKeyId"],
                aws_secret_access_key=found["SecretAccessKey"],
                aws_session_token=found["SessionToken"],
                config=Config(retries={"max_attempts": 0}),
            )

        client.role = role  # type: ignore[attr-defined]
        return client

    return make


def refused(call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """The error a call ends in."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response: dict[str, Any] = caught.value.response
    return {**response["Error"], "status": response["ResponseMetadata"]["HTTPStatusCode"]}


def test_a_function_is_its_role(bench: Bench) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    source = "import boto3\ndef handler(event, context):\n    return boto3.client('sts').get_caller_identity()['Arn']\n"
    role = bench.role(allow("logs:*", "*"))
    function = bench.function(source, role=role)
    answer = json.load(bench.client("lambda").invoke(FunctionName=function)["Payload"])
    name = role.rpartition("/")[2]
    assert answer == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{function.rpartition(':')[2]}"


def test_a_function_reads_exactly_one_parameter(bench: Bench) -> None:
    # The talk, 17:35; the sentence is the one of troubleshoot_access-denied.html
    source = """
import boto3
def handler(event, context):
    try:
        found = boto3.client("ssm").get_parameters(Names=event, WithDecryption=True)
        return [one["Value"] for one in found["Parameters"]]
    except Exception as error:
        return [error.response["Error"]["Code"], error.response["Error"]["Message"]]
"""
    mine, other = unique("/mine"), unique("/other")
    for name in (mine, other):
        bench.client("ssm").put_parameter(Name=name, Value="secret", Type="SecureString")
    role = bench.role(allow("ssm:GetParameters", PARAMETER + mine))
    function = bench.function(source, role=role)

    def ask(*names: str) -> Any:
        return json.load(bench.client("lambda").invoke(FunctionName=function, Payload=json.dumps(names))["Payload"])

    assert ask(mine) == ["secret"]
    user = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/{function.rpartition(':')[2]}"
    assert ask(mine, other) == [
        "AccessDeniedException",
        f"User: {user} is not authorized to perform: ssm:GetParameters on resource: {PARAMETER}{other} "
        "because no identity-based policy allows the ssm:GetParameters action",
    ]
    bench.client("iam").put_role_policy(
        RoleName=role.rpartition("/")[2],
        PolicyName="inline",
        PolicyDocument=document(allow("ssm:*", "*"), deny("ssm:Get*", PARAMETER + other)),
    )
    assert ask(mine) == ["secret"]
    assert ask(other)[1].endswith("with an explicit deny in an identity-based policy")


def test_every_service_says_it_in_its_own_way(bench: Bench, as_role: Callable[..., Any]) -> None:
    client = as_role(allow("ssm:GetParameter", PARAMETER + "/nothing"))
    table, bucket, queue, topic = unique("table"), unique("bucket"), unique("queue"), unique("topic")
    url = bench.client("sqs").create_queue(QueueName=queue)["QueueUrl"]
    topic_arn = bench.client("sns").create_topic(Name=topic)["TopicArn"]
    bench.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for error, code, status, action, resource in (
        (
            refused(client("dynamodb").get_item, TableName=table, Key={"id": {"S": "1"}}),
            "AccessDeniedException",
            400,
            "dynamodb:GetItem",
            f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}",
        ),
        (
            refused(client("s3").get_object, Bucket=bucket, Key="a/b"),
            "AccessDenied",
            403,
            "s3:GetObject",
            f'"arn:aws:s3:::{bucket}/a/b"',
        ),
        (
            refused(client("sqs").send_message, QueueUrl=url, MessageBody="x"),
            "AccessDenied",
            403,
            "sqs:sendmessage",
            f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
        ),
        (
            refused(client("sns").publish, TopicArn=topic_arn, Message="x"),
            "AuthorizationError",
            403,
            "SNS:Publish",
            topic_arn,
        ),
        (
            refused(client("lambda").invoke, FunctionName="pay", Qualifier="live"),
            "AccessDeniedException",
            403,
            "lambda:InvokeFunction",
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:pay:live",
        ),
        (
            refused(client("iam").get_role, RoleName="x"),
            "AccessDenied",
            403,
            "iam:GetRole",
            f"arn:aws:iam::{ACCOUNT}:role/x",
        ),
        (
            refused(client("logs").put_log_events, logGroupName="/g", logStreamName="s", logEvents=[EVENT]),
            "AccessDeniedException",
            400,
            "logs:PutLogEvents",
            f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/g:log-stream:s",
        ),
        (
            refused(client("events").put_events, Entries=[{"Source": "x"}]),
            "AccessDeniedException",
            400,
            "events:PutEvents",
            f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default",
        ),
    ):
        user = f"arn:aws:sts::{ACCOUNT}:assumed-role/{client.role.rpartition('/')[2]}/tests"
        because = f"because no identity-based policy allows the {action} action"
        told = f"User: {user} is not authorized to perform: {action} on resource: {resource} {because}"
        assert error["Message"] == told
        assert (error["Code"], error["status"]) == (code, status)


def test_an_index_of_a_table_is_a_resource_of_its_own(bench: Bench, as_role: Callable[..., Any]) -> None:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/using-identity-based-policies.html
    table = unique("table")
    bench.client("dynamodb").create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "email")],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-email",
                "KeySchema": [{"AttributeName": "email", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
    client = as_role(allow(["dynamodb:Query", "dynamodb:PutItem"], arn))("dynamodb")
    client.put_item(TableName=table, Item={"id": {"S": "1"}, "email": {"S": "a@b"}})
    query = {"TableName": table, "KeyConditionExpression": "id = :v", "ExpressionAttributeValues": {":v": {"S": "1"}}}
    assert client.query(**query)["Count"] == 1
    assert (
        f"{arn}/index/by-email"
        in refused(client.query, **{**query, "IndexName": "by-email", "KeyConditionExpression": "email = :v"})[
            "Message"
        ]
    )
    assert (
        "dynamodb:DeleteItem"
        in refused(
            client.transact_write_items,
            TransactItems=[{"Delete": {"TableName": table, "Key": {"id": {"S": "1"}}}}],
        )["Message"]
    )


def test_s3_prefixes_and_conditions(bench: Bench, as_role: Callable[..., Any]) -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
    bucket = unique("bucket")
    bench.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    only = {"StringLike": {"s3:prefix": ["mine/*"]}}
    arn = f"arn:aws:s3:::{bucket}"
    client = as_role(allow("s3:PutObject", f"{arn}/mine/*"), allow("s3:ListBucket", arn, Condition=only))("s3")
    client.put_object(Bucket=bucket, Key="mine/a", Body=b"x")
    assert client.list_objects_v2(Bucket=bucket, Prefix="mine/")["KeyCount"] == 1
    assert refused(client.list_objects_v2, Bucket=bucket)["Code"] == "AccessDenied"
    assert refused(client.put_object, Bucket=bucket, Key="other/a", Body=b"x")["Code"] == "AccessDenied"
    several = {"Objects": [{"Key": "mine/a"}]}
    assert refused(client.delete_objects, Bucket=bucket, Delete=several)["Code"] == "AccessDenied"


def test_a_resource_policy_can_allow_or_deny(bench: Bench, as_role: Callable[..., Any]) -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html
    bucket = unique("bucket")
    bench.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    bench.client("s3").put_object(Bucket=bucket, Key="open", Body=b"x")
    guest, owner = as_role(), as_role(allow("s3:*", "*"))
    statements = [
        {**allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"), "Principal": {"AWS": guest.role}},
        {**deny("s3:DeleteObject", f"arn:aws:s3:::{bucket}/*"), "Principal": "*"},
    ]
    bench.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(*statements))
    assert guest("s3").get_object(Bucket=bucket, Key="open")["Body"].read() == b"x"
    assert refused(guest("s3").put_object, Bucket=bucket, Key="open", Body=b"")["Code"] == "AccessDenied"
    message = refused(owner("s3").delete_object, Bucket=bucket, Key="open")["Message"]
    assert message.endswith("with an explicit deny in a resource-based policy")


def test_aws_managed_policies_and_boundaries(bench: Bench, as_role: Callable[..., Any]) -> None:
    # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html
    client, iam, group = as_role(), bench.client("iam"), unique("/group")
    name = client.role.rpartition("/")[2]
    assert "logs:CreateLogGroup" in refused(client("logs").create_log_group, logGroupName=group)["Message"]
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName=name, PolicyArn=basic)
    client("logs").create_log_group(logGroupName=group)
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    fence = iam.create_policy(PolicyName=unique("fence"), PolicyDocument=document(allow("s3:*", "*")))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=fence)
    message = refused(client("logs").create_log_stream, logGroupName=group, logStreamName="s")["Message"]
    assert message.endswith("because no permissions boundary allows the logs:CreateLogStream action")
    iam.delete_role_permissions_boundary(RoleName=name)
    client("logs").create_log_stream(logGroupName=group, logStreamName="s")
    iam.detach_role_policy(RoleName=name, PolicyArn=basic)
    assert (
        "logs:CreateLogStream"
        in refused(client("logs").create_log_stream, logGroupName=group, logStreamName="t")["Message"]
    )


def test_assuming_a_role_takes_its_trust(bench: Bench, as_role: Callable[..., Any]) -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user.html
    only_lambda = bench.role()
    asking = as_role(allow("sts:AssumeRole", "*"))("sts")
    assert asking.get_caller_identity()["Arn"].endswith("/tests")
    error = refused(asking.assume_role, RoleArn=only_lambda, RoleSessionName="other")
    assert (error["Code"], error["status"]) == ("AccessDenied", 403)
    trusting = as_role()
    assumed = asking.assume_role(RoleArn=trusting.role, RoleSessionName="other")
    assert assumed["AssumedRoleUser"]["Arn"].endswith("/other")
    stranger = as_role()("sts")
    assert refused(stranger.assume_role, RoleArn=trusting.role, RoleSessionName="other")["Code"] == "AccessDenied"


def test_a_customer_key_needs_kms_decrypt(bench: Bench, as_role: Callable[..., Any]) -> None:
    # https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
    key = bench.client("kms").create_key()["KeyMetadata"]["Arn"]
    name = unique("/locked")
    bench.client("ssm").put_parameter(Name=name, Value="secret", Type="SecureString", KeyId=key)
    client = as_role(allow("ssm:GetParameter", "*"))
    error = refused(client("ssm").get_parameter, Name=name, WithDecryption=True)
    assert error["Code"] == "AccessDeniedException" and f"kms:Decrypt on resource: {key}" in error["Message"]
    assert client("ssm").get_parameter(Name=name)["Parameter"]["Name"] == name
    both = as_role(allow("ssm:GetParameter", "*"), allow("kms:Decrypt", key))("ssm")
    assert both.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "secret"


def test_a_queue_that_is_made_with_tags_takes_two_permissions(bench: Bench, as_role: Any) -> None:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
    name = unique("queue")
    one, both = as_role(allow("sqs:CreateQueue", "*")), as_role(allow(["sqs:CreateQueue", "sqs:TagQueue"], "*"))
    assert "sqs:tagqueue" in refused(one("sqs").create_queue, QueueName=name, tags={"a": "b"})["Message"].lower()
    one("sqs").create_queue(QueueName=name + "-plain")
    both("sqs").create_queue(QueueName=name, tags={"a": "b"})


def test_a_user_is_held_to_its_policies_and_the_reader_is_not(bench: Bench) -> None:
    iam, name = bench.client("iam"), unique("user")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    ssm, user = bench.client("ssm", **keys), f"arn:aws:iam::{ACCOUNT}:user/{name}"
    message = refused(ssm.get_parameter, Name="/none")["Message"]
    assert message.startswith(f"User: {user} is not authorized to perform: ssm:GetParameter on resource: ")
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(allow("ssm:*", "*")))
    assert refused(ssm.get_parameter, Name="/none")["Code"] == "ParameterNotFound"
    assert refused(bench.client("ssm").get_parameter, Name="/none")["Code"] == "ParameterNotFound"


def test_a_switched_off_key_opens_nothing(bench: Bench) -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys-admin-managed.html
    iam, name = bench.client("iam"), unique("user")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    for service, operation, code in (
        ("ssm", "describe_parameters", "UnrecognizedClientException"),
        ("sns", "list_topics", "InvalidClientTokenId"),
    ):
        error = refused(getattr(bench.client(service, **keys), operation))
        assert (error["Code"], error["status"]) == (code, 403)
        assert error["Message"] == "The security token included in the request is invalid."


def test_a_boundary_of_a_user_is_refused_rather_than_forgotten(bench: Bench) -> None:
    iam = bench.client("iam")
    fence = iam.create_policy(PolicyName=unique("fence"), PolicyDocument=document(allow("s3:*", "*")))["Policy"]["Arn"]
    error = refused(iam.create_user, UserName=unique("user"), PermissionsBoundary=fence)
    assert "Permissions boundaries of users are not available offline" in error["Message"]


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        # reference_policies_condition-keys.html#condition-keys-currenttime
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-04-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2020-06-30T23:59:59Z"}}, False),
        ({"NumericGreaterThan": {"aws:EpochTime": "1577836800"}}, True),
    ],
)
def test_conditions_on_the_time(as_role: Callable[..., Any], condition: dict[str, Any], allowed: bool) -> None:
    ssm = as_role(allow("ssm:GetParameter", "*", Condition=condition))("ssm")
    code = "ParameterNotFound" if allowed else "AccessDeniedException"
    assert refused(ssm.get_parameter, Name="/none")["Code"] == code


def test_a_path_and_its_parameters(bench: Bench, as_role: Callable[..., Any]) -> None:
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
    root = unique("/app")
    bench.client("ssm").put_parameter(Name=f"{root}/key", Value="v", Type="String")
    client = as_role(allow(["ssm:GetParametersByPath", "ssm:GetParameter"], [PARAMETER + root, f"{PARAMETER}{root}/*"]))
    assert len(client("ssm").get_parameters_by_path(Path=root)["Parameters"]) == 1
    assert len(client("ssm").get_parameters_by_path(Path=root + "/")["Parameters"]) == 1
    assert client("ssm").get_parameter(Name=f"{root}/key:1")["Parameter"]["Value"] == "v"
    assert refused(client("ssm").get_parameters_by_path, Path="/")["Code"] == "AccessDeniedException"
