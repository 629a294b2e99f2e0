"""The certificate: a page for who has done the exercises; until then, a kind list of what is missing."""

from __future__ import annotations

from datetime import datetime
from html import escape
from pathlib import Path

from workshop.core.errors import WorkshopError
from workshop.core.telling import View
from workshop.exercises import diary

LONGEST = 80
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Certificate: {name}</title>
<style>
  body {{ font-family: Georgia, serif; text-align: center; margin: 0; }}
  main {{ margin: 6vh auto; max-width: 44rem; padding: 4rem 3rem; border: 6px double #1f4e79; }}
  h1 {{ font-weight: normal; letter-spacing: .08em; }}
  .who {{ font-size: 2.4rem; margin: 2rem 0; overflow-wrap: anywhere; }}
  @page {{ size: A4 landscape; }}
</style>
<main>{body}</main></html>
"""


class Certificate(View):
    """What `certificate()` shows.

    Attributes:
        issued: False while exercises are missing.
        missing: their titles, as `notebook: title`.
    """

    def __init__(self, name: str, found: diary.Progress) -> None:
        self.name, self.found = name, found
        required = [(book, title, state) for book, rows in found.rows for title, state in rows if is_required(title)]
        extra = [state for _, rows in found.rows for title, state in rows if not is_required(title)]
        self.missing = [f"{book}: {title}" for book, title, state in required if state != "solved"]
        self.issued = bool(required) and not self.missing
        self.done, self.extra, self.extras = len(required), sum(state == "solved" for state in extra), len(extra)
        self.day = datetime.now().astimezone().date().isoformat()

    def lines(self) -> list[str]:
        """What stands on it, line by line."""
        more = f", and {self.extra} of the {self.extras} harder ones" if self.extra else ""
        return [
            "Serverless payments, hands on",
            self.name,
            f"has solved all {self.done} exercises of the workshop{more}: functions deployed, called, secured, "
            "measured, and paid for once and only once.",
            self.day,
        ]

    def __str__(self) -> str:
        if self.issued:
            return "\n\n".join(["CERTIFICATE", *self.lines()])
        count = len(self.missing)
        words = "one exercise is" if count == 1 else f"{count} exercises are"
        return f"Not yet, {self.name}: {words} still to be solved. You need none of the stretches.\n" + "\n".join(
            f"  - {one}" for one in self.missing
        )

    def html(self) -> str:
        if self.issued:
            return f'<div style="border:6px double #1f4e79;padding:24px;text-align:center">{self.body()}</div>'
        head, *rest = str(self).splitlines()
        return f"<p>{escape(head)}</p><ul>{''.join(f'<li>{escape(one[4:])}</li>' for one in rest)}</ul>"

    def body(self) -> str:
        """The certificate's words as HTML."""
        title, name, words, day = (escape(line) for line in self.lines())
        return f'<h1>{title}</h1><p class="who" style="font-size:2em">{name}</p><p>{words}</p><p>{day}</p>'

    def save(self, folder: Path) -> Path:
        """Writes it as a page of its own, to print."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "certificate.html"
        file.write_text(PAGE.format(name=escape(self.name), body=self.body()), encoding="utf-8")
        return file


def is_required(title: str) -> bool:
    """True unless it is one of the harder ones, which are a bonus."""
    return not title.endswith("(stretch)")


def issue(name: str) -> Certificate:
    """The certificate for a name, also as `my_work/certificate.html` once it is issued."""
    words = " ".join(str(name).split()) if isinstance(name, str) else ""
    if not words or len(words) > LONGEST or not words.isprintable():
        raise WorkshopError(
            f"A certificate needs a name of 1 to {LONGEST} letters.",
            fix='For example: exercises.certificate("Ada Lovelace")',
            used_wrongly=True,
        )
    certificate = Certificate(words, diary.overview())
    if certificate.issued:
        from workshop.lesson import MY_WORK

        certificate.save(MY_WORK)
    return certificate
