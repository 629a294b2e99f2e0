"""What is changed in moto, as one check each: it passes against the offline cloud and fails against plain moto.

Run as a script it checks plain moto, in a process that has none of our changes, and prints what failed as JSON. The day
a check passes there, moto has closed the gap and our change can go.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

Client = Callable[[str], Any]
ROLE = "arn:aws:iam::123456789012:role/nobody"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def refused(code: str, call: Callable[..., Any], **given: Any) -> None:
    """Assert that a call is refused with this code."""
    try:
        call(**given)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"not refused: {given}")


def name() -> str:
    """A name nobody else uses."""
    return f"gap-{uuid4().hex[:8]}"


def queue(client: Client, *services: str) -> tuple[str, str]:
    """(URL, ARN) of a new queue that these services may send to."""
    sqs, called = client("sqs"), name()
    url = sqs.create_queue(QueueName=called)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    if services:
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": list(services)},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def received(client: Client, url: str, seconds: int = 5) -> list[str]:
    """The bodies of a queue's first messages, waited for."""
    found = client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=seconds).get("Messages", [])
    return [message["Body"] for message in found]


def binary_types_are_kept(client: Client) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_CreateRestApi.html"""
    api = client("apigateway").create_rest_api(name=name(), binaryMediaTypes=["image/png"])
    assert client("apigateway").get_rest_api(restApiId=api["id"])["binaryMediaTypes"] == ["image/png"]


def binary_types_are_patched(client: Client) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html"""
    gateway = client("apigateway")
    api = gateway.create_rest_api(name=name())["id"]
    patch = [{"op": "add", "path": "/binaryMediaTypes/image~1png"}]
    assert gateway.update_rest_api(restApiId=api, patchOperations=patch)["binaryMediaTypes"] == ["image/png"]


