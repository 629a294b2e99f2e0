"""The nightly report against a table and a bucket of the session's cloud."""

from __future__ import annotations

import json
import uuid

import pytest


@pytest.fixture
def made(service, cloud, client, context):
    name = f"orders-{uuid.uuid4().hex[:8]}"
    client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("day", "order")],
        KeySchema=[{"AttributeName": "day", "KeyType": "HASH"}, {"AttributeName": "order", "KeyType": "RANGE"}],
    )
    client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    handler = service("nightly_report", ORDERS_TABLE=name, REPORTS_BUCKET=name)
    return handler, name


def put(handler, day, order, amount, currency="GBP"):
    handler.orders.put_item(Item={"day": day, "order": order, "amount": amount, "currency": currency})


def test_a_night_reports_the_day_before(made, context, client):
    handler, name = made
    put(handler, "2026-03-24", "A-1", 1999)
    put(handler, "2026-03-24", "A-2", 500, "EUR")
    put(handler, "2026-03-24", "A-3", 1)
    put(handler, "2026-03-25", "A-4", 7)
    summary = handler.report({"time": "2026-03-25T03:00:00Z"}, context)
    assert summary == {
        "from": "2026-03-24",
        "to": "2026-03-24",
        "orders": 3,
        "totals": {"GBP": 2000, "EUR": 500},
    }
    body = client("s3").get_object(Bucket=name, Key="reports/2026-03-25.json")["Body"].read()
    assert json.loads(body) == summary


def test_monday_reports_the_weekend_and_its_friday(made, context):
    handler, _ = made
    for day in (26, 27, 28, 29, 30):  # Thursday to Monday
        put(handler, f"2026-03-{day}", "A-1", 100)
    summary = handler.report({"time": "2026-03-30T03:00:00Z"}, context)
    assert (summary["from"], summary["to"], summary["orders"]) == ("2026-03-27", "2026-03-29", 3)


def test_every_day_is_in_exactly_one_report_of_a_week(made):
    handler, _ = made
    from datetime import date, timedelta

    nights = [date(2026, 3, 2) + timedelta(days=number) for number in range(28)]
    days = [day for night in nights if night.weekday() < 5 for day in handler.days_before(night)]
    assert len(days) == len(set(days))
    assert set(days) >= {date(2026, 3, 2) + timedelta(days=number) for number in range(24)}


def test_a_night_without_orders_and_a_second_run(made, context):
    handler, _ = made
    event = {"time": "2026-03-25T03:00:00Z"}
    first = handler.report(event, context)
    assert (first["orders"], first["totals"]) == (0, {})
    assert handler.report(event, context) == first


def test_more_orders_than_one_page(made, context):
    # DynamoDB answers at most 1 MB a page:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
    handler, _ = made
    with handler.orders.batch_writer() as batch:
        for number in range(40):
            item = {"day": "2026-03-24", "order": f"A-{number}", "amount": 100, "currency": "GBP", "note": "x" * 40_000}
            batch.put_item(Item=item)
    assert handler.report({"time": "2026-03-25T03:00:00Z"}, context)["orders"] == 40
