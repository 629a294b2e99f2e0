"""What topics and buckets send to functions and queues, in AWS's shape and with AWS's permissions.

moto's own SNS and S3 call these places; they are replaced here, once.
https://docs.aws.amazon.com/sns/latest/dg/sns-lambda-as-subscriber.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from workshop.localaws.events.clock import Clock
from workshop.localaws.events.shapes import s3_event, sns_event
from workshop.localaws.events.targets import NotDelivered, Sender, Targets
from workshop.localaws.moto.loading import loaded

log = logging.getLogger("workshop.localaws.events")


class _Now:
    """What the replaced places of moto use; the latest cloud of the process."""

    targets: Targets
    clock: Clock
    arrived: Callable[[str], None]


def use(targets: Targets, clock: Clock, arrived: Callable[[str], None]) -> None:
    """Send through these targets from now on: the latest cloud of the process.

    Args:
        targets: delivers to functions.
        clock: stamps messages, and is the time of SQS: delays, visibility, retention.
        arrived: called with a queue's ARN when a message may be visible in it; from any thread.
    """
    _Now.targets, _Now.clock, _Now.arrived = targets, clock, staticmethod(arrived)  # type: ignore[assignment]


def install_sns() -> None:
    """Subscriptions send as AWS's do, function and queue permissions checked."""
    from moto.sns.models import Subscription

    Subscription.publish = _publish(Subscription.publish)  # type: ignore[method-assign]


def install_sqs() -> None:
    """Queues live on the cloud's clock and say when a message came."""
    import moto.sqs.models as sqs

    sqs.Queue.add_message = _add_message(sqs.Queue.add_message)  # type: ignore[method-assign]
    sqs.SQSBackend.change_message_visibility = _visibility(  # type: ignore[method-assign]
        sqs.SQSBackend.change_message_visibility
    )
    sqs.unix_time = lambda *_: _Now.clock.time()  # type: ignore[attr-defined]
    sqs.unix_time_millis = lambda *_: _Now.clock.time() * 1000  # type: ignore[attr-defined]


def install_s3() -> None:
    """Buckets notify as AWS's do."""
    from moto.s3 import notifications

    notifications.send_event = _send_event


def shift_queues(seconds: float) -> None:
    """The clock went back: messages hidden or delayed for a minute still are for a minute, not for years."""
    models = loaded("sqs.models")
    for regions in list(models.sqs_backends.values()) if models else ():
        for backend in list(regions.values()):
            for queue in list(backend.queues.values()):
                for message in list(queue._messages):
                    message.sent_timestamp = int(message.sent_timestamp + seconds * 1000)
                    message.visible_at += seconds * 1000 if message.visible_at else 0
                    message.delayed_until += seconds * 1000 if message.delayed_until else 0


def _publish(original: Any) -> Any:
    def publish(
        self: Any,
        message: str,
        message_id: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> None:
        sender = Sender("sns.amazonaws.com", self.topic.arn, account=self.account_id)
        if self.protocol == "lambda":
            matcher = self._filter_policy_matcher
            if matcher is not None and not matcher.matches(message_attributes, message):
                return
            if message_structure == "json":
                message = self._parse_message_structure(message, self.protocol)
            event = sns_event(
                self.arn, self.topic.arn, message_id, message, subject, message_attributes, _Now.clock.now()
            )
            _Now.targets.later(self.endpoint, event, sender)
            return
        if self.protocol == "sqs":
            try:
                _Now.targets._permitted(self.endpoint, "sqs:SendMessage", sender)
            except NotDelivered as fault:
                log.warning("%s could not reach %s: %s", self.topic.arn, self.endpoint, fault)
                return
        original(self, message, message_id, subject, message_attributes, group_id, deduplication_id, message_structure)

    return publish


def _add_message(original: Any) -> Any:
    def add_message(self: Any, message: Any) -> None:
        original(self, message)
        _Now.arrived(self.queue_arn)

    return add_message


def _visibility(original: Any) -> Any:
    def change_message_visibility(self: Any, queue_name: str, *args: Any, **kwargs: Any) -> Any:
        result = original(self, queue_name, *args, **kwargs)
        _Now.arrived(self.get_queue(queue_name).queue_arn)
        return result

    return change_message_visibility


def _send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
    """In place of moto's `notifications.send_event`."""
    from moto.s3 import notifications

    config = bucket.notification_configuration
    if config is None or key is None:
        return
    name = str(getattr(event_name, "value", event_name))
    sender = Sender("s3.amazonaws.com", bucket.arn, account=account_id)
    for wanted in (*config.cloud_function, *config.queue, *config.topic):
        if not wanted.matches(event_name, key.name):
            continue
        event = s3_event(name, bucket, key, wanted.id, _Now.clock.now())
        if ":lambda:" in wanted.arn:
            _Now.targets.later(wanted.arn, event, sender)
            continue
        try:
            _Now.targets.put(wanted.arn, json.dumps(event), sender, {})
        except NotDelivered as fault:
            log.warning("%s could not reach %s: %s", bucket.arn, wanted.arn, fault)
    if config.event_bridge is not None:
        notifications._send_event_bridge_message(account_id, bucket, event_name, key)
