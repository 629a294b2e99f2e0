"""Makes `.venv` and installs `requirements.lock` into it: with uv, which pip fetches where it is not; else with pip.

Safe to interrupt: the stamp that says "ready" is written last, and what is half-made is made again.
"""

from __future__ import annotations

import compileall
import contextlib
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from workshop.core import system
from workshop.setup import fetching, halves
from workshop.setup.alone import only_one
from workshop.setup.troubles import SetupError, explain

NEEDED_BYTES = 1_200_000_000  # about 450 MB installed, as much again while wheels are unpacked, and room to work
STAMP = ".workshop-ready"
# Windows' `workshop`. %~dp0 is its own folder, whatever that is called: blanks, & and % in it are harmless in quotes.
COMMAND = b'@"%~dp0python.exe" -X utf8 -m workshop %*\r\n'
# Two fifths of all source in the environment, which no notebook, no command and no start of JupyterLab imports.
SELDOM = (
    r"site-packages[/\\](.*[/\\]tests?[/\\]|(pip|setuptools|pkg_resources|fontTools)[/\\]|pygments[/\\]lexers|"
    r"stripe[/\\](params|events)|wcwidth[/\\]table_|numpy[/\\](f2py|distutils)|moto[/\\]stepfunctions|pydantic[/\\]v1)"
)
# uv's words that a reader wants to see; one line a package, and the reasons of a failure, are not among them.
UV_PROGRESS = ("Using", "Resolved", "Prepared", "Downloading", "Building", "Installed", "Uninstalled", "Checked")


def fingerprint(folder: Path) -> str:
    """What `.venv` was made from: the lock file, and where the checkout lies (scripts hold its path)."""
    return hashlib.sha256((folder / "requirements.lock").read_bytes() + os.fsencode(folder)).hexdigest()


def is_ready(venv: Path, folder: Path) -> bool:
    """True when the environment is complete, belongs to the present lock file, and its Python is still there."""
    with contextlib.suppress(OSError):
        stamp = (venv / STAMP).read_text(encoding="utf-8").strip()
        return stamp == fingerprint(folder) and halves.python_of(venv).exists()
    return False


def install(venv: Path, folder: Path, *, again: bool = False) -> None:
    """Makes the environment, telling what it does.

    Args:
        venv: the environment's folder.
        folder: the checkout.
        again: install although the stamp says "ready", because something is missing all the same.

    Raises:
        SetupError: venv is missing, the disk is full, the network is away, or an installer failed otherwise.
    """
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise SetupError(
            f"The disk is too full: the workshop needs about 1.2 GB for its packages, and {folder} has "
            f"{free / 1e9:.1f} GB left. Make room, then run the same command again."
        )
    with only_one(folder):
        if is_ready(venv, folder) and not again:
            return
        started = time.monotonic()
        uv = shutil.which("uv")
        print(f"Setting up the workshop in {venv.name} (once, a minute or two).", flush=True)
        try:
            if (venv / STAMP).is_file() and not venv.is_symlink():
                (venv / halves.MADE).touch()  # made by an earlier version of this set-up
                (venv / STAMP).unlink()
            if forgotten := halves.forget(venv):
                print(f"  left half-made by a start that was interrupted: {', '.join(forgotten)}", flush=True)
            halves.claim(venv)
            if uv:
                with_uv(uv, venv, folder)
            else:
                with_fetched_uv(venv, folder) or with_pip(venv, folder)
            compile_packages(venv, folder)
            link(venv, folder)
            (venv / STAMP).write_text(fingerprint(folder) + "\n", encoding="utf-8")
        except OSError as error:
            raise SetupError(explain(str(error), folder)) from None
        print(f"Ready after {time.monotonic() - started:.0f} s.\n", flush=True)


def wheelhouse(folder: Path) -> list[str]:
    """The installer's options when the packages were brought along on a stick (folder `wheelhouse/`), else none."""
    brought = Path(os.environ.get("WORKSHOP_WHEELHOUSE", folder / "wheelhouse"))
    return ["--no-index", "--find-links", str(brought)] if brought.is_dir() else []


def with_uv(uv: str, venv: Path, folder: Path) -> None:
    """Installs with uv, which shows its own progress."""
    options = ["--require-hashes", *wheelhouse(folder), "-r", str(folder / "requirements.lock")]
    steps = [
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(venv)],
        [uv, "pip", "install", "--python", str(halves.python_of(venv)), *options],
    ]
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
    for step in steps:
        # uv draws its bars only into a terminal of its own, and its words are needed if it fails: count seconds.
        with running(step, folder, environment) as lines, ticking("downloading and unpacking"):
            for line in lines:
                if line.strip().startswith(UV_PROGRESS):
                    words = f"\r  {line.strip():<50}" if sys.stderr.isatty() else f"  {line.strip()}"
                    print(words, file=sys.stderr, flush=True)
    # Services of the reader's own are packaged with pip, also on a day when uv is not on the PATH. Python brings it.
    pip = fetching.bundled_pip()
    if pip:
        into = ["--python", str(halves.python_of(venv)), "--no-index", str(pip)]
        silently([uv, "pip", "install", *into], folder, may_fail=True, environment=environment)
    if not (halves.site_packages(venv) or venv).joinpath("pip").is_dir():
        silently([str(halves.python_of(venv)), "-m", "ensurepip"], folder, may_fail=True)


