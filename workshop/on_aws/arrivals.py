"""What is there, and not yet everywhere: AWS is eventually consistent, and the offline cloud is not.

A new API answers 403 for some seconds after its deployment. Nothing ran then, so asking again does no harm.
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from workshop.core.telling import say

SECONDS = 30.0  # the longest wait for an API


def answered(send: Callable[[], Any], *, seconds: float = SECONDS) -> Any:
    """Sends a request to an endpoint that was deployed; on AWS again, while the API is not there yet.

    Args:
        send: sends it with httpx and gives the response.
        seconds: the longest wait.

    Returns:
        The first answer of the API itself; the last of API Gateway's own when the time is over.
    """
    response = send()
    if os.environ.get("WORKSHOP_CLOUD") != "aws" or not _not_there_yet(response):
        return response
    say("API Gateway does not know the new API everywhere yet; asking again …")
    wait, until = 0.5, time.monotonic() + seconds
    while _not_there_yet(response) and time.monotonic() < until:
        time.sleep(wait)
        wait = min(wait * 1.5, 5.0)
        response = send()
    return response


def _not_there_yet(response: Any) -> bool:
    """True for what API Gateway itself says of a path or API that it does not know."""
    kind = response.headers.get("x-amzn-errortype", "").partition(":")[0]
    return response.status_code == 403 and kind in ("MissingAuthenticationTokenException", "ForbiddenException")
