"""Lambda authorizers of REST APIs, TOKEN and REQUEST.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from workshop.localaws.apigateway.exchange import Request
from workshop.localaws.apigateway.integration import Caller, Failed, function_arn
from workshop.localaws.iam.policy import statements
from workshop.localaws.logs.apart import Unmatched, fits

DEFAULT_TTL = 300


class Refused(Exception):
    """The request may not pass; `kind` is a gateway response type, `message` replaces its own."""

    def __init__(self, kind: str, why: str, message: str = "") -> None:
        self.kind, self.why, self.message = kind, why, message
        super().__init__(why)


class Authorizer:
    """One Lambda authorizer of a stage; remembers answers for its time to live.

    Args:
        config: moto's Authorizer.
        caller: invokes functions.
        source_arn: `arn:aws:execute-api:…:api/authorizers/id`, for the function's permission.
        variables: the stage's variables.
    """

    def __init__(self, config: Any, caller: Caller, source_arn: str, variables: Mapping[str, str] | None) -> None:
        self.kind: str = config.type
        self.caller, self.source_arn = caller, source_arn
        self.arn = function_arn(config.authorizer_uri or "", variables)
        self.credentials: str = config.authorizer_credentials or ""
        self.sources = [one.strip() for one in (config.identity_source or "").split(",") if one.strip()]
        self.pattern: str = config.identity_validation_expression or ""
        self.ttl = DEFAULT_TTL if config.authorizer_result_ttl is None else int(config.authorizer_result_ttl)
        self._known: dict[tuple[str, ...], tuple[float, dict[str, Any]]] = {}

    async def authorize(self, request: Request, method_arn: str, event: dict[str, Any]) -> dict[str, Any]:
        """What becomes `requestContext.authorizer`.

        Args:
            request: the request.
            method_arn: the method asked for, which the returned policy must allow.
            event: the proxy event, of which a REQUEST authorizer gets the larger part.

        Raises:
            Refused: 401 without identity, 403 without an Allow, 500 for a failing authorizer.
        """
        identity = tuple(_identity(source, request, event) for source in self.sources)
        if (self.kind == "TOKEN" or self.ttl) and not all(identity):
            raise Refused("UNAUTHORIZED", "an identity source is missing")
        if self.kind == "TOKEN" and self.pattern and not await self._fits(identity[0]):
            raise Refused("UNAUTHORIZED", f"the token does not match {self.pattern}")
        known = self._known.get(identity) if self.ttl else None
        if known is None or known[0] <= request.started:
            answer = await self._ask(identity, method_arn, event)
            if self.ttl:
                self._known = {key: one for key, one in self._known.items() if one[0] > request.started}
                self._known[identity] = (request.started + self.ttl, answer)
        else:
            answer = known[1]
        self._judge(answer, method_arn)
        context = {name: _text(value) for name, value in (answer.get("context") or {}).items()}
        return {**context, "principalId": answer["principalId"], "integrationLatency": 0}

    async def _fits(self, token: str) -> bool:
        try:
            return await asyncio.to_thread(fits, self.pattern, token)
        except Unmatched as fault:
            why = f"the identity validation expression: {fault}"
            raise Refused("AUTHORIZER_CONFIGURATION_ERROR", why) from None

    async def _ask(self, identity: tuple[str, ...], method_arn: str, event: dict[str, Any]) -> dict[str, Any]:
        if self.kind == "TOKEN":
            asked = {"type": "TOKEN", "methodArn": method_arn, "authorizationToken": identity[0]}
        else:
            asked = {"type": "REQUEST", "methodArn": method_arn, **event}
            for name in ("body", "isBase64Encoded"):
                asked.pop(name, None)
        try:
            payload = await self.caller.call(self.arn, json.dumps(asked).encode(), self.source_arn, self.credentials)
        except Failed as failure:
            if json_message(failure.payload) == "Unauthorized":
                raise Refused("UNAUTHORIZED", "the authorizer said Unauthorized") from None
            kind = "AUTHORIZER_FAILURE" if failure.kind == "crashed" else "AUTHORIZER_CONFIGURATION_ERROR"
            raise Refused(kind, f"the authorizer gave no answer: {failure.why}") from None
        try:
            answer = json.loads(payload)
        except ValueError:
            answer = None
        wrong = "AUTHORIZER_CONFIGURATION_ERROR"
        if not isinstance(answer, dict) or not answer.get("principalId"):
            raise Refused(wrong, "the authorizer's answer has no principalId")
        if not isinstance(answer.get("policyDocument"), dict):
            raise Refused(wrong, "the authorizer's answer has no policyDocument")
        if any(isinstance(value, (dict, list)) for value in (answer.get("context") or {}).values()):
            raise Refused(wrong, "the authorizer's context holds more than plain values")
        return answer

    @staticmethod
    def _judge(answer: dict[str, Any], method_arn: str) -> None:
        listed = statements(answer["policyDocument"].get("Statement") or [])
        about = [one for one in listed if one.applies("execute-api:invoke", method_arn, {})]
        if any(not one.allow for one in about):
            message = "User is not authorized to access this resource with an explicit deny"
            raise Refused("ACCESS_DENIED", "the authorizer's policy denies it", message)
        if not about:
            raise Refused("ACCESS_DENIED", "the authorizer's policy does not allow it")


def _identity(source: str, request: Request, event: dict[str, Any]) -> str:
    """The value an identity source stands for, such as `method.request.header.Authorization`."""
    where, _, name = source.removeprefix("method.request.").partition(".")
    if where == "header":
        return request.header(name.lower().encode("latin-1"))
    if where == "querystring":
        return dict(parse_qsl(request.query)).get(name, "")
    if source.startswith("stageVariables."):
        return str((event.get("stageVariables") or {}).get(source.partition(".")[2], ""))
    return str((event.get("requestContext") or {}).get(source.partition(".")[2]) or "")


def json_message(payload: bytes) -> str:
    """The `errorMessage` of a failed function."""
    try:
        found = json.loads(payload or b"null")
    except ValueError:
        return ""
    return str(found.get("errorMessage", "")) if isinstance(found, dict) else ""


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
