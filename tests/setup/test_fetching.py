"""Where uv is not on the PATH, pip fetches it, from the same lock; where that does not go, pip does it all."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.setup.test_first_start import BASE, FAKE_UV, ROOT
from tests.support import LONGEST
from workshop.setup import fetching, install

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for uv is a script with a #! line")
MISSING = "nowhere-to-be-found==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"


def wheel(folder: Path, script: str) -> str:
    """A wheel that is called uv and brings a script of that name. Returns its lines of a lock file.

    https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    folder.mkdir()
    path, info = folder / "uv-1.0-py3-none-any.whl", "uv-1.0.dist-info"
    files = {
        "uv-1.0.data/scripts/uv": script,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: uv\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"{name},sha256={digest},{len(text.encode())}")
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16  # pip makes executable what is so in the archive
            archive.writestr(entry, text)
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]) + "\n")
    return f"uv==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n    # via us\n"


def start(tmp_path: Path, lock: str, **more: str) -> subprocess.CompletedProcess[str]:
    """`python3 -m workshop` in a fresh checkout with this lock, a wheelhouse, and no uv on the PATH."""
    checkout = tmp_path / "tests"  # a folder's name that means something in an environment
    if not checkout.exists():
        checkout.mkdir()
        shutil.copytree(ROOT / "workshop", checkout / "workshop", ignore=shutil.ignore_patterns("__pycache__"))
    (checkout / "requirements.lock").write_text(lock, encoding="utf-8")
    kept = [folder for folder in os.environ["PATH"].split(os.pathsep) if not (Path(folder) / "uv").exists()]
    environment = {**os.environ, "PATH": os.pathsep.join(kept), "WORKSHOP_WHEELHOUSE": str(tmp_path / "wheels"), **more}
    environment.pop("PYTHONPATH", None)
    command = [str(BASE), "-S", "-m", "workshop", "--help"]
    return subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False
    )


def test_pip_fetches_uv_and_goes_on_where_uv_fails(tmp_path: Path) -> None:
    lock = wheel(tmp_path / "wheels", FAKE_UV.format(python="python"))
    done = start(tmp_path, lock + MISSING, FAKE_SAYS="error: Failed to fetch: behind a proxy that pip knows of")
    assert (tmp_path / "tests/.venv/bin/uv").exists()
    assert "uv could not install everything: pip goes on" in done.stdout
    [paragraph] = done.stderr.strip().splitlines()[-1:]
    assert done.returncode == 1 and "nowhere-to-be-found" in paragraph and "Traceback" not in done.stderr
    again = start(tmp_path, lock + MISSING, FAKE_SAYS="error: dns error")
    assert "uv could not install everything: pip goes on" in again.stdout  # the uv that is there is used


@pytest.mark.parametrize("what", ["another hash", "does not run here"])
def test_an_uv_that_cannot_be_had_is_done_without(tmp_path: Path, what: str) -> None:
    lock = wheel(tmp_path / "wheels", "#!python\nraise SystemExit('no')\n")
    if what == "another hash":
        lock = re.sub("sha256:....", "sha256:0000", lock)
    done = start(tmp_path, lock + MISSING)
    assert "making the environment" in done.stdout  # by pip
    assert "uv could not" not in done.stdout
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert ("hash differs" if what == "another hash" else "nowhere-to-be-found") in done.stderr


def test_the_lock_names_an_uv_for_every_system() -> None:
    wanted = fetching.requirement((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert re.match(r"uv==[\d.]+ \\\n", wanted)
    assert wanted.count("--hash=sha256:") >= 10 and "via" not in wanted


def test_what_is_compiled_goes_by_the_place_in_the_environment() -> None:
    """A checkout may lie in a folder that is called tests."""
    inside = "/home/ann/tests/workshop/.venv/lib/python3.13/site-packages"
    for seldom in ("numpy/tests/test_x.py", "pip/__init__.py", "stripe/params/_charge.py", "wcwidth/table_wide.py"):
        assert re.search(install.SELDOM, f"{inside}/{seldom}"), seldom
    for often in ("numpy/__init__.py", "stripe/_charge.py", "jupyterlab/labapp.py", "testspath/x.py", "wcwidth/x.py"):
        assert not re.search(install.SELDOM, f"{inside}/{often}"), often
    assert re.search(install.SELDOM, r"C:\x\.venv\Lib\site-packages\numpy\tests\test_x.py")
