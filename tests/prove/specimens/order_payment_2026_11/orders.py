"""The shop's orders and its ledger, in DynamoDB. Every change is a conditional write: books stay right in any order.

    open -> paid          once, whoever notices first: the request, its retry, the webhook or `reconcile`

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
"""

import os
import time

import boto3
from botocore.exceptions import ClientError

tables = boto3.resource("dynamodb")
orders = tables.Table(os.environ["ORDERS_TABLE"])
ledger = tables.Table(os.environ["LEDGER_TABLE"])
LONGEST_ID = 100  # ours are shorter; DynamoDB raises an error for a key of no or of more than 2,048 bytes


def get(order_id):
    """The order, or None. Always the newest state, never a stale copy."""
    if not isinstance(order_id, str) or not 0 < len(order_id) <= LONGEST_ID:
        return None
    return orders.get_item(Key={"order_id": order_id}, ConsistentRead=True).get("Item")


def remember_intent(order_id, intent_id):
    """Notes the order's PaymentIntent. An order has one, so noting it again changes nothing."""
    orders.update_item(
        Key={"order_id": order_id},
        UpdateExpression="SET payment_intent = :intent",
        ConditionExpression="attribute_not_exists(payment_intent) OR payment_intent = :intent",
        ExpressionAttributeValues={":intent": intent_id},
    )


def mark_paid(order_id, intent_id, charge_id, amount, currency):
    """Books a payment: the order is paid and the ledger has its line, both or neither.

    Returns:
        True when this call did it, False when it was done before.
    """
    return booked(
        {
            "Update": {
                "TableName": orders.name,
                "Key": {"order_id": order_id},
                "UpdateExpression": "SET #state = :paid, payment_intent = :intent, paid_at = :now",
                "ConditionExpression": "#state = :open AND amount = :amount",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": {
                    ":paid": "paid",
                    ":open": "open",
                    ":intent": intent_id,
                    ":amount": amount,
                    ":now": int(time.time()),
                },
            }
        },
        line(charge_id, "payment", order_id, amount, currency),
    )


def mark_refunded(order_id, refund_id, amount, currency):
    """Books a refund once, however often one hears of it. `refunded` sums up what went back."""
    return booked(
        {
            "Update": {
                "TableName": orders.name,
                "Key": {"order_id": order_id},
                "UpdateExpression": "ADD refunded :amount",
                "ConditionExpression": "#state = :paid",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": {":amount": amount, ":paid": "paid"},
            }
        },
        line(refund_id, "refund", order_id, -amount, currency),
    )


def line(entry_id, kind, order_id, amount, currency):
    """A line of the ledger. Its key is Stripe's, so that it cannot be there twice."""
    return {
        "Put": {
            "TableName": ledger.name,
            "Item": {
                "entry_id": entry_id,
                "kind": kind,
                "order_id": order_id,
                "amount": amount,
                "currency": currency,
                "at": int(time.time()),
            },
            "ConditionExpression": "attribute_not_exists(entry_id)",
        }
    }


def booked(*writes):
    """Does all the writes or none. False when a condition says that it was done before."""
    try:
        tables.meta.client.transact_write_items(TransactItems=list(writes))
    except ClientError as error:
        reasons = {reason["Code"] for reason in error.response.get("CancellationReasons", [])}
        if "ConditionalCheckFailed" not in reasons:
            raise  # two transactions met, or the table is too busy: nothing is known, so nothing is said
        return False
    return True


def unsettled():
    """Orders with a PaymentIntent that are still open: something was lost on the way."""
    return [item for item in every(orders) if item["state"] == "open" and "payment_intent" in item]


def every(table):
    """All items of a table, page by page."""
    page = table.scan(ConsistentRead=True)
    yield from page["Items"]
    while "LastEvaluatedKey" in page:
        page = table.scan(ConsistentRead=True, ExclusiveStartKey=page["LastEvaluatedKey"])
        yield from page["Items"]
