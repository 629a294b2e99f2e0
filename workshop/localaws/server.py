"""The ASGI app: one port, and which room answers which request."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from workshop.core.net import LoopbackOnly
from workshop.localaws.control import workshop_door
from workshop.localaws.faults import AwsError, answer
from workshop.localaws.http import Request, Response
from workshop.localaws.lambda_api import routes as lambda_routes
from workshop.localaws.lambda_api.invoke_api import Invoke
from workshop.localaws.polling import long_poll, wants_long_poll

if TYPE_CHECKING:
    from workshop.localaws.aws import LocalAWS

log = logging.getLogger(__name__)
# A 50 MB zip in base64, and objects of a workshop's size; beyond it the request is refused unread.
MAX_BODY = 256 * 1024 * 1024


class TooLarge(Exception):
    """A body beyond `MAX_BODY`."""


class Server:
    """Reads a request, finds its room, sends the answer."""

    def __init__(self, aws: LocalAWS) -> None:
        self.aws = aws
        self.threads = ThreadPoolExecutor(8, "aws")
        self.invoke = Invoke(aws.functions, aws.queue, aws.check)
        self._closed: asyncio.Event | None = None
        self.is_open, self.is_closed = False, False

    def open(self) -> None:
        """Let requests in; on the event loop."""
        self.is_open = True
        if self._closed is not None:
            self._closed.set()

    async def _opened(self) -> None:
        if self._closed is None:
            self._closed = asyncio.Event()
        if not self.is_open:
            await self._closed.wait()

    def close(self) -> None:
        """Take no more work."""
        self.is_closed = True
        self.threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """One HTTP request."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path.startswith(workshop_door.PREFIX):
            await workshop_door.handle(self.aws, scope, receive, send)
            return
        if not self.is_open:
            await self._opened()
        gateway = self.aws.gateway
        if gateway is not None and gateway.owns(scope):
            await gateway.handle(scope, receive, send)
            return
        refusal = from_a_page(scope)
        if refusal:
            await send_response(send, answer(Request.from_scope(scope, b"", ""), refusal), scope["method"])
            return
        try:
            body = await read_body(receive)
            if body is None:
                return
            response = await self.respond(request := Request.from_scope(scope, body, self.aws.settings.region))
        except TooLarge:
            request = Request.from_scope(scope, b"", self.aws.settings.region)
            error = AwsError("RequestEntityTooLargeException", f"The body is larger than {MAX_BODY} bytes.", 413)
            response = answer(request, error)
        await send_response(send, response, request.method)

    async def public(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """One HTTP request by the name of a deployed API: nothing else is behind such a name."""
        if scope["type"] != "http":
            return
        if not self.is_open:
            await self._opened()
        await self.aws.gateway.handle(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """The answer to one request, errors included."""
        try:
            if request.service == "lambda":
                invoked = lambda_routes.INVOKE.fullmatch(request.path)
                if invoked and request.method == "POST":
                    return await self.invoke(request, invoked["name"], invoked["how"])
            if wants_long_poll(request):
                return await long_poll(request, self._in_thread)
            return await self._in_thread(request)
        except Exception as error:
            if self.is_closed:  # a long poll that outlived the cloud
                return answer(request, AwsError("ServiceUnavailable", "The offline cloud is closing.", 503))
            log.exception("%s %s", request.method, request.path)
            return answer(request, AwsError("InternalFailure", f"{type(error).__name__}: {error}", 500))

    async def _in_thread(self, request: Request) -> Response:
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.aws.control, request)


def from_a_page(scope: dict[str, Any]) -> AwsError | None:
    """Why a request to the control plane is refused that a web page could have sent; None when none could.

    A page of another site can have a browser send any GET, and any header with it only where we allow it to, which we
    do not. AWS's query protocol changes things by GET too, so it needs the header that AWS's clients sign with.
    """
    headers = dict(scope["headers"])
    if headers.get(b"origin") and LoopbackOnly(_nothing).refusal("POST", [(b"origin", headers[b"origin"])]):
        return AwsError("AccessDenied", "Requests from other web sites are refused.", 403)
    if scope["method"] == "POST" or b"authorization" in headers or b"x-amz-target" in headers:
        return None
    if "Action" in parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        sentence = "An action that is asked by GET needs an Authorization header: sign the request, or use POST."
        return AwsError("MissingAuthenticationToken", sentence, 403)
    return None


async def _nothing(*_: Any) -> None:
    """The app behind a guard that is only asked."""


async def read_body(receive: Any, limit: int = MAX_BODY) -> bytes | None:
    """The whole body; None when the client went away.

    Raises:
        TooLarge: more than `limit` bytes.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise TooLarge
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def send_response(send: Any, response: Response, method: str) -> None:
    """Send an answer with its Content-Length."""
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers.items()]
    bodiless = method == "HEAD" or response.status in (204, 304)
    if response.status not in (204, 304) and "content-length" not in response.headers:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if bodiless else response.body})
