"""Long polls of SQS wait on the event loop, not inside moto, where they would hold everybody up.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from workshop.localaws.http import Request, Response
from workshop.localaws.moto import stores

FIRST_WAIT, LONGEST_WAIT = 0.01, 0.2  # seconds between looks


def wants_long_poll(request: Request) -> bool:
    """True for ReceiveMessage, whose queue may have a waiting time of its own."""
    return request.service == "sqs" and request.operation == "ReceiveMessage"


async def long_poll(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    """Look at once, then again until a message is there or the waiting time is over."""
    at_once, seconds = without_wait(request)
    until, wait = time.monotonic() + seconds, FIRST_WAIT
    while True:
        response = await call(replace(at_once))
        if response.status != 200 or not _empty(response) or time.monotonic() + wait > until:
            return response
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)


def without_wait(request: Request) -> tuple[Request, float]:
    """The same request asking for an immediate answer, and how many seconds it was to wait."""
    if request.headers.get("x-amz-target"):
        try:
            body = request.json()
        except ValueError:
            return request, 0.0
        if not isinstance(body, dict):
            return request, 0.0
        asked, url = body.get("WaitTimeSeconds"), str(body.get("QueueUrl", ""))
        seconds = queue_wait(request, url) if asked is None else asked
        if not isinstance(seconds, int) or not 0 <= seconds <= 20:
            return request, 0.0
        return replace(request, body=json.dumps({**body, "WaitTimeSeconds": 0}).encode()), float(seconds)
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    asked = form.get("WaitTimeSeconds", "")
    seconds = int(asked) if asked.isdigit() else queue_wait(request, form.get("QueueUrl", request.path))
    form["WaitTimeSeconds"] = "0"
    return replace(request, body=urlencode(form).encode()), float(min(seconds, 20))


def queue_wait(request: Request, url: str) -> int:
    """The queue's own ReceiveMessageWaitTimeSeconds."""
    parts = url.rstrip("/").split("/")
    backend = stores.existing("sqs", parts[-2], request.region) if len(parts) > 1 else None
    queue = backend.queues.get(parts[-1]) if backend else None
    return int(queue.receive_message_wait_time_seconds or 0) if queue else 0


def _empty(response: Response) -> bool:
    if response.body[:1] == b"{":
        return not json.loads(response.body).get("Messages")
    return b"<Message>" not in response.body
