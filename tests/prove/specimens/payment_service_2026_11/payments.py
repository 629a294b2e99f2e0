"""The payments' entries in DynamoDB: written before any provider is asked, moved on by conditional writes.

The states:

    open -> pending -> paid -> refunded          a decline leads back to open
"""

import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["PAYMENTS_TABLE"])
LONGEST_NAME = 100  # ours are shorter; DynamoDB raises an error for a key of no or of more than 2,048 bytes
Refused = table.meta.client.exceptions.ConditionalCheckFailedException
# From where a payment may come to a state. What is paid never becomes unpaid by a late answer.
COMES_FROM = {
    "open": ("open", "pending"),
    "pending": ("open", "pending"),
    "paid": ("open", "pending"),
    "refunded": ("paid",),
}


def get(name):
    """The entry, or None."""
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        return None
    return table.get_item(Key={"payment": name}, ConsistentRead=True).get("Item")


def register(wanted):
    """The payment's entry: a new one, or the one that is there.

    Raises:
        ValueError: there is one with another amount or provider.
    """
    entry = {
        "payment": f"{wanted['product']}-{wanted['reference']}",
        "product": wanted["product"],
        "provider": wanted["provider"],
        "amount": wanted["money"].amount,
        "currency": wanted["money"].currency,
        "state": "open",
    }
    try:
        table.put_item(Item=entry, ConditionExpression="attribute_not_exists(payment)")
        return entry
    except Refused:
        there = get(entry["payment"])
    for name in ("amount", "currency", "provider"):
        if there[name] != entry[name]:
            raise ValueError(f"{entry['payment']} is there already, with another {name}: choose another reference")
    return there


def move(entry, state, **more):
    """Moves a payment to a state, unless it has moved on by itself. Returns the entry as it is now."""
    values = {"state": state} | more
    names = {f"#{name}": name for name in values}
    froms = {f":from{place}": each for place, each in enumerate(COMES_FROM[state])}
    try:
        return table.update_item(
            Key={"payment": entry["payment"]},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ConditionExpression=f"#state IN ({', '.join(froms)})",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()} | froms,
            ReturnValues="ALL_NEW",
        )["Attributes"]
    except Refused:
        return get(entry["payment"])
