"""The packages on a stick: everything that requirements.lock pins, for every kind of laptop in the room."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workshop.core.errors import WorkshopError
from workshop.core.paths import path_of, reason

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# What markers read, and which wheels run there. https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
LINUX = ("2_5", "2_12", "2_17", "2_24", "2_26", "2_27", "2_28")
PLATFORMS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "windows": (
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
        ("win_amd64",),
    ),
    "mac": (
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
        ("macosx_14_0_arm64", "macosx_14_0_universal2"),
    ),
    "mac-intel": (
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "x86_64"},
        ("macosx_13_0_x86_64", "macosx_13_0_universal2"),
    ),
    "linux": (
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
        (*(f"manylinux_{each}_x86_64" for each in LINUX), "manylinux2014_x86_64", "linux_x86_64"),
    ),
    "linux-arm": (
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "aarch64"},
        (*(f"manylinux_{each}_aarch64" for each in LINUX[2:]), "manylinux2014_aarch64", "linux_aarch64"),
    ),
}


@dataclass(frozen=True)
class Target:
    """One kind of laptop."""

    platform: str
    python: str

    def environment(self) -> dict[str, str]:
        """What the markers of the lock are held against."""
        markers = PLATFORMS[self.platform][0]
        return markers | {
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
        }


def targets(platforms: Iterable[str], pythons: Iterable[str]) -> list[Target]:
    """Every asked platform with every asked Python.

    Raises:
        WorkshopError: one of them is unknown.
    """
    chosen, versions = list(platforms) or ["windows", "mac", "linux"], list(pythons) or list(PYTHONS)
    for platform in chosen:
        if platform not in PLATFORMS:
            known = ", ".join(PLATFORMS)
            raise WorkshopError(f"There is no platform {platform!r}.", fix=f"Platforms: {known}.", used_wrongly=True)
    for version in versions:
        if version not in PYTHONS:
            known = ", ".join(PYTHONS)
            raise WorkshopError(
                f"The workshop does not run on Python {version}.", fix=f"Pythons: {known}.", used_wrongly=True
            )
    return [Target(platform, version) for platform in chosen for version in versions]


def pinned(lock: str, target: Target) -> str:
    """The lock's requirements that a target needs, with their hashes and without markers.

    pip judges markers by the machine it runs on, which is not the one the packages are for.
    """
    from packaging.markers import Marker

    kept = []
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", lock):
        if not re.match(r"[A-Za-z0-9]", block):
            continue
        text = "\n".join(line for line in block.splitlines() if line.strip() and not line.lstrip().startswith("#"))
        head, _, hashes = text.partition("--hash")
        requirement, _, marker = head.rstrip(" \\\n").partition(";")
        if marker.strip() and not Marker(marker.strip()).evaluate(target.environment()):
            continue
        kept.append(f"{requirement.strip()} \\\n    --hash{hashes}" if hashes else requirement.strip())
    return "\n".join(kept) + "\n"


def pip() -> list[str]:
    """A pip that works: this environment's, the one of the Python below it, or one that uv brings.

    Raises:
        WorkshopError: there is none.
    """
    base = getattr(sys, "_base_executable", "") or sys.executable
    for program in dict.fromkeys([sys.executable, base]):
        if (
            subprocess.run(
                [program, "-m", "pip", "--version"], capture_output=True, check=False, stdin=subprocess.DEVNULL
            ).returncode
            == 0
        ):
            return [program, "-m", "pip"]
    uv = shutil.which("uv")
    if uv:
        return [uv, "run", "--no-project", "--with", "pip", "python", "-m", "pip"]
    raise WorkshopError("There is no pip on this machine.", fix="Install it, for example: python3 -m ensurepip")


def download(
    wanted: list[Target], folder: Path, lock: Path = ROOT / "requirements.lock"
) -> Iterator[tuple[Target, str]]:
    """Downloads what each target needs. Yields each target when it is there, with a sentence.

    Args:
        wanted: see `targets()`.
        folder: where the wheels go; files that are there are not fetched again.
        lock: what is pinned.

    Raises:
        WorkshopError: the network is away, or a package has no wheel for a target.
    """
    program, text = pip(), lock.read_text(encoding="utf-8")
    try:
        path_of(folder, "a folder").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkshopError(f"{folder} cannot be a folder: {reason(error)}.", used_wrongly=True) from None
    for target in wanted:
        before = set(folder.iterdir())
        fetch(program, target, pinned(text, target), folder)
        fresh = set(folder.iterdir()) - before
        size = sum(file.stat().st_size for file in fresh) / 1e6
        yield target, f"{target.platform}, Python {target.python}: {len(fresh)} new files, {size:.0f} MB"


def fetch(program: list[str], target: Target, requirements: str, folder: Path) -> None:
    """One call of pip. https://pip.pypa.io/en/stable/cli/pip_download/"""
    with tempfile.TemporaryDirectory(prefix="workshop-wheels-") as place:
        listed = Path(place) / "requirements.txt"
        listed.write_text(requirements, encoding="utf-8")
        platforms = [word for tag in PLATFORMS[target.platform][1] for word in ("--platform", tag)]
        command = [
            *(*program, "download", "--disable-pip-version-check", "--no-input", "--quiet", "--no-deps"),
            *("--only-binary", ":all:", "--require-hashes", "--implementation", "cp"),
            *("--python-version", target.python, *platforms, "--dest", str(folder), "-r", str(listed)),
        ]
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=False, stdin=subprocess.DEVNULL
        )
    if done.returncode:
        from workshop.setup.troubles import NETWORK_TROUBLE

        words = " ".join(line.strip() for line in done.stderr.strip().splitlines()[-3:])[-400:]
        away = any(trouble in done.stderr.lower() for trouble in NETWORK_TROUBLE) and "no matching" not in words.lower()
        fix = "Connect to a network, then run the same command again." if away else "Leave this target out."
        raise WorkshopError(
            f"The packages for {target.platform}, Python {target.python} could not be fetched: {words}", fix=fix
        )
