"""The deck: nothing on it can rot, nothing in it comes from elsewhere, and its minutes add up."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from workshop.core.errors import WorkshopError
from workshop.deck import fallback, page, printing, source

ROOT = Path(__file__).resolve().parents[2]
TALK_MINUTES = 28


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The deck as it is built."""
    return page.build(out=tmp_path_factory.mktemp("deck") / "deck.html").read_text(encoding="utf-8")


def deck(tmp_path: Path, text: str) -> Path:
    """A small deck of our own."""
    file = tmp_path / "deck.md"
    file.write_text(text, encoding="utf-8")
    return file


def test_it_needs_no_other_file_and_no_network(html: str) -> None:
    sources = re.findall(r"""(?:\bsrc|<link[^>]*\bhref|url\()\s*=?\s*["']?([^"'>\s)]+)""", html)
    assert [source[:40] for source in sources if not source.startswith("data:")] == []
    programs = "".join(re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", html, re.S))
    assert not re.search(r"@import|fetch\(|XMLHttpRequest|WebSocket|import\(", programs)
    assert "<iframe" not in html


def test_every_picture_has_words_and_every_slide_a_heading_and_notes(html: str) -> None:
    assert re.findall(r'<img alt="\s*"', html) == []
    for slide in source.read():
        assert slide.title
        assert slide.notes, f"slide {slide.number} leaves the speaker alone"


def test_the_minutes_are_those_of_the_talk_and_the_times_go_with_its_table() -> None:
    slides = source.read()
    assert sum(slide.minutes for slide in slides) == TALK_MINUTES
    assert all(slide.minutes for slide in slides)
    timing = (ROOT / "slides" / "timing.md").read_text(encoding="utf-8")
    for slide in slides:
        row = re.search(rf"(?m)^\| {slide.number} \| {re.escape(slide.title)} \| ([\d.]+) \|", timing)
        assert row, f"timing.md lacks slide {slide.number}, {slide.title}"
        assert float(row[1]) == slide.minutes, slide.title


def test_each_notebook_after_the_first_has_a_demo_with_its_link_and_a_fall_back(html: str) -> None:
    notebooks = sorted(path for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb") if path.stem[:2] != "00")
    assert [slide.demo for slide in source.read() if slide.demo] == [path.stem[:2] for path in notebooks]
    for notebook in notebooks:
        assert f'/lab/tree/notebooks/{notebook.name}">' in html
        assert f"From <code>{notebook.name}</code>" in html
    assert html.count('class="fallback"') == len(notebooks)


def test_all_code_of_a_service_is_included_not_copied() -> None:
    text = source.DECK.read_text(encoding="utf-8")
    for info, body in re.findall(r"(?m)^```(\w+[^\n]*)\n(.*?)^```", text, re.S):
        if "include=" in info:
            assert body == ""
        else:
            assert info.split()[0] in ("bash", "type", "python"), info
            assert info.split()[0] != "python" or "run" in info, "Python on a slide is included, or run when built"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no heading", "no heading"),
        ("## A\n\n---\n\n## B\n```\nopen", "never closed"),
        ("<!-- colour: red -->\n## A", "no fact 'colour: red'"),
        ("<!-- minutes: soon -->\n## A", "minutes is a number"),
        ("<!-- look: loud -->\n## A", "no look 'loud'"),
        ("<!-- demo: 77 -->\n## A", "No notebook has the number 77"),
        ("<!-- demo: 01; shows: gone -->\n## A", "no code cell with the id 'gone'"),
        ("## A\n```python include=nowhere.py\n```", "no file nowhere.py"),
        ("## A\n```python include=../../etc/passwd\n```", "no file ../../etc/passwd"),
        ('## A\n```python include=LICENSE from="def gone"\n```', "'def gone' nowhere"),
        ('## A\n```python include=LICENSE from="the"\n```', "times"),
        ("## A\n```python include=LICENSE lines=5-9999\n```", "no lines 5-9999"),
        ("## A\n```python colour=red\n```", "no option 'colour=red'"),
        ('## A\n```python from="\n```', "cannot be read"),
        ("## A\n```python run\n1 / 0\n```", "ZeroDivisionError"),
        ("## A\n```python run\npass\n```", "printed nothing"),
        ("## A\n![](x.png)", "no alternative text"),
        ("## A\n![words](x.png)", "no picture x.png"),
        ("## A\n![words](https://example.com/x.png)", "no picture https"),
    ],
)
def test_what_is_wrong_on_a_slide_is_said_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(WorkshopError) as error:
        page.build(deck(tmp_path, text), tmp_path / "out.html")
    assert says in str(error.value)
    assert "deck.md:" in str(error.value)
    assert not (tmp_path / "out.html").exists(), "nothing half-made"


def test_included_lines_follow_the_file(tmp_path: Path) -> None:
    text = '## A\n```python include=workshop/core/errors.py from="class WorkshopError" to="class WorkshopError"\n```\n'
    built = page.build(deck(tmp_path, text), tmp_path / "out.html").read_text(encoding="utf-8")
    assert re.sub(r"<[^>]+>", "", built).count("class WorkshopError(Exception):") == 1


def test_a_program_on_a_slide_is_run_when_it_is_built(tmp_path: Path) -> None:
    text = '## A\n```python run\nprint(f"{6 * 7} <ok>")\n```\n'
    built = page.build(deck(tmp_path, text), tmp_path / "out.html").read_text(encoding="utf-8")
    assert '<pre class="printed">42 &lt;ok&gt;</pre>' in built


def test_a_line_inside_a_fence_parts_no_slides(tmp_path: Path) -> None:
    assert len(source.read(deck(tmp_path, "## A\n```yaml\n---\n```\n\n---\n## B\n"))) == 2


def test_what_a_fall_back_shows_has_no_scripts() -> None:
    hostile = {"output_type": "display_data", "data": {"text/html": "<script>x</script>", "text/plain": "<b>plain"}}
    assert fallback.html_of(hostile) == "<pre>&lt;b&gt;plain</pre>"


def test_a_fall_back_shows_the_cells_that_the_slide_names_and_no_others() -> None:
    [first] = [slide for slide in source.read() if slide.demo == "01"]
    notebook = fallback.notebook_of(first, source.DECK)
    assert len(fallback.cells(notebook, first.shows)) == len(first.shows) < len(fallback.cells(notebook))


def test_what_is_typed_is_what_the_command_line_knows() -> None:
    typed = [command for slide in source.read() for command in slide.typed]
    assert typed
    assert all(command.startswith("workshop ") for command in typed)


@pytest.mark.skipif(not printing.browser(), reason="no Chromium, Chrome or Edge is installed")
def test_the_pdf_has_a_page_for_each_slide(tmp_path: Path) -> None:
    built = page.build(out=tmp_path / "deck.html")
    printed = printing.pdf(built).read_bytes()
    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == len(source.read())


def test_without_a_browser_the_deck_is_built_and_the_command_says_what_is_missing(tmp_path: Path) -> None:
    program = "from workshop.deck import printing; printing.browser = lambda: ''; from workshop.cli import main; "
    program += f"raise SystemExit(main(['slides', '--build', '--out', {str(tmp_path / 'd.html')!r}]))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0
    assert (tmp_path / "d.html").is_file()
    assert "print it to a file" in done.stderr
