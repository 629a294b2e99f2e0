"""Services made for a test: a folder, its files, its file."""

from __future__ import annotations

import itertools
import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HANDLER = """\
import json


def hello(event, context):
    return {"statusCode": 200, "body": json.dumps({"message": "Hello"})}
"""
_numbers = itertools.count(1)


@pytest.fixture
def service_name() -> str:
    """A service's name that no other test uses."""
    return f"t{os.getpid()}x{next(_numbers)}"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """`write({"serverless.yml": text})` makes a service's folder; a `handler.py` is there anyway."""

    def make(files: dict[str, str], folder: str = "service") -> Path:
        root = tmp_path / folder
        for name, text in {"handler.py": HANDLER, **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return root

    return make


@pytest.fixture
def offline_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that is not AWS, and where nothing listens: packaging must not ask it anything."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")


@pytest.fixture
def template_of(offline_aws: None) -> Callable[[Path], dict[str, Any]]:
    """A folder's CloudFormation template."""
    from workshop import serverless

    def make(folder: Path, **options: Any) -> dict[str, Any]:
        return serverless.package(serverless.load(folder, **options)).template("serverless/folder")

    return make
