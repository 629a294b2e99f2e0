"""A stand-in for a mail provider, with the two calls of Postmark's API that a service needs and its error codes.

    POST /email               {"From", "To", "Subject", "TextBody" or "HtmlBody"}: any text to anyone
    POST /email/withTemplate  {"From", "To", "TemplateAlias", "TemplateModel"}: a text the owner wrote before
    GET  /                    the messages that went out, as a page

`From` is `ada@example.com` or `Ada <ada@example.com>`; `To`, `Cc` and `Bcc` are up to 50 of them, with commas between.
`ReplyTo`, `Tag`, `Metadata` and `Headers` are kept with the message. What else Postmark does is refused by name.

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
MOST_RECIPIENTS = 50
TEST_KEY = "POSTMARK_API_TEST"  # Postmark takes it and sends nothing
# Fields of a message that are kept beside it, and such as the stand-in does not do.
# https://postmarkapp.com/developer/api/email-api#send-a-single-email
KEPT = {"Tag": str, "Metadata": dict, "Headers": list, "ReplyTo": str}
BEYOND = ("Attachments", "TrackOpens", "TrackLinks", "InlineCss", "TemplateId")
KNOWN = {*KEPT, *BEYOND, "From", "To", "Cc", "Bcc", "Subject", "TextBody", "HtmlBody", "MessageStream"}
KNOWN |= {"TemplateAlias", "TemplateModel"}
# Addresses that Postmark has and the stand-in has not: https://postmarkapp.com/developer
ELSEWHERE = re.compile(
    r"/(email/batch(WithTemplates)?|email/bulk.*|bounces.*|deliverystats|templates.*|server|servers.*|domains.*|senders.*|"
    r"messages/.*|message-streams.*|stats/.*|triggers/.*|webhooks.*|data-removals.*)"
)


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

        def written(body: dict[str, Any]) -> tuple[str, str, str]:
            subject = self._text(body, "Subject")
            text, html = body.get("TextBody") or "", body.get("HtmlBody") or ""
            if not isinstance(text, str) or not isinstance(html, str) or not (text or html):
                raise Refused(422, 300, "Provide either email TextBody or HtmlBody or both.")
            return subject, text, html

        return await self._answer(request, written)

    async def with_template(self, request: Request) -> Response:
        """POST /email/withTemplate"""

        def filled(body: dict[str, Any]) -> tuple[str, str, str]:
            alias, model = body.get("TemplateAlias"), body.get("TemplateModel")
            if not isinstance(model, dict):
                raise Refused(422, 403, "The 'TemplateModel' property must be an object.")
            if alias not in TEMPLATES:
                raise Refused(422, 1101, f"The Template's 'Alias' associated with this request is not valid: {alias}.")
            subject, text = TEMPLATES[alias]
            return _fill(subject, model), _fill(text, model), ""

        return await self._answer(request, filled)

    async def _answer(self, request: Request, compose: Callable[[dict[str, Any]], tuple[str, str, str]]) -> Response:
        try:
            key = request.headers.get("x-postmark-server-token", "")
            if key not in self.keys and key != TEST_KEY:
                raise Refused(401, 10, "Request does not contain a valid Server token.")
            try:
                body = await json_body(request)
            except BadBody as error:
                raise Refused(422, 402, f"Invalid JSON: {error}.") from None
            if not isinstance(body, dict):
                raise Refused(422, 402, "Invalid JSON: an object is needed.")
            kept = self._kept(body)
            sender, to = self._address(body["From"], "From"), self._recipients(body)
            subject, text, html = compose(body)
        except Refused as refusal:
            return JsonAnswer({"ErrorCode": refusal.code, "Message": str(refusal)}, refusal.status)
        at = datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
        number = str(uuid.uuid4())
        told = {name: body[name].strip() for name in ("To", "Cc", "Bcc") if body.get(name)}
        answer = told | {"SubmittedAt": at, "MessageID": number, "ErrorCode": 0}
        if key == TEST_KEY:
            return JsonAnswer(answer | {"Message": "Test job accepted"})
        sent = {
            "id": number,
            "at": at,
            "from": sender,
            "to": told["To"],
            "subject": subject,
            "text": text,
            "html": html,
        }
        sent |= {name.lower(): told.get(name, "") for name in ("Cc", "Bcc")} | kept | {"recipients": to}
        self.messages.append(sent | {"template": body.get("TemplateAlias"), "key": self.keys[key]})
        del self.messages[:-MOST_MESSAGES]
        return JsonAnswer(answer | {"Message": "OK"})

    def _kept(self, body: dict[str, Any]) -> dict[str, Any]:
        """The fields that are kept as they are. Refuses those that the stand-in does not do, and unknown ones."""
        for name in body:
            if name in BEYOND and body[name]:
                raise Refused(
                    422, 300, f"The workshop's stand-in for Postmark does not do '{name}'. Postmark itself does."
                )
            if name not in KNOWN:
                raise Refused(422, 300, f"'{name[:60]}' is no field of a message.")
        if body.get("MessageStream", "outbound") != "outbound":
            stream = str(body["MessageStream"])[:60]
            raise Refused(422, 1235, f"The 'MessageStream' '{stream}' does not exist; here there is 'outbound' only.")
        self._text(body, "From")
        for name, kind in KEPT.items():
            if name in body and not isinstance(body[name], kind):
                raise Refused(422, 300, f"The '{name}' property has the wrong type.")
        for each in [body["ReplyTo"]] if body.get("ReplyTo") else []:
            self._address(each, "ReplyTo")
        return {name.lower(): body[name] for name in KEPT if name in body}

    def _recipients(self, body: dict[str, Any]) -> list[str]:
        """The addresses of To, Cc and Bcc, without the names."""
        self._text(body, "To")
        found = []
        for name in ("To", "Cc", "Bcc"):
            value = body.get(name) or ""
            if not isinstance(value, str):
                raise Refused(422, 300, f"Invalid '{name}' address: it is a text.")
            found += [self._address(each, name) for each in separate(value)]
        if len(found) > MOST_RECIPIENTS:
            raise Refused(422, 300, f"You can send to {MOST_RECIPIENTS} recipients at most; these are {len(found)}.")
        return found

    @staticmethod
    def _text(body: dict[str, Any], name: str) -> str:
        value = body.get(name)
        if not isinstance(value, str) or not value:
            raise Refused(422, 300, f"Provide '{name}'.")
        return value

    def _address(self, written: str, name: str) -> str:
        """The address in `ada@example.com` or `Ada Lovelace <ada@example.com>`. Refuses what is none."""
        value = written.strip()
        named = re.fullmatch(r'(?:"[^"\r\n]*"|[^"<>,@\r\n]*)\s*<([^<>]*)>', value)
        address = named[1].strip() if named else value
        if not ADDRESS.fullmatch(address) or len(address) > 254:
            raise Refused(422, 300, f"Invalid '{name}' address: '{value[:100]}'.")
        return address

    async def elsewhere(self, request: Request) -> Response:
        """Every other address: said by name where Postmark has it."""
        what = f"{request.method} {request.url.path[:200]}"
        message = f"The workshop's stand-in for Postmark does not do {what}. Postmark itself does."
        if not ELSEWHERE.fullmatch(request.url.path):
            message = f"There is nothing at {what}."
        return JsonAnswer({"ErrorCode": 0, "Message": message}, 404)

    async def page(self, _: Request) -> Response:
        """GET /: what went out, newest first."""
        rows = "".join(
            f"<tr><td>{escape(each['to'])}</td><td><b>{escape(each['subject'])}</b><br>"
            f"{escape(each['text'] or each['html'])}</td></tr>"
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


def separate(written: str) -> list[str]:
    """The parts between commas; a comma inside quotation marks is part of a name."""
    return [part for part in re.findall(r'(?:"[^"]*"|[^",])+|"', written) if part.strip()]


def _fill(template: str, model: dict[str, Any]) -> str:
    return re.sub(r"{{\s*(\w+)\s*}}", lambda found: str(model.get(found[1], "")), template)


def app(context: PartnerContext) -> ASGIApp:
    """The stand-in as an ASGI app."""
    provider = MailProvider(context.clock)
    routes = [
        Route("/", provider.page),
        Route("/email", provider.email, methods=["POST"]),
        Route("/email/withTemplate", provider.with_template, methods=["POST"]),
        Route("/{path:path}", provider.elsewhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]

    def error_body(status: int) -> dict[str, Any]:
        return {"ErrorCode": status, "Message": "The provider has a problem."}

    return StandIn(
        Starlette(routes=routes), context, doors=provider.doors(), reset=provider.reset, error_body=error_body
    )
