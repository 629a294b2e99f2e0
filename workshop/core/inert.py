"""Text of others, made harmless for a screen: a terminal must show it, never obey it.

A log line may hold escape sequences that clear the screen, set a window's title or answer as if the reader had typed
(https://invisible-island.net/xterm/ctlseqs/ctlseqs.html), and signs that turn the order of letters around
(https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings).
"""

from __future__ import annotations

import re

# C0 but tab and line feed, DEL, C1, line and paragraph separator, and what overrides the direction of writing.
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def inert(text: str) -> str:
    """The text with every sign that a terminal would obey written out, as `\\x1b`; tabs and line feeds stay.

    Args:
        text: anything: a log line, a name, a message of a function.
    """
    if text.isascii() and text.isprintable():
        return text
    return _OBEYED.sub(_written, text.replace("\r\n", "\n"))


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def inert_json(text: str) -> str:
    """JSON text with such signs as JSON's own escapes: it reads the same, and a terminal shows it."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
