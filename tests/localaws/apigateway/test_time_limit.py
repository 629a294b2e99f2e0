"""The 29 seconds of REST APIs and the 30 of HTTP APIs, with the limit turned down."""

from __future__ import annotations

import asyncio
from typing import Any

import boto3
import httpx
import pytest
import uvicorn
from botocore.config import Config

from tests.localaws.bench import REGION, Bench, eventually
from tests.support import LONGEST
from workshop.core import net
from workshop.localaws import LocalAWS, Settings
from workshop.localaws.apigateway.protocol import GatewayProtocol

SLOW = """
import time
def handler(event, context):
    if (event.get("queryStringParameters") or {}).get("wait"):
        time.sleep(1.5)
    print("came to its end")
    return {"statusCode": 200, "body": "done"}
"""


def bench_of(url: str) -> Bench:
    """A bench whose clients wait long enough."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    config = Config(retries={"max_attempts": 0})

    def client(service: str, **options: Any) -> Any:
        return boto3.client(service, region_name=REGION, endpoint_url=url, config=config, **keys | options)

    return Bench(client, url)


def build(bench: Bench) -> tuple[str, str, str]:
    """(function name, REST URL, HTTP URL)."""
    function = bench.function(SLOW, Timeout=30)
    return function.rpartition(":")[2], bench.rest_api({"GET /x": function}).url, bench.http_api({"GET /x": function})


@pytest.mark.parametrize("limit", [0.5])
def test_a_slow_function_is_a_504_and_runs_on(limit: float) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html

    async def work() -> None:
        local, sock = LocalAWS(Settings()), net.bind()
        local.set_url(f"http://127.0.0.1:{sock.getsockname()[1]}")
        await local.start()
        config = uvicorn.Config(local.asgi, http=GatewayProtocol, lifespan="off", log_level="error", access_log=False)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            name, rest, http = await asyncio.to_thread(build, bench_of(local.url))
            async with httpx.AsyncClient(timeout=LONGEST) as client:
                assert (await client.get(rest + "/x")).text == "done"
                local.gateway.caller.longest_wait = limit
                slow = await client.get(rest + "/x", params={"wait": "1"})
                assert (slow.status_code, slow.json()) == (504, {"message": "Endpoint request timed out"})
                assert slow.headers["x-amzn-errortype"] == "InternalServerErrorException"
                slow = await client.get(http + "/x", params={"wait": "1"})
                assert (slow.status_code, slow.json()) == (503, {"message": "Service Unavailable"})
            looking = bench_of(local.url).client("logs")

            def ends() -> int:
                found = looking.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern='"came to its end"')
                return len(found["events"])

            assert await asyncio.to_thread(eventually, lambda: ends() == 3)
        finally:
            server.should_exit = True
            await serving
            await local.stop()

    asyncio.run(asyncio.wait_for(work(), LONGEST))
