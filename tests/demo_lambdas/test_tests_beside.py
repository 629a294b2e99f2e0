"""The tests that a reader copies with a service: they pass, alone, with no cloud."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo_lambdas.conftest import SERVICES


@pytest.mark.parametrize("service", ["order_payment", "payment_service"])
def test_a_copy_passes_its_own_tests(service: str, tmp_path: Path) -> None:
    copy = shutil.copytree(SERVICES / service, tmp_path / service, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WORKSHOP_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
