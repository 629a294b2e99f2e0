"""SQS queues, SNS topics and S3 buckets as sources of events.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.localaws.bench import ACCOUNT, REGION, Bench, allow, eventually, unique
from tests.localaws.events.conftest import Recorder


class Queue:
    """A queue for tests."""

    def __init__(self, bench: Bench, **attributes: str) -> None:
        self.sqs, self.name = bench.client("sqs"), unique("q") + attributes.pop("suffix", "")
        self.url = self.sqs.create_queue(QueueName=self.name, Attributes=attributes)["QueueUrl"]
        self.arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"

    def send(self, body: str, **more: Any) -> str:
        """Send a message; returns its id."""
        return str(self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)["MessageId"])

    def counts(self) -> tuple[int, int]:
        """(messages to be seen, messages in flight)."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])


def feed(bench: Bench, queue: Queue, recorder: Recorder, **more: Any) -> str:
    """An event source mapping; returns its id."""
    made = bench.client("lambda").create_event_source_mapping(
        EventSourceArn=queue.arn, FunctionName=recorder.arn, **more
    )
    return str(made["UUID"])


def test_a_message_reaches_the_function_and_leaves_the_queue(bench: Bench, recorder: Recorder) -> None:
    queue = Queue(bench)
    feed(bench, queue, recorder)
    sent = queue.send("hello", MessageAttributes={"colour": {"DataType": "String", "StringValue": "red"}})
    record = recorder.wait()[0]["Records"][0]
    attributes = record.pop("attributes")
    assert record.pop("receiptHandle")
    assert record == {
        "messageId": sent,
        "body": "hello",
        "messageAttributes": {
            "colour": {"stringValue": "red", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
        },
        "md5OfBody": hashlib.md5(b"hello", usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": REGION,
    }
    assert attributes["ApproximateReceiveCount"] == "1"
    assert set(attributes) == {
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
    }
    assert eventually(lambda: queue.counts() == (0, 0))


def test_batches_are_as_large_as_they_may_be(bench: Bench, recorder: Recorder) -> None:
    queue = Queue(bench)
    for number in range(25):
        queue.send(str(number))
    feed(bench, queue, recorder, BatchSize=10)
    sizes = sorted(len(event["Records"]) for event in recorder.wait(3))
    assert sizes == [5, 10, 10]


def test_a_failed_batch_comes_back_after_its_visibility_timeout_and_ends_in_the_dead_letter_queue(
    bench: Bench, recorder: Recorder, clock: Callable[..., Any]
) -> None:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    grave = Queue(bench)
    redrive = json.dumps({"deadLetterTargetArn": grave.arn, "maxReceiveCount": 2})
    queue = Queue(bench, VisibilityTimeout="60", RedrivePolicy=redrive)
    feed(bench, queue, recorder)
    queue.send("please fail")
    assert recorder.wait(1)[0]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1"
    assert eventually(lambda: queue.counts() == (0, 1))
    clock(advance=61)
    assert recorder.wait(2)[1]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "2"
    clock(advance=61)
    assert eventually(lambda: grave.counts()[0] == 1)
    assert queue.counts() == (0, 0) and len(recorder.look()) == 2


def test_only_the_failed_part_of_a_batch_comes_back(
    bench: Bench, recorder: Recorder, clock: Callable[..., Any]
) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    queue = Queue(bench, VisibilityTimeout="60")
    for body in ("good", "partly bad", "fine"):
        queue.send(body)
    feed(bench, queue, recorder, FunctionResponseTypes=["ReportBatchItemFailures"])
    recorder.wait(1)
    assert eventually(lambda: queue.counts() == (0, 1))
    clock(advance=61)
    assert [one["body"] for one in recorder.wait(2)[1]["Records"]] == ["partly bad"]


def test_a_delayed_message_waits_on_the_clock(bench: Bench, recorder: Recorder, clock: Callable[..., Any]) -> None:
    queue = Queue(bench)
    feed(bench, queue, recorder)
    queue.send("later", DelaySeconds=600)
    time.sleep(0.3)
    assert recorder.look() == []
    clock(advance=601)
    assert recorder.wait()[0]["Records"][0]["body"] == "later"


def test_a_mapping_can_be_filtered_and_switched_off(bench: Bench, recorder: Recorder) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
    queue = Queue(bench)
    criteria = {"Filters": [{"Pattern": json.dumps({"body": {"kind": ["order"]}})}]}
    uuid = feed(bench, queue, recorder, FilterCriteria=criteria)
    queue.send('{"kind": "noise"}')
    queue.send('{"kind": "order"}')
    assert [one["body"] for one in recorder.wait()[0]["Records"]] == ['{"kind": "order"}']
    assert eventually(lambda: queue.counts() == (0, 0))
    bench.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=False)
    queue.send('{"kind": "order", "n": 2}')
    time.sleep(0.3)
    assert queue.counts() == (1, 0) and len(recorder.look()) == 1
    bench.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=True)
    assert len(recorder.wait(2)) == 2


