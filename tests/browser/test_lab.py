"""JupyterLab as a beginner meets it: the README's command, an untrusted copy, a mouse and a keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import served
from tests.browser.driver import Browser

FIRST = "notebooks/01_hello_world.ipynb"
READY = "return document.querySelectorAll('.jp-Notebook .jp-CodeCell').length > 3"
IDLE = "return document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"
PROMPTS = """return [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell')].map(
  cell => [cell.querySelector('.jp-InputPrompt').textContent, cell.querySelectorAll('.jp-OutputArea-child').length,
    cell.querySelector('.cm-content')?.innerText.trim()])"""


@pytest.fixture(scope="module")
def lab(fresh_copy: Path) -> Iterator[str]:
    yield from served(fresh_copy, FIRST)


@pytest.fixture(scope="module")
def opened(window: Browser, lab: str) -> Browser:
    """The browser, with notebook 01 open."""
    window.open(lab)
    window.until("notebook 01 is shown", READY)
    return window


def menu(browser: Browser, *labels: str) -> None:
    """Clicks through a menu."""
    browser.click_text(".lm-MenuBar-itemLabel", labels[0])
    for label in labels[1:]:
        browser.until(label, lambda label=label: browser.click_text(".lm-Menu-itemLabel", label), 10)


def all_have_run(browser: Browser) -> list[list[Any]]:
    """Prompt, number of outputs and source of every code cell; empty while one of them still waits."""
    cells = [cell for cell in browser.run(PROMPTS) if cell[2]]  # running the last one adds an empty one
    return cells if all(re.search(r"\[\d+\]", prompt) for prompt, _, _ in cells) else []


def test_it_opens_on_the_notebook_without_a_pop_up(opened: Browser) -> None:
    shown = opened.run("return document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) h1').textContent")
    assert shown.startswith("01 Hello world")
    assert opened.run("return document.querySelectorAll('.jp-Dialog, .Toastify__toast').length") == 0


def test_committed_outputs_show_in_a_copy_that_nobody_trusts(opened: Browser) -> None:
    assert opened.run("return !!document.querySelector('.jp-StatusItem-trust, [title*=\"not trusted\" i]')")
    tables = opened.run("return document.querySelectorAll('.jp-OutputArea-output table').length")
    assert tables >= 2
    loaded = "[...document.querySelectorAll('.jp-Notebook img')].every(each => each.complete && each.naturalWidth)"
    opened.until("pictures are loaded", f"return {loaded}", 20)


def test_it_is_run_by_clicking_and_every_cell_shows_something(opened: Browser) -> None:
    opened.until("the kernel is there", IDLE, 120)
    menu(opened, "Edit", "Clear Outputs of All Cells")
    opened.until("all is cleared", f"return ({PROMPTS.removeprefix('return ')}).every(cell => cell[1] === 0)", 20)
    opened.click(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell h1")
    count = opened.run("return document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell').length")
    # The first cells with the keys that notebook 00 teaches, the rest with the button.
    for _ in range(3):
        opened.press("Enter", held="Shift")
    for _ in range(count - 3):
        opened.click(".jp-NotebookPanel:not(.lm-mod-hidden) [data-jp-item-name=run] jp-button")
    cells = opened.until("every cell has run", lambda: all_have_run(opened), 90)
    assert all(outputs for _, outputs, _ in cells), "every code cell shows something"
    numbers = [int(re.sub(r"\D", "", prompt)) for prompt, _, _ in cells]
    assert numbers == list(range(1, len(numbers) + 1)), "from top to bottom"
    red = "return document.querySelectorAll('[data-mime-type=\"application/vnd.jupyter.stderr\"]').length"
    assert opened.run(red) == 0
    text = opened.run("return document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook').innerText")
    assert "200 OK" in text
    assert "Traceback" not in text


def test_the_console_has_no_error_of_ours(opened: Browser) -> None:
    assert opened.complaints() == []


def test_the_stage_has_big_letters_and_nothing_beside_the_notebook(window: Browser, fresh_copy: Path) -> None:
    stage = served(fresh_copy, FIRST, "--stage")
    try:
        window.open(next(stage))
        window.until("notebook 01 is shown", READY)
        assert not window.run("return !!document.querySelector('#jp-left-stack')?.offsetWidth"), "no file browser"
        size = "getComputedStyle(document.querySelector('.jp-Notebook .jp-RenderedMarkdown p')).fontSize"
        window.until("the letters are big", f"return parseFloat({size}) >= 22", 20)
        assert window.run("return document.querySelectorAll('.jp-Dialog, .Toastify__toast').length") == 0
    finally:
        stage.close()
