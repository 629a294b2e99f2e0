"""Imports done in the background once the port answers, most needed first."""

from __future__ import annotations

import logging
from collections.abc import Callable

from workshop.localaws.control import diet, moto_door

log = logging.getLogger(__name__)
# In the order in which deploying and calling a first function needs them.
FIRST = ("s3", "iam", "sts", "logs", "apigateway")
THEN = ("apigatewayv2", "ssm", "sqs", "sns", "events", "dynamodb", "cloudwatch", "scheduler")


def run(furnish: Callable[[], None], wake: Callable[[], None]) -> None:
    """Import the services, make the rooms that need them, let requests in, import the rest."""
    try:
        diet.prepare()
        for package in FIRST:
            moto_door.routes(package)
        furnish()
    except Exception:
        log.exception("preparing the offline cloud failed")
    finally:
        wake()
    for package in THEN:
        moto_door.routes(package)
