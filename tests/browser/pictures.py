"""The README's picture, taken anew: `python -m tests.browser.pictures`.

JupyterLab is opened by the README's command on a fresh copy, and shows committed outputs: render the notebooks first.
"""

from __future__ import annotations

import tempfile
import time
from io import BytesIO
from pathlib import Path

from tests.browser.conftest import ROOT, fresh_copy_in, served
from tests.browser.driver import Browser, absent, launched

PICTURE = ROOT / "docs" / "images" / "first_screen.gif"
WIDTH, HEIGHT, SECONDS = 1280, 943, 3  # of the window; its own bars leave 800 for the page
# A notebook, and a text of the cell that is brought to the top.
SCENES = (
    ("01_hello_world", 'hello = deploy("my_work/hello-world")'),
    ("03_pull_request_checks", 'second.edit("(TEAM #123)'),
    ("06_secrets", "mail.error_of(curious.functions"),
    ("08_payments_in_forty_lines", "stripe_side.table()"),
    ("09_payments_in_production", "how_often(shop)"),
    ("11_cold_starts", "calls.dots("),
)
SHOWN = "return document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell').length > 3"
TO_TOP = """const cell = [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell')].find(
    each => each.querySelector('.cm-content')?.innerText.includes(arguments[0]));
  if (!cell) return false;
  cell.scrollIntoView({block: 'start'});
  return true"""


def take(browser: Browser, address: str) -> list[bytes]:
    """One PNG a scene."""
    taken = []
    for notebook, text in SCENES:
        browser.open(address.replace("00_start_here", notebook))
        browser.until(f"{notebook} is shown", SHOWN)
        for _ in range(3):  # pictures above the cell may still grow when they are loaded
            browser.until(f"a cell of {notebook} with {text}", lambda text=text: browser.run(TO_TOP, text), 30)
            time.sleep(1)
        taken.append(browser.png())
    return taken


def animated(pictures: list[bytes], file: Path) -> None:
    """PNGs as one GIF that goes round."""
    from PIL import Image

    frames = [Image.open(BytesIO(one)).convert("RGB").quantize(128, dither=Image.Dither.NONE) for one in pictures]
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=SECONDS * 1000, loop=0, optimize=True)


def main() -> None:
    """Takes the picture and keeps it in docs/images."""
    if missing := absent():
        raise SystemExit(missing)
    with tempfile.TemporaryDirectory() as folder:
        copy = fresh_copy_in(Path(folder))
        lab = served(copy, "notebooks/00_start_here.ipynb")
        try:
            with launched(WIDTH, HEIGHT) as browser:
                animated(take(browser, next(lab)), PICTURE)
        finally:
            lab.close()
    print(f"{PICTURE.relative_to(ROOT).as_posix()}: {len(SCENES)} scenes, {PICTURE.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
