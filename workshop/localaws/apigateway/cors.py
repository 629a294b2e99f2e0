"""CORS as HTTP APIs and function URLs do it themselves.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workshop.localaws.apigateway.exchange import Answer, Request


class Cors:
    """One CORS configuration; keys as the API writes them or as CloudFormation does."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        def many(name: str) -> list[str]:
            found = config.get(name) or config.get(name[0].upper() + name[1:]) or []
            return [found] if isinstance(found, str) else list(found)

        self.origins, self.methods = many("allowOrigins"), many("allowMethods")
        self.headers, self.exposed = many("allowHeaders"), many("exposeHeaders")
        self.max_age = config.get("maxAge", config.get("MaxAge"))
        self.credentials = str(config.get("allowCredentials", config.get("AllowCredentials"))).lower() == "true"

    def _origin(self, request: Request) -> str:
        """The origin to allow, empty when it is not one of those configured."""
        origin = request.header(b"origin")
        if not origin:
            return ""
        for allowed in self.origins:
            if allowed == "*":
                return origin if self.credentials else "*"
            if allowed.lower() == origin.lower() or (allowed.endswith("://*") and origin.startswith(allowed[:-1])):
                return origin
        return ""

    def preflight(self, request: Request) -> Answer | None:
        """The answer to a preflight request; None when this is not one."""
        if request.method != "OPTIONS" or not request.header(b"access-control-request-method"):
            return None
        headers: list[tuple[bytes, bytes]] = []
        origin = self._origin(request)
        if origin:
            headers = self._shared(origin)
            for name, values in ((b"methods", self.methods), (b"headers", self.headers)):
                if values:
                    headers.append((b"access-control-allow-" + name, ",".join(values).encode()))
            if self.max_age is not None:
                headers.append((b"access-control-max-age", str(self.max_age).encode()))
        return Answer(204, headers)

    def apply(self, request: Request, answer: Answer) -> Answer:
        """Replace what the function said about CORS with what the configuration says."""
        answer.headers = [pair for pair in answer.headers if not pair[0].startswith(b"access-control-")]
        origin = self._origin(request)
        if origin:
            answer.headers += self._shared(origin)
            if self.exposed:
                answer.headers.append((b"access-control-expose-headers", ",".join(self.exposed).encode()))
        return answer

    def _shared(self, origin: str) -> list[tuple[bytes, bytes]]:
        headers = [(b"access-control-allow-origin", origin.encode("latin-1", "replace"))]
        if origin != "*":
            headers.append((b"vary", b"Origin"))
        if self.credentials:
            headers.append((b"access-control-allow-credentials", b"true"))
        return headers
