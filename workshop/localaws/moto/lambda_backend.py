"""What moto's other services see of Lambda: they find functions in our store, and calling one runs it.

moto's services fetch its Lambda backend by `moto.awslambda.utils.get_backend`. A stand-in package in its place answers
with a view of our store, and moto's own Lambda, which cannot run a function without Docker, is never imported.
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
import types
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from workshop.localaws.functions import Functions
from workshop.localaws.moto.loading import LOCK


class Found:
    """A function as moto's services use it."""

    def __init__(self, arn: str, later: Callable[[str, bytes], None]) -> None:
        self.function_arn, self._later = arn, later
        self.function_name = arn.split(":")[6]

    def invoke(self, body: str, *_: Any) -> tuple[str, bool, str]:
        """Run it later, as the services do that call this."""
        self._later(self.function_arn, body.encode())
        return "", False, ""


class Backend:
    """The part of moto's LambdaBackend that other services call."""

    def __init__(self, functions: Functions, later: Callable[[str, bytes], None], region: str) -> None:
        self.functions, self.later, self.region = functions, later, region

    def get_function(self, name: str, qualifier: str | None = None) -> Found:
        """A function by name or ARN; raises AwsError when there is none."""
        reference = self.functions.route(name, qualifier, self.region).reference
        return Found(reference.qualified, self.later)

    def invoke(self, function_name: str, qualifier: str | None, body: Any, *_: Any, **__: Any) -> str:
        """Run a function later."""
        self.get_function(function_name, qualifier).invoke(body if isinstance(body, str) else body.decode())
        return ""

    def send_log_event(
        self, target: str, filter_name: str, group: str, stream: str, events: list[dict[str, Any]]
    ) -> None:
        """https://docs.aws.amazon.com/lambda/latest/dg/services-cloudwatchlogs.html"""
        data = {
            "messageType": "DATA_MESSAGE",
            "owner": self.functions.service.store.account,
            "logGroup": group,
            "logStream": stream,
            "subscriptionFilters": [filter_name],
            "logEvents": events,
        }
        packed = base64.b64encode(gzip.compress(json.dumps(data).encode())).decode()
        self.later(target, json.dumps({"awslogs": {"data": packed}}).encode())

    def send_sns_message(
        self, function_name: str, message: str, subject: str | None = None, qualifier: str | None = None
    ) -> None:
        """https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html: what moto knows of a message."""
        record = {
            "EventVersion": "1.0",
            "EventSource": "aws:sns",
            "Sns": {"Type": "Notification", "MessageId": str(uuid4()), "Subject": subject, "Message": message},
        }
        found = self.get_function(function_name, qualifier)
        self.later(found.function_arn, json.dumps({"Records": [record]}).encode())

    def send_sqs_batch(self, *_: Any) -> bool:
        """Never: queues are polled by `localaws/events`."""
        return False


class Regions(dict[str, Backend]):
    """Backends by region, made when they are asked for."""

    def __init__(self, make: Callable[[str], Backend]) -> None:
        self.make = make

    def __missing__(self, region: str) -> Backend:
        return self.make(region)


def install(functions: Functions, later: Callable[[str, bytes], None]) -> None:
    """Put the stand-in where moto's services look for Lambda; the latest cloud of the process has it."""
    regions = Regions(lambda region: Backend(functions, later, region))
    package, utils, models = (types.ModuleType(f"moto.awslambda{part}") for part in ("", ".utils", ".models"))
    package.__path__ = []
    package.utils, package.models = utils, models  # type: ignore[attr-defined]
    utils.get_backend = lambda _account, region: regions[region]  # type: ignore[attr-defined]
    models.lambda_backends = defaultdict(lambda: regions)  # type: ignore[attr-defined]
    with LOCK:
        sys.modules |= {module.__name__: module for module in (package, utils, models)}


def functions() -> Functions | None:
    """The functions of the latest cloud of the process; None before there is one."""
    stand_in = sys.modules.get("moto.awslambda.utils")
    return stand_in.get_backend("", "").functions if stand_in is not None else None
