"""Where this machine has a program: on the PATH, and where package managers put it that a started program may not see.

A JupyterLab that was started from an icon, and every function of the offline cloud, has a shorter PATH than a terminal.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from workshop.core import system

# https://docs.brew.sh/Installation (Apple's processors, then Intel), https://guide.macports.org/#using
MACOS = ("/opt/homebrew/bin", "/usr/local/bin", "/opt/local/bin")


def find(name: str) -> str:
    """The absolute path of a program; empty when this machine has none.

    Args:
        name: such as `node`, `php`, `bash`.
    """
    places = [place for place in os.get_exec_path() if place]
    if system.MACOS:
        places += MACOS
    if system.WINDOWS and name in ("bash", "sh"):
        # Windows' own bash.exe is WSL's, which sees neither this environment nor these paths; Git's does.
        places = [place for place in places if Path(place).name.lower() not in ("system32", "windowsapps")]
        places += [rf"{os.environ.get('PROGRAMFILES', '')}\Git\bin"]
    return shutil.which(name, path=os.pathsep.join(places)) or ""


def of_script(path: Path) -> list[str]:
    """The command that runs a script on a system that does not read `#!` lines; empty where its program is not here.

    Args:
        path: a script, such as a custom runtime's `bootstrap`.
    """
    with path.open("rb") as file:
        first = file.readline(512).decode("utf-8", "replace").strip()
    words = first.removeprefix("#!").split() if first.startswith("#!") else []
    if words and words[0].endswith("/env"):
        words = [word for word in words[1:] if word != "-S"]
    program = find(words[0].rpartition("/")[2]) if words else ""
    return [program, *words[1:], str(path)] if program else []
