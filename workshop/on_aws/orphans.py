"""One leftover of each kind, on an offline cloud: for recording what removing them takes, and for the tests of that."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from workshop.on_aws.names import TAG
from workshop.serverless.aws import Clients

_TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def leave(aws: Clients, owner: str, *, tag: str = "") -> None:
    """Makes what a stack `orders-dev-<owner>` would have left, had it lost track of everything.

    Args:
        aws: clients of an offline cloud.
        owner: a reader's suffix.
        tag: the value of their tag `serverless-payments-workshop`, where they can have one; none when empty.
    """
    name = f"orders-dev-{owner}"
    tags = [{"Key": TAG, "Value": tag}] if tag else []
    arn = _role(aws, f"{name}-{aws.region}-lambdaRole", tags)
    for _ in range(2):
        aws.get("lambda").publish_layer_version(LayerName=f"tools-{owner}", Content={"ZipFile": _zip()})
    target = _mapping(aws, f"{name}-deliver", arn, {TAG: tag} if tag else {})
    _schedules(aws, name, owner, tags, target, arn)
    aws.get("apigateway").create_rest_api(name=name, **({"tags": {TAG: tag}} if tag else {}))
    aws.get("apigatewayv2").create_api(Name=name, ProtocolType="HTTP", **({"Tags": {TAG: tag}} if tag else {}))
    aws.get("sns").create_topic(Name=f"{name}-Topic-ABC", Tags=tags)
    aws.get("cloudwatch").put_metric_alarm(
        AlarmName=f"{name}-Alarm-ABC",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Tags=tags,
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Period=60,
        Statistic="Sum",
        Threshold=0,
    )


def _role(aws: Clients, name: str, tags: list[dict[str, str]]) -> str:
    """A role with a policy of its own and a managed one."""
    api = aws.get("iam")
    made = api.create_role(RoleName=name, AssumeRolePolicyDocument=_document(_TRUST), Tags=tags)["Role"]
    use = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    api.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=_document(use))
    api.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    return str(made["Arn"])


def _mapping(aws: Clients, function: str, role: str, tags: dict[str, str]) -> str:
    """An event source mapping whose function and queue are gone. Returns the function's ARN."""
    sqs, lambdas = aws.get("sqs"), aws.get("lambda")
    queue = sqs.create_queue(QueueName=f"{function}-Q")["QueueUrl"]
    source = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    made = lambdas.create_function(
        FunctionName=function, Runtime="python3.13", Role=role, Handler="handler.handler", Code={"ZipFile": _zip()}
    )
    lambdas.create_event_source_mapping(FunctionName=function, EventSourceArn=source, Tags=tags)
    lambdas.delete_function(FunctionName=function)
    sqs.delete_queue(QueueUrl=queue)
    return str(made["FunctionArn"])


def _schedules(aws: Clients, name: str, owner: str, tags: list[dict[str, str]], target: str, role: str) -> None:
    """A rule on the default bus and on another, a schedule in the default group and in another."""
    events, scheduler = aws.get("events"), aws.get("scheduler")
    events.create_event_bus(Name=f"bus-{name}")
    for bus, when in (
        ("default", {"ScheduleExpression": "rate(1 hour)"}),
        (f"bus-{name}", {"EventPattern": '{"source": ["orders"]}'}),
    ):
        events.put_rule(Name=f"{name}-Rule-ABC", EventBusName=bus, Tags=tags, **when)
        events.put_targets(Rule=f"{name}-Rule-ABC", EventBusName=bus, Targets=[{"Id": "1", "Arn": target}])
    scheduler.create_schedule_group(Name=f"group-{owner}")
    for group in ("default", f"group-{owner}"):
        scheduler.create_schedule(
            Name=f"{name}-Schedule-ABC",
            GroupName=group,
            ScheduleExpression="rate(1 hour)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": target, "RoleArn": role},
        )


def _zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context):\n    return 1\n")
    return content.getvalue()


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
