"""When a live demo fails: what the notebook showed when it was last rendered, taken from its committed outputs."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.deck.source import ROOT, Slide, place

LONGEST = 6000  # letters of one output: more is scrolled past on a stage anyway


def notebook_of(slide: Slide, deck: Path) -> Path:
    """The notebook a demo slide shows.

    Raises:
        WorkshopError: no notebook has that number.
    """
    found = sorted((ROOT / "notebooks").glob(f"{slide.demo}_*.ipynb"))
    if len(found) != 1:
        raise WorkshopError(
            f"No notebook has the number {slide.demo}.",
            where=place(deck, slide.line),
            fix="Write it with two digits, as in its file's name.",
        )
    return found[0]


def cells(notebook: Path, ids: tuple[str, ...] = (), where: str = "") -> list[tuple[str, str]]:
    """Source and committed output (HTML) of a notebook's code cells.

    Args:
        notebook: the file.
        ids: which code cells, in the order to show them; all of them without any. An id stays with its cell when
            others are added before it, unlike a count.
        where: the slide, for the refusal.

    Raises:
        WorkshopError: no code cell has that id.
    """
    found = [cell for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    by_id = {cell["id"]: cell for cell in found}
    if unknown := [one for one in ids if one not in by_id]:
        raise WorkshopError(
            f"{notebook.name} has no code cell with the id {unknown[0]!r}.",
            where=where,
            fix=f"Its code cells: {', '.join(by_id)}.",
        )
    wanted = [by_id[one] for one in ids] if ids else found
    return [("".join(cell["source"]), "".join(html_of(output) for output in cell["outputs"])) for cell in wanted]


def html_of(output: dict[str, Any]) -> str:
    """One committed output as HTML without scripts."""
    if output["output_type"] == "stream":
        return pre("".join(output["text"]))
    data = {kind: "".join(text) if isinstance(text, list) else text for kind, text in output.get("data", {}).items()}
    if "image/png" in data:
        words = escape(re.sub(r"\s+", " ", data.get("text/plain", "a picture"))[:300], quote=True)
        return f'<img alt="{words}" src="data:image/png;base64,{data["image/png"].strip()}">'
    html = data.get("text/html", "")
    if html and not re.search(r"<(script|iframe|style)\b", html):
        return html
    return pre(data.get("text/plain", ""))


def pre(text: str) -> str:
    """Plain output, cut where it becomes too long for a stage."""
    shown = text.rstrip() if len(text) <= LONGEST else text[:LONGEST].rstrip() + "\n…"
    return f"<pre>{escape(shown)}</pre>"
