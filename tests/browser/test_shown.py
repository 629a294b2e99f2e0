"""Script and escape sequences in what others wrote: a live JupyterLab shows them. And who gets into its port."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.browser.conftest import fresh_copy_in, served
from tests.browser.driver import Browser
from tests.browser.test_lab import IDLE

NOTEBOOK = "notebooks/98_shown.ipynb"
EVIL = "evil <img src=x onerror='window.owned=1'><script>window.owned=1</script>\\x1b]0;owned\\x07\\x1b[2J``` </pre>"
CELL = f"""from workshop import show
from workshop.core.errors import WorkshopError
from workshop.serverless.steps import Step
evil = "{EVIL}"
request = "11111111-1111-4111-8111-111111111111"
lines = [f"START RequestId: {{request}} Version: $LATEST", evil, f"END RequestId: {{request}}"]
events = [dict(timestamp=1774850400000 + at, message=line, logStreamName="s") for at, line in enumerate(lines)]
for view in (show.LogView(events, expand=True), show.Table([(evil, show.Link(evil))], [evil, "b"], evil),
             show.Text(evil, evil), show.Code(evil, caption=evil), show.Diff(evil, "x", evil), show.Note(evil),
             show.Steps(evil, [Step("create", evil, evil, "CREATE_FAILED", evil)]),
             show.side_by_side(show.Text(evil), show.Note(evil)), show.Checks([show.Check(evil, False, evil, evil)])):
    display(view)
raise WorkshopError(evil)"""
DONE = """const cell = document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell');
return !!cell && /\\[1\\]/.test(cell.querySelector('.jp-InputPrompt').textContent)
  && cell.querySelector('.jp-OutputArea').innerText"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab on a copy that has one more notebook."""
    folder = fresh_copy_in(tmp_path_factory.mktemp("shown"))
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None, "outputs": [], "source": CELL}
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    text = json.dumps({"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})
    Path(folder, NOTEBOOK).write_text(text, encoding="utf-8")
    yield from served(folder, NOTEBOOK)


def test_script_in_log_lines_names_and_messages_is_shown_and_not_run(window: Browser, address: str) -> None:
    window.open(address)
    window.until("the notebook is shown", "return !!document.querySelector('.jp-CodeCell .cm-content')", 120)
    window.until("the kernel is there", IDLE, 120)
    window.run("window.owned = undefined")
    window.click(".jp-NotebookPanel:not(.lm-mod-hidden) [data-jp-item-name=run] jp-button")
    shown = window.until("the cell has run", DONE, 120)
    assert window.run("return window.owned === undefined"), "a script of somebody else's ran in the notebook"
    assert shown.count("<script>window.owned=1</script>") >= 12
    assert "\\x1b[2J" in shown and "\x1b" not in shown
    assert window.run("return document.querySelectorAll('.jp-OutputArea img[src=x]').length") == 0


def test_jupyterlabs_port_lets_nobody_in_without_its_token(address: str) -> None:
    parts = urlsplit(address)
    base, token = f"http://127.0.0.1:{parts.port}", parts.query.removeprefix("token=")
    with httpx.Client(base_url=base) as http:
        assert http.get("/api/contents").status_code == 403
        assert http.post("/api/kernels", json={}).status_code == 403
        assert http.get("/api/contents", headers={"Authorization": f"token {token}"}).status_code == 200
    with httpx.Client(base_url=base, headers={"Authorization": f"token {token}"}) as known:
        # With the token even: not under another name, and not from another site's page.
        assert known.get("/api/contents", headers={"Host": "evil.test"}).status_code == 403
        assert known.post("/api/kernels", headers={"Origin": "http://evil.test"}, json={}).status_code in (403, 404)
