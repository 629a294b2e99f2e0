"""One place says which system this is; another one can be pretended, and what follows from it is decided there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import fresh_environment
from workshop.core import programs, system

ROOT = Path(__file__).resolve().parents[2]
# These run before anything of the workshop can be imported, or apart from it.
APART = {"core/system.py", "setup/supported.py", "localaws/runtime/launcher/launcher.py"}
# mypy reads `sys.platform == "win32"`, and so knows which calls there are: where the real system's own are made.
ASKS = re.compile(r"\bos\.name\b|\bsys\.platform\b(?! [!=]= \"win32\")")


def ask(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a fresh Python prints, as this system or as another one."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=fresh_environment(PYTHONPATH=str(ROOT), **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_only_one_module_asks_which_system_this_is() -> None:
    found = []
    for path in sorted((ROOT / "workshop").rglob("*.py")):
        name = path.relative_to(ROOT / "workshop").as_posix()
        lines = path.read_text(encoding="utf-8").splitlines()
        if name not in APART:
            found += [f"{name}:{number}" for number, line in enumerate(lines, 1) if ASKS.search(line)]
    assert found == [], "ask workshop.core.system"


@pytest.mark.skipif(system.REAL != "linux", reason="another system is pretended on Linux")
@pytest.mark.parametrize("name", ["windows", "macos", "linux"])
def test_another_system_is_pretended(name: str) -> None:
    code = "from workshop.core import system as s; print(s.NAME, s.PRETENDED, s.WINDOWS, s.MACOS, s.LINUX, s.NT)"
    said = ask(code, WORKSHOP_PRETEND=name).stdout.split()
    assert said == [
        name,
        *(str(one) for one in (name != "linux", *(name == each for each in system.NAMES[::-1]), False)),
    ]


def test_a_system_that_nobody_knows_is_refused_in_one_line() -> None:
    done = ask("from workshop.core import system", WORKSHOP_PRETEND="beos")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "WORKSHOP_PRETEND is 'beos', which is none of: linux, macos, windows. Unset it to use this system."
    )


@pytest.mark.parametrize(
    ("pretended", "folder", "expected"),
    [("linux", "/short", True), ("linux", "/" + "f" * 60, False), ("windows", "/short", False)],
)
def test_kernels_talk_over_tcp_where_a_sockets_path_would_be_too_long(
    pretended: str, folder: str, expected: bool
) -> None:
    """unix(7): 108 bytes with the zero at their end; macOS has 104."""
    code = "from workshop import lab; print(lab.sockets_in_files(), '--KernelManager.transport=ipc' in "
    code += "lab.options(1, 't', notebook='n', stage=False))"
    pretend = {} if pretended == "linux" else {"WORKSHOP_PRETEND": pretended}
    if pretend and system.REAL == "windows":
        pytest.skip("Windows pretends nothing")
    done = ask(code, JUPYTER_RUNTIME_DIR=folder, **pretend)
    wanted = expected and system.REAL != "windows"
    assert done.stdout.split() == [str(wanted)] * 2, done.stderr


BY_HAND = """
import httpx, json
from workshop import connect, deploy, remove
from workshop.scenarios import layers
from workshop.scenarios.runtime_api import Waiting
connect()
runtimes = deploy("demo_lambdas/custom_runtimes", quiet=True)
waiting = Waiting("custom-runtimes-dev-by-hand", {"name": "Ada"})
api = waiting.runtime_api()
work = httpx.get(api + "/invocation/next", timeout=30)
number = work.headers["Lambda-Runtime-Aws-Request-Id"]
httpx.post(f"{api}/invocation/{number}/response", json=work.json())
print(json.dumps([waiting.result(), layers.languages(runtimes, {"name": "Ada"}).rows]))
"""


@pytest.mark.skipif(system.REAL != "linux", reason="another system is pretended on Linux")
def test_lesson_07_goes_on_where_no_bootstrap_can_be_started(tmp_path: Path) -> None:
    """On Windows custom runtimes are deployed; one whose program is missing says so when it is invoked."""
    for name in ("dirname", "basename"):  # what a PATH without bash, PHP and Node.js still has does not matter
        (tmp_path / name).write_text("", encoding="utf-8")
    done = ask(BY_HAND, WORKSHOP_PRETEND="windows", PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    sentence, result = done.stdout.strip().splitlines()
    assert sentence.startswith("Windows starts no bash script")
    by_hand, rows = json.loads(result)
    assert by_hand == {"name": "Ada"}
    assert rows == [[each, f"no {each} on this machine: left out"] for each in ("bash", "php", "node")]


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("#!/usr/bin/env {name} -x\n", ["-x"]),
        ("#!/bin/{name}\n", []),
        ("#!/nowhere/no-such-program\n", None),
        ("\x7fELF", None),
    ],
)
def test_a_script_is_run_by_the_program_that_its_first_line_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, words: list[str] | None
) -> None:
    program = tmp_path / ("speak.exe" if os.name == "nt" else "speak")
    program.write_text("", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    script = tmp_path / "bootstrap"
    script.write_text(first.format(name="speak"), encoding="utf-8")
    expected = [] if words is None else [str(program), *words, str(script)]
    assert programs.of_script(script) == expected
