"""Asynchronous invocation: retries, destinations, dead letters.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from tests.localaws.bench import ACCOUNT, REGION, Bench, allow, eventually, unique, zipped
from tests.localaws.lambda_api.test_functions import create, refusal

SOURCE = """
def handler(event, context):
    if event.get("fail"):
        raise RuntimeError("as asked")
    return "done"
"""


@pytest.fixture(scope="module")
def quick() -> Iterator[Bench]:
    """A cloud of its own, with short waits before retries."""
    from workshop.cloud.switch import start_local

    connected = start_local()
    httpx.post(f"{connected.endpoint}/_workshop/settings", json={"retry_seconds": [0.05, 0.1]}).raise_for_status()

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=connected.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}),
        )

    yield Bench(client, connected.endpoint)
    connected.close()


def queue(bench: Bench) -> tuple[str, str]:
    """(URL, ARN) of a new queue."""
    name = unique("q")
    return bench.client("sqs").create_queue(QueueName=name)["QueueUrl"], f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def received(bench: Bench, url: str) -> dict[str, Any]:
    """The next message."""
    found = bench.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=10, MessageAttributeNames=["All"])
    assert found.get("Messages"), "no message came"
    return found["Messages"][0]


def function(bench: Bench, target: str, **config: Any) -> str:
    role = bench.role(allow("logs:*", "*"), allow("sqs:SendMessage", target))
    return str(create(bench.client("lambda"), role, Code={"ZipFile": zipped(SOURCE)}, **config)["FunctionName"])


def test_three_attempts_with_one_request_id_then_the_destination(quick: Bench) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    url, arn = queue(quick)
    name, api = function(quick, arn), quick.client("lambda")
    api.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}})
    request_id = api.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"fail": 1}')["ResponseMetadata"][
        "RequestId"
    ]
    record = json.loads(received(quick, url)["Body"])
    assert record["version"] == "1.0"
    assert record["requestContext"] == {
        "requestId": request_id,
        "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["requestPayload"] == {"fail": 1}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["responsePayload"]["errorMessage"] == "as asked"
    ran = httpx.get(f"{quick.url}/_workshop/invocations").json()["invocations"]
    assert [run["status"] for run in ran if run["request_id"] == request_id] == ["error"] * 3


def test_a_destination_is_an_arn(quick: Bench) -> None:
    # https://docs.aws.amazon.com/lambda/latest/api/API_OnFailure.html
    name = function(quick, "*")
    put = quick.client("lambda").put_function_event_invoke_config
    for target in ("my-queue", "arn:aws:s3:::bucket"):
        code, message = refusal(put, FunctionName=name, DestinationConfig={"OnFailure": {"Destination": target}})
        assert code == "ValidationException"
        assert "'destinationConfig.onFailure.destination'" in message


def test_success_has_a_destination_too(quick: Bench) -> None:
    url, arn = queue(quick)
    name, api = function(quick, arn), quick.client("lambda")
    api.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}})
    api.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    record = json.loads(received(quick, url)["Body"])
    assert record["requestContext"]["condition"] == "Success"
    assert record["responsePayload"] == "done"


def test_a_dead_letter_queue_gets_the_event_itself(quick: Bench) -> None:
    url, arn = queue(quick)
    name, api = function(quick, arn, DeadLetterConfig={"TargetArn": arn}), quick.client("lambda")
    api.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    api.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"fail": "dead"}')
    message = received(quick, url)
    assert json.loads(message["Body"]) == {"fail": "dead"}
    told = {name: (each["DataType"], each["StringValue"]) for name, each in message["MessageAttributes"].items()}
    assert told["ErrorMessage"] == ("String", "as asked")
    assert told["ErrorCode"] == ("Number", "200")


def test_a_role_without_permission_delivers_nothing(quick: Bench) -> None:
    url, arn = queue(quick)
    name, api = function(quick, f"{arn}-another"), quick.client("lambda")
    api.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}})
    request_id = api.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")["ResponseMetadata"]["RequestId"]

    def ran() -> bool:
        found = httpx.get(f"{quick.url}/_workshop/invocations").json()["invocations"]
        return any(run["request_id"] == request_id for run in found)

    assert eventually(ran)
    assert not quick.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages")


def test_a_destination_function_is_called_with_the_record(quick: Bench) -> None:
    url, arn = queue(quick)
    source = (
        "import boto3, json, os\ndef handler(event, context):\n"
        "    boto3.client('sqs').send_message(QueueUrl=os.environ['URL'], MessageBody=json.dumps(event))\n"
    )
    api = quick.client("lambda")
    role = quick.role(allow("logs:*", "*"), allow("sqs:SendMessage", arn))
    target = create(
        api, role, Code={"ZipFile": zipped(source)}, Timeout=20, MemorySize=512, Environment={"Variables": {"URL": url}}
    )["FunctionArn"]
    caller = create(
        api, quick.role(allow("logs:*", "*"), allow("lambda:InvokeFunction", target)), Code={"ZipFile": zipped(SOURCE)}
    )["FunctionName"]
    api.put_function_event_invoke_config(FunctionName=caller, DestinationConfig={"OnSuccess": {"Destination": target}})
    api.invoke(FunctionName=caller, InvocationType="Event", Payload=b'{"n": 1}')
    assert json.loads(received(quick, url)["Body"])["requestPayload"] == {"n": 1}