def test_groups_of_a_fifo_queue_stay_in_order(bench: Bench, recorder: Recorder) -> None:
    queue = Queue(bench, suffix=".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    feed(bench, queue, recorder, BatchSize=1)
    for number in range(6):
        queue.send(str(number), MessageGroupId="one")
    bodies = [event["Records"][0]["body"] for event in recorder.wait(6)]
    assert bodies == [str(number) for number in range(6)]
    assert recorder.events[0]["Records"][0]["attributes"]["MessageGroupId"] == "one"


def test_the_role_must_be_allowed_to_receive(bench: Bench, recorder: Recorder) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
    queue, iam, name = Queue(bench), bench.client("iam"), recorder.role.rpartition("/")[2]
    narrow = allow(["logs:*", "sqs:SendMessage"], "*")
    iam.put_role_policy(
        RoleName=name, PolicyName="inline", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [narrow]})
    )
    feed(bench, queue, recorder)
    queue.send("hello")
    time.sleep(0.3)
    assert queue.counts() == (1, 0)
    wide = allow(["logs:*", "sqs:*"], "*")
    iam.put_role_policy(
        RoleName=name, PolicyName="inline", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [wide]})
    )
    assert recorder.wait()


def test_a_topic_sends_to_a_function(bench: Bench, recorder: Recorder) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
    sns = bench.client("sns")
    topic = sns.create_topic(Name=unique("t"))["TopicArn"]
    made = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=recorder.arn, ReturnSubscriptionArn=True)
    sns.publish(TopicArn=topic, Message="not permitted yet")
    bench.permit(recorder.arn, "sns.amazonaws.com", topic)
    attributes = {"colour": {"DataType": "String", "StringValue": "red"}}
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="greeting", MessageAttributes=attributes)
    record = recorder.wait()[0]["Records"][0]
    note = record.pop("Sns")
    assert record == {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": made["SubscriptionArn"],
    }
    assert (note["Type"], note["MessageId"], note["TopicArn"]) == ("Notification", sent["MessageId"], topic)
    assert (note["Subject"], note["Message"]) == ("greeting", "hello")
    assert note["MessageAttributes"] == {"colour": {"Type": "String", "Value": "red"}}
    assert {"Timestamp", "SignatureVersion", "Signature", "SigningCertUrl", "UnsubscribeUrl"} <= set(note)


def test_a_topic_sends_to_a_queue_that_lets_it(bench: Bench) -> None:
    # https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
    sns, queue = bench.client("sns"), Queue(bench)
    topic = sns.create_topic(Name=unique("t"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    sns.publish(TopicArn=topic, Message="lost")
    statement = {
        **allow("sqs:SendMessage", queue.arn),
        "Principal": {"Service": "sns.amazonaws.com"},
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy})
    sns.publish(TopicArn=topic, Message="hello")
    found = eventually(lambda: queue.sqs.receive_message(QueueUrl=queue.url).get("Messages"))
    assert [json.loads(one["Body"])["Message"] for one in found] == ["hello"]


@pytest.mark.parametrize("key", ["in/a b+ü.jpg"])
def test_a_bucket_notifies_a_function(bench: Bench, recorder: Recorder, key: str) -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    s3, bucket = bench.client("s3"), unique("bucket")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    bench.permit(recorder.arn, "s3.amazonaws.com", f"arn:aws:s3:::{bucket}")
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]
    config = {
        "Id": "pictures",
        "LambdaFunctionArn": recorder.arn,
        "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
        "Filter": {"Key": {"FilterRules": rules}},
    }
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [config]}
    )
    for other in ("out/a.jpg", "in/a.txt"):
        s3.put_object(Bucket=bucket, Key=other, Body=b"x")
    etag = s3.put_object(Bucket=bucket, Key=key, Body=b"12345")["ETag"].strip('"')
    record = recorder.wait()[0]["Records"][0]
    assert (record["eventVersion"], record["eventSource"], record["awsRegion"]) == ("2.1", "aws:s3", REGION)
    assert record["eventName"] == "ObjectCreated:Put"
    assert {"eventTime", "userIdentity", "requestParameters", "responseElements"} <= set(record)
    detail = record["s3"]
    assert (detail["s3SchemaVersion"], detail["configurationId"]) == ("1.0", "pictures")
    assert (detail["bucket"]["name"], detail["bucket"]["arn"]) == (bucket, f"arn:aws:s3:::{bucket}")
    assert detail["object"].pop("sequencer")
    assert detail["object"] == {"key": "in/a+b%2B%C3%BC.jpg", "size": 5, "eTag": etag}
    s3.delete_object(Bucket=bucket, Key=key)
    gone = recorder.wait(2)[1]["Records"][0]
    assert gone["eventName"] == "ObjectRemoved:Delete" and "size" not in gone["s3"]["object"]
    assert len(recorder.look()) == 2


def test_a_hidden_message_is_not_lost_when_the_clock_goes_back(
    bench: Bench, recorder: Recorder, clock: Callable[..., Any]
) -> None:
    clock(to="2035-01-01T00:00:00Z")
    queue = Queue(bench, VisibilityTimeout="60")
    feed(bench, queue, recorder)
    queue.send("please fail")
    recorder.wait(1)
    assert eventually(lambda: queue.counts() == (0, 1))
    clock(reset=True)
    assert queue.counts() == (0, 1)
    clock(advance=61)
    assert len(recorder.wait(2)) == 2
