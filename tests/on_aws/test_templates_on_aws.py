"""The templates as a reader on AWS deploys them, with suffix, tags and retention, under CloudFormation's own schemas.

cfn-lint brings the published resource schemas and checks every property against them (rules E3002, E3012 and on).
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-type-schemas.html
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.serverless.test_templates import peer
from workshop import lesson, serverless
from workshop.on_aws import personal, tunnel

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICES = [*sorted(path.parent for path in (ROOT / "demo_lambdas").glob("*/serverless.yml")), tunnel.ENTRANCE]


def lint(*files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [peer("cfn-lint"), "--regions", "eu-west-1", "--format", "parseable", "--", *map(str, files)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_every_template_with_a_suffix_is_valid(mine: str, cloud: Any, tmp_path: Path) -> None:
    peer("cfn-lint")
    lesson.deploy("demo_lambdas/access_ssm", quiet=True)  # the others take its layer's ARN from its stack
    try:
        for folder in SERVICES:
            template = serverless.package(personal.load(folder)).template()
            text = json.dumps(template)
            assert mine in text, folder
            (tmp_path / f"{folder.name}.json").write_text(text, encoding="utf-8")
    finally:
        lesson.remove("demo_lambdas/access_ssm", quiet=True)
    done = lint(*sorted(tmp_path.glob("*.json")))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("properties", "rule"),
    [({"QueueNam": "x"}, "E3002"), ({"VisibilityTimeout": "a minute"}, "E3012"), ({"DelaySeconds": 901}, "E3034")],
)
def test_what_the_published_schema_does_not_allow_is_found(properties: Any, rule: str, tmp_path: Path) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": properties}
    (tmp_path / "x.json").write_text(json.dumps({"Resources": {"Queue": queue}}), encoding="utf-8")
    done = lint(tmp_path / "x.json")
    assert done.returncode != 0 and rule in done.stdout
