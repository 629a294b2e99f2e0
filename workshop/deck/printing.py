"""The deck as a PDF, printed by a Chromium that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from workshop.core.errors import WorkshopError
from workshop.deck.page import is_ours

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)


def browser() -> str:
    """A Chromium, Chrome or Edge on this machine; empty when there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return found or next((place for place in PLACES if Path(place).is_file()), "")


def pdf(html: Path, out: Path | None = None) -> Path:
    """Prints a built deck, a slide a page.

    https://developer.chrome.com/docs/chromium/headless

    Raises:
        WorkshopError: there is no Chromium, or it printed nothing.
    """
    program = browser()
    if not program:
        raise WorkshopError(
            "No PDF: there is no Chromium, Chrome or Edge on this machine.",
            fix=f"Open {html.name} in any browser and print it to a file; every slide is a page.",
        )
    target = out or html.with_suffix(".pdf")
    if os.path.lexists(target) and not is_ours(target, b"Skia/PDF"):  # Chromium's printer writes its name
        raise WorkshopError(
            f"No PDF: {target} is there already and was not printed here; it is as it was.",
            fix="Move it, or name another file with --out.",
        )
    target.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="workshop-chromium-", ignore_cleanup_errors=True) as profile:
        command = [
            program,
            "--headless",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            f"--user-data-dir={profile}",
            "--no-pdf-header-footer",
            f"--print-to-pdf={target}",
            html.resolve().as_uri(),
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium refuses to run as root otherwise
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=120,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise WorkshopError(f"{Path(program).name} could not print the deck ({error}).") from None
    if not target.is_file() or target.stat().st_size < 1000:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise WorkshopError(f"{Path(program).name} printed nothing ({last}).")
    return target
