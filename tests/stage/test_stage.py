"""The stage: back to the first state, a rehearsal that finds what would fail, packages for other laptops."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support import LONGEST
from workshop.core.errors import WorkshopError
from workshop.deck.source import ROOT
from workshop.setup import install
from workshop.stage import rehearsal, resetting, wheelhouse

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command as it is typed, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "workshop", *words],
        cwd=ROOT,
        env=dict(os.environ, PYTHONPATH=str(ROOT), **environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=LONGEST,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small clone with a reader's work, progress and a changed notebook in it."""
    monkeypatch.setenv("WORKSHOP_PROGRESS", str(tmp_path / ".workshop" / "progress.json"))
    monkeypatch.setattr("workshop.cloud.up.registry", lambda: tmp_path / ".workshop" / "cloud.json")
    for name, text in (
        ("my_work/hello/handler.py", "mine"),
        (".workshop/progress.json", json.dumps({"exercises": {"created": {"tries": 1, "solved": "2026-03-01"}}})),
        ("notebooks/01_x.ipynb", "as committed"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q"], ["add", "notebooks"], [*identity, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    (tmp_path / "notebooks/01_x.ipynb").write_text("changed", encoding="utf-8")
    return tmp_path


def test_reset_sets_aside_and_loses_nothing(checkout: Path) -> None:
    undone = resetting.reset(progress=False, root=checkout)
    assert not (checkout / "my_work").exists()
    [kept] = checkout.glob(".workshop/before_reset/*/my_work/hello/handler.py")
    assert kept.read_text(encoding="utf-8") == "mine"
    assert (checkout / ".workshop/progress.json").exists()
    assert (checkout / "notebooks/01_x.ipynb").read_text(encoding="utf-8") == "changed"
    assert any(words.startswith("cloud: none is running") for words in undone.said)


def test_reset_of_everything(checkout: Path) -> None:
    resetting.reset(progress=True, notebooks=True, root=checkout)
    assert not (checkout / ".workshop/progress.json").exists()
    assert (checkout / "notebooks/01_x.ipynb").read_text(encoding="utf-8") == "as committed"
    [kept] = checkout.glob(".workshop/before_reset/*/01_x.ipynb")
    assert kept.read_text(encoding="utf-8") == "changed"
    again = resetting.reset(progress=True, notebooks=True, root=checkout)
    assert "my_work: nothing there" in again.said
    assert "notebooks: unchanged" in again.said


def test_reset_twice_within_a_second_keeps_both(checkout: Path) -> None:
    for number in range(2):
        (checkout / "my_work").mkdir(exist_ok=True)
        (checkout / "my_work" / f"{number}.txt").write_text("", encoding="utf-8")
        resetting.reset(progress=False, root=checkout)
    assert len(list(checkout.glob(".workshop/before_reset/*/my_work*/*.txt"))) == 2


def test_reset_empties_the_cloud_that_runs(checkout: Path, cloud: Any, client: Any) -> None:
    from workshop.cloud.switch import start_local

    own = start_local()
    try:
        registry = checkout / ".workshop" / "cloud.json"
        registry.write_text(json.dumps({"aws": own.endpoint}), encoding="utf-8")
        import boto3

        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-west-1"}
        store = boto3.client("ssm", endpoint_url=own.endpoint, **keys)
        store.put_parameter(Name="left_over", Value="x", Type="String")
        undone = resetting.reset(progress=False, root=checkout)
        assert any("empty" in words for words in undone.said)
        assert store.describe_parameters()["Parameters"] == []
    finally:
        own.close()


def test_reset_without_git_says_what_to_leave_out(checkout: Path) -> None:
    import shutil

    shutil.rmtree(checkout / ".git")
    with pytest.raises(WorkshopError, match="Leave --notebooks out"):
        resetting.restore_notebooks(checkout, checkout / "aside", resetting.Undone())


def test_reset_is_not_told_two_things() -> None:
    done = command("reset", "--yes", "--keep-progress")
    assert done.returncode == 2
    assert "opposite" in done.stderr


DECK = """## One
Notes:
No demo.

---
<!-- demo: 00 -->
## Two

Notes:
```type
workshop deploy demo_lambdas/hello_world
workshop deploy demo_lambdas/nowhere
rm -rf /
```
"""


def test_a_rehearsal_finds_what_would_fail_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deck = tmp_path / "deck.md"
    deck.write_text(DECK, encoding="utf-8")
    monkeypatch.setattr(rehearsal, "run_notebook", lambda slide, path: rehearsal.Act(slide, path.stem, 0.1))
    acts = list(rehearsal.rehearse(rehearsal.demos(deck), deck))
    assert [act.slide.number for act in acts] == [2, 2, 2, 2]
    assert [bool(act.fault) for act in acts] == [False, False, True, True]
    assert "nowhere" in acts[2].fault
    assert "`workshop …` only" in acts[3].fault


def test_a_rehearsal_runs_the_notebook_of_a_slide() -> None:
    [slide] = rehearsal.demos(only=["1"])
    found = rehearsal.run_notebook(slide, rehearsal.fallback.notebook_of(slide, rehearsal.DECK))
    assert found.fault == ""
    assert found.seconds > 0


def test_a_rehearsal_of_an_unknown_demo() -> None:
    with pytest.raises(WorkshopError, match=r"no demo 77.*01, 02"):
        rehearsal.demos(only=["77"])


def names(target: wheelhouse.Target) -> set[str]:
    """The packages a target gets."""
    lines = wheelhouse.pinned(LOCK, target).splitlines()
    return {line.partition("==")[0] for line in lines if "==" in line and not line.startswith(" ")}


def test_each_laptop_gets_what_its_markers_say() -> None:
    windows, linux = names(wheelhouse.Target("windows", "3.13")), names(wheelhouse.Target("linux", "3.13"))
    assert {"boto3", "jupyterlab", "moto"} <= windows & linux
    assert "colorama" in windows
    assert "colorama" not in linux, "the lock's marker is judged for the target, not for this machine"
    intel = wheelhouse.pinned(LOCK, wheelhouse.Target("mac-intel", "3.13"))
    assert "cryptography==48" in intel
    assert ";" not in intel
    assert intel.count("--hash=sha256:") > intel.count("==") - 1


def test_unknown_platforms_and_pythons_are_named() -> None:
    with pytest.raises(WorkshopError, match="windows, mac, mac-intel, linux"):
        wheelhouse.targets(["amiga"], [])
    with pytest.raises(WorkshopError, match=r"not run on Python 2\.7"):
        wheelhouse.targets([], ["2.7"])
    assert len(wheelhouse.targets([], [])) == 12


def wheel(folder: Path, name: str, tag: str) -> str:
    """A small wheel. Returns its hash."""
    file = folder / f"{name}-1.0-{tag}.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_wheels_are_fetched_for_another_system_and_found_at_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pip itself, from a folder instead of an index: no network."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    hashes = {
        "everywhere": wheel(shelf, "everywhere", "py3-none-any"),
        "only_windows": wheel(shelf, "only_windows", "cp312-cp312-win_amd64"),
    }
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        f"# a comment\neverywhere==1.0 \\\n    --hash=sha256:{hashes['everywhere']}\n"
        f"only-windows==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:{hashes['only_windows']}\n    # via x\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    house = tmp_path / "wheelhouse"
    [(_, linux)] = wheelhouse.download([wheelhouse.Target("linux", "3.12")], house, lock)
    assert linux.startswith("linux, Python 3.12: 1 new files")
    [_] = wheelhouse.download([wheelhouse.Target("windows", "3.12")], house, lock)
    assert sorted(path.name.partition("-")[0] for path in house.iterdir()) == ["everywhere", "only_windows"]
    assert install.wheelhouse(tmp_path) == ["--no-index", "--find-links", str(house)]
    with pytest.raises(WorkshopError, match=r"windows, Python 3\.13 could not be fetched"):
        list(wheelhouse.download([wheelhouse.Target("windows", "3.13")], house, lock))
