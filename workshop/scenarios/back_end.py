"""A strict back end that a lesson starts, kills and starts again: a process of its own, with a journal on disk."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from workshop.errors import WorkshopError
from workshop.show import Table

ROOT = Path(__file__).resolve().parents[2]


class BackEnd:
    """The back end's process. What it took is in its journal, so that it survives its own death.

    `BACKEND_URL` is set to its address, which is what `demo_lambdas/middleman` is deployed with.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="workshop-backend-")
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self.start()
        os.environ["BACKEND_URL"] = self.url
        atexit.register(self.close)

    def start(self) -> str:
        """Starts it, the second time on the same port. Returns its address."""
        if self._process is None:
            port = self.url.rpartition(":")[2] or "0"
            journal = str(Path(self._folder.name) / "taken.jsonl")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "workshop.partners.backend", "--port", port, "--journal", journal],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            )
            assert self._process.stdout is not None
            self.url = self._process.stdout.readline().strip()
            if not self.url:
                raise WorkshopError("The back end did not start.", fix="Restart the kernel and try again.")
        return self.url

    def kill(self) -> str:
        """Ends it at once, without a chance to say goodbye."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
        return "The back end is gone."

    def close(self) -> None:
        """Ends it for good and removes its journal."""
        self.kill()
        self._folder.cleanup()

    def count(self) -> dict[str, int]:
        """How many requests it took, and how many it answered again because it knew their key."""
        return httpx.get(f"{self.url}/_stand_in/count", timeout=10).json()

    def received(self, most: int = 5) -> Table:
        """The newest requests it took: what the talk's left window shows."""
        taken = httpx.get(f"{self.url}/_stand_in/received", timeout=10).json()[-most:]
        rows = [
            (each["path"], each["headers"].get("content-length"), each["sha256"][:12], each["text"][:40])
            for each in taken
        ]
        return Table(rows, ["path", "content-length", "sha256", "text"], "The back end received")

    def tell(self, **fault: Any) -> str:
        """Tells it to misbehave next time, for instance `tell(kind="slow", seconds=8)`."""
        httpx.post(f"{self.url}/_stand_in/faults", json=fault, timeout=10).raise_for_status()
        return f"Next time: {json.dumps(fault)}"


def send_many(url: Any, count: int, *, key: str, at_once: int = 8) -> Table:
    """Sends numbered orders, several at once, each with an Idempotency-Key of its own; counts the answers.

    Args:
        url: an address, or an endpoint of a deployment.
        count: how many.
        key: the API key.
        at_once: how many wait for an answer at the same time.
    """
    address = str(getattr(url, "url", url))

    def one(number: int) -> int:
        headers = {"X-Api-Key": key, "Idempotency-Key": f"order-{number}", "Content-Type": "text/plain"}
        return client.post(address, content=f"order {number}".encode(), headers=headers).status_code

    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(at_once) as pool:
        answers = Counter(pool.map(one, range(count)))
    return Table(sorted(answers.items()), ["answer", "times"])
