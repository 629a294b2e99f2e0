"""How GitHub answers: errors with their documentation, pages with Link headers, the rate limit.

https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from workshop.partners.github.store import Repo, Store, Token

DOCS = "https://docs.github.com/rest"
RATE_DOCS = f"{DOCS}/using-the-rest-api/rate-limits-for-the-rest-api"
HOUR = 3600
WITH_TOKEN, WITHOUT_TOKEN = 5000, 60


class GitHubError(Exception):
    """An error answer.

    Args:
        status: the HTTP status.
        message: GitHub's sentence.
        errors: the `errors` list of a 422: each with `resource`, `field`, `code`.
        docs: the page that `documentation_url` names; the endpoint's own when left out.
    """

    def __init__(
        self,
        status: int,
        message: str,
        errors: Sequence[Mapping[str, str]] | None = None,
        *,
        docs: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status, self.message, self.docs, self.headers = status, message, docs, dict(headers or {})
        self.errors = errors
        super().__init__(message)

    def body(self, docs: str) -> dict[str, Any]:
        """The error as JSON."""
        errors = {"errors": list(self.errors)} if self.errors else {}
        return {"message": self.message, **errors, "documentation_url": self.docs or docs, "status": str(self.status)}


def not_found() -> GitHubError:
    """404: also what a private thing answers to those who may not see it."""
    return GitHubError(404, "Not Found")


def invalid(resource: str, name: str, code: str, message: str = "") -> GitHubError:
    """422 `Validation Failed` about one field. `code` is missing_field, invalid, already_exists or custom."""
    error = {"resource": resource, "code": code, **({"field": name} if name else {})}
    return GitHubError(422, "Validation Failed", [error | ({"message": message} if message else {})])


def is_web_address(text: Any) -> bool:
    """True for an http or https address with a host."""
    try:
        parts = urlsplit(text) if isinstance(text, str) else None
        return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # such as http://[
        return False


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A body as GitHub sends it: compact UTF-8."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, headers=dict(headers or {}), media_type="application/json; charset=utf-8")


@dataclass(slots=True)
class Call:
    """One request on its way to an endpoint: who asks, for which repository, with what.

    Attributes:
        docs: the endpoint's page.
        token: None when the request came without credentials.
        later: what runs once the answer is made, such as the delivery of a webhook.
    """

    store: Store
    request: Request
    docs: str
    token: Token | None = None
    body: dict[str, Any] = field(default_factory=dict)
    later: list[Callable[[], None]] = field(default_factory=list)

    @property
    def login(self) -> str:
        """Who asks; empty for nobody."""
        return self.token.login if self.token else ""

    @property
    def repo(self) -> Repo:
        """The repository in the path. Raises 404."""
        path = self.request.path_params
        repo = self.store.repo(path["owner"], path["repo"])
        if repo is None or (repo.private and self.login != repo.owner):
            raise not_found()
        return repo

    def path(self, name: str) -> str:
        """A parameter of the path."""
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """A number in the path. Raises 404 when it is none."""
        text = self.path(name)
        if not text.isdecimal():
            raise not_found()
        return int(text)

    def choice(self, name: str, options: Sequence[str]) -> str:
        """A query parameter with a list of values, the first being the default. Raises 422."""
        value = self.request.query_params.get(name, options[0])
        if value not in options:
            raise invalid("Search", name, "invalid", f"{name} is one of {', '.join(options)}")
        return value

    def text(self, resource: str, name: str, *, required: bool = False, most: int = 65536) -> str | None:
        """A text of the body. Raises 422 when it is missing, too long or something else."""
        value = self.body.get(name)
        if value is None or (required and value == ""):
            if required:
                raise invalid(resource, name, "missing_field")
            return None
        if not isinstance(value, str):
            raise invalid(resource, name, "invalid", f"{name} is a string")
        if len(value) > most:
            raise invalid(resource, name, "custom", f"{name} is too long (maximum is {most} characters)")
        return value

    def page_of(self, items: Sequence[Any]) -> tuple[list[Any], dict[str, str]]:
        """One page of a list and its Link header. 30 a page unless told, 100 at most."""
        query = self.request.query_params
        size = _positive(query.get("per_page"), 30)
        size = min(size, 100)
        page = _positive(query.get("page"), 1)
        last = max(1, -(-len(items) // size))
        to = {"first": 1, "prev": page - 1} if page > 1 else {}
        to |= {"next": page + 1, "last": last} if page < last else {}
        links = [f'<{self._url_with("page", number)}>; rel="{name}"' for name, number in to.items()]
        return list(items[(page - 1) * size : page * size]), {"Link": ", ".join(links)} if links else {}

    def page_from(self, numbers: Sequence[int]) -> tuple[slice, dict[str, str]]:
        """One page of a list that is read by cursor, and its Link header: `next` and `prev`, no page numbers.

        Args:
            numbers: what a cursor names an item by, in the list's order. Raises 422 for a cursor that is none.
        """
        query = self.request.query_params
        size = min(_positive(query.get("per_page"), 30), 100)
        cursor = query.get("cursor")
        if cursor is not None and (not cursor.isdecimal() or int(cursor) not in numbers):
            raise invalid("Hook", "cursor", "invalid", "cursor comes from a Link header")
        at = numbers.index(int(cursor)) if cursor else 0
        to = {"next": at + size} if at + size < len(numbers) else {}
        to |= {"prev": max(0, at - size)} if at else {}
        links = [f'<{self._url_with("cursor", numbers[first])}>; rel="{name}"' for name, first in to.items()]
        return slice(at, at + size), {"Link": ", ".join(links)} if links else {}

    def _url_with(self, name: str, value: int) -> str:
        kept = [pair for pair in self.request.query_params.multi_items() if pair[0] != name]
        url = self.request.url.replace_query_params(**dict(kept), **{name: value})
        return f"{self.store.url}{url.path}?{url.query}"


def _positive(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and 0 < int(text) < 10**9 else default


class RateLimit:
    """5,000 requests an hour for a token, 60 for an address without one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.windows: dict[str, tuple[float, int]] = {}  # who -> (when it resets, used)

    def clear(self) -> None:
        """Forgets all."""
        self.windows.clear()

    def leave(self, remaining: int) -> None:
        """Leaves everyone seen so far so many requests (for lessons)."""
        for who, (reset, _) in self.windows.items():
            self.windows[who] = (reset, max(0, self.most(who) - remaining))

    @staticmethod
    def most(who: str) -> int:
        """The limit of a caller; "" is one without a token."""
        return WITH_TOKEN if who else WITHOUT_TOKEN

    def state(self, who: str) -> dict[str, int]:
        """`limit`, `remaining`, `reset`, `used`, as `GET /rate_limit` shows them."""
        now = self.clock()
        reset, used = self.windows.get(who, (0.0, 0))
        if not now < reset <= now + HOUR:  # over, or the clock was moved back
            reset, used = now + HOUR, 0
            self.windows[who] = (reset, used)
        most = self.most(who)
        return {"limit": most, "remaining": max(0, most - used), "reset": int(reset), "used": min(used, most)}

    def take(self, who: str) -> bool:
        """Counts a request; False when none was left."""
        left = self.state(who)["remaining"]
        reset, used = self.windows[who]
        self.windows[who] = (reset, used + 1)
        return left > 0

    def headers(self, who: str) -> dict[str, str]:
        """The headers that every answer carries."""
        state = self.state(who)
        return {f"X-RateLimit-{name.title()}": str(value) for name, value in state.items()} | {
            "X-RateLimit-Resource": "core"
        }


def request_id() -> str:
    """As in `X-GitHub-Request-Id`."""
    parts = secrets.token_hex(16).upper()
    return ":".join((parts[:4], parts[4:10], parts[10:17], parts[17:24], parts[24:32]))
