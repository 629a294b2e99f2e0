"""Makes `.venv` and installs `requirements.lock` into it: with uv when it is there, else with venv and pip.

Safe to interrupt: the stamp that says "ready" is written last, and what is half-made is made again.
"""

from __future__ import annotations

import compileall
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

NEEDED_BYTES = 1_200_000_000  # about 450 MB installed, as much again while wheels are unpacked, and room to work
STAMP = ".workshop-ready"
NETWORK_TROUBLE = (
    "connection",
    "network",
    "resolve",
    "getaddrinfo",
    "timed out",
    "timeout",
    "ssl",
    "proxy",
    "retries",
    "dns",
    "sending request",
    "failed to fetch",
)


class SetupError(Exception):
    """The set-up cannot go on; the message is one paragraph with what to do."""


def fingerprint(folder: Path) -> str:
    """What `.venv` was made from: the lock file, and where the checkout lies (scripts hold its path)."""
    return hashlib.sha256((folder / "requirements.lock").read_bytes() + str(folder).encode()).hexdigest()


def is_ready(venv: Path, folder: Path) -> bool:
    """True when the environment is complete and belongs to the present lock file."""
    with contextlib.suppress(OSError):
        return (venv / STAMP).read_text(encoding="utf-8").strip() == fingerprint(folder)
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
    with only_one(venv, folder):
        if is_ready(venv, folder) and not again:
            return
        started = time.monotonic()
        uv = shutil.which("uv")
        print(f"Setting up the workshop in {venv.name} (once, a minute or two).", flush=True)
        try:
            if uv:
                with_uv(uv, venv, folder)
            else:
                with_pip(venv, folder)
            link(venv, folder)
            (venv / STAMP).write_text(fingerprint(folder) + "\n", encoding="utf-8")
        except OSError as error:
            raise SetupError(explain(str(error), folder)) from None
        print(f"Ready after {time.monotonic() - started:.0f} s.\n", flush=True)


@contextlib.contextmanager
def only_one(venv: Path, folder: Path) -> Iterator[None]:
    """Two starts at once must not install into the same folder: the second waits for the first."""
    path = folder / ".venv.lock"
    said = False
    while True:
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            break
        except FileExistsError:
            with contextlib.suppress(OSError, ValueError):
                holder = int(path.read_text(encoding="utf-8") or "0")
                if not alive(holder) or time.time() - path.stat().st_mtime > 1800:
                    path.unlink(missing_ok=True)
                    continue
            if not said:
                print("Another set-up is running in this folder: waiting for it.", flush=True)
                said = True
            time.sleep(0.5)
        except OSError as error:
            raise SetupError(
                f"The folder {folder} cannot be written to ({error.strerror}). Copy it to one of your own."
            ) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(str(os.getpid()))
        yield
    finally:
        path.unlink(missing_ok=True)


def alive(pid: int) -> bool:
    """True when a process with this number runs."""
    if pid <= 0:
        return True  # its owner has made the file and not yet written its number
    if os.name == "nt":
        answer = subprocess.run(
            ["tasklist", "/FI", f"PID eq {pid}", "/NH"], capture_output=True, text=True, check=False
        )
        return str(pid) in answer.stdout
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def wheelhouse(folder: Path) -> list[str]:
    """The installer's options when the packages were brought along on a stick (folder `wheelhouse/`), else none."""
    brought = Path(os.environ.get("WORKSHOP_WHEELHOUSE", folder / "wheelhouse"))
    return ["--no-index", "--find-links", str(brought)] if brought.is_dir() else []


