"""Views made of text: tables, code, differences, a preflight. Each has a plain form and a form for a notebook."""

from __future__ import annotations

import contextlib
import difflib
import json
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from workshop.core import text_files
from workshop.core.checks import Check
from workshop.core.telling import View

CELL = "padding:2px 10px;border-bottom:1px solid #ccc;vertical-align:top;"
SHORT = 24  # letters of a cell that is never broken into lines
_LANGUAGES = {".py": "python", ".yml": "yaml", ".yaml": "yaml", ".json": "json", ".md": "markdown", ".sh": "bash"}
_PROGRAMS = {"bash": "bash", "sh": "bash", "node": "javascript", "php": "php", "python3": "python"}  # in a file's #!
_NUMBER = re.compile(r"^[-+]?[$€£]?[\d,]*\.?\d+(e[-+]?\d+)?( ?(%|s|ms|MB|KB|GB|x))?$")


def width_of(text: str) -> int:
    """Columns a text takes in a terminal: wide East Asian letters count two, combining marks none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(bool(unicodedata.combining(c)) for c in text)


def shortened(name: str, most: int = 34) -> str:
    """A long generated name with its end left out; a table that scrolls sideways hides more than that."""
    return name if len(name) <= most else name[: most - 1] + "…"


class Link(str):
    """A cell's text that leads somewhere: a link in a notebook, its text elsewhere."""

    url: str

    def __new__(cls, text: str, url: str) -> Link:
        """A link to `url` that reads `text`."""
        made = super().__new__(cls, text)
        made.url = url
        return made


def cell_text(value: Any) -> str:
    """One value as a reader wants it: no `None`, no `True`, no seventeen digits."""
    if isinstance(value, Link):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


class Table(View):
    """Rows and columns, aligned in a terminal, a plain HTML table in a notebook.

    Args:
        rows: sequences, or mappings (their keys become the headers), or one mapping (shown as name and value).
        headers: column names; taken from the first mapping when left out.
        caption: one line above the table.
        widest: wrap cells of the plain form beyond this many columns.
    """

    def __init__(self, rows: Any, headers: Sequence[str] | None = None, caption: str = "", *, widest: int = 64) -> None:
        if isinstance(rows, Mapping):
            rows = list(rows.items())
        rows = list(rows)
        if headers is None and rows and isinstance(rows[0], Mapping):
            headers = list(dict.fromkeys(key for row in rows for key in row))
        self.headers = [cell_text(name) for name in headers or ()]
        names = list(headers or ())
        self.rows = [
            [cell_text(row.get(name)) for name in names] if isinstance(row, Mapping) else [cell_text(c) for c in row]
            for row in rows
        ]
        columns = max([len(self.headers), *(len(row) for row in self.rows)], default=0)
        for row in [*self.rows, *([self.headers] if self.headers else [])]:
            row.extend([""] * (columns - len(row)))
        self.caption, self.widest, self.columns = caption, widest, columns

    def _right(self) -> list[bool]:
        """Which columns hold only numbers and so line up on the right."""
        return [
            any(row[at] for row in self.rows) and all(_NUMBER.match(row[at]) for row in self.rows if row[at])
            for at in range(self.columns)
        ]

    def __str__(self) -> str:
        body = [[self._wrapped(cell) for cell in row] for row in self.rows]
        heads = [[name] for name in self.headers]
        widths = [
            max((width_of(line) for row in ([heads] if heads else []) + body for line in row[at]), default=0)
            for at in range(self.columns)
        ]
        right = self._right()
        out = [self.caption] if self.caption else []
        if heads:
            out += _text_row(heads, widths, right)
            out.append("  ".join("-" * width for width in widths))
        for row in body:
            out += _text_row(row, widths, right)
        if not body:
            out.append("(none)")
        return "\n".join(out)

    def _wrapped(self, cell: str) -> list[str]:
        out: list[str] = []
        for line in cell.splitlines() or [""]:
            out += textwrap.wrap(line, self.widest) if len(line) > self.widest else [line]
        return out

    def html(self) -> str:
        right = self._right()
        out = ['<table style="border-collapse:collapse;margin:4px 0">']
        if self.caption:
            look = "text-align:left;padding:4px 0;white-space:nowrap"
            out.append(f'<caption style="{look}"><b>{escape(self.caption)}</b></caption>')
        if self.headers:
            out.append(_html_row("th", self.headers, right))
        out += [_html_row("td", row, right) for row in self.rows]
        if not self.rows:
            out.append(f'<tr><td style="{CELL}">(none)</td></tr>')
        return "\n".join([*out, "</table>"])


