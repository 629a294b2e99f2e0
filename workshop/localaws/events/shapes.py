"""The events that AWS's services send to a function, field by field."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4

from workshop.localaws.events.clock import iso


def scheduled(source: str, account: str, region: str, when: datetime, arn: str) -> dict[str, Any]:
    """What a schedule sends when it has no input of its own.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html

    Args:
        source: `aws.events` for a rule, `aws.scheduler` for EventBridge Scheduler.
        account, region: where.
        when: the scheduled time, not the time of the call.
        arn: of the rule or schedule.
    """
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": account,
        "time": iso(when),
        "region": region,
        "resources": [arn],
        "detail": {} if source == "aws.events" else "{}",
    }


def sqs_record(message: Any, queue_arn: str) -> dict[str, Any]:
    """One record of a batch from a queue.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": str(message.sender_id),
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    if message.group_id and queue_arn.endswith(".fifo"):
        attributes |= {
            "SequenceNumber": str(message.sequence_number),
            "MessageGroupId": str(message.group_id),
            "MessageDeduplicationId": str(message.deduplication_id),
        }
    for name, value in (message.system_attributes or {}).items():
        attributes[name] = (
            str(value.get("string_value", value.get("StringValue", ""))) if isinstance(value, dict) else str(value)
        )
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    binary = value.get("BinaryValue")
    found: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value.get("DataType")}
    if binary is not None:
        found["binaryValue"] = binary.decode("latin-1") if isinstance(binary, bytes) else binary
    else:
        found["stringValue"] = value.get("StringValue")
    return found


def sns_event(
    subscription_arn: str,
    topic_arn: str,
    message_id: str,
    message: str,
    subject: str | None,
    attributes: Mapping[str, Any] | None,
    when: datetime,
) -> dict[str, Any]:
    """What a topic sends to a subscribed function.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
    """
    region = topic_arn.split(":")[3]
    host = f"https://sns.{region}.amazonaws.com"
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription_arn,
                "Sns": {
                    "Type": "Notification",
                    "MessageId": message_id,
                    "TopicArn": topic_arn,
                    "Subject": subject,
                    "Message": message,
                    "Timestamp": when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
                    "SignatureVersion": "1",
                    "Signature": "not signed offline",
                    "SigningCertUrl": f"{host}/SimpleNotificationService.pem",
                    "UnsubscribeUrl": f"{host}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}",
                    "MessageAttributes": {
                        name: {"Type": value.get("Type"), "Value": value.get("Value")}
                        for name, value in (attributes or {}).items()
                    },
                },
            }
        ]
    }


def s3_event(event_name: str, bucket: Any, key: Any, configuration_id: str, when: datetime) -> dict[str, Any]:
    """What a bucket sends when an object comes or goes.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    sequence = f"{int(when.timestamp() * 1_000_000):016X}"
    thing: dict[str, Any] = {"key": quote_plus(key.name, safe="/")}
    if event_name.startswith("s3:ObjectCreated"):
        thing |= {"size": key.size, "eTag": key.etag.strip('"')}
    if bucket.is_versioned and key.version_id:
        thing["versionId"] = key.version_id
    thing["sequencer"] = sequence
    principal = {"principalId": "AWS:" + bucket.account_id}
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": bucket.region_name,
                "eventTime": when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
                "eventName": event_name.removeprefix("s3:"),
                "userIdentity": principal,
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {"x-amz-request-id": uuid4().hex[:16].upper(), "x-amz-id-2": uuid4().hex},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": configuration_id,
                    "bucket": {
                        "name": bucket.name,
                        "ownerIdentity": {"principalId": bucket.account_id},
                        "arn": bucket.arn,
                    },
                    "object": thing,
                },
            }
        ]
    }
