"""Zips of all odd kinds: everything is in one folder, or nothing is, and nothing outside is touched."""

from __future__ import annotations

import io
import os
import random
import stat
import zipfile
from pathlib import Path

import pytest

from workshop.core import unzip as module
from workshop.core.unzip import BadZip, Empty, TooLarge, unzip

LINK = stat.S_IFLNK | 0o777


def zipped(*entries: tuple[str, str] | tuple[str, str, int]) -> bytes:
    """A zip of (name, content) or (name, content, mode)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, *mode in entries:
            info = zipfile.ZipInfo(name)
            info.filename = name  # the class changes separators and ends names at a NUL
            info.create_system = 3
            info.external_attr = (mode[0] if mode else stat.S_IFREG | 0o644) << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def listing(folder: Path) -> set[str]:
    """Every path below a folder, links not followed, with what it says or holds."""
    found = set()
    for root, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(root, name)
            inside = str(path.readlink()) if path.is_symlink() else path.read_bytes().hex() if path.is_file() else ""
            found.add(f"{path.relative_to(folder)}={inside}")
    return found


def world(tmp_path: Path) -> Path:
    """A folder to unpack in, with a neighbour that must stay as it is. Returns where the package goes."""
    (tmp_path / "packages").mkdir()
    (tmp_path / "secret").write_text("of the reader", encoding="utf-8")
    return tmp_path / "packages" / "one"


ODD = {
    "a name that climbs": [("../secret", "x")],
    "a name that climbs later": [("a/../../secret", "x")],
    "an absolute name": [("/tmp/secret", "x")],
    "a drive": [("C:/secret", "x")],
    "a climb with backslashes": [("..\\secret", "x")],
    "a file and a folder": [("a", "x"), ("a/b", "y")],
    "a folder and a file": [("a/b", "y"), ("a", "x")],
    "a folder entry and a file": [("a/", ""), ("a", "x")],
    "300 letters": [("n" * 300, "x")],
    "300 letters of a folder": [("n" * 300 + "/a", "x")],
    "a deep path": [("d/" * 2000 + "a", "x")],
    "a control character": [("a\nb", "x")],
    "a terminal's escape": [("\x1b[2Ja", "x")],
    "a link that climbs": [("l", "../secret", LINK)],
    "a link to the root": [("l", "/etc", LINK)],
    "a link to itself": [("l", "l", LINK)],
    "two links in a circle": [("a", "b", LINK), ("b", "a", LINK)],
    "a chain of links": [("a/b/c/x", ""), ("one", "a/b/c", LINK), ("two", "one/../../../..", LINK)],
    "a chain that ends outside": [("d/here", "..", LINK), ("d/there", "here/..", LINK), ("t", "d/there/secret", LINK)],
    "a link that is a folder": [("a", "packages", LINK), ("a/secret", "x")],
    "a folder that becomes a link": [("a/x", "x"), ("a", "..", LINK)],
    "a link through a link": [("a", ".", LINK), ("a/b", "../../secret", LINK)],
    "a link and a file": [("a", "b", LINK), ("a", "x")],
    "a file and a link": [("a", "x"), ("a", "b", LINK)],
    "an empty link": [("a", "", LINK)],
    "a link of a megabyte": [("a", "b/" * 500_000, LINK)],
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_zip_is_refused_whole_and_in_a_sentence(tmp_path: Path, case: str) -> None:
    folder = world(tmp_path)
    before = listing(tmp_path)
    with pytest.raises(BadZip) as caught:
        unzip(zipped(*ODD[case]), folder, most=10_000_000)
    assert listing(tmp_path) == before
    said = str(caught.value)
    assert said.endswith(".") and str(tmp_path) not in said and said.isprintable() and len(said) < 200


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        b"no zip at all",
        zipped(("a", "x"))[:-10],
        zipped(("a", "x" * 500)).replace(b"PK\x03\x04", b"PK\3\5"),
    ],
)
def test_what_is_no_zip_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    folder = world(tmp_path)
    with pytest.raises(BadZip, match="no zip"):
        unzip(data, folder, most=1000)
    assert listing(tmp_path) == {"packages=", f"secret={b'of the reader'.hex()}"}


def test_broken_bytes_anywhere_never_raise_anything_else(tmp_path: Path) -> None:
    """Every kind of damage: bytes changed, cut and put in, a thousand times, with the seed in the message."""
    whole = zipped(("a/b.py", "x = 1\n" * 50), ("c", "d" * 300), ("l", "a/b.py", LINK))
    for seed in range(1000):
        dice = random.Random(seed)
        data = bytearray(whole)
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(data))
            data[at : at + dice.choice((0, 1, 1, 4))] = dice.randbytes(dice.choice((0, 1, 1, 2)))
        folder = tmp_path / str(seed) / "inside"
        try:
            unzip(bytes(data), folder, most=100_000)
        except BadZip:
            assert not folder.exists(), seed
        assert {path.name for path in folder.parent.iterdir()} <= {"inside"}, seed


def test_nothing_to_unpack_and_too_much(tmp_path: Path) -> None:
    with pytest.raises(Empty):
        unzip(zipped(), tmp_path / "a", most=1000)
    with pytest.raises(TooLarge):
        unzip(zipped(("zeros", "0" * 5000)), tmp_path / "b", most=1000)


def test_too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 3)
    with pytest.raises(BadZip, match="4 entries; at most 3"):
        unzip(zipped(*((str(number), "") for number in range(4))), tmp_path / "a", most=1000)


def test_links_that_lead_through_one_another_are_bounded(tmp_path: Path) -> None:
    """Each of them is harmless; to follow them all would take minutes."""
    names = [("d" + str(number), "d" + str(number + 1) + "/." * 400, LINK) for number in range(3000)]
    with pytest.raises(BadZip, match="links"):
        unzip(zipped(*names), tmp_path / "a", most=10_000_000)


@pytest.mark.skipif(os.name != "posix", reason="Windows needs a privilege for links")
def test_links_within_the_package_are_kept(tmp_path: Path) -> None:
    """As npm's `.bin` folders and Python's virtual environments have them."""
    data = zipped(
        ("bin/tool", "../lib/tool.py", LINK),
        ("lib/tool.py", "print(1)", stat.S_IFREG | 0o755),
        ("lib/again", ".", LINK),
        ("short", "lib/again/tool.py", LINK),
        ("nowhere", "lib/missing", LINK),
        ("empty/", ""),
    )
    folder = tmp_path / "one"
    assert unzip(data, folder, most=1000) > 0
    assert (folder / "bin/tool").read_text(encoding="utf-8") == (folder / "short").read_text(encoding="utf-8")
    assert (folder / "lib/tool.py").stat().st_mode & 0o777 == 0o755
    assert (folder / "empty").is_dir()


def test_the_last_of_two_files_of_one_name_counts(tmp_path: Path) -> None:
    with pytest.warns(UserWarning):
        data = zipped(("a", "first"), ("a", "second"))
    unzip(data, tmp_path / "one", most=1000)
    assert (tmp_path / "one" / "a").read_text(encoding="utf-8") == "second"
