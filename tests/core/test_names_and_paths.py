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


def test_a_folder_called_like_a_copy_is_not_swept_away(world: Path) -> None:
    own = world / "checkout/my_work/tried-999999"
    own.mkdir()
    (own / "notes.txt").write_text("mine", encoding="utf-8")
    copies.copy_of("hello")
    assert (own / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_changed_copy_of_the_payment_service_is_kept(world: Path) -> None:
    from workshop.scenarios import insurance

    copy = world / "checkout/my_work/payment_service"
    (copy / "providers").mkdir(parents=True)
    (copy / "handler.py").write_text("as made", encoding="utf-8")
    made = insurance.contents(copy)
    (copy / "providers/own.py").write_text("a reader's provider", encoding="utf-8")
    assert insurance.put_away(copy, made) == "my_work/payment_service.1"
    assert (world / "checkout/my_work/payment_service.1/providers/own.py").exists()


SERVICE = "service: tidy\nprovider: {name: aws, runtime: python3.13}\nfunctions: {hello: {handler: handler.hello}}\n"


def test_package_writes_over_nothing_but_a_package(world: Path) -> None:
    from workshop import serverless

    folder = world / "checkout/my_work/tidy"
    folder.mkdir()
    (folder / "serverless.yml").write_text(SERVICE, encoding="utf-8")
    (folder / "handler.py").write_text("def hello(event, context): ...\n", encoding="utf-8")
    made = serverless.package(serverless.load(folder))
    (world / "outside/photos.zip").write_bytes(b"holidays")
    (world / "outside/settings.json").write_text("{}", encoding="utf-8")
    before = listing(world / "outside")
    with pytest.raises(WorkshopError, match="nothing was written"):
        made.write(world / "outside")
    assert listing(world / "outside") == before
    assert {path.name for path in made.write(world / "outside/empty/deeper")} >= {"tidy.zip"}
    (world / "outside/empty/deeper/photos.zip").write_bytes(b"holidays")
    (folder / "serverless.yml").write_text(SERVICE.replace("tidy", "other"), encoding="utf-8")
    serverless.package(serverless.load(folder)).write(world / "outside/empty/deeper")
    names = {path.name for path in (world / "outside/empty/deeper").iterdir()}
    assert {"other.zip", "photos.zip"} <= names and "tidy.zip" not in names


def test_slides_write_over_nothing_but_a_deck(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workshop.deck import page, printing

    deck = world / "checkout/deck.md"
    deck.write_text("## One\n\nNotes:\nSay hello.\n", encoding="utf-8")
    before = listing(world / "outside")
    with pytest.raises(WorkshopError, match="is no deck"):
        page.build(deck, world / "outside/thesis.txt")
    assert listing(world / "outside") == before
    html = page.build(deck, world / "outside/deck.html")
    assert page.build(deck, html) == html  # its own may be written over
    (world / "outside/deck.pdf").write_bytes(b"%PDF-1.4 a contract")
    monkeypatch.setattr(printing, "browser", lambda: "chromium")
    with pytest.raises(WorkshopError, match="it is as it was"):
        printing.pdf(html)
    assert (world / "outside/deck.pdf").read_bytes() == b"%PDF-1.4 a contract"


def test_bench_writes_over_nothing_but_an_earlier_run(world: Path) -> None:
    from workshop.bench import report
    from workshop.bench.figures import machine

    (world / "outside/results.md").write_text("my thesis' results", encoding="utf-8")
    found = report.Results(machine())
    with pytest.raises(WorkshopError, match="nothing was written"):
        report.write(world / "outside", found)
    assert (world / "outside/results.md").read_text(encoding="utf-8") == "my thesis' results"
    report.write(world / "outside/empty", found)
    report.write(world / "outside/empty", found)


def test_reset_changes_nothing_outside_also_through_links(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workshop.stage import resetting

    root = world / "checkout"
    (world / "outside/lab-workspaces").mkdir()
    monkeypatch.setattr("workshop.cloud.up.registry", lambda: root / "cloud.json")
    monkeypatch.setenv("WORKSHOP_PROGRESS", str(world / "outside/thesis.txt"))
    (root / ".workshop").symlink_to(world / "outside")
    before = listing(world)
    with pytest.raises(WorkshopError, match="where a link leads"):
        resetting.reset(progress=True, root=root)
    assert listing(world) == before
    (root / ".workshop").unlink()
    resetting.reset(progress=True, root=root)
    [kept] = root.glob(".workshop/before_reset/*/thesis.txt")
    assert "outside/thesis.txt" in kept.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["folder of notes", "file", "environment of another Python"])
def test_a_venv_that_the_workshop_did_not_make_is_set_aside(world: Path, kind: str) -> None:
    from workshop.setup import halves

    venv = world / "checkout/.venv"
    if kind == "file":
        venv.write_text("notes", encoding="utf-8")
    else:
        (venv / "bin").mkdir(parents=True)
        (venv / "notes.txt").write_text("mine", encoding="utf-8")
        if kind != "folder of notes":
            (venv / "pyvenv.cfg").write_text("version = 3.9.1\n", encoding="utf-8")
    before = listing(world)
    assert halves.forget(venv) == []
    after = {key.replace(".venv.1", ".venv"): value for key, value in listing(world).items()}
    assert after == before and not venv.exists()


def test_a_venv_of_the_workshops_own_is_made_anew_and_a_link_is_refused(world: Path) -> None:
    from workshop.setup import halves
    from workshop.setup.troubles import SetupError

    venv = world / "checkout/.venv"
    halves.claim(venv)
    assert halves.forget(venv) == [] and not venv.exists() and not venv.with_name(".venv.1").exists()
    venv.symlink_to(world / "outside")
    before = listing(world)
    with pytest.raises(SetupError, match="is a link"):
        halves.forget(venv)
    assert listing(world) == before
