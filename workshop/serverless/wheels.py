"""Packages that this environment does not have: fetched as wheels for Lambda's platform, and cached.

https://repost.aws/knowledge-center/lambda-python-package-compatible
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from workshop.core import renaming, system
from workshop.core.errors import WorkshopError
from workshop.serverless import zips

# Amazon Linux 2023 has glibc 2.34: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
_NOT_NEEDED = re.compile(
    r"(^|/)(__pycache__|tests?)/|\.py[cod]$|\.pyi$|^bin/|\.dist-info/(?!METADATA|entry_points)|\.lock$"
)


def cache_folder() -> Path:
    """Where built packages are kept between runs."""
    if os.environ.get("WORKSHOP_CACHE"):
        return Path(os.environ["WORKSHOP_CACHE"])
    if system.NT:
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif system.REAL == "macos":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "serverless-payments-workshop"


def cached(key: str) -> bytes | None:
    """What was kept under a key; None when nothing was."""
    with contextlib.suppress(OSError):
        return (cache_folder() / f"{key}.zip").read_bytes()
    return None


def keep(key: str, content: bytes) -> None:
    """Keeps a zip for the next time; a cache that cannot be written is done without."""
    with contextlib.suppress(OSError):
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as part:
            part.write(content)
        renaming.replace(part.name, folder / f"{key}.zip")


def download(requirements: list[str], python: str, prefix: str, shown_as: str) -> bytes:
    """Fetches packages and what they need, as wheels only, and zips them below `prefix`.

    Args:
        requirements: such as `["stripe>=12"]`.
        python: the runtime's version, such as `3.12`.
        shown_as: the requirements file's name, for messages.

    Raises:
        WorkshopError: a package has no wheel for Lambda, none of that version, or the network is away.
    """
    key = hashlib.sha256("\n".join([python, prefix, *sorted(requirements)]).encode()).hexdigest()
    found = cached(key)
    if found is not None:
        return found
    with tempfile.TemporaryDirectory(prefix="workshop-wheels-") as folder:
        run(command(requirements, python, folder), shown_as)
        root = Path(folder)
        files = sorted(
            (prefix + path.relative_to(root).as_posix(), path)
            for path in root.rglob("*")
            if path.is_file() and not _NOT_NEEDED.search(path.relative_to(root).as_posix())
        )
        content = zips.build("packages.zip", files).content
    keep(key, content)
    return content


def command(requirements: list[str], python: str, folder: str) -> list[str]:
    """The installer's command line: pip's, or uv's where there is no pip."""
    if importlib.util.find_spec("pip"):
        words = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        words += ["--implementation", "cp", "--python-version", python]
        words += [word for platform in PLATFORMS for word in ("--platform", platform)]
    elif shutil.which("uv"):
        words = ["uv", "pip", "install", "--quiet", "--python-platform", "x86_64-manylinux_2_28"]
        words += ["--python-version", python]
    else:
        raise WorkshopError(
            "A package must be fetched for Lambda, and there is neither pip nor uv to fetch it.",
            fix="Run: python -m ensurepip",
        )
    return [*words, "--only-binary", ":all:", "--target", folder, *requirements]


def run(words: list[str], shown_as: str) -> None:
    """Runs the installer; its failure becomes one sentence that names the package."""
    done = subprocess.run(
        words, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode == 0:
        return
    said = " ".join(line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip())
    away = re.search(
        r"Name or service not known|Temporary failure in name|getaddrinfo|Connection refused|Network is unreachable"
        r"|NewConnectionError|dns error|error sending request|timed out|client error \(Connect\)|nodename nor servname",
        said,
    )
    named = re.search(
        r"no version of ([A-Za-z0-9_.\-]+)|requirement ([A-Za-z0-9_.\-]+)|Because (?!there\b)([A-Za-z0-9_.\-]+)[ =<>]"
        r"|for ([A-Za-z0-9_.\-]+)$",
        said,
    )
    package = next((group for group in named.groups() if group), "").partition("=")[0] if named else ""
    which = f"the package {package}" if package else "the packages"
    if away:
        raise WorkshopError(
            f"{which[0].upper()}{which[1:]} must be fetched, and the network is away.",
            where=shown_as,
            fix="Connect to the network once (packages are cached), or install it into this environment.",
        )
    if re.search(
        r"not find a version|No matching distribution|has no (usable )?wheels|no wheels|no version|was not found", said
    ):
        raise WorkshopError(
            f"{which[0].upper()}{which[1:]} has no wheel for Lambda's platform (Linux x86_64, this Python), "
            "or no such version exists.",
            where=shown_as,
            fix="Check the name and the version; choose a version that has wheels.",
        )
    raise WorkshopError(f"The packages could not be fetched: {said[-400:]}", where=shown_as)
