"""Fixtures of the tests of events: a cloud of their own, because they move its clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from tests.localaws.bench import REGION, Bench, eventually
from tests.support import LONGEST

# Writes every event into the queue named in its environment, then does what the event asks for.
RECORD = """
import json, os, boto3
sqs = boto3.client("sqs")
def handler(event, context):
    sqs.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
    text = json.dumps(event)
    if "please fail" in text:
        raise ValueError("as asked")
    if "partly" in text:
        bad = [one["messageId"] for one in event["Records"] if "partly bad" in one["body"]]
        return {"batchItemFailures": [{"itemIdentifier": one} for one in bad]}
    return "done"
"""


@pytest.fixture(scope="session")
def own_cloud() -> Iterator[Any]:
    from workshop.cloud.switch import start_local

    connected = start_local()
    yield connected
    connected.close()


@pytest.fixture(scope="session")
def bench(own_cloud: Any) -> Bench:
    def client(service: str, **options: Any) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        config = Config(retries={"max_attempts": 0}, read_timeout=60)
        where = {"region_name": REGION, "endpoint_url": own_cloud.endpoint}
        return boto3.client(service, config=config, **where, **keys | options)

    return Bench(client, own_cloud.endpoint)


@pytest.fixture(autouse=True)
def real_time(bench: Bench) -> Iterator[None]:
    """Every test starts and ends in real time."""
    yield
    httpx.post(f"{bench.url}/_workshop/clock", json={"reset": True})


@pytest.fixture
def clock(bench: Bench) -> Callable[..., Any]:
    """`clock(to="2026-03-02T02:59:00Z")`: what the cloud's clock door answers."""

    def move(**request: Any) -> Any:
        url = f"{bench.url}/_workshop/clock"
        got = httpx.post(url, json=request, timeout=60) if request else httpx.get(url)
        return got.json()

    return move


class Recorder:
    """A function that tells what events it got."""

    def __init__(self, bench: Bench, **config: Any) -> None:
        from tests.localaws.bench import allow, unique

        self.bench, self.sqs = bench, bench.client("sqs")
        fortnight = {"MessageRetentionPeriod": "1209600"}  # the clock of these tests moves by days
        self.queue = self.sqs.create_queue(QueueName=unique("seen"), Attributes=fortnight)["QueueUrl"]
        self.role = bench.role(allow(["logs:*", "sqs:*"], "*"))
        self.arn = bench.function(RECORD, role=self.role, Environment={"Variables": {"QUEUE": self.queue}}, **config)
        self.events: list[Any] = []

    def look(self) -> list[Any]:
        """All events so far."""
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, VisibilityTimeout=43200)
        self.events += [json.loads(one["Body"]) for one in found.get("Messages", ())]
        return self.events

    def finished(self) -> int:
        """How many of its requests are over."""
        found = httpx.get(f"{self.bench.url}/_workshop/invocations").json()["invocations"]
        return len([one for one in found if one["function"] == self.arn.rpartition(":")[2]])

    def wait(self, count: int = 1, seconds: float = LONGEST) -> list[Any]:
        """The events once there are `count` of them."""
        eventually(lambda: len(self.look()) >= count, seconds)
        return self.events


@pytest.fixture
def recorder(bench: Bench) -> Recorder:
    return Recorder(bench)