def a_token_pattern_is_kept(client: Client) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html"""
    gateway = client("apigateway")
    api = gateway.create_rest_api(name=name())["id"]
    made = gateway.create_authorizer(
        restApiId=api,
        name="a",
        type="TOKEN",
        authorizerUri="arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/f/invocations",
        identitySource="method.request.header.Authorization",
        identityValidationExpression="^x$",
    )
    found = gateway.get_authorizer(restApiId=api, authorizerId=made["id"])
    assert found.get("identityValidationExpression") == "^x$"


def an_old_deployment_can_go(client: Client) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_DeleteDeployment.html"""
    gateway = client("apigateway")
    api = gateway.create_rest_api(name=name())["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    where = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**where, authorizationType="NONE")
    gateway.put_integration(**where, type="MOCK")
    old = gateway.create_deployment(restApiId=api, stageName="s")["id"]
    new = gateway.create_deployment(restApiId=api)["id"]
    gateway.update_stage(
        restApiId=api, stageName="s", patchOperations=[{"op": "replace", "path": "/deploymentId", "value": new}]
    )
    gateway.delete_deployment(restApiId=api, deploymentId=old)


def an_api_that_is_not_there_is_not_found(client: Client) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_DeleteRestApi.html"""
    refused("NotFoundException", client("apigateway").delete_rest_api, restApiId="none")


def put_and_ask(client: Client, **asked: Any) -> dict[str, Any]:
    """Statistics of a metric that was measured twice: as 1 without dimensions, as 100 with one."""
    watch, called = client("cloudwatch"), name()
    data = [{"MetricName": "m", "Value": 1.0}, {"MetricName": "m", "Value": 100.0}]
    data[1]["Dimensions"] = [{"Name": "a", "Value": "b"}]
    watch.put_metric_data(Namespace=called, MetricData=data)
    now = datetime.now(UTC)
    when = {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(hours=1)}
    found: dict[str, Any] = watch.get_metric_statistics(Namespace=called, MetricName="m", Period=60, **when, **asked)
    return found


def a_metric_is_its_exact_dimensions(client: Client) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Dimension"""
    assert [each["Sum"] for each in put_and_ask(client, Statistics=["Sum"])["Datapoints"]] == [1.0]


def percentiles_are_known(client: Client) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html"""
    (point,) = put_and_ask(client, ExtendedStatistics=["p50"])["Datapoints"]
    assert "p50" in point["ExtendedStatistics"]


def metrics_are_reckoned_with(client: Client) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html"""
    watch, called = client("cloudwatch"), name()
    watch.put_metric_data(Namespace=called, MetricData=[{"MetricName": "m", "Value": 3.0}])
    now = datetime.now(UTC)
    queries: list[dict[str, Any]] = [
        {"Id": "a", "MetricStat": {"Metric": {"Namespace": called, "MetricName": "m"}, "Period": 60, "Stat": "Sum"}},
        {"Id": "b", "Expression": "a * 2"},
    ]
    when = {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(hours=1)}
    found = watch.get_metric_data(MetricDataQueries=queries, **when)["MetricDataResults"]
    assert {each["Id"]: each["Values"] for each in found} == {"a": [3.0], "b": [6.0]}


def managed_policies_are_there(client: Client) -> None:
    """https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html"""
    iam, role = client("iam"), name()
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PolicyName"] == "AWSLambdaBasicExecutionRole"


def a_rule_has_a_schedule_that_is_one(client: Client) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html"""
    refused("ValidationException", client("events").put_rule, Name=name(), ScheduleExpression="cron(0 0 * * * *)")


def a_rule_has_a_pattern_that_is_one(client: Client) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html"""
    pattern = json.dumps({"source": [{"no-such-operator": "x"}]})
    refused("InvalidEventPatternException", client("events").put_rule, Name=name(), EventPattern=pattern)


def schedule(client: Client, **given: Any) -> dict[str, Any]:
    """What makes a schedule."""
    target = {"Arn": "arn:aws:sqs:eu-west-1:123456789012:q", "RoleArn": ROLE}
    always = {"Name": name(), "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    return always | {"ScheduleExpression": "rate(1 hour)"} | given


def a_schedule_has_an_expression_that_is_one(client: Client) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html"""
    given = schedule(client, ScheduleExpression="every day")
    refused("ValidationException", client("scheduler").create_schedule, **given)


def a_schedule_has_a_time_zone_that_is_one(client: Client) -> None:
    """The same page."""
    given = schedule(client, ScheduleExpressionTimezone="Mars/Olympus")
    refused("ValidationException", client("scheduler").create_schedule, **given)


def an_updated_schedule_has_its_defaults_again(client: Client) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html"""
    scheduler, given = client("scheduler"), schedule(client)
    scheduler.create_schedule(**given, State="DISABLED", ScheduleExpressionTimezone="Europe/London")
    scheduler.update_schedule(**given)
    found = scheduler.get_schedule(Name=given["Name"])
    scheduler.delete_schedule(Name=given["Name"])  # it would fire in other tests
    assert (found.get("State"), found.get("ScheduleExpressionTimezone")) == ("ENABLED", "UTC")


def a_topic_needs_the_queue_s_permission(client: Client) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html"""
    sns, (closed, arn), (opened, other) = client("sns"), queue(client), queue(client, "sns.amazonaws.com")
    topic = sns.create_topic(Name=name())["TopicArn"]
    for each in (arn, other):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=each)
    sns.publish(TopicArn=topic, Message="hello")
    assert received(client, opened)
    assert not received(client, closed, 0)


def a_bucket_needs_the_queue_s_permission(client: Client) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html"""
    s3, called, (closed, arn), (opened, other) = client("s3"), name(), queue(client), queue(client, "s3.amazonaws.com")
    s3.create_bucket(Bucket=called, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    wanted = [{"QueueArn": each, "Events": ["s3:ObjectCreated:*"]} for each in (arn, other)]
    s3.put_bucket_notification_configuration(Bucket=called, NotificationConfiguration={"QueueConfigurations": wanted})
    s3.put_object(Bucket=called, Key="k", Body=b"")
    told = [*received(client, opened), *received(client, opened)]  # the first may be S3's test event
    assert any("ObjectCreated" in body for body in told), told
    leaked = [*received(client, closed, 0), *received(client, closed, 0)]
    assert not any("ObjectCreated" in body for body in leaked), leaked


def a_bucket_policy_has_conditions(client: Client) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html"""
    s3, called = client("s3"), name()
    s3.create_bucket(Bucket=called, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{called}/*"}
    deny["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}  # type: ignore[assignment]
    s3.put_bucket_policy(Bucket=called, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    s3.put_object(Bucket=called, Key="k", Body=b"")


def parameters_come_in_order(client: Client) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html"""
    ssm, stem = client("ssm"), name()
    names = [f"/{stem}/{letter}" for letter in "hgfedcba"]
    for each in names:
        ssm.put_parameter(Name=each, Value="v", Type="String")
    assert [each["Name"] for each in ssm.get_parameters(Names=names)["Parameters"]] == sorted(names)


def tagged_rules_are_found(client: Client) -> None:
    """https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html"""
    events, called = client("events"), name()
    events.put_rule(Name=called, ScheduleExpression="rate(1 day)", Tags=[{"Key": "gap", "Value": called}])
    asked = {"TagFilters": [{"Key": "gap", "Values": [called]}]}
    found = client("resourcegroupstaggingapi").get_resources(**asked)["ResourceTagMappingList"]
    assert [each["ResourceARN"].rpartition("/")[2] for each in found] == [called]


CHECKS: list[Callable[[Client], None]] = [
    binary_types_are_kept,
    binary_types_are_patched,
    a_token_pattern_is_kept,
    an_old_deployment_can_go,
    an_api_that_is_not_there_is_not_found,
    a_metric_is_its_exact_dimensions,
    percentiles_are_known,
    metrics_are_reckoned_with,
    managed_policies_are_there,
    a_rule_has_a_schedule_that_is_one,
    a_rule_has_a_pattern_that_is_one,
    a_schedule_has_an_expression_that_is_one,
    a_schedule_has_a_time_zone_that_is_one,
    an_updated_schedule_has_its_defaults_again,
    a_topic_needs_the_queue_s_permission,
    a_bucket_needs_the_queue_s_permission,
    a_bucket_policy_has_conditions,
    parameters_come_in_order,
    tagged_rules_are_found,
]


def inside() -> dict[str, bool]:
    """What shows in moto's own code alone: whether it still is as our changes take it to be."""
    from botocore.loaders import JSONFileLoader
    from moto.apigateway.models import Deployment, RestAPI
    from moto.dynamodb.models import DynamoDBBackend

    import moto.ssm.models  # isort: skip

    assert moto.ssm.models
    return {
        "a deployment keeps nothing of its API": "resources" not in inspect.getsource(Deployment.__init__),
        "a stage adds mocks of HTTP": "responses_mock" in inspect.getsource(RestAPI.update_integration_mocks),
        "a transaction copies its tables": "deepcopy" in inspect.getsource(DynamoDBBackend.transact_write_items),
        "the Parameter Store imports EC2": "moto.ec2.models" in sys.modules,
        "botocore orders what is in order": "OrderedDict" in inspect.getsource(JSONFileLoader._load_file),
    }


def main() -> None:
    """Check plain moto."""
    import boto3
    from moto import mock_aws

    from workshop.localaws.moto.light import stand_in_for_openapi

    stand_in_for_openapi()  # moto's extra for it is not installed

    def client(service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name="eu-west-1", **keys)

    closed = []
    for check in CHECKS:
        with mock_aws():
            try:
                check(client)
            except (AssertionError, KeyError, ClientError) as error:
                print(f"{check.__name__}: {type(error).__name__}: {error}", file=sys.stderr)
            else:
                closed.append(check.__name__)
    print(json.dumps({"closed": closed, "inside": inside()}))


if __name__ == "__main__":
    main()
