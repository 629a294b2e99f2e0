"""Which route a path belongs to: the most specific one, as API Gateway chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar
from urllib.parse import unquote

T = TypeVar("T")


class _Node(Generic[T]):
    __slots__ = ("greedy", "here", "parameter", "static")

    def __init__(self) -> None:
        self.static: dict[str, _Node[T]] = {}
        self.parameter: _Node[T] | None = None
        self.greedy: list[tuple[T, tuple[str, ...]]] = []
        self.here: list[tuple[T, tuple[str, ...]]] = []


class Router(Generic[T]):
    """Path templates such as `/orders/{id}` and `/{proxy+}`, each with a value.

    At every segment an exact name wins over `{parameter}`, which wins over `{greedy+}`; when the better branch leads
    nowhere, the next one is tried.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    """

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self._exact: dict[str, list[T]] = {}

    def add(self, template: str, value: T) -> None:
        """Add a route; several values may share a template."""
        node = self._root
        names: list[str] = []
        segments = template.strip("/").split("/") if template.strip("/") else []
        if "{" not in template:
            self._exact.setdefault("/" + "/".join(segments), []).append(value)
        for segment in segments:
            if segment.startswith("{") and segment.endswith("+}"):
                node.greedy.append((value, (*names, segment[1:-2])))
                return
            if segment.startswith("{") and segment.endswith("}"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.static.setdefault(segment, _Node())
        node.here.append((value, tuple(names)))

    def find(
        self, path: str, accepts: Callable[[T], bool], *, strict: bool = False
    ) -> tuple[T, dict[str, str] | None] | None:
        """The best value for a path, and its path parameters as they were sent (not decoded).

        Args:
            path: raw, starting with a slash, without the query.
            accepts: whether a value may be taken (its method fits).
            strict: False ignores one slash at the end, as REST APIs do.
        """
        for value in self._exact.get(path, ()):
            if accepts(value):
                return value, None
        rest = path[1:] if strict else path[1:].removesuffix("/")
        values: list[str] = []
        found = self._walk(self._root, rest.split("/") if rest else [], 0, values, accepts)
        if found is None:
            return None
        value, names = found
        return value, dict(zip(names, values, strict=True)) if names else None

    def _walk(
        self, node: _Node[T], segments: Sequence[str], at: int, values: list[str], accepts: Callable[[T], bool]
    ) -> tuple[T, tuple[str, ...]] | None:
        if at == len(segments):
            return next((one for one in node.here if accepts(one[0])), None)
        segment = segments[at]
        below = node.static.get(unquote(segment) if "%" in segment else segment)
        if below is not None and (found := self._walk(below, segments, at + 1, values, accepts)):
            return found
        if node.parameter is not None and segment:
            values.append(segment)
            if found := self._walk(node.parameter, segments, at + 1, values, accepts):
                return found
            values.pop()
        for one in node.greedy:
            if accepts(one[0]):
                values.append("/".join(segments[at:]))
                return one
        return None
