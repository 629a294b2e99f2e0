"""No process that the workshop starts inherits its standard input.

The offline cloud's lifeline thread waits in a read of standard input. On Windows a Python that inherits such a handle
stops in its own start until that read returns (https://github.com/python/cpython/issues/78961). Elsewhere a helper may
eat what the reader types.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STARTERS = ("run", "Popen", "call", "check_call", "check_output", "getoutput", "getstatusoutput")
# These two are the reader's own command going on in another process, so they have the reader's terminal.
TERMINAL = {"workshop/setup/bootstrap.py", "workshop/commands/tests.py"}


def starts(source: str) -> Iterator[ast.Call]:
    """The calls in a module that start a process."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        module, _, name = called.rpartition(".")
        in_subprocess = module.endswith("subprocess") and (name in STARTERS or name.startswith("create_subprocess"))
        bare = name in ("Popen", "create_subprocess_exec", "create_subprocess_shell")
        if in_subprocess or bare or called in ("os.system", "os.popen"):
            yield node


def without_stdin(source: str, *, may_inherit: bool = False) -> list[int]:
    """The lines of a module where a process is started with the standard input of whoever starts it."""
    found = []
    for call in starts(source):
        given = {word.arg: ast.unparse(word.value) for word in call.keywords if word.arg}
        if "input" in given or given.get("stdin", "None") != "None" or (may_inherit and "stdin" in given):
            continue
        found.append(call.lineno)
    return found


@pytest.mark.parametrize("folder", ["workshop", "demo_lambdas"])
def test_every_process_gets_a_standard_input_of_its_own(folder: str) -> None:
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        lines = without_stdin(path.read_text(encoding="utf-8"), may_inherit=name in TERMINAL)
        found += [f"{name}:{line}" for line in lines]
    assert found == [], "give them stdin=subprocess.DEVNULL"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("subprocess.run(['a'])", [1]),
        ("subprocess.run(['a'], stdin=None)", [1]),
        ("subprocess.run(['a'], **options)", [1]),
        ("subprocess.run(['a'], stdin=subprocess.DEVNULL)", []),
        ("subprocess.run(['a'], input=b'')", []),
        ("x = 1\nPopen('a')", [2]),
        ("asyncio.create_subprocess_exec('a')", [1]),
        ("os.system('a')", [1]),
        ("lab.run('a')", []),
    ],
)
def test_the_look_through_finds_what_it_looks_for(source: str, lines: list[int]) -> None:
    assert without_stdin(source) == lines
