"""Queues live on the cloud's clock, and say when a message came."""

from __future__ import annotations

from typing import Any

from moto.sqs import models as sqs

from workshop.localaws.moto.current import CURRENT


def install() -> None:
    """Queues live on the cloud's clock and say when a message came."""
    sqs.Queue.add_message = _add_message(sqs.Queue.add_message)  # type: ignore[method-assign]
    sqs.SQSBackend.change_message_visibility = _visibility(  # type: ignore[method-assign]
        sqs.SQSBackend.change_message_visibility
    )
    sqs.unix_time = lambda *_: CURRENT.clock.time()  # type: ignore[attr-defined]
    sqs.unix_time_millis = lambda *_: CURRENT.clock.time() * 1000  # type: ignore[attr-defined]


def _add_message(original: Any) -> Any:
    def add_message(self: Any, message: Any) -> None:
        original(self, message)
        CURRENT.arrived(self.queue_arn)

    return add_message


def _visibility(original: Any) -> Any:
    def change_message_visibility(self: Any, queue_name: str, *args: Any, **kwargs: Any) -> Any:
        result = original(self, queue_name, *args, **kwargs)
        CURRENT.arrived(self.get_queue(queue_name).queue_arn)
        return result

    return change_message_visibility
