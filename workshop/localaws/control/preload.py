"""Imports done in the background once the port answers, most needed first."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from workshop.localaws.lambda_api import shapes
from workshop.localaws.moto import calls

log = logging.getLogger(__name__)
# In the order in which deploying and calling a first function needs them.
FIRST = ("s3", "iam", "sts", "logs", "apigateway")
THEN = ("apigatewayv2", "ssm", "sqs", "sns", "events", "dynamodb", "cloudwatch", "scheduler")


# One harmless call of each service that a stack calls: loads botocore's and moto's model of it.
WARMING = (
    ("iam", "list_roles"),
    ("lambda", "list_functions"),
    ("logs", "describe_log_groups"),
    ("apigateway", "get_rest_apis"),
    ("cloudformation", "list_exports"),
    ("s3", "list_buckets"),
)


def run(furnish: Callable[[], None], wake: Callable[[], None], client: Callable[[str], Any]) -> None:
    """Import the services, make the rooms that need them, let requests in, then do what makes them quick.

    Args:
        furnish: makes the rooms.
        wake: lets requests in.
        client: gives a client of a service, inside the process.
    """
    try:
        for package in FIRST:
            calls.routes(package)
        furnish()
    except Exception:
        log.exception("preparing the offline cloud failed")
    finally:
        wake()
    try:
        for service, operation in WARMING:
            getattr(client(service), operation)()
        shapes.bodies()
        for package in THEN:
            calls.routes(package)
    except Exception:  # the cloud is being closed, or the first real request will say what is wrong
        log.debug("warming up was cut short", exc_info=True)
