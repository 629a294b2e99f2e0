"""A stand-in for a mail provider, with the two calls of Postmark's API that a service needs and its error codes.

    POST /email               {"From", "To", "Subject", "TextBody"}: any text to anyone
    POST /email/withTemplate  {"From", "To", "TemplateAlias", "TemplateModel"}: a text the owner wrote before
    GET  /                    the messages that went out, as a page

The key goes into the header `X-Postmark-Server-Token`. Nothing is sent anywhere. Doors besides the common ones:

    POST   /_stand_in/keys    {"name"}: a new server token, called so -> {"key"}
    DELETE /_stand_in/keys    {"key"}: revokes it
    GET    /_stand_in/inbox   the messages, oldest first, each with the name of the key it came with

https://postmarkapp.com/developer/api/email-api
https://postmarkapp.com/developer/api/templates-api#email-with-template
https://postmarkapp.com/developer/api/overview#error-codes
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from workshop.core.net import ASGIApp
from workshop.partners import PartnerContext
from workshop.partners.common import BadBody, JsonAnswer, StandIn, json_body

# alias -> (subject, text); {{name}} is filled from the model.
TEMPLATES = {
    "order-confirmation": ("Your order {{order}}", "Hello {{name}}, thank you for your order {{order}}."),
    "delivery-date": ("Your order {{order}} is on its way", "Hello {{name}}, we deliver on {{day}}."),
    "newsletter": ("News", "{{text}}"),
}
ADDRESS = re.compile(r"[^@\s,<>\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
MOST_MESSAGES = 1000


class Refused(Exception):
    """An error answer: the HTTP status, Postmark's error code and its sentence."""

    def __init__(self, status: int, code: int, message: str) -> None:
        self.status, self.code = status, code
        super().__init__(message)


class MailProvider:
    """One provider's account: its keys and what it sent."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.keys: dict[str, str] = {}  # key -> its name
        self.messages: list[dict[str, Any]] = []

    def reset(self) -> None:
        """Forgets keys and messages."""
        self.keys.clear()
        self.messages.clear()

    async def email(self, request: Request) -> Response:
        """POST /email"""
        return await self._answer(request, lambda body: (self._text(body, "Subject"), self._text(body, "TextBody")))

    async def with_template(self, request: Request) -> Response:
        """POST /email/withTemplate"""

        def filled(body: dict[str, Any]) -> tuple[str, str]:
            alias, model = body.get("TemplateAlias"), body.get("TemplateModel")
            if not isinstance(model, dict):
                raise Refused(422, 403, "The 'TemplateModel' property must be an object.")
            if alias not in TEMPLATES:
                raise Refused(422, 1101, f"The Template's 'Alias' associated with this request is not valid: {alias}.")
            subject, text = TEMPLATES[alias]
            return _fill(subject, model), _fill(text, model)

        return await self._answer(request, filled)

    async def _answer(self, request: Request, compose: Callable[[dict[str, Any]], tuple[str, str]]) -> Response:
        try:
            key = request.headers.get("x-postmark-server-token", "")
            if key not in self.keys:
                raise Refused(401, 10, "Request does not contain a valid Server token.")
            try:
                body = await json_body(request)
            except BadBody as error:
                raise Refused(422, 402, f"Invalid JSON: {error}.") from None
            if not isinstance(body, dict):
                raise Refused(422, 402, "Invalid JSON: an object is needed.")
            sender, to = self._address(body, "From"), self._address(body, "To")
            subject, text = compose(body)
        except Refused as refusal:
            return JsonAnswer({"ErrorCode": refusal.code, "Message": str(refusal)}, refusal.status)
        at = datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
        number = str(uuid.uuid4())
        sent = {"id": number, "at": at, "from": sender, "to": to, "subject": subject, "text": text}
        self.messages.append(sent | {"template": body.get("TemplateAlias"), "key": self.keys[key]})
        del self.messages[:-MOST_MESSAGES]
        return JsonAnswer({"To": to, "SubmittedAt": at, "MessageID": number, "ErrorCode": 0, "Message": "OK"})

    @staticmethod
    def _text(body: dict[str, Any], name: str) -> str:
        value = body.get(name)
        if not isinstance(value, str) or not value:
            raise Refused(422, 300, f"Provide '{name}'.")
        return value

    def _address(self, body: dict[str, Any], name: str) -> str:
        value = self._text(body, name).strip()
        if not ADDRESS.fullmatch(value) or len(value) > 254:
            raise Refused(422, 300, f"Invalid '{name}' address: '{value[:100]}'.")
        return value

    async def page(self, _: Request) -> Response:
        """GET /: what went out, newest first."""
        rows = "".join(
            f"<tr><td>{escape(each['to'])}</td><td><b>{escape(each['subject'])}</b><br>{escape(each['text'])}</td></tr>"
            for each in reversed(self.messages)
        )
        table = f"<table>{rows}</table>" if rows else "<p>Nothing was sent.</p>"
        style = "font:16px/1.5 system-ui,sans-serif;max-width:760px;margin:32px auto"
        return HTMLResponse(
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sent mail</title></head>'
            f'<body style="{style}"><h1>Sent mail</h1>{table}</body></html>'
        )

    def doors(self) -> list[Route]:
        """What a test or a lesson tells this stand-in."""

        async def keys(request: Request) -> Response:
            body = await json_body(request)
            if request.method == "DELETE":
                self.keys.pop(str(body.get("key")), None)
                return JsonAnswer({"keys": len(self.keys)})
            key = str(uuid.uuid4())
            self.keys[key] = str(body.get("name", f"key {len(self.keys) + 1}"))
            return JsonAnswer({"key": key}, 201)

        async def inbox(_: Request) -> Response:
            return JsonAnswer(self.messages)

        return [Route("/keys", keys, methods=["POST", "DELETE"]), Route("/inbox", inbox)]


def _fill(template: str, model: dict[str, Any]) -> str:
    return re.sub(r"{{\s*(\w+)\s*}}", lambda found: str(model.get(found[1], "")), template)


def app(context: PartnerContext) -> ASGIApp:
    """The stand-in as an ASGI app."""
    provider = MailProvider(context.clock)
    routes = [
        Route("/", provider.page),
        Route("/email", provider.email, methods=["POST"]),
        Route("/email/withTemplate", provider.with_template, methods=["POST"]),
    ]

    def error_body(status: int) -> dict[str, Any]:
        return {"ErrorCode": status, "Message": "The provider has a problem."}

    return StandIn(
        Starlette(routes=routes), context, doors=provider.doors(), reset=provider.reset, error_body=error_body
    )
