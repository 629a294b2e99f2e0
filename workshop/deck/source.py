"""`slides/deck.md` as slides: what each shows, what the speaker says, how long it takes.

Slides are parted by a line `---`. A slide may begin with facts, `<!-- at: 02:14; minutes: 1.5; demo: 01 -->`, and end
with what only the speaker sees, below a line `Notes:`. A fence `type` in the notes holds what to type in a terminal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from workshop.core.errors import WorkshopError

ROOT = Path(__file__).resolve().parents[2]
DECK = ROOT / "slides" / "deck.md"
FACTS = {"at", "minutes", "demo", "look", "shows"}
LOOKS = {"", "title", "demo", "dense"}
FENCE = re.compile(r"^(`{3,}|~{3,})")


@dataclass(frozen=True)
class Slide:
    """One slide.

    Attributes:
        number: counted from 1.
        line: where it begins in the deck.
        title: its heading.
        body, notes: Markdown.
        at: the minute of the talk it reproduces, `02:14`; empty for what the talk does not have.
        minutes: how long it takes in the 28-minute talk.
        demo: a notebook's number, when something is shown live.
        shows: which of that notebook's code cells the fall-back shows, by their ids; all when empty.
        look: `title`, `demo`, `dense` or nothing.
    """

    number: int
    line: int
    title: str
    body: str
    notes: str
    at: str = ""
    minutes: float = 0.0
    demo: str = ""
    shows: tuple[str, ...] = ()
    look: str = ""

    @property
    def typed(self) -> list[str]:
        """What the speaker types in a terminal, a command a line."""
        blocks = re.findall(r"^```type\n(.*?)^```", self.notes, re.M | re.S)
        return [line for block in blocks for line in block.splitlines() if line.strip()]


@dataclass
class _Part:
    """Lines of one slide while the deck is read."""

    line: int
    lines: list[str] = field(default_factory=list)


def read(path: Path = DECK) -> list[Slide]:
    """The slides of a deck.

    Raises:
        WorkshopError: there is no such file, or a slide has no heading, an unknown fact or a fence left open.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise WorkshopError(f"{path} cannot be read ({error.strerror}).") from None
    parts, fence = [_Part(1)], ""
    for number, line in enumerate(text.splitlines(), 1):
        mark = FENCE.match(line)
        if mark and (not fence or line.strip() == fence):
            fence = "" if fence else mark[1]
        if line.strip() == "---" and not fence:
            parts.append(_Part(number + 1))
        else:
            parts[-1].lines.append(line)
    if fence:
        raise WorkshopError("A code fence is never closed.", where=place(path, parts[-1].line), fix=f"Add {fence}")
    return [slide(path, number, part) for number, part in enumerate(parts, 1)]


def place(path: Path, line: int) -> str:
    """A file and a line, as errors name them."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return f"{name}:{line}"


def slide(path: Path, number: int, part: _Part) -> Slide:
    """One slide from its lines."""
    where = place(path, part.line)
    text = "\n".join(part.lines).strip()
    facts: dict[str, str] = {}
    if text.startswith("<!--"):
        inside, _, text = text[4:].partition("-->")
        facts = dict(_fact(where, each) for each in inside.split(";") if each.strip())
        text = text.strip()
    body, _, notes = re.sub(r"(?m)^Notes:[ ]*$", "\0", text, count=1).partition("\0")
    heading = re.search(r"(?m)^#{1,2} (.+)$", body)
    if not heading:
        raise WorkshopError("This slide has no heading.", where=where, fix="Begin it with a line like: ## A title")
    if facts.get("look", "") not in LOOKS:
        raise WorkshopError(f"There is no look {facts['look']!r}.", where=where, fix="Looks: title, demo, dense.")
    try:
        minutes = float(facts.get("minutes", 0))
    except ValueError:
        raise WorkshopError(f"minutes is a number, not {facts['minutes']!r}.", where=where) from None
    return Slide(
        number=number,
        line=part.line,
        title=re.sub(r"[*`]", "", heading[1]).strip(),
        body=body.strip(),
        notes=notes.strip(),
        at=facts.get("at", ""),
        minutes=minutes,
        demo=facts.get("demo", ""),
        shows=tuple(facts.get("shows", "").split()),
        look=facts.get("look", "demo" if facts.get("demo") else ""),
    )


def _fact(where: str, text: str) -> tuple[str, str]:
    name, colon, value = (word.strip() for word in text.partition(":"))
    if not colon or name not in FACTS:
        known = ", ".join(sorted(FACTS))
        raise WorkshopError(f"A slide has no fact {text.strip()!r}.", where=where, fix=f"Facts: {known}.")
    return name, value
