"""Slides as one HTML page that needs nothing else: no network, no server, no second file."""

from __future__ import annotations

import base64
import json
import mimetypes
import os
import re
from html import escape
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from workshop.core import text_files
from workshop.core.errors import WorkshopError
from workshop.core.paths import reason
from workshop.deck import fallback, included
from workshop.deck.source import DECK, Slide, place, read

RUNTIME = Path(__file__).parent / "runtime"
LAB = "http://127.0.0.1:8888/lab/tree/notebooks/"
MARK = b'<main id="deck">'
FORMATTER = HtmlFormatter(nowrap=True, style="friendly")


def build(deck: Path = DECK, out: Path | None = None) -> Path:
    """Builds the deck.

    Args:
        deck: its Markdown source.
        out: the HTML file; without it `build/deck.html` beside the source.

    Returns:
        The file written.

    Raises:
        WorkshopError: something on a slide is wrong; says where.
    """
    slides = read(deck)
    text = page(slides, deck)
    target = out or deck.parent / "build" / "deck.html"
    if os.path.lexists(target) and not is_ours(target, MARK):
        raise WorkshopError(
            f"{target} is there already and is no deck; nothing was written.",
            fix="Name another file with --out.",
            used_wrongly=True,
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        text_files.write(target, text)
    except OSError as error:
        raise WorkshopError(f"{target} cannot be written: {reason(error)}.") from None
    return target


def is_ours(file: Path, mark: bytes) -> bool:
    """True for a file that was built here before, by what it holds; only such a one is written over."""
    try:
        return file.is_file() and mark in file.read_bytes()
    except OSError:
        return False


def page(slides: list[Slide], deck: Path) -> str:
    """The whole page."""
    sections = "\n".join(section(slide, deck) for slide in slides)
    css = (RUNTIME / "deck.css").read_text(encoding="utf-8") + FORMATTER.get_style_defs("code")
    script = (RUNTIME / "deck.js").read_text(encoding="utf-8")
    plan = json.dumps([{"title": slide.title, "minutes": slide.minutes, "at": slide.at} for slide in slides])
    plan = plan.replace("<", r"\u003c")  # no title may end the script
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{escape(slides[0].title)}</title>
<style>{css}</style>
</head>
<body>
<main id="deck">
{sections}
</main>
<div id="bar" aria-hidden="true"></div>
<p id="say" role="status"></p>
<script>const PLAN = {plan};</script>
<script>{script}</script>
</body>
</html>
"""


def section(slide: Slide, deck: Path) -> str:
    """One slide, its notes and its fall-back."""
    where = place(deck, slide.line)
    foot = [f"talk {slide.at}"] if slide.at else []
    extra = ""
    if slide.demo:
        notebook = fallback.notebook_of(slide, deck)
        link = f'<a href="{LAB}{notebook.name}">notebooks/{notebook.name}</a>'
        extra = f'<p class="live"><b>Live</b> {link} <span>if it fails: <kbd>F</kbd></span></p>'
        instead = fallen_back(notebook, slide.shows, place(deck, slide.line))
        extra += f'<div class="fallback" tabindex="0" hidden>{instead}</div>'
    foot.append(f"{slide.number}")
    return (
        f'<section class="{slide.look or "plain"}" aria-roledescription="slide" aria-label="{slide.number}: '
        f'{escape(slide.title, quote=True)}">\n<div class="inside">{rendered(slide.body, where, deck)}{extra}</div>\n'
        f"<footer>{' · '.join(foot)}</footer>\n<aside hidden>{rendered(slide.notes, where, deck)}</aside>\n</section>"
    )


def fallen_back(notebook: Path, ids: tuple[str, ...], where: str) -> str:
    """A notebook's committed cells, to show instead of a live demo."""
    parts = [f"<p>From <code>{notebook.name}</code>, as it was last rendered:</p>"]
    for source, output in fallback.cells(notebook, ids, where):
        parts.append(coloured(source, "python", 20) + output)
    return "\n".join(parts)


def rendered(markdown: str, where: str, deck: Path) -> str:
    """Markdown as HTML, with code brought in and pictures put inside."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

    def fence(renderer: Any, tokens: Any, at: int, *_: Any) -> str:
        return fenced(tokens[at].info, tokens[at].content, where, deck)

    def image(renderer: Any, tokens: Any, at: int, *_: Any) -> str:
        return picture(tokens[at].attrs["src"], tokens[at].content, where, deck)

    parser.add_render_rule("fence", fence)
    parser.add_render_rule("image", image)
    return parser.render(markdown)


def fenced(info: str, code: str, where: str, deck: Path) -> str:
    """A fence: code as it stands, from a file, or with what it prints."""
    language, options = included.options_of(info, where)
    if language == "type":
        return f'<pre class="type"><code>{escape(code.rstrip())}</code></pre>'
    largest = float(options.get("size", 28))
    if "include" in options:
        source = included.include(options, where)
        return f'{coloured(source, language, largest)}<p class="from">{escape(options["include"])}</p>'
    if "run" not in options:
        return coloured(code.rstrip(), language, largest)
    printed = included.run(code, where)
    if options["run"] == "markdown":
        return rendered(printed, where, deck)
    shown = f'<pre class="printed">{escape(printed)}</pre>'
    return shown if options["run"] == "output" else coloured(code.rstrip(), language) + shown


def coloured(code: str, language: str, largest: float = 28) -> str:
    """Code with its colours, as large as its longest line and its number of lines allow."""
    try:
        inside = highlight(code, get_lexer_by_name(language or "text"), FORMATTER).rstrip()
    except ClassNotFound:
        inside = escape(code)
    lines = code.splitlines() or [""]
    size = min(largest, 1096 / (0.61 * max(1, *map(len, lines), 1)), 470 / (1.32 * len(lines)))
    return f'<pre style="font-size:{max(size, 13):.1f}px"><code>{inside}</code></pre>'


def picture(source: str, words: str, where: str, deck: Path) -> str:
    """A picture, inside the page.

    Raises:
        WorkshopError: it is not there, lies on another machine, or has no words for those who cannot see it.
    """
    if not words.strip():
        raise WorkshopError(f"The picture {source} has no alternative text.", where=where)
    file = (deck.parent / source).resolve()
    if re.match(r"\w+://", source) or not file.is_file():
        raise WorkshopError(f"There is no picture {source}.", where=where, fix="Name it from the deck's folder.")
    kind = mimetypes.guess_type(file.name)[0] or "image/svg+xml"
    data = base64.b64encode(file.read_bytes()).decode()
    return f'<img alt="{escape(words, quote=True)}" src="data:{kind};base64,{data}">'
