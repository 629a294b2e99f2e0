"""Tools that know nothing of this project, against the running cloud.

The AWS CLI and the Serverless Framework's open fork are not installed by this project. `AWS_CLI` and `OSLS` may name
them; otherwise the PATH decides, and without them these tests are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.localaws.bench import ECHO, Bench, unique

SERVICE = """
service: {name}

provider: {{name: aws, runtime: python3.12, region: eu-west-1, stage: dev}}
functions:
  hello:
    handler: handler.hello
    events:
      - http: {{path: hello, method: get, cors: true}}
"""
HANDLER = (
    "def hello(event, context):\n    print('about to say hello')\n    return {'statusCode': 200, 'body': 'hello'}\n"
)


def tool(variable: str, name: str) -> str:
    """Where a tool is, or a skip."""
    found = os.environ.get(variable) or shutil.which(name)
    if not found:
        pytest.skip(f"{name} is neither on the PATH nor named by {variable}")
    return found


@pytest.fixture(scope="module")
def bench(cloud: Any, client: Any) -> Bench:
    return Bench(client, cloud.endpoint)


@pytest.fixture(scope="module")
def environment(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What leads a tool to the cloud and away from the reader's own settings."""
    home = tmp_path_factory.mktemp("home")
    keys = {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "HOME": str(home),
        "USERPROFILE": str(home),
        "SLS_TELEMETRY_DISABLED": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return {**os.environ, **keys}


def ran(command: list[str], environment: dict[str, str], cwd: Path | None = None) -> str:
    """What a command prints."""
    done = subprocess.run(
        command, env=environment, cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=180
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_aws_cli(bench: Bench, environment: dict[str, str], tmp_path: Path) -> None:
    aws = tool("AWS_CLI", "aws")
    try:
        subprocess.run([aws, "--version"], env=environment, capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("the aws command found does not run")
    name = bench.function(ECHO).rpartition(":")[2]
    out = tmp_path / "out.json"
    told = json.loads(
        ran([aws, "lambda", "invoke", "--function-name", name, "--output", "json", str(out)], environment)
    )
    assert told["StatusCode"] == 200
    assert json.loads(out.read_text(encoding="utf-8"))["statusCode"] == 200
    template = tmp_path / "t.yml"
    template.write_text("Resources: {Queue: {Type: 'AWS::SQS::Queue'}}\n", encoding="utf-8")
    stack = unique("cli")
    ran([aws, "cloudformation", "deploy", "--stack-name", stack, "--template-file", str(template)], environment)
    shown = ran([aws, "cloudformation", "describe-stacks", "--stack-name", stack, "--output", "json"], environment)
    assert json.loads(shown)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    ran([aws, "cloudformation", "delete-stack", "--stack-name", stack], environment)


@pytest.mark.skipif(sys.platform == "win32", reason="npm's commands are scripts there")
def test_the_serverless_framework_s_fork(bench: Bench, environment: dict[str, str], tmp_path: Path) -> None:
    osls, name = tool("OSLS", "osls"), unique("osls")
    (tmp_path / "serverless.yml").write_text(SERVICE.format(name=name), encoding="utf-8")
    (tmp_path / "handler.py").write_text(HANDLER, encoding="utf-8")
    ran([osls, "deploy"], environment, tmp_path)
    info = ran([osls, "info"], environment, tmp_path)
    api = next(line for line in info.splitlines() if "endpoint" in line).split("//")[1].partition(".")[0]
    assert httpx.get(f"{bench.url}/_aws/execute-api/{api}/dev/hello").text == "hello"
    invoked = ran([osls, "invoke", "-f", "hello", "--log"], environment, tmp_path)
    assert '"body": "hello"' in invoked
    assert "about to say hello" in invoked
    assert "about to say hello" in ran([osls, "logs", "-f", "hello"], environment, tmp_path)
    assert "No changes to deploy" in ran([osls, "deploy"], environment, tmp_path)
    ran([osls, "remove"], environment, tmp_path)
    assert name not in str(bench.client("lambda").list_functions())
    assert name not in str(bench.client("s3").list_buckets()["Buckets"])
