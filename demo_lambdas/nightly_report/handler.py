"""Every working night: read the orders since the last report, write a report, log a summary."""

import json
import logging
import os
from collections import Counter
from datetime import date, datetime, timedelta

import boto3
from boto3.dynamodb.conditions import Key

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])
s3 = boto3.client("s3")


def report(event, context):
    """Runs at 03:00 UTC, Monday to Friday, with EventBridge's scheduled event.

    The days come from the time the run was scheduled for, not from the clock: a run that is late or repeated writes
    the same report to the same place.
    """
    night = datetime.fromisoformat(event["time"]).date()
    days = days_before(night)
    found = [order for day in days for order in orders_of(day)]
    totals = Counter()
    for order in found:
        totals[order["currency"]] += int(order["amount"])  # minor units: pence, cents

    summary = {"from": f"{days[0]}", "to": f"{days[-1]}", "orders": len(found), "totals": dict(totals)}
    key = f"reports/{night}.json"
    s3.put_object(Bucket=os.environ["REPORTS_BUCKET"], Key=key, Body=json.dumps(summary).encode())
    logger.info("Report %s: %s", key, json.dumps(summary))
    return summary


def days_before(night: date) -> list[date]:
    """The days since the last run: yesterday, and on a Monday the whole weekend with its Friday."""
    count = 3 if night.weekday() == 0 else 1
    return [night - timedelta(days=back) for back in range(count, 0, -1)]


def orders_of(day: date):
    """All orders of a day. DynamoDB answers in pages of at most 1 MB."""
    query = {"KeyConditionExpression": Key("day").eq(day.isoformat())}
    while True:
        page = orders.query(**query)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"]
