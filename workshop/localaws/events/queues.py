"""SQS queues as event sources: polled for a function, in batches.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from workshop.localaws.events import patterns
from workshop.localaws.events.clock import Clock, Fired, Timer
from workshop.localaws.events.shapes import sqs_record
from workshop.localaws.faults import AwsError
from workshop.localaws.moto import stores
from workshop.localaws.moto.loading import LOCK
from workshop.localaws.runtime.model import Throttled

log = logging.getLogger("workshop.localaws.events")
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
STARTING_POLLERS = 5


class QueuePoller:
    """Polls one queue for one event source mapping. Sleeps until a message comes or becomes visible.

    Args:
        mapping: the mapping as the Lambda API keeps it.
        functions: the cloud's `Functions`.
        iam: asked whether the function's role may receive.
        clock: visibility time-outs and batching windows count on it.
    """

    def __init__(self, mapping: dict[str, Any], functions: Any, iam: Any, clock: Clock) -> None:
        self.mapping, self.functions, self.iam, self.clock = mapping, functions, iam, clock
        self.arn: str = mapping["EventSourceArn"]
        self._wake = asyncio.Event()
        self._wake.set()
        self._timer: Timer | None = None
        self._busy: set[asyncio.Task[None]] = set()
        self._task = asyncio.ensure_future(self._poll())

    def wake(self) -> None:
        """Look at the queue; on the event loop."""
        self._wake.set()

    def stop(self) -> None:
        """Poll no more; batches being processed are finished."""
        self._task.cancel()
        if self._timer:
            self._timer.cancel()

    async def _poll(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._drain()
            except Exception:
                log.exception("polling %s failed", self.arn)

    async def _drain(self) -> None:
        if not self._may_receive():
            return
        await self._gather()
        limit = (self.mapping.get("ScalingConfig") or {}).get("MaximumConcurrency") or STARTING_POLLERS
        while True:
            while len(self._busy) >= limit:
                await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)
            messages = await asyncio.to_thread(self._receive)
            if not messages:
                break
            task = asyncio.ensure_future(self._process(messages))
            self._busy.add(task)
            task.add_done_callback(self._processed)
        self._sleep()

    def _processed(self, task: asyncio.Task[None]) -> None:
        self._busy.discard(task)
        if not task.cancelled() and task.exception():
            log.error("a batch from %s failed", self.arn, exc_info=task.exception())
        self._wake.set()  # its queue may hold more of the same group, or a failed one

    async def _gather(self) -> None:
        """Wait for a full batch, for as long as the batching window."""
        window, size = self.mapping.get("MaximumBatchingWindowInSeconds") or 0, self.mapping["BatchSize"]
        if not window or not self._waiting():
            return
        until = self.clock.now() + timedelta(seconds=window)
        while self._waiting() < size and self.clock.now() < until:
            woken = asyncio.ensure_future(self._wake.wait())
            over = asyncio.ensure_future(self.clock.wait_until(until))
            await asyncio.wait((woken, over), return_when=asyncio.FIRST_COMPLETED)
            for task in (woken, over):
                task.cancel()
            self._wake.clear()

    def _queue(self) -> Any:
        region, account, name = self.arn.split(":")[3:6]
        backend = stores.existing("sqs", account, region)
        return backend.queues.get(name) if backend else None

    def _waiting(self) -> int:
        queue = self._queue()
        return len([one for one in list(queue._messages) if one.visible and not one.delayed]) if queue else 0

    def _receive(self) -> list[Any]:
        region, account, name = self.arn.split(":")[3:6]
        with LOCK:
            queue = self._queue()
            if queue is None:
                return []
            found = stores.backend("sqs", account, region).receive_message(
                name, self.mapping["BatchSize"], 0, queue.visibility_timeout, ["All"]
            )
        return list(found)

    def _sleep(self) -> None:
        """Set the alarm for when a message that cannot be seen now can be."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        queue, now = self._queue(), self.clock.time() * 1000
        later = [
            max(one.visible_at, one.delayed_until)
            for one in (list(queue._messages) if queue else ())
            if one.visible_at > now or one.delayed_until > now
        ]
        if later:
            due = datetime.fromtimestamp(min(later) / 1000 + 0.002, UTC)
            self._timer = self.clock.call_at(due, self._alarm, visible=False)

    async def _alarm(self, _: datetime) -> list[Fired]:
        self._wake.set()
        await asyncio.sleep(0)
        return []

    def _may_receive(self) -> bool:
        if not self.iam.settings.enforce_iam:
            return True
        try:
            spec = self.functions.route(self.mapping["FunctionArn"]).choices[-1][1]
        except AwsError:
            return False
        if self.iam.role_may(spec.role_arn, "lambda.amazonaws.com", "sqs:ReceiveMessage", self.arn):
            return True
        self.mapping["LastProcessingResult"] = "PROBLEM: the function's role may not call sqs:ReceiveMessage"
        log.warning("%s: the role %s may not receive from %s", self.mapping["FunctionArn"], spec.role_arn, self.arn)
        return False

    async def _process(self, messages: list[Any]) -> None:
        records = [(message, sqs_record(message, self.arn)) for message in messages]
        wanted = [(message, record) for message, record in records if self._passes(record)]
        done = [message for message, record in records if (message, record) not in wanted]
        if wanted:
            payload = json.dumps({"Records": [record for _, record in wanted]}).encode()
            failed = await self._call(payload, {message.id for message, _ in wanted})
            done += [message for message, _ in wanted if message.id not in failed]
            self.mapping["LastProcessingResult"] = "PROBLEM: Function call failed" if failed else "OK"
        if done:
            await asyncio.to_thread(self._delete, done)

    def _passes(self, record: dict[str, Any]) -> bool:
        """https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html"""
        filters = (self.mapping.get("FilterCriteria") or {}).get("Filters") or []
        if not filters:
            return True
        try:
            body = json.loads(record["body"])
        except ValueError:
            body = record["body"]
        whole = {**record, "body": body}
        return any(patterns.matches(json.loads(one["Pattern"]), whole) for one in filters if one.get("Pattern"))

    async def _call(self, payload: bytes, ids: set[str]) -> set[str]:
        """The ids of the messages that were not processed."""
        try:
            outcome = await self.functions.invoke(self.mapping["FunctionArn"], payload, source="sqs")
        except Throttled as error:
            log.info("a batch from %s waits: %s", self.arn, error.reason)
            return ids
        except AwsError as error:
            log.warning("a batch from %s could not be processed: %s", self.arn, error.message)
            return ids
        if outcome.function_error:
            return ids
        if "ReportBatchItemFailures" not in (self.mapping.get("FunctionResponseTypes") or []):
            return set()
        return reported(outcome.payload, ids)

    def _delete(self, messages: list[Any]) -> None:
        with LOCK:
            queue = self._queue()
            for message in messages:
                if queue is not None:
                    queue.delete_message(message.receipt_handle)


