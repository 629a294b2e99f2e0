"""The strict back end: an HTTP server that takes no request whose length it does not know.

Any path takes POST, PUT and PATCH. `Content-Length` missing: 411. Above 20 MB: 413. Both before the body is read.
Taken: 201 `{"id", "bytes", "sha256"}`. A request with an `Idempotency-Key` that was seen before is answered as the
first time (with `Idempotent-Replayed: true`) and counted once; the same key with another body is 422.

Doors besides the common ones:

    GET  /_stand_in/received   what was taken, oldest first: method, path, query, headers, bytes, sha256, text
    GET  /_stand_in/count      {"taken": how many, "replayed": how many answered again}
    POST /_stand_in/require    {"key": "…"}: from now on requests need `X-Api-Key` with it, else 401; null for none

`journal` (see `app`) keeps what was taken in a file, so that a back end that was killed still knows it when it comes
back: `python -m workshop.partners.backend --port 8000 --journal taken.jsonl` is one that a lesson can kill.

https://www.rfc-editor.org/rfc/rfc9110#status.411 · #status.413
https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from workshop.core.net import ASGIApp
from workshop.partners import PartnerContext
from workshop.partners.common import JsonAnswer, StandIn, json_body

MOST_BYTES = 20_000_000
MOST_KEPT = 2000
# A server that refuses before it has read the body ends the connection: what still comes is not a new request.
REFUSED = {"Connection": "close"}


class StrictBackEnd:
    """Takes what says its length, and remembers what it took.

    Args:
        clock: epoch seconds.
        journal: a file that outlives the process; None keeps all in memory.
    """

    def __init__(self, clock: Callable[[], float], journal: Path | None = None) -> None:
        self.clock, self.journal = clock, journal
        self.key = ""
        self.reset()
        if journal is not None and journal.exists():
            for line in journal.read_text(encoding="utf-8").splitlines():
                self._remember(json.loads(line))

    def reset(self) -> None:
        """Forgets what was taken, in memory."""
        self.taken: list[dict[str, Any]] = []
        self.of_key: dict[str, dict[str, Any]] = {}
        self.count = self.replayed = 0

    def _remember(self, entry: dict[str, Any]) -> None:
        self.count += 1
        self.taken.append(entry)
        del self.taken[:-MOST_KEPT]
        if entry["idempotency_key"]:
            self.of_key[entry["idempotency_key"]] = entry

    async def take(self, request: Request) -> Response:
        """Any path: one request, refused or taken."""
        if self.key and request.headers.get("x-api-key") != self.key:
            return JsonAnswer({"message": "The header X-Api-Key is missing or wrong."}, 401, REFUSED)
        length = request.headers.get("content-length")
        if length is None or not length.isdecimal():
            return JsonAnswer({"message": "Length Required: send Content-Length."}, 411, REFUSED)
        if int(length) > MOST_BYTES:
            return JsonAnswer({"message": f"Content Too Large: at most {MOST_BYTES:,} bytes."}, 413, REFUSED)
        digest, head, size = hashlib.sha256(), b"", 0
        try:
            async for piece in request.stream():
                digest.update(piece)
                size += len(piece)
                head = (head + piece)[:200]
        except ClientDisconnect:
            return Response(status_code=400)
        return self._taken(request, size, digest.hexdigest(), head)

    def _taken(self, request: Request, size: int, sha256: str, head: bytes) -> Response:
        key = request.headers.get("idempotency-key", "")
        known = self.of_key.get(key) if key else None
        if known is not None:
            if known["sha256"] != sha256:
                return JsonAnswer({"message": "This Idempotency-Key was used with another body."}, 422)
            self.replayed += 1
            return JsonAnswer(_answer(known), 201, {"Idempotent-Replayed": "true"})
        entry = {
            "id": self.count + 1,
            "at": datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="milliseconds"),
            "method": request.method,
            "path": request.scope["path"],
            "query": request.url.query,
            "headers": {name: value for name, value in request.headers.items() if name != "x-api-key"},
            "bytes": size,
            "sha256": sha256,
            "text": head.decode("utf-8", "replace"),
            "idempotency_key": key,
        }
        if self.journal is not None:
            with self.journal.open("a", encoding="utf-8") as file:  # on disk before it is answered
                file.write(json.dumps(entry) + "\n")
                file.flush()
                os.fsync(file.fileno())
        self._remember(entry)
        return JsonAnswer(_answer(entry), 201)

    def doors(self) -> list[Route]:
        """What a test or a lesson asks of this stand-in."""

        async def received(_: Request) -> Response:
            return JsonAnswer(self.taken)

        async def count(_: Request) -> Response:
            return JsonAnswer({"taken": self.count, "replayed": self.replayed})

        async def require(request: Request) -> Response:
            self.key = str((await json_body(request)).get("key") or "")
            return JsonAnswer({"required": bool(self.key)})

        return [Route("/received", received), Route("/count", count), Route("/require", require, methods=["POST"])]


def _answer(entry: dict[str, Any]) -> dict[str, Any]:
    return {"id": entry["id"], "bytes": entry["bytes"], "sha256": entry["sha256"]}


def app(context: PartnerContext, journal: Path | None = None) -> ASGIApp:
    """The stand-in as an ASGI app."""
    back_end = StrictBackEnd(context.clock, journal)

    async def hello(_: Request) -> Response:
        return JsonAnswer({"taken": back_end.count})

    routes = [
        Route("/{path:path}", hello, methods=["GET"]),
        Route("/{path:path}", back_end.take, methods=["POST", "PUT", "PATCH"]),
    ]

    def error_body(status: int) -> dict[str, Any]:
        return {"message": f"The back end answers {status}."}

    inner = Starlette(routes=routes)
    return StandIn(inner, context, doors=back_end.doors(), reset=back_end.reset, error_body=error_body)
