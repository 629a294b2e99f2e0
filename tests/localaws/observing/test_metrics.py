"""CloudWatch metrics of every invoke.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import Bench

SOURCE = "def handler(event, context):\n    if event.get('fail'):\n        raise ValueError('as asked')\n"


@pytest.fixture(scope="module")
def bench(cloud: Any, client: Any) -> Bench:
    return Bench(client, cloud.endpoint)


@pytest.fixture(scope="module")
def name(bench: Bench) -> str:
    """A function called ten times, failing thrice, and refused once."""
    made = bench.function(SOURCE).rpartition(":")[2]
    api = bench.client("lambda")
    for number in range(10):
        api.invoke(FunctionName=made, Payload=b'{"fail": true}' if number < 3 else b"{}")
    api.put_function_concurrency(FunctionName=made, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError):
        api.invoke(FunctionName=made)
    api.delete_function_concurrency(FunctionName=made)
    return str(made)


def window() -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"StartTime": now - timedelta(minutes=10), "EndTime": now + timedelta(minutes=10)}


@pytest.mark.parametrize(("metric", "total"), [("Invocations", 10), ("Errors", 3), ("Throttles", 1)])
def test_counts(bench: Bench, name: str, metric: str, total: int) -> None:
    for dimensions in (
        [{"Name": "FunctionName", "Value": name}],
        [{"Name": "FunctionName", "Value": name}, {"Name": "Resource", "Value": name}],
    ):
        points = bench.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=dimensions,
            Period=3600,
            Statistics=["Sum"],
            **window(),
        )
        assert sum(point["Sum"] for point in points["Datapoints"]) == total
        assert {point["Unit"] for point in points["Datapoints"]} == {"Count"}


def test_durations_with_percentiles(bench: Bench, name: str) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
    where = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Duration",
        "Dimensions": [{"Name": "FunctionName", "Value": name}],
        "Period": 3600,
        **window(),
    }
    cloudwatch = bench.client("cloudwatch")
    point = cloudwatch.get_metric_statistics(**where, Statistics=["Minimum", "Average", "Maximum", "SampleCount"])[
        "Datapoints"
    ][0]
    assert point["Unit"] == "Milliseconds"
    assert 0 < point["Minimum"] <= point["Average"] <= point["Maximum"]
    more = cloudwatch.get_metric_statistics(**where, ExtendedStatistics=["p50", "p99"])["Datapoints"][0][
        "ExtendedStatistics"
    ]
    assert point["Minimum"] <= more["p50"] <= more["p99"] <= point["Maximum"]


def test_metric_data_with_an_expression(bench: Bench, name: str) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    def stat(identifier: str, metric: str) -> dict[str, Any]:
        of = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": [{"Name": "FunctionName", "Value": name}]}
        return {"Id": identifier, "MetricStat": {"Metric": of, "Period": 3600, "Stat": "Sum"}, "ReturnData": False}

    found = bench.client("cloudwatch").get_metric_data(
        MetricDataQueries=[stat("e", "Errors"), stat("i", "Invocations"), {"Id": "rate", "Expression": "100 * e / i"}],
        **window(),
    )
    assert [result["Id"] for result in found["MetricDataResults"]] == ["rate"]
    assert len(found["MetricDataResults"][0]["Values"]) >= 1
    with pytest.raises(ClientError, match="ValidationError"):
        bench.client("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "x", "Expression": "__import__('os')"}], **window()
        )


def test_metrics_are_listed_and_custom_ones_kept(bench: Bench, name: str) -> None:
    cloudwatch = bench.client("cloudwatch")
    listed = cloudwatch.list_metrics(Namespace="AWS/Lambda", Dimensions=[{"Name": "FunctionName", "Value": name}])[
        "Metrics"
    ]
    assert {metric["MetricName"] for metric in listed} == {
        "Invocations",
        "Errors",
        "Throttles",
        "Duration",
        "ConcurrentExecutions",
    }
    own = {"Namespace": name, "MetricName": "orders", "Dimensions": [{"Name": "shop", "Value": "a"}]}
    cloudwatch.put_metric_data(
        Namespace=name, MetricData=[{"MetricName": "orders", "Value": 3, "Dimensions": own["Dimensions"]}]
    )
    points = cloudwatch.get_metric_statistics(**own, Period=3600, Statistics=["Sum"], **window())["Datapoints"]
    assert [point["Sum"] for point in points] == [3.0]
    nothing = cloudwatch.get_metric_statistics(
        Namespace=name, MetricName="orders", Period=3600, Statistics=["Sum"], **window()
    )
    assert nothing["Datapoints"] == []
