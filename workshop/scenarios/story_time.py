"""Webhooks at the time of a story, where the cloud's clock cannot be moved.

API Gateway writes the real time into each event. A lesson that is told at noon on a Wednesday needs another. So what a
third party sends is handed to the function here, by Lambda's Invoke, in the event that API Gateway would have made, and
with the time of the story in it.
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from workshop.core.net import LoopbackOnly


class Courier:
    """An address on this machine that hands each request to a function. Lives as long as its kernel.

    Args:
        function: the function's ARN or name.
        now: the time of the story.

    Attributes:
        url: the address.
    """

    def __init__(self, function: str, now: Callable[[], datetime]) -> None:
        import boto3

        client, guard = boto3.client("lambda"), LoopbackOnly(_nothing)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers.items()]
                refusal = guard.refusal("POST", sent)
                if refusal:
                    self.send_error(403, refusal)
                    return
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode("utf-8", "replace")
                try:
                    answer = client.invoke(
                        FunctionName=function, Payload=json.dumps(event(self.path, dict(self.headers), body, now()))
                    )
                    told = json.loads(answer["Payload"].read())
                    if answer.get("FunctionError"):
                        raise ValueError("the function failed")
                    status, headers, text = int(told["statusCode"]), told.get("headers") or {}, told.get("body") or ""
                except Exception:  # of any kind: whoever calls API Gateway is told no more
                    status, headers, text = 502, {}, '{"message": "Internal server error"}'
                data = str(text).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Silent: a notebook's cells are not the place for it."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}/webhook"


async def _nothing(*_: Any) -> None:
    """The app behind the guard: only the guard's question is asked here."""


def event(path: str, headers: dict[str, str], body: str, when: datetime) -> dict[str, Any]:
    """What a REST API hands to a function for a POST, at a time."""
    return {
        "resource": path,
        "path": path,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {
            "httpMethod": "POST",
            "path": path,
            "resourcePath": path,
            "requestId": str(uuid.uuid4()),
            "requestTime": f"{when:%d/%b/%Y:%H:%M:%S %z}",
            "requestTimeEpoch": int(when.timestamp() * 1000),
            "identity": {"sourceIp": "127.0.0.1", "userAgent": headers.get("User-Agent", "")},
        },
    }
