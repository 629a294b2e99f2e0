"""What answers CloudWatch Logs' requests: reading and Insights here, everything else moto."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from workshop.localaws.faults import AwsError, answer
from workshop.localaws.http import Request, Response
from workshop.localaws.logs import apart, insights, reading
from workshop.localaws.moto import calls, stores
from workshop.localaws.moto.loading import LOCK

QUERIES_KEPT = 100
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
MOST_QUERY = 10_000  # letters
JSON = "application/x-amz-json-1.1"
GROUP_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
RETENTION = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
Given = dict[str, Any]


def check(operation: str, given: Given) -> None:
    """Refuse what CloudWatch Logs refuses and moto takes.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html

    Raises:
        AwsError: InvalidParameterException.
    """
    name, days = given.get("logGroupName"), given.get("retentionInDays")
    if operation == "CreateLogGroup" and not GROUP_NAME.fullmatch(str(name or "")):
        raise reading.refused(
            f"1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint: Member must "
            r"satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"
        )
    if operation == "PutRetentionPolicy" and days not in RETENTION:
        allowed = ", ".join(map(str, RETENTION))
        raise reading.refused(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member "
            f"must satisfy enum value set: [{allowed}]"
        )


class LogsDoor:
    """CloudWatch Logs for all regions.

    Args:
        account: whose logs.
        flush: files what functions wrote and nobody read yet.
        clock: epoch seconds.
    """

    def __init__(self, account: str, flush: Callable[[], None], clock: Callable[[], float]) -> None:
        self.account, self.flush, self.clock = account, flush, clock
        self.queries: dict[str, Given] = {}
        self.operations: dict[str, Callable[[Any, Given], Any]] = {
            "GetLogEvents": reading.get_log_events,
            "FilterLogEvents": reading.filter_log_events,
            "DescribeLogStreams": reading.describe_log_streams,
            "StartQuery": self.start_query,
            "GetQueryResults": self.get_query_results,
            "StopQuery": self.stop_query,
            "DescribeQueries": self.describe_queries,
        }

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        self.flush()
        operation = self.operations.get(request.operation)
        try:
            if operation is None:
                check(request.operation, request.json())
                return calls.call(request)
            given = request.json()
            if not isinstance(given, dict):
                raise AwsError("SerializationException", "The request is not a JSON object.")
            with LOCK:
                result = operation(stores.backend("logs", self.account, request.region), given)
            if callable(result):  # the rest, which may take its time, without keeping others waiting
                result = result()
            return Response.of_json(result, content_type=JSON)
        except AwsError as error:
            return answer(request, error)
        except RecursionError:
            return answer(request, AwsError("InvalidParameterException", "The request is nested too deeply."))
        except (ValueError, TypeError, AttributeError) as error:
            return answer(
                request, AwsError("InvalidParameterException", f"The request has a part of the wrong kind: {error}")
            )

    def start_query(self, backend: Any, given: Given) -> Callable[[], Given]:
        """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html: run at once."""
        names = [given["logGroupName"]] if given.get("logGroupName") else given.get("logGroupNames") or []
        names += given.get("logGroupIdentifiers") or []
        if not names:
            raise reading.refused("Either logGroupName, logGroupNames or logGroupIdentifiers is needed.")
        start, end = given.get("startTime"), given.get("endTime")
        if not isinstance(start, int) or not isinstance(end, int) or start > end:
            raise AwsError(
                "MalformedQueryException",
                "Query's end date and time is either before the log groups creation time "
                "or exceeds the log groups log retention settings",
            )
        seconds = 1 if start > 10**11 else 1000  # milliseconds are taken as well
        rows = []
        for name in names:
            group = reading.group_of(backend, {"logGroupName": name})
            rows += [
                insights.row_of(event, stream.log_stream_name, group.name, self.account)
                for stream in group.streams.values()
                for event in stream.events
                if start * seconds <= event.timestamp <= end * seconds + seconds - 1
            ]
        return lambda: self._run(given, names[0], rows)

    def _run(self, given: Given, group: str, rows: list[insights.Row]) -> Given:
        """Run a query over rows that were gathered."""
        query = str(given.get("queryString") or "")
        if len(query) > MOST_QUERY:
            raise insights.malformed(f"it has {len(query):,} letters; at most {MOST_QUERY:,} are taken")
        found = apart.rows_of(query, rows) if apart.query_needs_it(query) else insights.run(query, rows)
        if isinstance(given.get("limit"), int):
            found = found[: given["limit"]]
        query_id = str(uuid4())
        while len(self.queries) >= QUERIES_KEPT:
            del self.queries[next(iter(self.queries))]
        self.queries[query_id] = {
            "queryId": query_id,
            "queryString": query,
            "status": "Complete",
            "createTime": int(self.clock() * 1000),
            "logGroupName": group,
            "rows": found,
            "scanned": len(rows),
            "bytes": float(sum(len(row["@message"]) for row in rows)),
        }
        return {"queryId": query_id}

    def _query(self, given: Given) -> Given:
        found = self.queries.get(given.get("queryId", ""))
        if found is None:
            raise AwsError("ResourceNotFoundException", "The specified query does not exist.")
        return found

    def get_query_results(self, _: Any, given: Given) -> Given:
        """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html"""
        query = self._query(given)
        rows = [
            [{"field": name, "value": insights.shown(name, value)} for name, value in row.items() if value is not None]
            for row in query["rows"]
        ]
        matched = {
            "recordsMatched": float(len(rows)),
            "recordsScanned": float(query["scanned"]),
            "bytesScanned": query["bytes"],
        }
        return {"results": rows, "statistics": matched, "status": query["status"], "queryLanguage": "CWLI"}

    def stop_query(self, _: Any, given: Given) -> Given:
        """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StopQuery.html: all have ended."""
        self._query(given)
        raise reading.refused("Query already ended")

    def describe_queries(self, _: Any, given: Given) -> Given:
        """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeQueries.html"""
        group, status = given.get("logGroupName"), given.get("status")
        shown = ("queryId", "queryString", "status", "createTime", "logGroupName")
        rows = [
            {name: query[name] for name in shown}
            for query in reversed(list(self.queries.values()))
            if group in (None, query["logGroupName"]) and status in (None, query["status"])
        ]
        return {"queries": rows}

    def clear(self) -> None:
        """Forget the queries."""
        self.queries.clear()