def _text_row(cells: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    lines = []
    for depth in range(max((len(cell) for cell in cells), default=0)):
        parts = []
        for cell, width, to_right in zip(cells, widths, right, strict=True):
            text = cell[depth] if depth < len(cell) else ""
            space = " " * (width - width_of(text))
            parts.append(space + text if to_right else text + space)
        lines.append("  ".join(parts).rstrip())
    return lines


def _html_row(tag: str, cells: Sequence[str], right: Sequence[bool]) -> str:
    def one(text: str, to_right: bool) -> str:
        look = f"{CELL}text-align:{'right' if to_right else 'left'}"
        if len(text) <= SHORT:
            look += ";white-space:nowrap"
        shown = escape(text).replace("\n", "<br>")
        if isinstance(text, Link):
            shown = f'<a href="{escape(text.url)}">{shown}</a>'
        return f'<{tag} style="{look}">{shown}</{tag}>'

    return "<tr>" + "".join(one(text, to_right) for text, to_right in zip(cells, right, strict=True)) + "</tr>"


def fence(text: str, language: str = "") -> str:
    """Text as a fenced Markdown block; the fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{text.rstrip()}\n{marks}"


class Text(View):
    """Plain text as it is, with an optional caption."""

    language = ""

    def __init__(self, text: str, caption: str = "") -> None:
        self.text, self.caption = str(text), caption

    def __str__(self) -> str:
        return f"{self.caption}\n{self.text.rstrip()}" if self.caption else self.text.rstrip()

    def markdown(self) -> str:
        head = f"**{self.caption}**\n\n" if self.caption else ""
        return head + fence(self.text, self.language)


class Code(Text):
    """Source code, coloured where the place it is shown in can.

    Args:
        source: the code, or a `pathlib.Path` to read it from. JSON on one line is laid out.
        language: `python`, `yaml`, `json`, `http`, …; taken from a path's ending when left out.
        caption: one line above; a path's name when left out.
        lines: first and last line to show, counted from 1.
    """

    def __init__(
        self, source: Any, language: str = "", caption: str = "", *, lines: tuple[int, int] | None = None
    ) -> None:
        if hasattr(source, "read_text"):
            language = language or _LANGUAGES.get(source.suffix, "")
            # Three files called `bootstrap` are told apart by their folders.
            caption = caption or (source.name if source.suffix else f"{source.parent.name}/{source.name}")
            source = text_files.read(source)
            if not language and source.startswith("#!"):
                program = re.split(r"[/ ]", source.partition("\n")[0].strip())[-1]
                language = _PROGRAMS.get(program, "")
        if language == "json" and "\n" not in source.strip():
            with contextlib.suppress(ValueError):
                source = json.dumps(json.loads(source), indent=2, ensure_ascii=False)
        if lines:
            source = "\n".join(source.splitlines()[max(lines[0], 1) - 1 : lines[1]])
        super().__init__(textwrap.dedent(source).strip("\n"), caption)
        self.language = language or "python"


class Diff(Text):
    """What changed between two texts, as a unified difference: `-` before, `+` after."""

    language = "diff"

    def __init__(self, before: str, after: str, caption: str = "", *, around: int = 2) -> None:
        lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=around, lineterm=""))[2:]
        super().__init__("\n".join(lines) or "(no difference)", caption)


class Checks(View):
    """A preflight as a table: `[OK]` or `[FAIL]`, what was found, the seconds, and the mend on the same line."""

    def __init__(self, checks: Iterable[Check], caption: str = "") -> None:
        self.checks, self.caption = list(checks), caption

    @property
    def ok(self) -> bool:
        """True when every check passed."""
        return all(check.ok for check in self.checks)

    def table(self) -> Table:
        """The checks as a `Table`; the columns for seconds and mends appear only when something is in them."""
        timed = any(check.seconds is not None for check in self.checks)
        headers = ["", "check", "found", *(["seconds"] if timed else []), *(["what to do"] if not self.ok else [])]
        rows = []
        for check in self.checks:
            row = ["[OK]" if check.ok else "[FAIL]", check.name, check.detail]
            row += ["" if check.seconds is None else f"{check.seconds:.2f}"] if timed else []
            row += ["" if check.ok else check.mend] if not self.ok else []
            rows.append(row)
        return Table(rows, headers, self.caption)

    def __str__(self) -> str:
        return str(self.table())

    def html(self) -> str:
        marked = self.table().html()
        ok, fail = ('<b style="color:#0a6b2d">[OK]</b>', '<b style="color:#b00020">[FAIL]</b>')
        return marked.replace(">[OK]<", f">{ok}<").replace(">[FAIL]<", f">{fail}<")
