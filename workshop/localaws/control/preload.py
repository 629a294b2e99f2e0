"""Imports done in the background once the port answers, most needed first."""

from __future__ import annotations

import importlib
import logging
import threading

from workshop.localaws.control import diet, moto_door

log = logging.getLogger(__name__)
# In the order in which deploying and calling a first function needs them.
FIRST = ("s3", "iam", "sts", "logs", "apigateway")
THEN = ("ssm", "sqs", "sns", "events", "dynamodb", "cloudwatch", "apigatewayv2", "scheduler")


def run(ready: threading.Event) -> None:
    """Import the services; `ready` is set when a first deploy would not wait for an import."""
    try:
        diet.prepare()
        for package in FIRST:
            moto_door.routes(package)
        ready.set()
        for package in THEN:
            moto_door.routes(package)
        importlib.import_module("moto.backends")
    except Exception:
        log.exception("preloading failed")
    finally:
        ready.set()
