"""Topics send to functions and queues in AWS's shape, permissions checked.

https://docs.aws.amazon.com/sns/latest/dg/sns-lambda-as-subscriber.html
"""

from __future__ import annotations

import logging
from typing import Any

from moto.sns.models import Subscription

from workshop.localaws.events.shapes import sns_event
from workshop.localaws.events.targets import NotDelivered, Sender
from workshop.localaws.moto.current import CURRENT

log = logging.getLogger("workshop.localaws.events")


def install() -> None:
    """Subscriptions send as AWS's do, function and queue permissions checked."""
    Subscription.publish = _publish(Subscription.publish)  # type: ignore[method-assign]


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
                self.arn, self.topic.arn, message_id, message, subject, message_attributes, CURRENT.clock.now()
            )
            CURRENT.targets.later(self.endpoint, event, sender)
            return
        if self.protocol == "sqs":
            try:
                CURRENT.targets._permitted(self.endpoint, "sqs:SendMessage", sender)
            except NotDelivered as fault:
                log.warning("%s could not reach %s: %s", self.topic.arn, self.endpoint, fault)
                return
        original(self, message, message_id, subject, message_attributes, group_id, deduplication_id, message_structure)

    return publish
