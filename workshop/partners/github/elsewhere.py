"""What GitHub's REST API has and the stand-in has not: known by address, so that a call to it is refused by name.

`endpoints.json` lists every address of GitHub's published OpenAPI description (by way of @octokit/openapi 23.0.2, MIT).
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path


@cache
def addresses() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Method and pattern of every address."""
    listed = json.loads((Path(__file__).parent / "endpoints.json").read_text(encoding="utf-8"))
    pairs = (each.split(" ", 1) for each in listed)
    return tuple((method, re.compile(re.escape(path).replace(r"\{\}", "[^/]+"))) for method, path in pairs)


def refusal(method: str, path: str) -> str:
    """The sentence to answer."""
    return f"The workshop's stand-in for GitHub does not do {method} {path[:200]}. GitHub itself does."


def knows(method: str, path: str) -> bool:
    """Whether GitHub has something at an address that the stand-in has nothing at."""
    return any(each == method and pattern.fullmatch(path) for each, pattern in addresses())
