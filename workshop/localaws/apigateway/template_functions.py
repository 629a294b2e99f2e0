"""What templates can call: `$util`, methods of strings, JSONPath; and how Velocity sees values."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote_plus

from workshop.localaws.logs.apart import Unmatched, fits


class Unsupported(Exception):
    """The template uses what is not offered here; says what."""


def truth(value: Any) -> bool:
    """What `#if` makes of a value: everything but null and false is true."""
    return value is not None and value is not False


def text_of(value: Any) -> str:
    """A value as it appears in the rendered text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _matches(text: str, pattern: str) -> bool:
    try:
        return fits(pattern, text)
    except Unmatched as fault:
        raise Unsupported(f"a template's pattern: {fault}") from None


def json_path(body: str, path: str) -> Any:
    """The simple JSONPath of mapping templates: `$`, `$.a.b`, `$.a[0]`; None when there is nothing."""
    try:
        found = json.loads(body) if body else {}
    except ValueError:
        return None
    for name, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", path):
        if name:
            found = found.get(name) if isinstance(found, dict) else None
        else:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else None
    return found


STRING: dict[str, Callable[..., Any]] = {
    "matches": _matches,
    "equals": lambda text, other: text == other,
    "contains": lambda text, other: other in text,
    "startsWith": lambda text, other: text.startswith(other),
    "endsWith": lambda text, other: text.endswith(other),
    "toLowerCase": lambda text: text.lower(),
    "toUpperCase": lambda text: text.upper(),
}
UTIL = {
    "escapeJavaScript": lambda value: json.dumps(text_of(value))[1:-1].replace("'", "\\'"),
    "parseJson": lambda value: json.loads(value),
    "urlEncode": lambda value: quote(text_of(value), safe=""),
    "urlDecode": lambda value: unquote_plus(text_of(value)),
    "base64Encode": lambda value: base64.b64encode(text_of(value).encode()).decode(),
    "base64Decode": lambda value: base64.b64decode(text_of(value)).decode("utf-8", "replace"),
}
