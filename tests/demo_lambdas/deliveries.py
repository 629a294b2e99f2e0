"""What the webhook's function gets when GitHub delivers an event."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

SECRET = "It's a Secret to Everybody"
WORKING = datetime(2026, 3, 25, 12, 0, tzinfo=UTC)  # a Wednesday in winter time


def delivery(payload, event="pull_request", secret=SECRET, when=WORKING, raw=None, **changes):
    """What API Gateway hands to the lambda for one delivery.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    body = raw if raw is not None else json.dumps(payload, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }
    return {
        "httpMethod": "POST",
        "path": "/webhook",
        "headers": headers,
        "body": body.decode(),
        "isBase64Encoded": False,
        "requestContext": {"requestTimeEpoch": int(when.timestamp() * 1000)},
    } | changes
