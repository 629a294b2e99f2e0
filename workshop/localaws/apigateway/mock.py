"""MOCK integrations: API Gateway answers by itself, as the preflight of a REST API's CORS does.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from workshop.localaws.apigateway.exchange import Answer, Request
from workshop.localaws.apigateway.template_functions import Unsupported
from workshop.localaws.apigateway.templates import Template
from workshop.localaws.logs.apart import Unmatched, fits

__all__ = ["Unsupported", "answer"]


def answer(
    integration: Any,
    method_responses: Mapping[str, Any],
    request: Request,
    parameters: Mapping[str, str] | None,
    stage_variables: Mapping[str, str] | None,
    stage: str,
) -> Answer:
    """What a MOCK method answers. Blocks while a template's regular expressions are tried.

    Args:
        integration: moto's Integration.
        method_responses: the method's responses by status; headers not declared there are not sent, as on AWS.
        request: the request.
        parameters: path parameters.
        stage_variables: the stage's variables.
        stage: its name.

    Raises:
        Unsupported: a template uses what is not offered here, or no integration response fits.
    """
    template = Template(
        _inputs(request, parameters),
        request.body.decode("utf-8", "replace"),
        {
            "stage": stage,
            "httpMethod": request.method,
            "path": f"/{stage}{request.path}",
            "requestId": request.id,
            "identity": {"sourceIp": request.client_ip, "userAgent": request.header(b"user-agent")},
        },
        stage_variables,
    )
    media = request.header(b"content-type").partition(";")[0].strip() or "application/json"
    templates = integration.request_templates or {}
    text = templates.get(media) or templates.get("application/json") or templates.get("$default") or ""
    status = _status(template.render(text))
    response = _response(integration.integration_responses or {}, status)
    if response is None:
        raise Unsupported(f"the mock asks for status {status}, for which it has no integration response")
    headers = _headers(response, method_responses.get(str(response.status_code)), template)
    body = ""
    for kind, text in (response.response_templates or {}).items():
        if kind == "application/json" or len(response.response_templates) == 1:
            body = template.render(text or "")
            headers.setdefault("content-type", kind)
            break
    for name, value in template.overrides.items():
        if name.startswith("header."):
            headers[name.removeprefix("header.").lower()] = str(value)
    code = int(template.overrides.get("status", response.status_code))
    headers.setdefault("content-type", "application/json")
    wire = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    return Answer(code, wire, body.encode())


def _inputs(request: Request, parameters: Mapping[str, str] | None) -> dict[str, str]:
    """`$input.params()`: path first, then query, then headers."""
    values: dict[str, str] = {}
    for lower, name, value in request.spelled():
        values[name] = values[lower] = value
    values.update(parse_qsl(request.query, keep_blank_values=True))
    values.update(parameters or {})
    return values


def _status(rendered: str) -> str:
    """The status the request template asks for; it is written as JSON, often without quotes round the key."""
    if not rendered.strip():
        return "200"
    found = re.search(r"[\"']?statusCode[\"']?\s*:\s*[\"']?(\d{3})", rendered)
    if not found:
        raise Unsupported("a mock's request template must give a statusCode")
    return found[1]


def _response(responses: Mapping[str, Any], status: str) -> Any:
    for response in responses.values():
        pattern = response.selection_pattern
        try:
            if pattern and fits(pattern, status):
                return response
        except Unmatched as fault:
            raise Unsupported(f"the mock's selection pattern: {fault}") from None
    default = next((one for one in responses.values() if not one.selection_pattern), None)
    return responses.get(status) or default


def _headers(response: Any, declared: Any, template: Template) -> dict[str, str]:
    names = {key.lower() for key in (getattr(declared, "response_parameters", None) or {})}
    headers: dict[str, str] = {}
    for key, value in (response.response_parameters or {}).items():
        name = key.removeprefix("method.response.header.")
        if name == key or (names and key.lower() not in names):
            continue
        if value.startswith("'") and value.endswith("'"):
            headers[name.lower()] = value[1:-1]
        elif value.startswith(("context.", "stageVariables.")):
            headers[name.lower()] = str(template.lookup(value.split(".")) or "")
    return headers
