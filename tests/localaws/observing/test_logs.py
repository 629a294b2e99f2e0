"""CloudWatch Logs: reading, following, filtering, querying what functions wrote."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import Bench, allow

SOURCE = """
import json
def handler(event, context):
    print("alpha", event["n"])
    print(json.dumps({"level": "ERROR" if event["n"] == 2 else "INFO", "n": event["n"],
"who": {"id": "u%d" % event["n"]}}))
"""


@pytest.fixture(scope="module")
def bench(cloud: Any, client: Any) -> Bench:
    return Bench(client, cloud.endpoint)


@pytest.fixture(scope="module")
def logs(client: Any) -> Any:
    return client("logs")


@pytest.fixture(scope="module")
def group(bench: Bench) -> str:
    """The log group of a function that was called four times."""
    arn = bench.function(SOURCE)
    for number in range(4):
        bench.client("lambda").invoke(FunctionName=arn, Payload=b'{"n": %d}' % number)
    return f"/aws/lambda/{arn.rpartition(':')[2]}"


def query(logs: Any, group: str, text: str) -> list[dict[str, str]]:
    now = int(time.time())
    started = logs.start_query(logGroupName=group, startTime=now - 600, endTime=now + 600, queryString=text)
    found = logs.get_query_results(queryId=started["queryId"])
    assert found["status"] == "Complete"
    return [{cell["field"]: cell["value"] for cell in row} for row in found["results"]]


def test_streams_tell_their_times(logs: Any, group: str) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
    streams = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
    assert len(streams) == 1
    assert streams[0]["firstEventTimestamp"] <= streams[0]["lastEventTimestamp"] <= streams[0]["lastIngestionTime"]
    assert "[$LATEST]" in streams[0]["logStreamName"]


def test_a_follower_sees_every_event_once(logs: Any, bench: Bench, group: str) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
    where = {"logGroupName": group, "logStreamName": stream}
    first = logs.get_log_events(**where, startFromHead=True, limit=2)
    rest = logs.get_log_events(**where, nextToken=first["nextForwardToken"])
    end = logs.get_log_events(**where, nextToken=rest["nextForwardToken"])
    assert (len(first["events"]), end["events"]) == (2, [])
    assert end["nextForwardToken"] == rest["nextForwardToken"]
    bench.client("lambda").invoke(FunctionName=group.rpartition("/")[2], Payload=b'{"n": 9}')
    more = logs.get_log_events(**where, nextToken=end["nextForwardToken"])["events"]
    assert [event["message"] for event in more if event["message"].startswith("alpha")] == ["alpha 9\n"]
    newest = logs.get_log_events(**where, limit=1)
    before = logs.get_log_events(**where, limit=1, nextToken=newest["nextBackwardToken"])
    assert before["events"] != newest["events"]


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
        ("alpha", 4),
        ('"alpha 2"', 1),
        ("alpha -2", 3),
        ('?"alpha 1" ?"alpha 3"', 2),
        ("%alpha [12]%", 2),
        ('{ $.level = "ERROR" }', 1),
        ("{ $.n > 1 && $.n < 3 }", 1),
        ('{ $.who.id = "u*" }', 4),
        ("nowhere", 0),
    ],
)
def test_filter_patterns(logs: Any, group: str, pattern: str, count: int) -> None:
    found = [event["message"] for event in logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]]
    assert len([message for message in found if "9" not in message]) == count


def test_filtering_in_pages_gives_all_in_order(logs: Any, group: str) -> None:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, PaginationConfig={"PageSize": 3})
    stamps = [event["timestamp"] for page in pages for event in page["events"]]
    assert len(stamps) > 12
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("pattern", ["[a, b, c]", "{ $.a = ", "{ a = 1 }", "%(%"])
def test_a_pattern_that_is_not_known_is_refused(logs: Any, group: str, pattern: str) -> None:
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.filter_log_events(logGroupName=group, filterPattern=pattern)


def test_groups_have_documented_names_and_retentions(logs: Any, group: str) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    for call in (
        lambda: logs.put_retention_policy(logGroupName=group, retentionInDays=2),
        lambda: logs.create_log_group(logGroupName="a b"),
    ):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            call()
    logs.put_retention_policy(logGroupName=group, retentionInDays=3653)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["retentionInDays"] == 3653


def test_insights_over_the_discovered_fields(logs: Any, group: str) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-examples.html, Lambda
    rows = query(
        logs,
        group,
        "fields @timestamp, @requestId, @duration | filter @type = 'REPORT' | sort @duration desc | limit 2",
    )
    assert len(rows) == 2
    assert float(rows[0]["@duration"]) >= float(rows[1]["@duration"])
    memory = query(
        logs,
        group,
        """filter @type = "REPORT"
        | stats max(@memorySize / 1000 / 1000) as provisionedMemoryMB,
            avg(@maxMemoryUsed / 1000 / 1000) as avgMemoryUsedMB,
            count(@initDuration) as cold by bin(1h)""",
    )
    assert memory[0]["provisionedMemoryMB"] == "128"
    assert 1 < float(memory[0]["avgMemoryUsedMB"]) <= 128
    assert sum(int(row["cold"]) for row in memory) == 1


def test_insights_parses_and_reads_json(logs: Any, group: str) -> None:
    counted = query(
        logs, group, 'parse @message "alpha *" as number | filter ispresent(number) | stats count(*) as n by number'
    )
    assert {row["number"].strip(): row["n"] for row in counted}["2"] == "1"
    errors = query(logs, group, "filter level = 'ERROR' | display who.id")
    assert errors[0]["who.id"] == "u2"
    assert query(logs, group, "filter @message like /alpha [01]/ | stats count_distinct(@message) as n") == [{"n": "2"}]


@pytest.mark.parametrize(
    "text", ["unmask @message", "stats teleport(@duration)", "filter @duration >", "limit many", ""]
)
def test_a_query_that_cannot_be_run_is_refused(logs: Any, group: str, text: str) -> None:
    with pytest.raises(ClientError) as caught:
        query(logs, group, text)
    assert caught.value.response["Error"]["Code"] == "MalformedQueryException"


def test_a_role_that_may_not_log_leaves_no_trace(bench: Bench, logs: Any) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html#monitoring-cloudwatchlogs-prereqs
    arn = bench.function(role=bench.role(allow("s3:GetObject", "*")))
    bench.client("lambda").invoke(FunctionName=arn)
    with pytest.raises(ClientError, match="The specified log group does not exist"):
        logs.describe_log_streams(logGroupName=f"/aws/lambda/{arn.rpartition(':')[2]}")