def with_uv(uv: str, venv: Path, folder: Path) -> None:
    """Installs with uv, which shows its own progress."""
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    options = ["--require-hashes", *wheelhouse(folder), "-r", str(folder / "requirements.lock")]
    steps = [
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(venv)],
        # Compiled now, once: the second start is to be quick.
        [uv, "pip", "install", "--python", str(python), "--compile-bytecode", *options],
    ]
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
    live = sys.stderr.isatty()
    for step in steps:
        # uv draws its bars only into a terminal of its own, and its words are needed if it fails: count seconds.
        with running(step, folder, environment) as lines, ticking("downloading and unpacking", live):
            for line in lines:
                # One line a package is for a log file, not for a reader.
                if not line.lstrip().startswith("+"):
                    print("\r  " + line.rstrip().ljust(50), file=sys.stderr, flush=True)
    # Services of the reader's own are packaged with pip, also on a day when uv is not on the PATH. Python brings it.
    subprocess.run([python, "-m", "ensurepip"], env=environment, capture_output=True, check=False)


@contextlib.contextmanager
def ticking(what: str, live: bool) -> Iterator[None]:
    """Shows in a terminal that something goes on, and for how many seconds."""
    over = threading.Event()

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


def with_pip(venv: Path, folder: Path) -> None:
    """Installs with venv and pip, counting packages."""
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    print("  making the environment", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(venv)], capture_output=True, text=True, check=False)
    if made.returncode:
        raise SetupError(explain(made.stdout + made.stderr, folder))
    lock = folder / "requirements.lock"
    total = len(re.findall(r"^\S+==", lock.read_text(encoding="utf-8"), re.M))
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
        "--require-hashes",
        *wheelhouse(folder),
        "-r",
        str(lock),
    ]
    count, live = 0, sys.stdout.isatty()
    with running(command, folder, dict(os.environ)) as lines:
        for line in lines:
            if line.startswith("Collecting "):
                count += 1
                name = line.split()[1].split("==")[0]
                if live:
                    print(f"\r  package {count} of about {total}: {name:<40.40}", end="", flush=True)
                elif count % 20 == 0:
                    print(f"  {count} of about {total} packages", flush=True)
            elif line.startswith("Installing collected packages"):
                print(("\r" if live else "") + f"  unpacking them{' ' * 50}", flush=True)


@contextlib.contextmanager
def running(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[Iterator[str]]:
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
    )
    assert process.stdout is not None
    tail: deque[str] = deque(maxlen=30)
    try:
        yield (tail.append(line) or line for line in process.stdout)
        process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if process.returncode:
        raise SetupError(explain("".join(tail), folder))


def explain(output: str, folder: Path) -> str:
    """One paragraph for what an installer printed: which of the known troubles it is, and what to do."""
    text = output.lower()
    again = "run the same command again; it goes on from here."
    if "ensurepip" in text or "no module named venv" in text:
        version = ".".join(map(str, sys.version_info[:2]))
        return (
            f"This Python ({sys.executable}) comes without venv. On Debian or Ubuntu: sudo apt install "
            f"python{version}-venv. Elsewhere install Python from python.org. Then {again}"
        )
    if any(words in text for words in ("no space left", "errno 28", "disk quota", "not enough space")):
        return f"The disk became full while installing into {folder / '.venv'}. Make about 1.2 GB of room, then {again}"
    if any(words in text for words in NETWORK_TROUBLE):
        return (
            "The package index could not be reached: the network is away, or a proxy stands in between. "
            f"Connect and {again} Without a network, put the packages into a folder named wheelhouse beside the README "
            "(made elsewhere with: python3 -m pip download -r requirements.lock -d wheelhouse)."
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


def link(venv: Path, folder: Path) -> None:
    """Makes `import workshop` and the `workshop` command work inside the environment, without a build step."""
    compileall.compile_dir(folder / "workshop", quiet=2)
    windows = os.name == "nt"
    packages = venv / "Lib/site-packages" if windows else next((venv / "lib").glob("python3*/site-packages"))
    (packages / "serverless_payments_workshop.pth").write_text(str(folder) + "\n", encoding="utf-8")
    if windows:
        (venv / "Scripts/workshop.cmd").write_text('@"%~dp0python.exe" -X utf8 -m workshop %*\r\n', encoding="utf-8")
        return
    script = venv / "bin/workshop"
    script.write_text(f'#!/bin/sh\nexec "{venv / "bin/python"}" -X utf8 -m workshop "$@"\n', encoding="utf-8")
    script.chmod(0o755)
