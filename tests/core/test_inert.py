"""Text of others is shown, never obeyed: in messages, log views, tables and progress, in terminals and notebooks."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from workshop.core.errors import WorkshopError
from workshop.core.inert import inert, inert_json
from workshop.serverless.invoking import Answer
from workshop.serverless.reading_logs import LogEvent
from workshop.serverless.steps import Step
from workshop.show import Code, Diff, LogPrinter, LogView, Note, Steps, Table, Text, side_by_side

# A title, a cleared screen, a question that the terminal answers on standard input, a C1 sequence, a turned direction.
EVIL = "\x1b]0;owned\x07\x1b[2J\x1b[6n\x9b31m\u202eevil\x08\r<script>alert(1)</script>"
OBEYED = "\x1b\x07\x08\x9b\u202e\r"


def events() -> list[dict[str, Any]]:
    """A request whose lines hold it, in plain text and in a structured line's field."""
    request = "11111111-1111-4111-8111-111111111111"
    lines = [
        f"START RequestId: {request} Version: $LATEST",
        f"printed {EVIL}",
        json.dumps({"level": "ERROR", "message": EVIL, "requestId": request, "timestamp": "2026-03-02T03:00:00Z"}),
        f"END RequestId: {request}",
        f"REPORT RequestId: {request}\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 9 MB",
    ]
    return [
        {"timestamp": 1_774_850_400_000 + at, "message": line, "logStreamName": "s"} for at, line in enumerate(lines)
    ]


def printed() -> str:
    """What a terminal that follows gets."""
    out = io.StringIO()
    printer = LogPrinter(out)
    for event in events():
        printer.take(event)
    LogView(events(), expand=True).print(out)
    return out.getvalue()


SHOWN = {
    "error": lambda: WorkshopError(EVIL, where=EVIL, fix=EVIL).paragraph(),
    "log view": lambda: str(LogView(events(), expand=True)),
    "log page": lambda: LogView(events(), expand=True).html(),
    "log printed": printed,
    "log line": lambda: str(LogEvent(datetime(2026, 3, 2, tzinfo=UTC), EVIL, "s")),
    "answer": lambda: str(Answer({"x": EVIL})),
    "table": lambda: str(Table([(EVIL, 1)], [EVIL, "b"], EVIL)),
    "table page": lambda: Table([(EVIL, 1)], [EVIL, "b"], EVIL).html(),
    "text": lambda: str(Text(EVIL, EVIL)) + Text(EVIL, EVIL).markdown(),
    "code": lambda: str(Code(EVIL, caption=EVIL)) + str(Diff(EVIL, "x", EVIL)),
    "note": lambda: str(Note(EVIL)) + Note(EVIL).html(),
    "side by side": lambda: side_by_side(Text(EVIL), Table([(EVIL,)])).html(),
    "steps": lambda: str(Steps("t", [Step("create", EVIL, EVIL, "CREATE_FAILED", EVIL)])),
    "steps page": lambda: Steps("t", [Step("create", EVIL, EVIL, "CREATE_FAILED", EVIL)]).html(),
    "steps in a pipe": lambda: _last(Steps("t", [Step("create", EVIL, EVIL, "CREATE_FAILED", EVIL)])),
}


def _last(steps: Steps) -> str:
    return steps.last + "\n".join(steps.fitted(200, 0))


@pytest.mark.parametrize("name", SHOWN)
def test_nothing_that_is_shown_is_obeyed(name: str) -> None:
    shown = SHOWN[name]()
    assert not [sign for sign in OBEYED if sign in shown], shown
    assert "evil" in shown
    if name.endswith("page") or name == "side by side":
        assert "<script" not in shown


def test_json_reads_the_same() -> None:
    text = inert_json(json.dumps({"x": EVIL}, ensure_ascii=False))
    assert json.loads(text) == {"x": EVIL}
    assert not [sign for sign in OBEYED if sign in text]


def test_plain_text_stays_as_it_is() -> None:
    assert inert("größe 5 €\n\tline — 日本") == "größe 5 €\n\tline — 日本"
    assert inert("a\r\nb") == "a\nb"
