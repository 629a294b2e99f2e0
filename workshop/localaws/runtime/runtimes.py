"""Which runtimes run here, and with what.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from workshop.core import programs, system
from workshop.core.errors import WorkshopError

DOCS = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html"
# Those that AWS no longer lets anybody create or update functions with.
RETIRED = {
    *("nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x"),
    *("nodejs16.x", "nodejs18.x", "python2.7", "python3.6", "python3.7", "python3.8", "python3.9", "ruby2.5"),
    *("ruby2.7", "java8", "go1.x", "provided", "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1"),
    *("dotnet5.0", "dotnet6", "dotnet7"),
}
PROVIDED = ("provided.al2", "provided.al2023")
OTHERS = re.compile(r"(java|ruby|dotnet)\d")  # of AWS, but nothing here runs them


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A program that runs a language.

    Args:
        path: its absolute path.
        version: such as `3.12.1`.
        prefix: the folder it needs to see.
    """

    path: str
    version: str
    prefix: str

    @property
    def minor(self) -> str:
        """The first two numbers of the version."""
        return ".".join(self.version.split(".")[:2])


class Runtimes:
    """Looks for interpreters, once each."""

    def __init__(self) -> None:
        self.found: dict[str, Interpreter | None] = {}

    def interpreter(self, runtime: str) -> Interpreter | None:
        """The interpreter for a managed runtime; None for `provided`, which brings its own.

        Raises:
            WorkshopError: the runtime is retired, unknown, or not available on this machine.
        """
        if runtime in PROVIDED:
            return None
        if runtime in RETIRED:
            raise retired(runtime)
        if match := re.fullmatch(r"python(3\.\d+)", runtime):
            return self.python(match[1])
        if match := re.fullmatch(r"nodejs(\d+)\.x", runtime):
            return self.node(runtime)
        if OTHERS.match(runtime):
            raise unavailable(runtime, "the workshop runs Python, Node.js and custom runtimes")
        raise WorkshopError(
            f"Value {runtime!r} at 'runtime' is not one of AWS Lambda's runtimes.",
            fix=f"Choose one of {DOCS}, such as python3.13.",
        )

    def warning(self, runtime: str) -> str | None:
        """A sentence when the interpreter's version is not the runtime's; raises as `interpreter` does."""
        found = self.interpreter(runtime)
        if found is None:
            return None
        if runtime.startswith("python"):
            wanted, have = runtime.removeprefix("python"), found.minor
            name = "Python"
        else:
            wanted, have = runtime.removeprefix("nodejs").removesuffix(".x"), found.version.split(".")[0]
            name = "Node.js"
        if wanted == have:
            return None
        return f"This machine has no {name} {wanted}: {runtime} runs with {name} {found.version} here."

    def version(self, runtime: str) -> str:
        """The version of the interpreter, for the log; empty when there is none."""
        try:
            found = self.interpreter(runtime)
        except WorkshopError:
            return ""
        return found.version if found else ""

    def python(self, wanted: str) -> Interpreter:
        """Python of that minor version, else the one that runs the workshop."""
        own = self.own()
        if own.minor == wanted:
            return own
        if wanted not in self.found:
            checked = (inspect_python(candidate, wanted) for candidate in python_candidates(wanted))
            self.found[wanted] = next(filter(None, checked), None)
        return self.found[wanted] or own

    @staticmethod
    def own() -> Interpreter:
        """The Python that runs the workshop, without its virtual environment."""
        path = getattr(sys, "_base_executable", None) or sys.executable
        return Interpreter(path, ".".join(map(str, sys.version_info[:3])), sys.base_prefix)

    def node(self, runtime: str) -> Interpreter:
        """The machine's Node.js."""
        if "node" not in self.found:
            path = programs.find("node")
            version = output([path, "--version"]) if path else ""
            self.found["node"] = None
            if path and version.startswith("v"):
                real = Path(path).resolve()
                self.found["node"] = Interpreter(str(real), version[1:], str(real.parent.parent))
        found = self.found["node"]
        if found is None:
            raise unavailable(runtime, "there is no `node` on the PATH", "Install Node.js from https://nodejs.org.")
        return found


def retired(runtime: str) -> WorkshopError:
    """AWS's own refusal of an old runtime."""
    newest = "nodejs24.x" if runtime.startswith("nodejs") else "python3.14" if runtime.startswith("python") else ""
    advice = f"the new runtime ({newest})" if newest else "a supported runtime"
    return WorkshopError(
        f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
        f"We recommend you use {advice} while creating or updating functions."
    )


def unavailable(runtime: str, why: str, fix: str = "") -> WorkshopError:
    """A runtime of AWS that this machine cannot run."""
    return WorkshopError(
        f"The runtime {runtime} is not available on this machine: {why}.",
        fix=fix or f"Use python3.{sys.version_info[1]}, or deploy to AWS.",
    )


def python_candidates(wanted: str) -> list[list[str]]:
    """Commands that may start Python of that version, likely ones first. Only looks; nothing is started.

    Launchers are not asked: `py` and pyenv's shims take seconds to say that there is none, and may install one.
    """
    home, name = Path.home(), f"python{wanted}"
    if system.NT:
        uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or Path(os.environ.get("APPDATA", home)) / "uv" / "python")
        places = [*registered(wanted), *sorted(uv.glob(f"cpython-{wanted}.*/python.exe"))]
        return [[str(path)] for path in places if path.exists()]
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local" / "share" / "uv" / "python")
    places = sorted(pyenv.glob(f"versions/{wanted}.*/bin/{name}")) + sorted(uv.glob(f"cpython-{wanted}.*/bin/{name}"))
    on_path = programs.find(name)
    places += [Path(on_path)] if on_path and Path(on_path).parent.name != "shims" else []
    places += [Path(folder) / name for folder in ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")]
    places.append(Path(f"/Library/Frameworks/Python.framework/Versions/{wanted}/bin/{name}"))  # python.org's for macOS
    return [[str(path)] for path in dict.fromkeys(places) if path.exists()]


def registered(wanted: str) -> list[Path]:
    """Pythons of that version that Windows' registry tells of, for the user and for all.

    https://peps.python.org/pep-0514/
    """
    import winreg

    found = []
    for hive in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):  # type: ignore[attr-defined]
        for tag in (wanted, f"{wanted}-arm64"):
            try:
                key = rf"Software\Python\PythonCore\{tag}\InstallPath"
                with winreg.OpenKey(hive, key) as opened:  # type: ignore[attr-defined]
                    folder = winreg.QueryValueEx(opened, "")[0]  # type: ignore[attr-defined]
            except OSError:
                continue
            found.append(Path(folder) / "python.exe")
    return found


def inspect_python(command: list[str], wanted: str) -> Interpreter | None:
    """Run a candidate and ask what it is; None when it does not run or is another version."""
    question = "import sys; print(*sys.version_info[:3], sep='.'); print(sys.executable); print(sys.base_prefix)"
    lines = output([*command, "-I", "-S", "-c", question]).splitlines()
    if len(lines) != 3 or not lines[0].startswith(wanted + "."):
        return None
    return Interpreter(lines[1], lines[0], lines[2])


def output(command: list[str]) -> str:
    """What a short command prints; empty when it fails."""
    try:
        return subprocess.run(
            command, capture_output=True, timeout=15, check=True, encoding="utf-8", stdin=subprocess.DEVNULL
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
