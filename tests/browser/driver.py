"""A browser driven over the WebDriver protocol, with nothing but HTTP. https://www.w3.org/TR/webdriver2/"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from workshop.core import net
from workshop.deck.printing import browser

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the protocol's own name of a reference to an element
KEYS = {
    "Right": "\ue014",
    "Left": "\ue012",
    "Home": "\ue011",
    "End": "\ue010",
    "Enter": "\ue007",
    "Shift": "\ue008",
    "Escape": "\ue00c",
    "Control": "\ue009",
}  # https://www.w3.org/TR/webdriver2/#keyboard-actions


def absent() -> str:
    """Why there is no browser to drive; empty when there is one."""
    if not browser():
        return "no Chromium, Chrome or Edge is installed"
    if not shutil.which("chromedriver"):
        return "no chromedriver is installed (Debian: apt install chromium-driver)"
    return ""


class Browser:
    """One headless browser window."""

    def __init__(self, session: str, http: httpx.Client) -> None:
        self.session, self.http = session, http

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One command of the protocol. Returns its value."""
        answer = self.http.request(method, f"{self.session}{path}", json=body if method == "POST" else None)
        value = answer.json()["value"]
        if answer.status_code != 200:
            raise AssertionError(f"{value['error']}: {value['message'].splitlines()[0]}")
        return value

    def open(self, url: str) -> None:
        """Goes to an address."""
        self.ask("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """Runs JavaScript in the page; `return` gives a value back."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, what: str, found: Callable[[], Any] | str, seconds: float = 60) -> Any:
        """Waits until something is so: a function, or JavaScript that returns it."""
        deadline = time.monotonic() + seconds
        while True:
            value = self.run(found) if isinstance(found, str) else found()
            if value:
                return value
            assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
            time.sleep(0.1)

    def click(self, css: str) -> None:
        """Clicks the first element that fits, as a mouse does."""
        element = self.ask("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]
        self.ask("POST", f"/element/{element}/click", {})

    def click_text(self, css: str, text: str) -> bool:
        """Clicks the visible element with this text, as a mouse does. False when there is none."""
        script = """return [...document.querySelectorAll(arguments[0])].find(
          each => each.textContent.trim() === arguments[1] && each.offsetWidth)"""
        element = self.run(script, css, text)
        if element:
            self.ask("POST", f"/element/{element[ELEMENT]}/click", {})
        return bool(element)

    def press(self, *keys: str, held: str = "") -> None:
        """Presses keys one after the other, a named one (`Right`) or a letter, while another is held."""
        actions = [{"type": "keyDown", "value": KEYS[held]}] if held else []
        for key in keys:
            actions += [{"type": kind, "value": KEYS.get(key, key)} for kind in ("keyDown", "keyUp")]
        actions += [{"type": "keyUp", "value": KEYS[held]}] if held else []
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def png(self) -> bytes:
        """The window as a PNG."""
        return base64.b64decode(self.ask("GET", "/screenshot"))

    def screenshot(self, file: Path) -> Path:
        """The window as a PNG in a file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.png())
        return file

    def windows(self) -> list[str]:
        """All windows."""
        return self.ask("GET", "/window/handles")

    def switch(self, window: str) -> None:
        """What follows happens in this window."""
        self.ask("POST", "/window", {"handle": window})

    def complaints(self) -> list[str]:
        """Errors in the browser's console since the last time."""
        entries = self.ask("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]


@contextlib.contextmanager
def launched(width: int = 1280, height: int = 800, more: tuple[str, ...] = ()) -> Iterator[Browser]:
    """A headless browser while the block runs; ended with everything it started. `more` are further arguments."""
    port = net.bind()
    number = port.getsockname()[1]
    port.close()
    flags: dict[str, Any] = {} if os.name == "nt" else {"process_group": 0}
    driver = subprocess.Popen(
        [shutil.which("chromedriver") or "", f"--port={number}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **flags,
    )
    profile = tempfile.mkdtemp(prefix="workshop-browser-")
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{number}", timeout=60, trust_env=False) as http:
            wait_for(http)
            wanted = {"alwaysMatch": capabilities(profile, width, height, more)}
            made = http.post("/session", json={"capabilities": wanted})
            value = made.json()["value"]
            assert "sessionId" in value, value
            window = Browser(f"/session/{value['sessionId']}", http)
            try:
                yield window
            finally:
                with contextlib.suppress(httpx.HTTPError):
                    http.delete(window.session)
    finally:
        driver.terminate()
        driver.wait()
        shutil.rmtree(profile, ignore_errors=True)


def wait_for(http: httpx.Client) -> None:
    """Until chromedriver answers."""
    for _ in range(200):
        with contextlib.suppress(httpx.HTTPError):
            if http.get("/status").json()["value"]["ready"]:
                return
        time.sleep(0.05)
    raise AssertionError("chromedriver does not answer")


def capabilities(profile: str, width: int, height: int, more: tuple[str, ...]) -> dict[str, Any]:
    """What the browser shall be like: headless, quiet, with its console kept."""
    arguments = [
        "--headless=new",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--force-device-scale-factor=1",
        f"--user-data-dir={profile}",
        f"--window-size={width},{height}",
        *more,
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return {
        "browserName": "chrome",
        "goog:chromeOptions": {"binary": browser(), "args": arguments},
        "goog:loggingPrefs": {"browser": "ALL"},
        "unhandledPromptBehavior": "accept",
    }