def with_fetched_uv(venv: Path, folder: Path) -> bool:
    """Lets pip fetch uv, and uv the rest. False when that did not go: pip then does it all, and says what is wrong.

    uv does not read pip's settings: behind a mirror that only pip knows of, it reaches nothing.
    """
    with ticking("fetching the installer"):
        uv = fetching.fetched(venv, folder, wheelhouse(folder))
    if not uv:
        return False
    try:
        with_uv(uv, venv, folder)
    except SetupError:
        print("  uv could not install everything: pip goes on", flush=True)
        halves.forget(venv)
        return False
    return True


@contextlib.contextmanager
def ticking(what: str) -> Iterator[None]:
    """Shows in a terminal that something goes on, and for how many seconds."""
    over, live = threading.Event(), sys.stderr.isatty()

    def tick() -> None:
        started = time.monotonic()
        while not over.wait(1):
            print(f"\r  {what}: {time.monotonic() - started:.0f} s ", end="", file=sys.stderr, flush=True)

    if live:
        threading.Thread(target=tick, daemon=True).start()
    try:
        yield
    finally:
        over.set()
        if live:
            print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)


def with_pip(venv: Path, folder: Path) -> None:
    """Installs with venv and pip, counting packages."""
    python, lock = str(halves.python_of(venv)), folder / "requirements.lock"
    print("  making the environment", flush=True)
    # In two steps, because venv keeps to itself why ensurepip failed.
    for step in (
        [sys.executable, "-m", "venv", "--without-pip", str(venv)],
        [python, "-m", "ensurepip", "--upgrade", "--default-pip"],
    ):
        silently(step, folder)
    total = len(re.findall(r"^\S+==", lock.read_text(encoding="utf-8"), re.M))
    options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--require-hashes"]
    command = [python, "-m", "pip", "install", *options, *wheelhouse(folder), "-r", str(lock)]
    count, live = 0, sys.stdout.isatty()
    with running(command, folder, dict(os.environ)) as lines, contextlib.ExitStack() as unpacking:
        for line in lines:
            if line.startswith(("Collecting ", "Processing ")):  # the second is a file of a wheelhouse
                count += 1
                name = Path(line.split()[1]).name.split("==")[0].split("-")[0]
                if live:
                    print(f"\r  package {count} of about {total}: {name:<40.40}", end="", flush=True)
                elif count % 20 == 0:
                    print(f"  {count} of about {total} packages", flush=True)
            elif line.startswith("Installing collected packages"):
                print(f"\r  {'unpacking them':<60}" if live else "  unpacking them", flush=True)
                unpacking.enter_context(ticking("unpacking"))


def compile_packages(venv: Path, folder: Path) -> None:
    """Compiles modules once, so that every later start is quick. What is compiled already costs nothing.

    What hardly anybody imports is left to Python, which compiles a module when it is imported for the first time.
    """
    packages = halves.site_packages(venv)
    command = [str(halves.python_of(venv)), "-m", "compileall", "-q", "-j", "0", "-x", SELDOM, str(packages)]
    # A package may bring a file for another Python's syntax: that is no failure.
    with ticking("compiling"):
        silently(command, folder, may_fail=True)


def _remembered(lines: Iterable[str], tail: deque[str]) -> Iterator[str]:
    """The lines as they come; the last of them are kept for a failure's words."""
    for line in lines:
        tail.append(line)
        yield line


@contextlib.contextmanager
def running(
    command: list[str], folder: Path, environment: dict[str, str], *, may_fail: bool = False
) -> Iterator[Iterator[str]]:
    """An installer at work: yields its lines as they come; ends it when the block is left early.

    Raises:
        SetupError: the installer failed; says why in one paragraph.
    """
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        close_fds=system.NT,  # elsewhere it inherits the lock of `only_one`, the only handle that can be
    )
    assert process.stdout is not None
    tail: deque[str] = deque(maxlen=30)
    try:
        yield _remembered(process.stdout, tail)
        process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if process.returncode and not may_fail:
        raise SetupError(explain("".join(tail), folder))


def silently(
    command: list[str], folder: Path, *, may_fail: bool = False, environment: dict[str, str] | None = None
) -> None:
    """Waits for a step that has nothing to tell while it goes well.

    Raises:
        SetupError: it failed, and was not allowed to.
    """
    with running(command, folder, environment or dict(os.environ), may_fail=may_fail) as lines:
        deque(lines, maxlen=0)


def link(venv: Path, folder: Path) -> None:
    """Makes `import workshop` and the `workshop` command work inside the environment, without a build step."""
    compileall.compile_dir(folder / "workshop", quiet=2)
    packages, text = halves.site_packages(venv), str(folder)
    if packages is None:
        raise SetupError(f"{venv} has no site-packages folder. Delete it and run the same command again.")
    # Before Python 3.13 Windows reads a plain line in its own code page; an ASCII one means the same everywhere.
    line = text if text.isascii() else f"import sys; sys.path.append({text!a})"
    (packages / "serverless_payments_workshop.pth").write_text(line + "\n", encoding="utf-8")
    if system.NT:
        (venv / "Scripts/workshop.cmd").write_bytes(COMMAND)
        return
    script = venv / "bin/workshop"
    python = shlex.quote(str(venv / "bin/python"))
    script.write_text(f'#!/bin/sh\nexec {python} -X utf8 -m workshop "$@"\n', encoding="utf-8")
    script.chmod(0o755)
