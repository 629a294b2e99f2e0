"""A strict back end that a lesson starts, kills and starts again: a process of its own, with a journal on disk."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from workshop.core.errors import WorkshopError
from workshop.on_aws import tunnel
from workshop.show import Table

ROOT = Path(__file__).resolve().parents[2]


class BackEnd:
    """The back end's process. What it took is in its journal, so that it survives its own death.

    `BACKEND_URL` is set to its address, which is what `demo_lambdas/middleman` is deployed with.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="workshop-backend-")
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self.start()
        os.environ["BACKEND_URL"] = self.url
        tunnel.offer("backend", self.url)
        atexit.register(self.close)

    def start(self) -> str:
        """Starts it, the second time on the same port. Returns its address."""
        if self._process is None:
            port = self.url.rpartition(":")[2] or "0"
            journal = str(Path(self._folder.name) / "taken.jsonl")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "workshop.partners.backend", "--port", port, "--journal", journal],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            )
            assert self._process.stdout is not None
            self.url = self._process.stdout.readline().strip()
            if not self.url:
                raise WorkshopError("The back end did not start.", fix="Restart the kernel and try again.")
        return self.url

    def kill(self) -> str:
        """Ends it at once, without a chance to say goodbye."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
        return "The back end is gone."

    def close(self) -> None:
        """Ends it for good and removes its journal."""
        self.kill()
        self._folder.cleanup()

    def count(self) -> dict[str, int]:
        """How many requests it took, and how many it answered again because it knew their key."""
        return httpx.get(f"{self.url}/_stand_in/count", timeout=10).json()

    def wait_for(self, count: int, seconds: float = 20) -> dict[str, int]:
        """Waits until it took so many requests, at most so long; returns the count there is then."""
        until = time.monotonic() + seconds
        while self.count()["taken"] < count and time.monotonic() < until:
            time.sleep(0.05)
        return self.count()

    def received(self, most: int = 5) -> Table:
        """The newest requests it took: what the talk's left window shows."""
        taken = httpx.get(f"{self.url}/_stand_in/received", timeout=10).json()[-most:]
        rows = [
            (each["path"], each["headers"].get("content-length"), each["sha256"][:12], each["text"][:40])
            for each in taken
        ]
        return Table(rows, ["path", "content-length", "sha256", "text"], "The back end received")

    def tell(self, **fault: Any) -> str:
        """Tells it to misbehave next time, for instance `tell(kind="slow", seconds=8)`."""
        httpx.post(f"{self.url}/_stand_in/faults", json=fault, timeout=10).raise_for_status()
        return f"Next time: {json.dumps(fault)}"


def send_many(
    url: Any,
    count: int,
    *,
    key: str,
    name: str = "order",
    at_once: int = 4,
    halfway: Callable[[], Any] = lambda: None,
) -> Table:
    """Sends numbered orders, several at once, each with an Idempotency-Key of its own; counts the answers.

    Args:
        url: an address, or an endpoint of a deployment.
        count: how many.
        key: the API key.
        name: how the keys begin.
        at_once: how many wait for an answer at the same time.
        halfway: called when half of them are answered.
    """
    address = str(getattr(url, "url", url))

    def one(number: int) -> int:
        headers = {"X-Api-Key": key, "Idempotency-Key": f"{name}-{number}", "Content-Type": "text/plain"}
        return client.post(address, content=f"{name} {number}".encode(), headers=headers).status_code

    answers: Counter[int] = Counter()
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(at_once) as pool:
        answers.update(pool.map(one, range(count // 2)))
        halfway()
        answers.update(pool.map(one, range(count // 2, count)))
    return Table(sorted(answers.items()), ["answer", "times"])


def sizes(url: Any, key: str, wanted: list[int]) -> Table:
    """Sends random bodies of these sizes and says what became of each.

    Args:
        url: the middleman's address.
        key: the API key.
        wanted: sizes in bytes.
    """
    address = str(getattr(url, "url", url))
    rows = []
    with httpx.Client(timeout=60) as client:
        for size in wanted:
            body = os.urandom(size)
            told = {"X-Api-Key": key, "Content-Type": "application/octet-stream"}
            response = client.post(address, content=body, headers=told)
            equal = response.status_code == 201 and response.json()["sha256"] == hashlib.sha256(body).hexdigest()
            said = "arrived byte by byte" if equal else _message(response)
            rows.append((f"{size:,}", response.status_code, said))
    return Table(rows, ["bytes", "answer", ""])


def _message(response: httpx.Response) -> str:
    """What an answer says, without the JSON around it."""
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return response.text.strip()[:80]


def same(answer: Any, body: bytes) -> bool:
    """True when the back end received exactly these bytes; `answer` is what `send_in_chunks` returned."""
    try:
        return json.loads(answer.body)["sha256"] == hashlib.sha256(body).hexdigest()
    except (ValueError, KeyError, TypeError):  # the answer is not the back end's
        return False


def _queues(deployment: Any) -> dict[str, str]:
    return {"queue": deployment.outputs["QueueUrl"], "dead letters": deployment.outputs["DeadLettersUrl"]}


def queue(deployment: Any) -> Table:
    """How many messages wait in the middleman's queue, are being delivered, and lie with the dead letters."""
    import boto3

    sqs = boto3.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    rows = []
    for name, url in _queues(deployment).items():
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        rows.append((name, *(int(found[each]) for each in names)))
    return Table(rows, ["", "waiting", "being tried, or waiting for the next try"])


def all_tried(deployment: Any, seconds: float = 60) -> None:
    """Waits until no message waits to be tried, at most so long."""
    import boto3

    sqs, url = boto3.client("sqs"), deployment.outputs["QueueUrl"]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
        if found["ApproximateNumberOfMessages"] == "0":
            return
        time.sleep(0.02)


def redrive(deployment: Any) -> str:
    """Sends the dead letters back into the queue, as the button "Start DLQ redrive" of SQS's console does.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
    """
    import boto3

    sqs, urls, moved = boto3.client("sqs"), _queues(deployment), 0
    while messages := sqs.receive_message(QueueUrl=urls["dead letters"], MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            sqs.send_message(QueueUrl=urls["queue"], MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=urls["dead letters"], ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return f"{moved} dead letters sent round again."
