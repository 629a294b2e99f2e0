"""Where events go: functions, queues, topics, log groups and other buses, permissions checked as each service does."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from workshop.localaws.faults import AwsError
from workshop.localaws.iam import attached
from workshop.localaws.iam.policy import resource_allows
from workshop.localaws.moto import stores
from workshop.localaws.moto.loading import LOCK
from workshop.localaws.runtime.model import Invocation

log = logging.getLogger("workshop.localaws.events")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: a service for a rule, schedule, topic or bucket; with a role when it assumes one."""

    service: str  # events.amazonaws.com, scheduler.amazonaws.com, sns.amazonaws.com, s3.amazonaws.com
    arn: str
    role: str = ""
    account: str = ""


class NotDelivered(Exception):
    """The target did not take the event; the text says why."""


class Targets:
    """Delivers to targets.

    Args:
        functions: the cloud's `Functions`.
        queue: the cloud's `AsyncQueue`: asynchronous invocations with their retries.
        iam: the cloud's `Iam`.
        settings: `enforce_iam` is read.
        on_loop: runs something on the event loop from any thread.
    """

    def __init__(self, functions: Any, queue: Any, iam: Any, settings: Any, on_loop: Callable[..., None]) -> None:
        self.functions, self.queue, self.iam, self.settings, self.on_loop = functions, queue, iam, settings, on_loop

    async def send(self, arn: str, text: str, sender: Sender, target: Mapping[str, Any]) -> tuple[str, str]:
        """Deliver one event.

        Args:
            arn: the target's.
            text: what it gets.
            sender: for the permission.
            target: further settings, such as `SqsParameters` and `DeadLetterConfig`.

        Returns:
            (request id of the invocation or empty, what went wrong or empty).
        """
        service = arn.split(":")[2] if arn.count(":") >= 5 else ""
        try:
            if service == "lambda":
                return await self._function(arn, text, sender)
            if service not in ("sqs", "sns", "logs", "events"):
                raise NotDelivered(f"targets like {arn} are not offered here")
            await asyncio.to_thread(self.put, arn, text, sender, target)
        except NotDelivered as fault:
            log.warning("%s could not reach %s: %s", sender.arn, arn, fault)
            await asyncio.to_thread(self._bury, arn, text, sender, target, str(fault))
            return "", str(fault)
        return "", ""

    async def _function(self, arn: str, text: str, sender: Sender) -> tuple[str, str]:
        self.allowed(arn, sender)
        try:
            reference = self.functions.route(arn).reference
            first: asyncio.Future[Invocation | None] = asyncio.get_running_loop().create_future()
            request_id = self.queue.put(reference, text.encode(), first=first)
            outcome = await first
        except AwsError as error:
            raise NotDelivered(error.message) from None
        if outcome is None:
            return request_id, "throttled"
        if not outcome.function_error:
            return request_id, ""
        try:
            answer = json.loads(outcome.payload)
        except ValueError:
            answer = {}
        told = answer.get("errorMessage") if isinstance(answer, dict) else ""
        return request_id, str(told or outcome.function_error)

    def later(self, arn: str, payload: Mapping[str, Any], sender: Sender) -> None:
        """Invoke a function asynchronously for a topic or bucket, from any thread; not allowed means a log line."""
        try:
            self.allowed(arn, sender)
            reference = self.functions.route(arn).reference
        except (NotDelivered, AwsError) as fault:
            log.warning("%s could not reach %s: %s", sender.arn, arn, fault)
            return
        self.on_loop(self.queue.put, reference, json.dumps(payload).encode())

    def allowed(self, arn: str, sender: Sender) -> None:
        """Whether a sender may call a function: by its role when it has one, else by the function's policy.

        Raises:
            NotDelivered: it may not.
        """
        if not self.settings.enforce_iam:
            return
        if sender.role:
            if not self.iam.role_may(sender.role, sender.service, "lambda:InvokeFunction", arn):
                raise NotDelivered(f"the role {sender.role} may not call it, or does not trust {sender.service}")
        elif not self.iam.may_invoke(arn, sender.service, sender.arn):
            raise NotDelivered(f"the function's policy does not let {sender.service} call it for this source")

    def put(self, arn: str, text: str, sender: Sender, target: Mapping[str, Any]) -> None:
        """Put a text into a queue, topic, log group or bus. Blocks; thread-safe.

        Raises:
            NotDelivered: not allowed, or not there.
        """
        service, region, account, name = arn.split(":", 5)[2:]
        action = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}.get(service, "events:PutEvents")
        self._permitted(arn, action, sender)
        with LOCK:
            try:
                _PUT[service](region, account, name, text, target)
            except NotDelivered:
                raise
            except Exception as error:
                raise NotDelivered(str(error) or type(error).__name__) from None

    def _permitted(self, arn: str, action: str, sender: Sender) -> None:
        if not self.settings.enforce_iam:
            return
        if sender.role:
            if not self.iam.role_may(sender.role, sender.service, action, arn):
                raise NotDelivered(f"the role {sender.role} may not {action} there, or does not trust {sender.service}")
            return
        if not action.startswith(("sqs", "sns")):
            return
        policy = attached.queue(arn) if action.startswith("sqs") else attached.topic(arn)
        account = sender.account or (sender.arn.split(":") + [""] * 5)[4]
        context = {"aws:SourceArn": sender.arn, "aws:SourceAccount": account}
        if not resource_allows(policy, action, arn, (("Service", sender.service),), context):
            raise NotDelivered(f"its policy does not allow {action} to {sender.service}")

    def _bury(self, arn: str, text: str, sender: Sender, target: Mapping[str, Any], why: str) -> None:
        """Put what was not delivered into the target's dead-letter queue."""
        grave = (target.get("DeadLetterConfig") or {}).get("Arn")
        if not grave:
            return
        attributes = {"RULE_ARN": sender.arn, "TARGET_ARN": arn, "ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": why}
        try:
            self.put(grave, text, sender, {"attributes": attributes})
        except NotDelivered as fault:
            log.warning("%s could not reach the dead-letter queue %s: %s", sender.arn, grave, fault)


