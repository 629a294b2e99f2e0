"""An invocation that waits while a reader answers it by hand, over Lambda's Runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections import Counter
from typing import Any

import boto3
from botocore.config import Config

from workshop import serverless
from workshop.cloud.beside import beside
from workshop.cloud.switch import connect
from workshop.core import system
from workshop.core.errors import WorkshopError
from workshop.lesson import find
from workshop.serverless.aws import INVOKING, clients

FOUND = re.compile(r"The Runtime API is at (\S+)")
SERVICE = "demo_lambdas/custom_runtimes"
HERE = (
    "nobody here can ask the Runtime API of its execution environments, so this one invocation runs on an offline "
    "cloud of this machine"
)


class Waiting:
    """One invocation in the background. Its function must be `by-hand` of `demo_lambdas/custom_runtimes`.

    Connected to AWS, or to another emulator, it runs on an offline cloud beside that one, which ends when the result
    came, when another `Waiting` takes over, or with the kernel.

    Args:
        function: the function's name.
        event: what it is invoked with.
    """

    _latest = contextlib.ExitStack()  # holds the offline cloud of the last one, where it needed one

    def __init__(self, function: str, event: Any) -> None:
        self.function = function
        self._answer: Any = None
        Waiting._latest.close()
        self._own = Waiting._latest = contextlib.ExitStack()
        start = beside(connect(), HERE)
        try:
            self._lambda, self._logs = self._on_own(self._own.enter_context(start())) if start else _connected()
            if system.WINDOWS:
                self._without_bash()
            self._before = self._addresses()
        except BaseException:
            self._own.close()
            raise
        self._thread = threading.Thread(target=self._invoke, args=[json.dumps(event)], daemon=True)
        self._thread.start()

    def _on_own(self, endpoint: str) -> tuple[Any, Any]:
        """Deploys the service to a cloud of its own. Clients of its Lambda and its logs."""
        service = serverless.load(find(SERVICE), endpoint=endpoint)
        serverless.deploy(service)
        self.function = service.function_name("by-hand")
        aws = clients(service.region, "", endpoint)
        return aws.get(INVOKING), aws.get("logs")

    def _without_bash(self) -> None:
        """Lets the runtime that waits be one of Python, which its layer holds too: Windows starts no bash script."""
        print("Windows starts no bash script, so what waits here is written in Python. The Runtime API is the same.")
        settings = {"Runtime": "python3.13", "Handler": "by_hand.wait"}
        self._lambda.update_function_configuration(FunctionName=self.function, **settings)
        self._lambda.get_waiter("function_updated_v2").wait(FunctionName=self.function)

    def _invoke(self, payload: str) -> None:
        try:
            answer = self._lambda.invoke(FunctionName=self.function, Payload=payload)
            self._answer = json.loads(answer["Payload"].read())
        except Exception as error:  # shown by result(): a thread has nobody to raise to
            self._answer = error

    def runtime_api(self, seconds: float = 20) -> str:
        """Where this invocation's execution environment expects its runtime, taken from the function's log.

        Raises:
            WorkshopError: the environment did not start in time.
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
        if not self._thread.is_alive():
            self._own.close()
        if isinstance(self._answer, Exception):
            raise WorkshopError(f"The invocation failed: {self._answer}") from None
        return self._answer


def _connected() -> tuple[Any, Any]:
    """Clients of the connected cloud. One try: a second one, after a time-out of ours, would be a second invocation."""
    once = Config(read_timeout=600, retries={"max_attempts": 0})
    return boto3.client("lambda", config=once), boto3.client("logs")
