"""Which route of a service answers a request: exact parts first, then variables, then the rest of a path.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workshop.serverless.service import Service
from workshop.serverless.template import http, http_api


@dataclass(frozen=True, slots=True)
class Route:
    """One route: `method` in capitals or `ANY`; `path` begins with a slash; `api` is `rest` or `http`."""

    service: str
    function: str
    method: str
    path: str
    api: str
    cors: bool = False

    def rank(self, method: str, path: str) -> tuple[int, ...] | None:
        """How well it fits a request (smaller is better); None when it does not."""
        if self.method not in ("ANY", method) and not (method == "OPTIONS" and self.cors):
            return None
        ranks = path_rank(self.path, path)
        return None if ranks is None else (*ranks, self.method == "ANY")


def path_rank(pattern: str, path: str) -> tuple[int, ...] | None:
    """How well a path fits a pattern, part by part: 0 exact, 1 variable, 2 the rest; None when it does not."""
    if pattern == "$default":
        return (3,)
    wanted, given = pattern.strip("/").split("/"), path.strip("/").split("/")
    ranks: list[int] = []
    for at, part in enumerate(wanted):
        if part.endswith("+}"):
            return (*ranks, 2) if given[at:] and given[at] else None
        if at >= len(given):
            return None
        if part.startswith("{"):
            if not given[at]:
                return None
            ranks.append(1)
        elif part == given[at]:
            ranks.append(0)
        else:
            return None
    return tuple(ranks) if len(given) == len(wanted) else None


def routes_of(service: Service) -> list[Route]:
    """All routes of a service, of both kinds of API."""
    found = [
        Route(service.name, one.function, one.method, f"/{one.path}", "rest", bool(one.settings.get("cors")))
        for one in http.routes_of(service)
    ]
    cors = bool((service.provider.get("httpApi") or {}).get("cors"))
    for function, method, path in http_api.routes_of(service):
        pattern = "$default" if path == "*" else path
        found.append(Route(service.name, function, "ANY" if method == "*" else method, pattern, "http", cors))
    return found


def match(routes: Iterable[Route], method: str, path: str) -> Route | None:
    """The route that answers; None when none does."""
    ranked = [(rank, route) for route in routes if (rank := route.rank(method, path)) is not None]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None


def other_methods(routes: Iterable[Route], path: str) -> list[str]:
    """The methods that a path does answer."""
    return sorted({route.method for route in routes if path_rank(route.path, path) is not None})
