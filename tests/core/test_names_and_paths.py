"""Names and paths that readers give: whatever they are, nothing outside changes, and what was made is never deleted.

A checkout is made in a temporary folder, with a reader's own things around it. Each door gets every odd name; a listing
with contents, before and after, shows what changed.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from workshop import lesson
from workshop.core import paths
from workshop.core.errors import WorkshopError
from workshop.scenarios import copies

ODD: list[Any] = [
    *("", " ", ".", "..", "../outside", "../../x", "a/../../outside", "./x", "a/b", "/", "//", "~", "~/x", "-rf", "--"),
    *(".git", ".venv", ".workshop", "con", "NUL.txt", "com1", "a:b", "C:\\x", "a\\..\\..\\x", "x.", "x ", " x", "a\nb"),
    *("a\0b", "\x1b[2J", "\ud800", "a" * 5000, "ü" * 120, "*", "?", "a|b", "<x>", '"', "..%2f..", "\u202eevil"),
    *(None, 0, 1.5, True, b"bytes", ["list"], {"a": 1}, object(), Path("../outside")),
]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A reader's folder: `outside` with things of theirs, and `checkout` beside it."""
    for name in (
        *("outside/thesis.txt", "outside/proj/code.py", "neighbour.txt", "checkout/my_work/mine/handler.py"),
        *(
            "checkout/notebooks/01.txt",
            "checkout/demo_lambdas/hello/serverless.yml",
            "checkout/demo_lambdas/hello/x.py",
        ),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"service: hello\n# {name}\n", encoding="utf-8")
    (tmp_path / "outside/empty/deeper").mkdir(parents=True)
    monkeypatch.setattr(lesson, "ROOT", tmp_path / "checkout")
    monkeypatch.setattr(lesson, "MY_WORK", tmp_path / "checkout" / "my_work")
    monkeypatch.chdir(tmp_path / "checkout")
    yield tmp_path


def listing(folder: Path, without: str = "") -> dict[str, str]:
    """Every entry below a folder: what it is, with a link's aim or a file's content."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(place, name)
            key = path.relative_to(folder).as_posix()
            if without and (key == without or key.startswith(f"{without}/")):
                continue
            if path.is_symlink():
                found[key] = f"link to {path.readlink()}"
            else:
                found[key] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
    return found


def attempts(world: Path) -> list[Any]:
    """The odd names, absolute ones that lead to the reader's things, and random mixtures of their parts."""
    mixer = random.Random(14)
    pieces = ["..", "outside", "/", "\\", ".", "my_work", "mine", "~", "\0", " ", "a", "proj", str(world)]
    mixed = ["".join(mixer.choices(pieces, k=mixer.randint(1, 6))) for _ in range(150)]
    return [*ODD, str(world / "outside/proj"), world / "outside/empty", str(world / "outside"), *mixed]


def refused_or_inside(world: Path, door: Callable[[Any], Any], without: str = "checkout/my_work") -> None:
    """Calls a door with every odd name: it refuses in one paragraph, or what it changed lies where it may."""
    before = listing(world, without)
    kept = (world / "checkout/my_work/mine/handler.py").read_bytes()
    for name in attempts(world):
        try:
            door(name)
        except WorkshopError as error:
            assert "\n" not in error.paragraph() and "\x1b" not in error.paragraph(), repr(name)
        assert listing(world, without) == before, f"something outside changed by {name!r}"
    assert kept in [path.read_bytes() for path in (world / "checkout/my_work").rglob("handler.py")]


def test_create_never_leaves_my_work(world: Path) -> None:
    refused_or_inside(world, lambda name: lesson.create(name))
    assert (world / "checkout/my_work/mine").exists(), "a reader's folder was moved by a name that is not its own"


def test_create_refuses_an_unknown_template_before_anything_moves(world: Path) -> None:
    refused_or_inside(world, lambda name: lesson.create("mine", name), without="nothing")


def test_create_moves_aside_also_what_holds_no_file(world: Path) -> None:
    (world / "checkout/my_work/hello-world/notes").mkdir(parents=True)
    made = lesson.create("hello-world")
    assert (made / "serverless.yml").is_file()
    assert (world / "checkout/my_work/hello-world.1/notes").is_dir()


def test_create_over_a_link_moves_the_link_and_leaves_its_aim(world: Path) -> None:
    before = listing(world / "outside")
    (world / "checkout/my_work/hello-world").symlink_to(world / "outside/proj")
    made = lesson.create("hello-world")
    assert not made.is_symlink() and (made / "serverless.yml").is_file()
    assert (world / "checkout/my_work/hello-world.1").is_symlink()
    assert listing(world / "outside") == before


def test_create_is_whole_or_not_at_all(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    before = listing(world)
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(WorkshopError, match="the disk is full"):
        lesson.create("new-one")
    assert listing(world) == before


def test_edit_changes_nothing_outside_of_the_checkout(world: Path) -> None:
    def door(name: Any) -> None:
        lesson.edit(name, "service: hello", "service: changed")

    before = listing(world)
    for name in [*attempts(world), world / "outside/thesis.txt", "../outside/thesis.txt", "../neighbour.txt"]:
        with pytest.raises(WorkshopError):
            door(name)
    assert listing(world) == before
    (world / "checkout/my_work/linked.txt").symlink_to(world / "outside/thesis.txt")
    with pytest.raises(WorkshopError, match="where a link leads"):
        door("my_work/linked.txt")
    assert listing(world / "outside") == {key[8:]: one for key, one in before.items() if key.startswith("outside/")}
    door("my_work/mine/handler.py")
    assert "changed" in (world / "checkout/my_work/mine/handler.py").read_text(encoding="utf-8")


def test_a_copy_of_a_demo_never_leaves_my_work(world: Path) -> None:
    refused_or_inside(world, lambda name: copies.copy_of(name))


def test_what_is_set_aside_is_never_overwritten(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / "x").write_text(str(number), encoding="utf-8")
        paths.set_aside(tmp_path / "x")
    (tmp_path / "x").symlink_to(tmp_path / "nowhere")  # a link that leads nowhere is there all the same
    assert paths.set_aside(tmp_path / "x").name == "x.5"
    assert [(tmp_path / f"x.{number}").read_text(encoding="utf-8") for number in (1, 2, 3, 4)] == list("0123")


@pytest.mark.parametrize("name", ["hello-world", "hello_world", "Hello 2", "größe"])
def test_plain_names_are_names(name: str) -> None:
    assert paths.folder_name(name) == name
