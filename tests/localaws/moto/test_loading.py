"""moto is imported in one place, by one thread at a time, and nobody sees a module that is not finished."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

from workshop.localaws.moto.patches import PATCHED

ROOT = Path(__file__).parents[3]
ROOM, ROOM_NAME = ROOT / "workshop" / "localaws" / "moto", "workshop.localaws.moto"
BY_NAME = ("import_module", "__import__")


def test_many_first_requests_at_the_same_moment_are_all_answered_a_hundred_times() -> None:
    command = [sys.executable, "-m", "tests.localaws.moto.first_requests", "100"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {"rounds": 100, "wrong": []}


def imports_of(path: Path) -> set[str]:
    """The first names of all that a file imports: at the top, inside of functions, for types alone, or by name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in BY_NAME:
            found |= {
                each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            }
    return found


def test_nothing_imports_moto_but_its_own_room_deferred_and_for_types_neither() -> None:
    """A service's own unit tests may use moto's `mock_aws`, as any reader's may: they run without the cloud."""
    guilty = [
        f"{path.relative_to(ROOT)}: {name}"
        for folder in ("workshop", "demo_lambdas", "slides", "tests", "benchmarks", "tools")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if ROOM not in path.parents and path.parent != Path(__file__).parent
        if not (folder == "demo_lambdas" and path.parent.name == "tests")
        for name in imports_of(path)
        if name.partition(".")[0] == "moto" or name in (f"{ROOM_NAME}.loading.load", f"{ROOM_NAME}.loading.loaded")
    ]
    assert not guilty, "ask workshop/localaws/moto (stores, calls, query, current) instead:\n" + "\n".join(guilty)


def test_the_room_itself_imports_moto_only_where_the_lock_is_held() -> None:
    """`loading` holds it, and patches are imported by `loading`; every other module of the room asks it."""
    guilty = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted(ROOM.glob("*.py"))
        for name in imports_of(path)
        if name.partition(".")[0] == "moto" and path.name not in ("loading.py", "light.py")
    ]
    patches = {path.stem for path in (ROOM / "patches").glob("*.py")} - {"__init__"}
    guilty += [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / "workshop").rglob("*.py"))
        for name in imports_of(path)
        if name.startswith(f"{ROOM_NAME}.patches.") and name.split(".")[4] in patches
    ]
    assert not guilty, guilty


def test_every_module_of_patches_is_applied() -> None:
    assert {path.stem for path in (ROOM / "patches").glob("*.py")} - {"__init__"} == PATCHED
