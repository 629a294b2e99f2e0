"""What an idle cloud has in memory: nothing that only other services need, and each description of a service once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

ROOT = Path(__file__).parents[3]
CLOUD = """
import asyncio, sys
from workshop.cloud.up import cloud

async def main():
    async with cloud() as status:
        print(status["aws"], flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="how memory is counted differs by system")
def test_an_idle_cloud_and_all_it_started_take_less_than_120_mb() -> None:
    command = [sys.executable, "-c", CLOUD]
    started: Any = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with started:
        url = started.stdout.readline().strip()
        httpx.post(f"{url}/_workshop/calls", json={"record": False}, timeout=120).raise_for_status()  # warmed up
        root = psutil.Process(started.pid)
        total = sum(each.memory_info().rss for each in [root, *root.children(recursive=True)])
        started.stdin.close()
    assert total < 120 * 2**20, f"{total / 2**20:.0f} MB"


def in_a_fresh_process(code: str) -> Any:
    """What a piece of code prints as JSON, in a process that has imported nothing yet."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_the_parameter_store_needs_no_ec2_and_ec2_is_there_for_who_asks() -> None:
    found = in_a_fresh_process("""
import json, sys
from workshop.localaws.moto.loading import load
load("ssm.urls")
before = "moto.ec2.models" in sys.modules
from workshop.localaws.moto.loading import LOCK
with LOCK:
    from moto.ssm.models import ec2_backends
    zones = ec2_backends["123456789012"]["eu-west-1"].describe_availability_zones()
print(json.dumps([before, len(zones), "moto.ec2.models" in sys.modules]))
""")
    assert found == [False, 3, True]


def test_descriptions_are_as_botocore_has_them_but_for_their_documentation() -> None:
    found = in_a_fresh_process("""
import json
from botocore.loaders import Loader
from workshop.localaws.moto.loading import load
names = ["iam", "s3", "apigateway", "dynamodb"]
def without(value):
    if isinstance(value, dict):
        return {k: "" if k == "documentation" and isinstance(v, str) else without(v) for k, v in value.items()}
    return [without(one) for one in value] if isinstance(value, list) else value
whole = {name: without(Loader().load_service_model(name, "service-2")) for name in names}
load("core.utils")
light = {name: Loader().load_service_model(name, "service-2") for name in names}
again = {name: Loader().load_service_model(name, "service-2") for name in names}
print(json.dumps([
    whole == light,
    any(light[name]["operations"] is not again[name]["operations"] for name in names),
    "".join(json.dumps(light)).count("<p>"),
]))
""")
    assert found == [True, False, 0]
