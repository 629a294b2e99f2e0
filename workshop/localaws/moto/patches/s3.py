"""Buckets notify as AWS's do, and their policies are judged by our evaluation, conditions included.

moto's own evaluation knows no conditions and steps back. The Serverless Framework's deployment bucket denies everything
that comes without TLS: moto overlooks the condition and would refuse every upload.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
"""

from __future__ import annotations

import json
import logging
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3 import notifications
from moto.s3.models import FakeBucket

from workshop.localaws.events.shapes import s3_event
from workshop.localaws.events.targets import NotDelivered, Sender
from workshop.localaws.moto.current import CURRENT

log = logging.getLogger("workshop.localaws.events")


def install() -> None:
    """Change both."""
    notifications.send_event = _send_event

    original = FakeBucket.get_permission

    def get_permission(self: Any, action: str, resource: str) -> Any:
        found = original(self, action, resource)
        return PermissionResult.NEUTRAL if found == PermissionResult.DENIED else found

    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]


def _send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
    """In place of moto's `notifications.send_event`."""
    config = bucket.notification_configuration
    if config is None or key is None:
        return
    name = str(getattr(event_name, "value", event_name))
    sender = Sender("s3.amazonaws.com", bucket.arn, account=account_id)
    for wanted in (*config.cloud_function, *config.queue, *config.topic):
        if not wanted.matches(event_name, key.name):
            continue
        event = s3_event(name, bucket, key, wanted.id, CURRENT.clock.now())
        if ":lambda:" in wanted.arn:
            CURRENT.targets.later(wanted.arn, event, sender)
            continue
        try:
            CURRENT.targets.put(wanted.arn, json.dumps(event), sender, {})
        except NotDelivered as fault:
            log.warning("%s could not reach %s: %s", bucket.arn, wanted.arn, fault)
    if config.event_bridge is not None:
        notifications._send_event_bridge_message(account_id, bucket, event_name, key)
