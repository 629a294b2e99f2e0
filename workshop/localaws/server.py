"""The ASGI app: one port, and which room answers which request."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from workshop.localaws.control import moto_door, preload
from workshop.localaws.faults import AwsError, answer
from workshop.localaws.http import Request, Response
from workshop.localaws.lambda_api import routes as lambda_routes
from workshop.localaws.lambda_api.invoke_api import Invoke

if TYPE_CHECKING:
    from workshop.localaws.aws import LocalAWS

log = logging.getLogger(__name__)
# A 50 MB zip in base64 and some room; AWS refuses larger ones too.
MAX_BODY = 256 * 1024 * 1024


class Server:
    """Reads a request, finds its room, sends the answer."""

    def __init__(self, aws: LocalAWS) -> None:
        self.aws = aws
        self.threads = ThreadPoolExecutor(8, "aws")
        self.ready = threading.Event()
        self.invoke = Invoke(aws.functions, lambda *_: None)

    def preload(self) -> None:
        """Import in the background what the first deploy needs."""
        threading.Thread(target=preload.run, args=(self.ready,), name="preload", daemon=True).start()

    def close(self) -> None:
        """Take no more work."""
        self.threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """One HTTP request."""
        if scope["type"] != "http":
            return
        body = await read_body(receive)
        if body is None:
            return
        request = Request.from_scope(scope, body, self.aws.settings.region)
        try:
            response = await self.respond(request)
        except Exception as error:
            log.exception("%s %s", request.method, request.path)
            response = answer(request, AwsError("InternalFailure", f"{type(error).__name__}: {error}", 500))
        await send_response(send, response, request.method)

    async def respond(self, request: Request) -> Response:
        """The answer to one request."""
        if request.path.startswith("/_workshop/status"):
            return Response.of_json(
                {
                    "ready": self.ready.is_set(),
                    "aws": self.aws.url,
                    "region": self.aws.settings.region,
                    "account": self.aws.settings.account,
                    "partners": self.aws.partners,
                }
            )
        if request.service == "lambda":
            invoked = lambda_routes.INVOKE.fullmatch(request.path)
            if invoked and request.method == "POST":
                return await self.invoke(request, invoked["name"], invoked["how"])
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.control, request)

    def control(self, request: Request) -> Response:
        """The answer of the control plane. Blocks; thread-safe."""
        if request.service == "lambda":
            return lambda_routes.call(self.aws.service, request)
        if request.service == "logs":
            self.aws.logs.flush()
        return moto_door.call(request)


async def read_body(receive: Any) -> bytes | None:
    """The whole body; None when the client went away."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def send_response(send: Any, response: Response, method: str) -> None:
    """Send an answer with its Content-Length."""
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers.items()]
    if response.status not in (204, 304) and "content-length" not in response.headers:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send(
        {
            "type": "http.response.body",
            "body": b"" if method == "HEAD" or response.status in (204, 304) else response.body,
        }
    )