def _to_queue(region: str, account: str, name: str, text: str, target: Mapping[str, Any]) -> None:
    attributes = {
        key: {"DataType": "String", "StringValue": value} for key, value in (target.get("attributes") or {}).items()
    }
    stores.backend("sqs", account, region).send_message(
        queue_name=name,
        message_body=text,
        message_attributes=attributes or None,
        group_id=(target.get("SqsParameters") or {}).get("MessageGroupId"),
        deduplication_id=None,
    )


def _to_topic(region: str, account: str, name: str, text: str, target: Mapping[str, Any]) -> None:
    stores.backend("sns", account, region).publish(message=text, arn=f"arn:aws:sns:{region}:{account}:{name}")


def _to_logs(region: str, account: str, name: str, text: str, target: Mapping[str, Any]) -> None:
    backend = stores.backend("logs", account, region)
    group = name.removeprefix("log-group:").removesuffix(":*")
    stream = str(uuid4())
    backend.create_log_stream(group, stream)
    backend.put_log_events(group, stream, [{"timestamp": int(time.time() * 1000), "message": text}])


def _to_bus(region: str, account: str, name: str, text: str, target: Mapping[str, Any]) -> None:
    event = json.loads(text)
    stores.backend("events", account, region).put_events(
        [
            {
                "Source": event.get("source", "aws.events"),
                "DetailType": event.get("detail-type", ""),
                "Detail": json.dumps(event.get("detail", {})),
                "Resources": event.get("resources", []),
                "EventBusName": name.removeprefix("event-bus/"),
            }
        ]
    )


_PUT = {"sqs": _to_queue, "sns": _to_topic, "logs": _to_logs, "events": _to_bus}
