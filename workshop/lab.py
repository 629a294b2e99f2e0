"""JupyterLab as the workshop wants it: on the first notebook, without pop-ups, on loopback, fast to its address."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import quote

from workshop.core import net, system
from workshop.core.errors import WorkshopError

ROOT = Path(__file__).resolve().parent.parent
FIRST = "notebooks/00_start_here.ipynb"
LONGEST_SOCKET = 103  # bytes of a socket's path: macOS has the shorter limit
SOCKET = f"kernel-{'0' * 8}-{'0' * 4}-{'0' * 4}-{'0' * 4}-{'0' * 12}-ipc-65535"  # how JupyterLab calls a kernel's


def options(port: int, token: str, *, notebook: str, stage: bool) -> list[str]:
    """JupyterLab's command line.

    https://jupyter-server.readthedocs.io/en/latest/other/full-config.html
    """
    settings = Path(__file__).parent / "setup" / ("stage_settings" if stage else "lab_settings")
    private = ROOT / ".workshop"
    found = [
        f"--ServerApp.root_dir={ROOT}",
        f"--ServerApp.ip={net.LOOPBACK}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
        "--ServerApp.open_browser=False",
        "--ServerApp.answer_yes=True",
        "--ServerApp.log_level=ERROR",
        "--LabApp.log_level=ERROR",
        "--ServerApp.allow_remote_access=False",
        f"--LabApp.default_url=/lab/tree/{quote(notebook)}",
        f"--LabApp.app_settings_dir={settings}",
        f"--LabApp.workspaces_dir={private / ('stage-workspaces' if stage else 'lab-workspaces')}",
        "--LabApp.extension_manager=readonly",
        "--LabApp.news_url=None",
    ]
    if sockets_in_files():
        # Nobody else on this machine can listen in, and no warning is due.
        found.append("--KernelManager.transport=ipc")
    if stage:
        found.append(f"--LabApp.user_settings_dir={private / 'stage-settings'}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        found.append("--ServerApp.allow_root=True")  # containers and Binder
    return found


def sockets_in_files() -> bool:
    """Whether kernels can talk over sockets in the file system (`ipc`); where not, they talk over loopback ports.

    A socket's path may have 103 bytes on macOS and 107 on Linux, and JupyterLab puts it into its runtime folder, which
    lies in the reader's own: on a Mac a name of more than 22 letters is too long for it.
    https://man7.org/linux/man-pages/man7/unix.7.html
    """
    if system.WINDOWS:
        return False
    from jupyter_core.paths import jupyter_runtime_dir

    return len(os.fsencode(Path(jupyter_runtime_dir()) / SOCKET)) <= LONGEST_SOCKET


def find(name: str) -> str:
    """The notebook meant by a path (from here or from the checkout), a number or a name, relative to the checkout.

    Raises:
        WorkshopError: there is none, or it is outside of what JupyterLab serves.
    """
    from workshop import notebooks

    path = next((path for path in (Path(name), ROOT / name) if path.is_file()), None)
    path = (path or notebooks.find([name])[0]).resolve()
    if path.suffix != ".ipynb" or not path.is_relative_to(ROOT):
        raise WorkshopError(
            f"{name} is not a notebook in {ROOT}.", fix="JupyterLab opens those only; copy it there.", used_wrongly=True
        )
    return path.relative_to(ROOT).as_posix()


def pick_port(wanted: int | None) -> int:
    """The port wanted (0: any free one), or Jupyter's usual one, or any free one.

    Raises:
        WorkshopError: the port asked for is taken.
    """
    for port in (8888, 0) if wanted is None else (wanted,):
        try:
            sock = net.bind(port, what="JupyterLab")
        except WorkshopError:
            if wanted is not None:
                raise
            continue
        number = sock.getsockname()[1]
        sock.close()
        return number
    raise WorkshopError("No loopback port is free for JupyterLab.", fix="Close some programs and try again.")


def open_lab(
    *, notebook: str = FIRST, port: int | None = None, browser: bool = True, stage: bool = False, preflight: bool = True
) -> int:
    """Serves JupyterLab until Ctrl-C. Returns the exit code.

    Args:
        notebook: what it opens on: a path, a number such as 01, or a name.
        port: None takes 8888 or any free one.
        browser: open the reader's browser; the address is printed either way.
        stage: for a projector: big fonts, no file browser, nothing that pops up.
        preflight: check the machine meanwhile and print what was found.

    Raises:
        WorkshopError: the notebook does not exist, or the port is taken.
    """
    notebook = find(notebook)
    number, token = pick_port(port), secrets.token_hex(16)
    # Not "localhost": a browser may try ::1 first, where somebody else's server may listen on the same port.
    url = f"http://{net.LOOPBACK}:{number}/lab/tree/{quote(notebook)}?token={token}"
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
    os.environ.setdefault("PYTHONUTF8", "1")
    print("Starting JupyterLab ...", flush=True)
    threading.Thread(target=announce, args=(number, url, browser, preflight), daemon=True).start()
    LabApp = import_lab()
    if stage:
        prepare_stage(ROOT / ".workshop")
    try:
        LabApp.launch_instance(options(number, token, notebook=notebook, stage=stage))
    except SystemExit as error:
        return int(error.code or 0)
    return 0


def import_lab() -> Any:
    """JupyterLab's application class, imported in half the time: without what the workshop never uses.

    A missing `rfc3987_syntax`, `isoduration` or httpx command line is normal to those who import them: they fall back
    (https://python-jsonschema.readthedocs.io/en/stable/validate/#validating-formats). And with node on the PATH,
    JupyterLab asks yarn for its registry while it is imported, for building extensions.
    """
    for name in ("rfc3987_syntax", "isoduration", "httpx._main"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    path = os.environ["PATH"]
    os.environ["PATH"] = ""
    try:
        from jupyterlab.labapp import LabApp
    finally:
        os.environ["PATH"] = path
    return LabApp


def prepare_stage(private: Path) -> None:
    """What the stage begins with, made anew at each start: big fonts, the notebook, and nothing beside it.

    JupyterLab takes fonts from the user's own settings only, so the stage has settings of its own.
    https://jupyterlab.readthedocs.io/en/stable/user/workspaces.html
    """
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    closed = {"collapsed": True, "visible": True, "widgets": []}
    layout = {"main": {"dock": None}, "left": closed, "right": closed, "down": {"size": 0, "widgets": []}}
    workspace = {"data": {"layout-restorer:data": layout}, "metadata": {"id": "default"}}
    with contextlib.suppress(OSError):  # a read-only checkout: then the file browser stays
        shutil.copytree(
            Path(__file__).parent / "setup" / "stage_settings" / "user", private / "stage-settings", dirs_exist_ok=True
        )
        WorkspacesManager(str(private / "stage-workspaces")).save("default", json.dumps(workspace))


def announce(port: int, url: str, browser: bool, preflight: bool) -> None:
    """Waits until the server answers, prints its address, opens the browser, then prints the preflight."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection((net.LOOPBACK, port), 0.2).close()
            break
        except OSError:
            time.sleep(0.02)
    else:
        print("JupyterLab does not answer after 60 s. Run: workshop lab --debug", file=sys.stderr, flush=True)
        return
    print(f"\n  JupyterLab is at {url}\n  Ctrl-C ends it, with everything it started.\n", flush=True)
    if browser and has_screen():
        webbrowser.open(url)
    if preflight:
        print("Checking this machine meanwhile:", flush=True)
        subprocess.run([sys.executable, "-m", "workshop", "doctor"], cwd=ROOT, stdin=subprocess.DEVNULL, check=False)


def has_screen() -> bool:
    """False where opening a browser would start a text one in this terminal."""
    if system.REAL == "linux":
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or "microsoft" in os.uname().release)
    return not os.environ.get("SSH_CONNECTION")
