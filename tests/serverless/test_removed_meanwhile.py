"""A service that somebody removes while it is being deployed: said in a sentence, at whatever moment it happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.serverless.services import HELLO
from workshop import serverless
from workshop.core.errors import WorkshopError

CODE = "def hello(event, context): ...\n"


@pytest.mark.parametrize("phase", ["package", "upload", "update"])
@pytest.mark.parametrize("again", [False, True])
def test_a_removal_during_a_deploy_is_said(
    write: Callable[..., Path], service_name: str, cloud: Any, client: Any, phase: str, again: bool
) -> None:
    folder = write({"serverless.yml": HELLO.format(name=service_name), "handler.py": CODE})
    if again:
        serverless.deploy(serverless.load(folder))
        (folder / "handler.py").write_text(CODE + "# changed\n", encoding="utf-8")
    service = serverless.load(folder)
    removed = []

    def remove(step: Any) -> None:
        if step.phase == phase and not removed:
            removed.append(step)
            buckets = client("s3")
            for one in buckets.list_buckets()["Buckets"]:
                if one["Name"].startswith(f"{service.stack}-"):
                    for item in buckets.list_objects_v2(Bucket=one["Name"]).get("Contents", []):
                        buckets.delete_object(Bucket=one["Name"], Key=item["Key"])
            client("cloudformation").delete_stack(StackName=service.stack)

    try:
        serverless.deploy(service, on_step=remove)
    except WorkshopError as error:
        said = error.paragraph()
        assert "was removed while it was being deployed" in said or "is being changed" in said or "under way" in said, (
            said
        )
    assert removed
