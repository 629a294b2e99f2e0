"""What can go wrong while packages are installed, each in one paragraph with what to do."""

from __future__ import annotations

import sys
from pathlib import Path

AGAIN = "run the same command again; it goes on from here."
NETWORK_TROUBLE = (
    "connection",
    "network",
    "resolve host",
    "name resolution",
    "getaddrinfo",
    "timed out",
    "timeout",
    "ssl",
    "certificate",
    "proxy",
    "retries",
    "dns error",
    "sending request",
    "failed to fetch",
)


class SetupError(Exception):
    """The set-up cannot go on; the message is one paragraph with what to do."""


def explain(output: str, folder: Path) -> str:
    """One paragraph for what an installer printed: which of the known troubles it is, and what to do."""
    text = output.lower().replace(str(folder).lower(), "")  # a folder may be called anything
    if any(words in text for words in ("no space left", "errno 28", "disk quota", "not enough space")):
        return f"The disk became full while installing into {folder / '.venv'}. Make about 1.2 GB of room, then {AGAIN}"
    if any(words in text for words in ("no module named venv", "no module named ensurepip", "ensurepip is not")):
        version = ".".join(map(str, sys.version_info[:2]))
        return (
            f"This Python ({sys.executable}) comes without venv. On Debian or Ubuntu: sudo apt install "
            f"python{version}-venv. Elsewhere install Python from python.org. Then {AGAIN}"
        )
    if any(words in text for words in ("permission denied", "errno 13", "access is denied")):
        return (
            f"{folder / '.venv'} may not be written to, or another program holds a file of it. Close what runs from "
            f"it, or copy the checkout to a folder of your own. Then {AGAIN}"
        )
    if any(words in text for words in NETWORK_TROUBLE):
        return (
            "The package index could not be reached: the network is away, or a proxy stands in between. "
            f"Connect and {AGAIN} Without a network, put the packages into a folder named wheelhouse beside the README "
            "(made on a machine with a network, by: workshop wheelhouse)."
        )
    if "hash" in text and "match" in text:
        return (
            "A downloaded package is not the one in requirements.lock (its hash differs). Run the command again; if it "
            "stays so, something between you and the package index changes the files."
        )
    last = " ".join([line.strip() for line in output.strip().splitlines() if line.strip()][-3:])[-500:]
    return (
        f"The packages could not be installed. The installer's last words: {last or 'none'}. "
        "Delete .venv and run the same command again."
    )
