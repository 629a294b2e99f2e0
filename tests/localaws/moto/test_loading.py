"""moto is imported in one place, by one thread at a time, and nobody sees a module that is not finished."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_many_first_requests_at_the_same_moment_are_all_answered_hundreds_of_times() -> None:
    command = [sys.executable, "-m", "tests.localaws.moto.first_requests", "100"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {"rounds": 100, "wrong": []}
