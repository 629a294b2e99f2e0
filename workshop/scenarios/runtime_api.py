"""An invocation that waits while a reader answers it by hand, over Lambda's Runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from typing import Any

import boto3
from botocore.config import Config

from workshop.errors import WorkshopError
from workshop.serverless.aws import is_aws_host

FOUND = re.compile(r"The Runtime API is at (\S+)")


class Waiting:
    """One invocation in the background. Its function must be `by-hand` of `demo_lambdas/custom_runtimes`.

    Args:
        function: the function's name.
        event: what it is invoked with.
    """

    def __init__(self, function: str, event: Any) -> None:
        self.function = function
        self._answer: Any = None
        self._logs = boto3.client("logs")
        if is_aws_host(self._logs.meta.endpoint_url):
            raise WorkshopError(
                "On AWS the Runtime API is inside the execution environment: nobody outside can ask it.",
                fix="Do this step offline (WORKSHOP_CLOUD=local); the other steps run here too.",
            )
        self._before = self._addresses()
        # One try: a second one, after a time-out of ours, would be a second invocation.
        self._client = boto3.client("lambda", config=Config(read_timeout=600, retries={"max_attempts": 0}))
        self._thread = threading.Thread(target=self._invoke, args=[json.dumps(event)], daemon=True)
        self._thread.start()

    def _invoke(self, payload: str) -> None:
        try:
            answer = self._client.invoke(FunctionName=self.function, Payload=payload)
            self._answer = json.loads(answer["Payload"].read())
        except Exception as error:  # shown by result(): a thread has nobody to raise to
            self._answer = error

    def runtime_api(self, seconds: float = 20) -> str:
        """Where this invocation's execution environment expects its runtime, taken from the function's log.

        Raises:
            WorkshopError: the environment is not on this machine, or it did not start in time.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for address in self._addresses() - self._before:
                return f"http://{address}/2018-06-01/runtime"
            time.sleep(0.05)
        raise WorkshopError(
            "The execution environment did not say where its Runtime API is.", fix="Restart the kernel and try again."
        )

    def _addresses(self) -> Counter[str]:
        """Every address that the log tells, and how often. Times tell nothing: the cloud's clock may be moved."""
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{self.function}")
        try:
            events = [event for page in pages for event in page["events"]]
        except self._logs.exceptions.ResourceNotFoundException:
            return Counter()
        return Counter(match[1] for event in events if (match := FOUND.search(event["message"])))

    def result(self, seconds: float = 30) -> Any:
        """What the invocation came back with, once it did."""
        self._thread.join(seconds)
        if isinstance(self._answer, Exception):
            raise WorkshopError(f"The invocation failed: {self._answer}") from None
        return self._answer
