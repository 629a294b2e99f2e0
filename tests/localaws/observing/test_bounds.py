"""What is kept is bounded, whatever runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil

from tests.localaws.bench import REGION, Bench
from workshop.bench import load
from workshop.localaws.logs.sink import LogBuffer
from workshop.localaws.metrics.store import MINUTES_KEPT, Metrics, step
from workshop.localaws.moto import stores
from workshop.localaws.runtime.model import FunctionSpec, Invocation


def spec(name: str) -> FunctionSpec:
    return FunctionSpec(
        arn=f"arn:aws:lambda:eu-west-1:123456789012:function:{name}",
        name=name,
        version="$LATEST",
        runtime="python3.12",
        handler="h.h",
        memory_size=128,
        timeout=3,
        code_dir=Path(),
    )


def test_a_log_group_keeps_its_newest_events() -> None:
    buffer = LogBuffer(per_group=100)
    for number in range(1000):
        buffer.write(spec("bounded"), f"stream{number // 300}", [(1_700_000_000_000 + number, f"line {number}")])
        if number % 170 == 0:
            buffer.flush()
    buffer.flush()
    group = stores.backend("logs", "123456789012", "eu-west-1").groups["/aws/lambda/bounded"]
    kept = [event.message for stream in group.streams.values() for event in stream.events]
    assert kept == [f"line {number}" for number in range(900, 1000)]


def test_metrics_keep_a_bounded_number_of_minutes() -> None:
    metrics = Metrics()
    done = Invocation("id", b"", duration_ms=5.0)
    for minute in range(MINUTES_KEPT + 50):
        metrics.invoked(spec("long"), done, 1, minute * 60.0)
    assert all(len(minutes) == MINUTES_KEPT for minutes in metrics.regions["eu-west-1"].values())


def test_a_minute_s_histogram_stays_small_and_right_to_one_per_cent() -> None:
    metrics, key = Metrics(), ("AWS/Lambda", "Duration", ())
    for number in range(1, 20_001):
        metrics.add("eu-west-1", key, 0.0, number / 10, distribution=True)
    minute = metrics.between("eu-west-1", key, 0, 60, 60)[0]
    assert len(minute.histogram) < 1200
    for percent in (50, 90, 99):
        assert abs(minute.percentile(percent) - percent * 20) / (percent * 20) < 0.011
    assert step(0) == step(-1) < step(0.000001)


def test_a_cloud_under_load_does_not_grow() -> None:
    """Its process, logging on; `workshop bench` does the same with 100,000 requests."""
    import boto3

    from workshop.cloud.switch import start_local

    others = {one.pid for one in psutil.Process().children()}
    cloud = start_local()
    (process,) = (one for one in psutil.Process().children() if one.pid not in others)

    def client(service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=REGION, endpoint_url=cloud.endpoint, **keys)

    try:
        bench = Bench(client, cloud.endpoint)
        arn = bench.function("def handler(event, context):\n    print('a line' * 9)\n    return {'statusCode': 200}\n")
        url = bench.rest_api({"GET /x": arn}).get("/x").url
        load.run(str(url), connections=4, requests=3_000)  # everything is imported, every buffer full
        before = process.memory_info().rss
        assert load.run(str(url), connections=4, requests=12_000)["errors"] == 0
        assert process.memory_info().rss < before * 1.1
    finally:
        cloud.close()
