"""Asynchronous invocations: the queue, the retries, and where the outcome goes.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from workshop.localaws.faults import AwsError
from workshop.localaws.functions import Functions
from workshop.localaws.lambda_api.names import Reference
from workshop.localaws.lambda_api.store import LATEST
from workshop.localaws.runtime.model import Invocation, Throttled

log = logging.getLogger(__name__)
OLDEST = 6 * 3600  # seconds an event is kept
THROTTLE_WAITS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 300.0)
WAITING_LIMIT = 10_000


@dataclass(slots=True)
class Event:
    """One event in the queue."""

    reference: Reference
    payload: bytes
    request_id: str
    context: bytes | None
    accepted: float
    attempts: int = 0
    throttles: int = 0
    first: asyncio.Future[Invocation | None] | None = None

    def attempted(self, outcome: Invocation | None) -> None:
        """Tell whoever waits for the first attempt."""
        if self.first is not None and not self.first.done():
            self.first.set_result(outcome)


class AsyncQueue:
    """Runs events later and says what came of them.

    Args:
        functions: runs them.
        clock: the cloud's clock; retries wait on it, so moving it forwards brings them on.
        waits: seconds before the first and the second retry.
        deliver: sends a record to a destination's or dead-letter queue's ARN; blocks, runs in a thread.
    """

    def __init__(
        self, functions: Functions, clock: Any, waits: tuple[float, float], deliver: Callable[..., None]
    ) -> None:
        self.functions, self.clock, self.waits, self.deliver = functions, clock, waits, deliver
        self._tasks: set[asyncio.Task[None]] = set()

    def put(
        self,
        reference: Reference,
        payload: bytes,
        request_id: str = "",
        context: bytes | None = None,
        first: asyncio.Future[Invocation | None] | None = None,
    ) -> str:
        """Take an event; returns its request id. On the event loop only.

        `first`, when given, is resolved with the first attempt's outcome, or None when that was throttled or dropped.

        Raises:
            AwsError: TooManyRequestsException when ten thousand are waiting already.
        """
        if len(self._tasks) >= WAITING_LIMIT:
            raise AwsError("TooManyRequestsException", "Rate Exceeded.", 429, Reason="CallerRateLimitExceeded")
        event = Event(reference, payload, request_id or str(uuid4()), context, self.clock.time(), first=first)
        task = asyncio.get_running_loop().create_task(self._run(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return event.request_id

    def close(self) -> None:
        """Forget what is waiting."""
        for task in list(self._tasks):
            task.cancel()

    def settings_of(self, reference: Reference) -> dict[str, Any]:
        """The event invoke config that holds for a reference; empty when there is none."""
        try:
            function = self.functions.service.function(reference)
        except AwsError:
            return {}
        return function.invoke_configs.get(reference.qualifier or LATEST, {})

    async def _run(self, event: Event) -> None:
        try:
            outcome, condition = await self._until_settled(event)
        except AwsError as gone:  # the function was deleted meanwhile, or cannot run here
            log.warning("asynchronous invocation of %s dropped: %s", event.reference.qualified, gone.message)
            event.attempted(None)
            return
        if self._reported(event):
            await asyncio.to_thread(self._report, event, outcome, condition)

    async def _until_settled(self, event: Event) -> tuple[Invocation | None, str]:
        """The last outcome and the record's condition."""
        while True:
            settings = self.settings_of(event.reference)
            retries = settings.get("MaximumRetryAttempts", 2)
            oldest = settings.get("MaximumEventAgeInSeconds", OLDEST)
            outcome: Invocation | None = None
            try:
                event.attempts += 1
                outcome = await self.functions.invoke(
                    event.reference.qualified,
                    event.payload,
                    source="async",
                    request_id=event.request_id,
                    client_context=event.context,
                )
                event.attempted(outcome)
                if not outcome.function_error:
                    return outcome, "Success"
                if event.attempts > retries:
                    return outcome, "RetriesExhausted"
                wait = self.waits[min(event.attempts, len(self.waits)) - 1]
            except Throttled:
                event.attempted(None)
                event.attempts -= 1
                wait = THROTTLE_WAITS[min(event.throttles, len(THROTTLE_WAITS) - 1)]
                event.throttles += 1
            if self.clock.time() + wait - event.accepted > oldest:
                return outcome, "EventAgeExceeded"
            await self.clock.wait_until(self.clock.now() + timedelta(seconds=wait))

    def _reported(self, event: Event) -> bool:
        """True when the outcome goes anywhere."""
        try:
            function = self.functions.service.function(event.reference)
            version = self.functions.service.version(function, event.reference)
        except AwsError:
            return False
        destinations = self.settings_of(event.reference).get("DestinationConfig")
        return bool(version.config.get("DeadLetterConfig") or destinations)

    def _report(self, event: Event, outcome: Invocation | None, condition: str) -> None:
        destinations = self.settings_of(event.reference).get("DestinationConfig") or {}
        kind = "OnSuccess" if condition == "Success" else "OnFailure"
        try:
            function = self.functions.service.function(event.reference)
            version = self.functions.service.version(function, event.reference)
        except AwsError:
            return
        role, region = version.config["Role"], event.reference.region
        target = (destinations.get(kind) or {}).get("Destination")
        if target:
            self._send(function.arn, target, role, region, self.record(event, outcome, condition))
        dead_letters = (version.config.get("DeadLetterConfig") or {}).get("TargetArn")
        if dead_letters and condition != "Success":
            attributes = {"RequestID": event.request_id, "ErrorCode": "200", "ErrorMessage": error_message(outcome)}
            self._send(function.arn, dead_letters, role, region, event.payload.decode(), attributes)

    def _send(self, arn: str, target: str, role: str, region: str, body: Any, attributes: Any = None) -> None:
        try:
            self.deliver(arn, target, role, region, body, attributes)
        except Exception as error:
            log.warning("%s could not deliver to %s: %s", arn, target, error)

    def record(self, event: Event, outcome: Invocation | None, condition: str) -> dict[str, Any]:
        """The invocation record that a destination gets.

        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        """
        at = datetime.fromtimestamp(self.clock.time(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        record: dict[str, Any] = {
            "version": "1.0",
            "timestamp": at,
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": f"{event.reference.arn}:{event.reference.qualifier or LATEST}",
                "condition": condition,
                "approximateInvokeCount": event.attempts,
            },
            "requestPayload": json.loads(event.payload),
        }
        if outcome is not None:
            context: dict[str, Any] = {"statusCode": 200, "executedVersion": outcome.executed_version}
            if outcome.function_error:
                context["functionError"] = outcome.function_error
            record |= {"responseContext": context, "responsePayload": _json(outcome.payload)}
        return record


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")


def error_message(outcome: Invocation | None) -> str:
    """The first kilobyte of a failed function's error message."""
    answered = _json(outcome.payload) if outcome else None
    message = answered.get("errorMessage", "") if isinstance(answered, dict) else ""
    return str(message)[:1024] or "Unknown"