def reported(payload: bytes, ids: set[str]) -> set[str]:
    """The failed ids that a function reported; all of them when the report is not one.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    try:
        answer = json.loads(payload or b"null")
    except ValueError:
        return ids
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else answer
    if not failures:
        return set() if failures in (None, [], "", {}) else ids
    if not isinstance(failures, list):
        return ids
    found = {one.get("itemIdentifier") if isinstance(one, dict) else None for one in failures}
    return {one for one in found if one} if found <= ids else ids


def shift(seconds: float) -> None:
    """The clock went back: messages hidden or delayed for a minute still are for a minute, not for years."""
    for backend in stores.every("sqs"):
        for queue in list(backend.queues.values()):
            for message in list(queue._messages):
                message.sent_timestamp = int(message.sent_timestamp + seconds * 1000)
                message.visible_at += seconds * 1000 if message.visible_at else 0
                message.delayed_until += seconds * 1000 if message.delayed_until else 0


class Queues:
    """All pollers, one for every enabled mapping of a queue."""

    def __init__(self, functions: Any, iam: Any, clock: Clock) -> None:
        self.functions, self.iam, self.clock = functions, iam, clock
        self._pollers: dict[str, tuple[str, QueuePoller]] = {}

    def refresh(self) -> None:
        """Start and stop pollers as the mappings say; on the event loop."""
        wanted = {
            uuid: mapping
            for region in list(self.functions.service.store.regions.values())
            for uuid, mapping in list(region.mappings.items())
            if mapping["EventSourceArn"].split(":")[2] == "sqs" and mapping.get("State") == "Enabled"
        }
        for uuid in list(self._pollers):
            what, poller = self._pollers[uuid]
            if uuid not in wanted or _what(wanted[uuid]) != what:
                poller.stop()
                del self._pollers[uuid]
        for uuid, mapping in wanted.items():
            if uuid not in self._pollers:
                self._pollers[uuid] = (_what(mapping), QueuePoller(mapping, self.functions, self.iam, self.clock))

    def arrived(self, arn: str) -> None:
        """A message came to a queue, or became visible; on the event loop."""
        for _, poller in self._pollers.values():
            if poller.arn == arn:
                poller.wake()

    def wake_all(self) -> None:
        """Look at every queue: the clock jumped, or permissions changed."""
        for _, poller in self._pollers.values():
            poller.wake()

    def stop(self) -> None:
        """Poll no more."""
        for _, poller in self._pollers.values():
            poller.stop()
        self._pollers.clear()


def _what(mapping: dict[str, Any]) -> str:
    kept = {name: value for name, value in mapping.items() if name not in ("LastProcessingResult", "LastModified")}
    return json.dumps(kept, sort_keys=True, default=str)
