"""The deck from a disk, in a real browser: pages turn, notes show, nothing is fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.driver import Browser
from workshop.deck import source
from workshop.deck.page import build

TITLE = "return document.querySelector('section.now').getAttribute('aria-label')"
OVERFLOWING = """return slides.filter(slide => {
  slide.style.display = 'block';
  const inside = slide.querySelector('.inside'), live = slide.querySelector('.live');
  const shown = [...inside.children].filter(each => !each.hidden && each !== live);
  const bottom = Math.max(...shown.map(each => each.offsetTop + each.offsetHeight));
  const wide = [...slide.querySelectorAll('.inside > pre')].some(each => each.scrollWidth > each.clientWidth + 1);
  slide.style.display = '';
  return wide || bottom > (live ? 610 : 672);
}).map(slide => slide.getAttribute('aria-label'))"""


@pytest.fixture(scope="module")
def slides() -> list[source.Slide]:
    return source.read()


@pytest.fixture
def deck(window: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser with a freshly opened deck, from a file."""
    file = tmp_path_factory.getbasetemp() / "deck-in-browser.html"
    if not file.exists():
        build(out=file)
    window.open("about:blank")
    window.open(file.as_uri())
    window.complaints()
    yield window
    main, *others = window.windows()
    for other in others:
        window.switch(other)
        window.ask("DELETE", "/window")
    window.switch(main)


def test_keys_turn_the_pages(deck: Browser, slides: list[source.Slide]) -> None:
    assert deck.run(TITLE).startswith("1: ")
    deck.press("Right", " ", "Right", "Left")
    assert deck.run(TITLE) == f"3: {slides[2].title}"
    assert deck.run("return location.hash") == "#3"
    deck.press("End", "Right")
    assert deck.run(TITLE) == f"{len(slides)}: {slides[-1].title}"
    deck.press("Home", "Left")
    assert deck.run(TITLE).startswith("1: ")
    assert deck.run("return document.querySelectorAll('section.now').length") == 1


def test_an_address_leads_to_a_slide(deck: Browser, slides: list[source.Slide]) -> None:
    deck.run("location.hash = '#7'")
    deck.until("slide 7", f"return ({TITLE.removeprefix('return ')}).startsWith('7: ')", 5)
    assert deck.run(TITLE) == f"7: {slides[6].title}"


def test_nothing_is_fetched_and_nothing_complained(deck: Browser, slides: list[source.Slide]) -> None:
    deck.press(*["Right"] * len(slides))
    fetched = "return performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith('data:'))"
    assert deck.run(fetched) == []
    assert deck.complaints() == []


def test_nothing_runs_off_a_slide(deck: Browser) -> None:
    assert deck.run(OVERFLOWING) == []


def test_the_speaker_view_follows_with_notes_and_a_clock(deck: Browser, slides: list[source.Slide]) -> None:
    deck.press("s")
    main = deck.windows()[0]
    deck.until("a second window", lambda: len(deck.windows()) == 2, 10)
    deck.press("Right", "Right")
    other = next(handle for handle in deck.windows() if handle != main)
    deck.switch(other)
    assert deck.run("return document.getElementById('where').textContent") == f"3 of {len(slides)}"
    first_words = slides[2].notes.split()[:6]
    assert " ".join(first_words) in deck.run("return document.getElementById('notes').textContent")
    assert slides[3].title in deck.run("return document.getElementById('then').textContent")
    assert "leave this slide at" in deck.run("return document.getElementById('plan').textContent")
    legible = """const box = document.getElementById('this').getBoundingClientRect();
      const inside = [...document.querySelectorAll('#this section')].every(each =>
        Math.abs(each.getBoundingClientRect().width - box.width) < 2);
      const pale = id => getComputedStyle(document.getElementById(id)).color.match(/\\d+/g).every(part => part > 200);
      return inside && pale('where') && pale('then') && document.body.scrollWidth <= innerWidth"""
    assert deck.run(legible), "the preview fills its column, headings are light on dark"
    assert not deck.run("return [...document.querySelectorAll('.view aside')].some(each => each.offsetHeight)")
    deck.press("Right")  # keys work in the speaker's window, too
    assert deck.run("return document.getElementById('where').textContent") == f"4 of {len(slides)}"
    deck.switch(main)
    assert deck.run(TITLE).startswith("4: ")


def test_the_fall_back_of_a_demo_shows_and_goes(deck: Browser, slides: list[source.Slide]) -> None:
    demo = next(slide for slide in slides if slide.demo)
    deck.run(f"location.hash = '#{demo.number}'")
    deck.until("the demo's slide", f"return ({TITLE.removeprefix('return ')}).startsWith('{demo.number}: ')", 5)
    shown = "return !!document.querySelector('section.now .fallback').offsetHeight"
    assert not deck.run(shown)
    deck.press("f")
    assert deck.run(shown)
    assert "hello" in deck.run("return document.querySelector('section.now .fallback').innerText").lower()
    deck.press("Escape")
    assert not deck.run(shown)


def test_help_black_and_overview(deck: Browser) -> None:
    deck.press("?")
    assert "speaker view" in deck.run("return document.getElementById('help').innerText")
    deck.press("Escape", "b")
    assert deck.run("return getComputedStyle(document.getElementById('deck')).visibility") == "hidden"
    deck.press("b", "o")
    assert deck.run("return [...slides].filter(s => s.offsetHeight).length") > 10
    deck.press("Right", "Enter")
    assert deck.run(TITLE).startswith("2: ")
    assert deck.run("return [...slides].filter(s => s.offsetHeight).length") == 1


def test_it_fits_a_small_window(deck: Browser) -> None:
    deck.ask("POST", "/window/rect", {"width": 700, "height": 700})
    try:
        fits = "const r = document.querySelector('section.now').getBoundingClientRect();"
        fits += "return r.left >= -1 && r.right <= innerWidth + 1 && r.top >= -1 && r.bottom <= innerHeight + 1"
        assert deck.until("the slide is within the window", fits, 5)
    finally:
        deck.ask("POST", "/window/rect", {"width": 1280, "height": 800})


def test_the_built_file_is_one(tmp_path: Path) -> None:
    build(out=tmp_path / "only" / "deck.html")
    assert [path.name for path in (tmp_path / "only").iterdir()] == ["deck.html"]
