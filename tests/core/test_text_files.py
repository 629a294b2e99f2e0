"""One reader of text files: what it takes, what it refuses, and that a changed file keeps how it was written."""

from __future__ import annotations

import codecs
import os
import sys
from pathlib import Path

import pytest

from workshop.commands.service_more import event_of
from workshop.core import text_files
from workshop.core.errors import WorkshopError
from workshop.serverless.dependencies import read_requirements
from workshop.serverless.yaml_source import read_yaml

WORDS = "größe: 5 €\nsecond: line\n"


@pytest.mark.parametrize(
    "written",
    [
        WORDS.encode(),
        codecs.BOM_UTF8 + WORDS.encode(),
        codecs.BOM_UTF16_LE + WORDS.encode("utf-16-le"),  # PowerShell's >
        codecs.BOM_UTF16_BE + WORDS.encode("utf-16-be"),
        WORDS.replace("\n", "\r\n").encode(),
    ],
)
def test_what_editors_and_shells_write_is_read(tmp_path: Path, written: bytes) -> None:
    file = tmp_path / "serverless.yml"
    file.write_bytes(written)
    assert text_files.read(file) == WORDS
    assert dict(read_yaml(file, "serverless.yml")) == {"größe": "5 €", "second": "line"}
    was = text_files.load(file)
    text_files.write(file, was.text.replace("second", "third"), was)
    changed = file.read_bytes()
    assert changed[:2] == written[:2] and text_files.read(file) == WORDS.replace("second", "third")
    assert (b"\r" in changed) == (b"\r" in written)


@pytest.mark.parametrize(
    "written",
    [
        "größe".encode("latin-1"),
        WORDS.encode("utf-16-le"),  # no mark
        codecs.BOM_UTF32_LE + WORDS.encode("utf-32-le"),
        codecs.BOM_UTF16_LE + b"odd",
        b"\x89PNG\r\n\x1a\n\x00",
        b"a\x00b",
    ],
)
@pytest.mark.parametrize(
    "door", [text_files.read, lambda path: read_yaml(path, path.name), lambda p: event_of("", str(p))]
)
def test_anything_else_is_refused_with_the_files_name(tmp_path: Path, written: bytes, door: object) -> None:
    file = tmp_path / "notes.yml"
    file.write_bytes(written)
    with pytest.raises(WorkshopError) as refused:
        door(file)  # type: ignore[operator]
    assert "notes.yml" in refused.value.paragraph() and "UTF-8" in refused.value.paragraph()


def test_a_requirements_file_of_powershell_is_read(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes(codecs.BOM_UTF16_LE + "stripe>=12\r\n".encode("utf-16-le"))
    [(requirement, _)] = read_requirements(tmp_path / "requirements.txt", "requirements.txt")
    assert requirement.name == "stripe"


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of Unix")
def test_links_to_themselves_pipes_folders_and_devices_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    for path in (
        tmp_path / "loop",
        tmp_path / "pipe",
        tmp_path,
        tmp_path / "gone",
        Path("/dev/zero"),
        tmp_path / ("x" * 300),
    ):
        with pytest.raises(WorkshopError) as refused:
            text_files.read(path)
        assert path.name[:20] in refused.value.paragraph()


def test_a_file_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 101)
    with pytest.raises(WorkshopError, match="larger than"):
        text_files.read(tmp_path / "large", largest=100)


def test_a_file_that_cannot_be_written_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "handler.py"
    file.write_text("before", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(WorkshopError, match="the disk is full"):
        text_files.write(file, "after")
    assert [path.name for path in tmp_path.iterdir()] == ["handler.py"]
    assert file.read_text(encoding="utf-8") == "before"


# What the workshop wrote itself, or what comes with it; everything else is a reader's, and has one reader.
OWN = {
    *("bench", "cloud", "deck", "localaws", "partners", "scenarios", "setup", "stage"),
    *("doctor.py", "notebooks.py", "core/lazy.py", "core/text_files.py", "commands/cloud.py", "exercises/diary.py"),
    *("exercises/n04_cron.py", "on_aws/policy.py", "on_aws/names.py", "serverless/creating.py", "serverless/aws.py"),
    *("serverless/invoking_locally.py", "serverless/local_driver.py"),
    "serverless/dependencies.py",  # reads installed packages' metadata
}


def test_no_door_reads_a_readers_text_by_itself() -> None:
    workshop = Path(text_files.__file__).parents[1]
    found = [
        path.relative_to(workshop).as_posix()
        for path in workshop.rglob("*.py")
        if ".read_text(" in path.read_text("utf-8")
    ]
    others = [name for name in found if not any(name == own or name.startswith(f"{own}/") for own in OWN)]
    assert others == []


def test_a_number_of_thousands_of_digits_is_no_fault_of_the_workshop(tmp_path: Path) -> None:
    from workshop.core.doors import as_json
    from workshop.serverless.invoking import _read

    digits = "9" * 5000
    file = tmp_path / "serverless.yml"
    file.write_text(f"custom:\n  large: {digits}\n", encoding="utf-8")
    assert read_yaml(file, "serverless.yml")["custom"]["large"] == digits
    assert event_of(digits, "") == digits
    with pytest.raises(WorkshopError, match="not JSON"):
        event_of(f'{{"a": {digits}}}', "")
    with pytest.raises(WorkshopError, match="cannot be sent as JSON"):
        as_json({"a": 10**5000}, "The event")
    assert _read(f"[{digits}]".encode()) == f"[{digits}]"


@pytest.mark.parametrize("pattern", ["[z-a]", "src/[z-a]/**", "[[:alpha:]]z[9-0]"])
def test_a_pattern_that_cannot_be_is_refused_in_words(pattern: str) -> None:
    from workshop.serverless.patterns import regex_of

    with pytest.raises(WorkshopError, match=r"pattern .* cannot be understood"):
        regex_of(pattern)
