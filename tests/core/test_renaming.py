"""A rename is tried again on Windows, where a virus scanner holds a new file for a moment."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from workshop.core import renaming, system


def test_a_file_is_put_over_another_one(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new", encoding="utf-8")
    (tmp_path / "old").write_text("old", encoding="utf-8")
    assert renaming.replace(tmp_path / "new", tmp_path / "old").read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("windows", [True, False])
def test_a_refusal_that_passes_is_waited_for_on_windows_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, windows: bool
) -> None:
    """The system's own call refuses twice, as it does while a scanner has the file open."""
    refusals, real = [PermissionError(13, "WinError 32"), PermissionError(13, "WinError 5")], Path.replace

    def held(self: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return real(self, target)

    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr(system, "WINDOWS", windows)
    (tmp_path / "new").write_text("new", encoding="utf-8")
    if windows:
        assert renaming.replace(tmp_path / "new", tmp_path / "old").read_text(encoding="utf-8") == "new"
    else:
        with pytest.raises(PermissionError):
            renaming.replace(tmp_path / "new", tmp_path / "old")
        assert len(refusals) == 1


@pytest.mark.skipif(not system.NT, reason="only Windows holds a file that is open")
def test_a_file_that_another_program_has_open_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new", encoding="utf-8")
    holder = (tmp_path / "old").open("w", encoding="utf-8")
    threading.Timer(0.3, holder.close).start()
    began = time.monotonic()
    renaming.replace(tmp_path / "new", tmp_path / "old")
    assert time.monotonic() - began > 0.1
