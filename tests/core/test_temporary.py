"""Temporary folders of killed clouds: the next start removes them, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import fresh_environment, gone
from workshop.core import temporary

ROOT = Path(temporary.__file__).parents[2]
KERNEL = """
from workshop.cloud.switch import start_local
cloud = start_local()
print(cloud._process.pid, flush=True)
input()
"""


def kernel(folder: Path) -> tuple[subprocess.Popen[str], int]:
    """A process with a cloud of its own, and that cloud's number; temporary folders go to `folder`."""
    environment = fresh_environment(TMPDIR=str(folder), PYTHONPATH=str(ROOT))
    process = subprocess.Popen(
        [sys.executable, "-c", KERNEL], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def names(folder: Path) -> set[str]:
    """What the workshop has in a temporary folder."""
    return {path.name for path in folder.glob("workshop-*")}


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL, and TMPDIR")
def test_what_a_killed_cloud_left_goes_at_the_next_start(tmp_path: Path) -> None:
    first, cloud = kernel(tmp_path)
    left = names(tmp_path)
    assert {name[:15] for name in left} == {"workshop-cloud-", "workshop-engine"}
    os.kill(cloud, signal.SIGKILL)
    first.kill()
    first.wait()
    assert gone([cloud])
    left &= names(tmp_path)  # the launcher, which outlives a killed cloud by a moment, may take the engine's with it
    assert left, "a kill leaves something: else this test shows nothing"
    own = tmp_path / "workshop-cloud-notes"
    own.mkdir()
    (own / "thesis.txt").write_text("a folder of the reader's, called so by chance", encoding="utf-8")
    for path in tmp_path.glob("workshop-*"):
        owner = path if path.is_file() else path / temporary.OWNER
        if owner.exists():
            os.utime(owner, (1, 1))
    second, _ = kernel(tmp_path)
    try:
        deadline = time.monotonic() + 30
        while names(tmp_path) & left and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not names(tmp_path) & left
        assert (own / "thesis.txt").exists()
        for path in tmp_path.glob("workshop-*"):
            if (path / temporary.OWNER).exists():
                os.utime(path / temporary.OWNER, (1, 1))
        assert temporary.sweep(tmp_path) == [], "the folders of a living cloud are its own"
    finally:
        second.communicate("\n", timeout=30)
    assert names(tmp_path) == {own.name}


@pytest.mark.skipif(sys.platform == "win32", reason="links of Unix")
def test_a_link_is_never_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / temporary.OWNER).touch()
    os.utime(tmp_path / "outside" / temporary.OWNER, (1, 1))
    (tmp_path / "workshop-cloud-x").symlink_to(tmp_path / "outside")
    assert temporary.sweep(tmp_path) == []
    assert (tmp_path / "outside" / temporary.OWNER).exists()
