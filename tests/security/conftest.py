"""Everything that listens, in one place: the AWS port, the stand-ins, `offline`, a function's Runtime API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.localaws.bench import Bench, eventually
from workshop import serverless

ROOT = Path(__file__).resolve().parents[2]
IDLE = """
import os
def handler(event, context):
    return {"statusCode": 200, "body": os.environ["AWS_LAMBDA_RUNTIME_API"]}
"""


@dataclass
class Listening:
    """The addresses of all that listens, by name, and the cloud behind."""

    ports: dict[str, int]
    bench: Bench
    function: str

    @property
    def aws(self) -> str:
        return self.bench.url


@pytest.fixture(scope="module")
def listening(cloud: Any, client: Any) -> Iterator[Listening]:
    """Each of them is up, with one function whose environment stays warm."""
    bench = Bench(client, cloud.endpoint)
    httpx.post(f"{bench.url}/_workshop/settings", json={"freeze": False}).raise_for_status()
    arn = bench.function(IDLE)

    def address() -> str:
        answer = bench.client("lambda").invoke(FunctionName=arn)["Payload"].read().decode()
        return answer.partition("127.0.0.1:")[2].partition('"')[0]

    with serverless.offline(ROOT / "demo_lambdas" / "hello_world", port=0) as offline:
        ports = {"aws": int(cloud.endpoint.rpartition(":")[2]), "offline": offline.port}
        ports |= {name: int(url.rpartition(":")[2]) for name, url in cloud.partners.items()}
        ports["runtime"] = int(eventually(address))
        yield Listening(ports, bench, arn)
