"""Each change to moto: the offline cloud does what AWS documents, plain moto does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.localaws.moto.gaps import CHECKS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_offline_cloud_does_it(check: Callable[..., None], client: Callable[..., Any]) -> None:
    check(client)


def test_plain_moto_does_none_of_it_yet() -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.localaws.moto.gaps"],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        encoding="utf-8",
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert not found["closed"], f"moto has closed these gaps; our change can go: {found['closed']}"
    assert all(found["inside"].values()), f"moto has changed here; look whether ours can go: {found['inside']}"
