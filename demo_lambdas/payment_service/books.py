"""The books, in DynamoDB. A record before every move; every move is a conditional write.

An item (an order, a payment):

    open -> paid       the money came, and it fits
    open -> review     the money came, and does not fit: another amount, or cancelled meanwhile. A person looks

A refund is a row of its own:

    asked -> pending -> succeeded -> failed       failed and refused ones may be asked for again
    asked -> refused

A write that fails because something changed says `Changed`: read again, decide again. Then what was done before is seen
as done, and what is refused is refused. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html
"""

import hashlib
import json
import logging
import os
import random
import time
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from providers.base import Payment, Refund

logger = logging.getLogger()
KEY = os.environ["ITEM_KEY"]  # the name of an item's key: order_id, or payment
LONGEST_NAME = 100  # ours are shorter; DynamoDB raises an error for a key of no or of more than 2,048 bytes
MOST_TRIES = 8  # cards for one item: more than a customer has, fewer than a thief wants to test
ROUNDS = 12  # how often a write is repeated that met another one
# What DynamoDB says when a write met another one or was too many: it did nothing, and may be repeated.
BUSY = {"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"}
BUSY |= {"ThrottlingError", "ThrottlingException", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}
BUSY |= {"ProvisionedThroughputExceededException"}
# From where a refund comes to a state. Banks refuse refunds days after they succeeded.
REFUND_COMES_FROM = {
    "pending": ("asked", "refused"),
    "succeeded": ("asked", "refused", "pending"),
    "failed": ("asked", "refused", "pending", "succeeded"),
    "refused": ("asked",),
}
quick = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})
dynamodb = boto3.resource("dynamodb", config=quick)
client = dynamodb.meta.client
items, ledger, refunds, alarms = (
    dynamodb.Table(os.environ[name]) for name in ("ITEMS_TABLE", "LEDGER_TABLE", "REFUNDS_TABLE", "ALARMS_TABLE")
)


class Changed(Exception):
    """Somebody else was quicker: what was decided no longer fits. Read again, decide again."""


class DoneBefore(Exception):
    """Exactly this was booked before."""


class TooManyTries(Exception):
    """So many cards were tried that the next one is not."""


# Reading


def get(name):
    """The item, or None. Always the newest state, never a stale copy."""
    return read(items, {KEY: name}) if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME else None


def get_refund(name):
    return read(refunds, {"refund": name})


def read(table, key):
    return repeated(lambda: table.get_item(Key=key, ConsistentRead=True)).get("Item")


def unsettled(table):
    """The keys of what waits to be settled, oldest first. A sparse index: what is settled is not in it."""
    wanted = {
        "IndexName": "Unsettled",
        "KeyConditionExpression": "unsettled = :yes",
        "ExpressionAttributeValues": {":yes": "yes"},
    }
    page = table.query(**wanted)
    yield from page["Items"]
    while "LastEvaluatedKey" in page:
        page = table.query(**wanted, ExclusiveStartKey=page["LastEvaluatedKey"])
        yield from page["Items"]


def payment_of(item):
    """The item as a provider is told of it."""
    return Payment(
        name=item[KEY],
        books=items.name,
        amount=int(item.get("asked", item["amount"])),
        currency=item["currency"],
        key=item.get("pay_key", ""),
        try_key=item.get("try_key", ""),
        reference=item.get("reference", ""),
        receipt=item.get("receipt", ""),
        taking="taking" in item,
        return_url=os.environ["RETURN_URL"].replace("{name}", item[KEY]),
    )


def refund_of(row):
    return Refund(row["refund"], row["key"], int(row["amount"]), row.get("receipt", ""), int(row.get("since", 0)))


# The item


def begin_try(item, source, *, anew=False):
    """Records a try to pay, before anybody is asked. The same source again is the same try, unless it is made `anew`.

    Returns:
        The item as it is now; with `begun` when this made a try, and `fresh` when it is the item's first.

    Raises:
        Changed: read again. TooManyTries: nothing was recorded.
    """
    mark = hashlib.sha256(source.encode()).hexdigest()[:32]  # enough to know a card's token again, not to use it
    tries = int(item.get("tries", 0))
    if item.get("try_mark") == mark and not anew:
        return item if "unsettled" in item else change(item, unsettled="yes", since=now())
    if tries >= MOST_TRIES:
        alarm("too many cards", item[KEY], f"{tries} tries; no more are made")
        raise TooManyTries
    begun = {"tries": tries + 1, "try_key": str(uuid.uuid4()), "try_mark": mark, "unsettled": "yes", "since": now()}
    if "pay_key" not in item:
        begun |= {"pay_key": str(uuid.uuid4()), "asked": item["amount"]}
    return change(item, **begun) | {"begun": True} | ({"fresh": True} if tries == 0 else {})


def end_try(item):
    """A try failed for sure: the same card may be tried anew, as a try of its own."""
    try:
        return change(item, remove=["try_mark"])
    except Changed:  # by a later try, or the item is paid
        return item


def note_reference(item, reference):
    """Notes the provider's payment, before it can take money. Raises Changed when the item has another by now."""
    write = {
        "Key": {KEY: item[KEY]},
        "UpdateExpression": "SET #reference = :reference",
        "ConditionExpression": "pay_key = :key AND (attribute_not_exists(#reference) OR #reference = :reference)",
        "ExpressionAttributeNames": {"#reference": "reference"},
        "ExpressionAttributeValues": {":key": item["pay_key"], ":reference": reference},
    }
    written(lambda: items.update_item(**write, ReturnValues="ALL_NEW"))
    return item | {"reference": reference}


def note_taking(item):
    """Notes that money is asked for now which the buyer approved of."""
    return item if "taking" in item else change(item, taking="yes")


def renew(item):
    """The provider's payment is dead: the next try makes another, with another key."""
    return change(item, remove=["pay_key", "reference", "asked", "try_mark", "try_key", "taking"])


def settle(item):
    """Nothing is open any more: the item leaves the index."""
    return change(item, remove=["unsettled", "since"])


def book(name, outcome):
    """Books money that a provider took: item, ledger and, where it does not fit, an alarm, all of them or none.

    Returns:
        The item as it is now: `paid`, or in `review`. None when it is gone (the ledger has the money all the same).
    """
    for _ in range(ROUNDS):
        item = get(name)
        if item and item.get("receipt") == outcome.receipt:
            return item  # the request, its retry, the webhook or `reconcile` was quicker
        writes = [line(outcome.receipt, "payment", name, outcome.amount, outcome.currency)]
        why = misfit(item, outcome)
        if item:
            values = {"received": int(item.get("received", 0)) + outcome.amount, "paid_at": now()}
            if "receipt" not in item:
                values |= {"receipt": outcome.receipt, "reference": outcome.reference}
            values["state"] = "review" if why else "paid"
            writes.append(changing(item, ["unsettled", "since", "try_mark"], **values))
        kind = f"{outcome.receipt} does not fit"
        if why:
            writes.append(alarming(kind, name, why))
        try:
            transact(writes)
        except DoneBefore:
            return get(name)
        except Changed:
            pause()
            continue
        if why:
            tell(kind, name, why)
        return get(name)
    raise Changed


def misfit(item, outcome):
    """Why money that came is not simply this item's payment; empty when it is."""
    taken = f"{outcome.amount} {outcome.currency} taken, {outcome.receipt}"
    if item is None:
        return f"{taken}: there is no such item"
    if item["state"] != "open" or item.get("received"):
        return f"{taken}: it was {item['state']}"
    if (outcome.amount, outcome.currency.lower()) != (item["amount"], item["currency"].lower()):
        return f"{taken}: it is {item['amount']} {item['currency']}"
    return ""


# Refunds


def ask_refund(item, name, amount, key=""):
    """The row of a refund: a new one, or the one that is there; the item has its amount set aside.

    Args:
        name: which refund of this item. The same name again is the same refund.
        amount: in the smallest unit, at most what is left; None for all of that.
        key: of a refund that was made at the provider.

    Returns:
        The row, with `fresh` when it is a new one.

    Raises:
        ValueError: there is not so much left. Changed: read again, decide again.
    """
    row_name = f"{item[KEY]}#{name}"
    there, left = get_refund(row_name), int(item.get("received", 0) - item.get("refunded", 0))
    if there and there["state"] not in ("failed", "refused"):
        return there
    amount = left if amount is None else amount
    if not key and (type(amount) is not int or not 0 < amount <= left):
        raise ValueError(f"The amount is from 1 to {left}." if left else "Nothing is left to be given back.")
    number = int(there["number"]) + 1 if there else 1
    row = {"refund": row_name, KEY: item[KEY], "amount": amount, "currency": item["currency"], "state": "asked"}
    row |= {"key": key or str(uuid.uuid4()), "number": number, "unsettled": "yes", "since": now()}
    put = {"TableName": refunds.name, "Item": row, "ConditionExpression": "attribute_not_exists(refund)"}
    if there:
        put["ConditionExpression"] = "#number = :number"
        put |= {"ExpressionAttributeNames": {"#number": "number"}, "ExpressionAttributeValues": {":number": number - 1}}
    transact([changing(item, [], refunded=int(item.get("refunded", 0)) + amount), {"Put": put}], proof=None)
    return row | {"fresh": True}


def book_refund(name, outcome):
    """Books what became of a refund: its row, the ledger and what the item has given back, all of them or none.

    Returns:
        The row as it is now.
    """
    for _ in range(ROUNDS):
        row = get_refund(name)
        state, receipt = outcome.state, outcome.receipt or row.get("receipt", "")
        if state not in REFUND_COMES_FROM or row["state"] not in REFUND_COMES_FROM[state]:
            return row  # it was booked before, or an older answer came late
        item, unmade = get(row[KEY]), row["state"] in ("asked", "refused")
        back = {"failed": -1, "refused": -1}.get(state, 0) + (row["state"] == "refused")
        put = {"TableName": refunds.name, "Item": row | {"state": state} | ({"receipt": receipt} if receipt else {})}
        if state != "pending":
            put["Item"] = {each: value for each, value in put["Item"].items() if each not in ("unsettled", "since")}
        put |= {"ConditionExpression": "#state = :state AND #key = :key"}
        put |= {"ExpressionAttributeNames": {"#state": "state", "#key": "key"}}
        put |= {"ExpressionAttributeValues": {":state": row["state"], ":key": row["key"]}}
        writes = [{"Put": put}]
        if unmade and state != "refused":  # now it is known to have been made
            writes.append(line(receipt, "refund", row[KEY], -int(row["amount"]), row["currency"]))
        if state == "failed":  # https://docs.stripe.com/refunds#failed-refunds: the money is with us again
            writes.append(line(f"{receipt}-failed", "refund_failed", row[KEY], int(row["amount"]), row["currency"]))
            writes.append(alarming(f"{receipt} failed", name, "the customer has not got the money back"))
        if back and item:
            writes.append(changing(item, [], refunded=int(item.get("refunded", 0)) + back * int(row["amount"])))
        try:
            transact(writes, proof=None)
        except Changed:
            pause()
            continue
        if state == "failed":
            tell(f"{receipt} failed", name, "the customer has not got the money back")
        return get_refund(name)
    raise Changed


def book_dispute(name, outcome):
    """Books money that the buyer's bank took back, and money of it that came again. A person must answer the bank."""
    alarm(f"dispute {outcome.receipt}", name, f"{outcome.amount} {outcome.currency}: {outcome.reason}")
    lines = []
    if outcome.state in ("succeeded", "failed"):
        lines.append(line(outcome.receipt, "dispute", name, -outcome.amount, outcome.currency))
    if outcome.state == "failed":
        lines.append(line(f"{outcome.receipt}-won", "dispute_won", name, outcome.amount, outcome.currency))
    for one in lines:
        try:
            transact([one])
        except DoneBefore:
            continue


# Alarms


def alarm(kind, name, why):
    """Raises an alarm for a person, once: a row first, then an event on the bus and a line in the log."""
    try:
        transact([alarming(kind, name, why)])
    except DoneBefore:
        return
    tell(kind, name, why)


def alarming(kind, name, why):
    row = {"alarm": f"{name}: {kind}", "kind": kind, "name": name, "why": why, "at": now()}
    return {"Put": {"TableName": alarms.name, "Item": row, "ConditionExpression": "attribute_not_exists(alarm)"}}


def tell(kind, name, why):
    """The row is there already, so an event that cannot be sent loses nothing."""
    logger.error("ALARM %s: %s: %s", kind, name, why)
    detail = json.dumps({"kind": kind, "name": name, "why": why})
    entry = {"Source": os.environ["SERVICE"], "DetailType": "A payment needs a person", "Detail": detail}
    try:
        boto3.client("events", config=quick).put_events(Entries=[entry])  # made here: alarms are rare
    except (BotoCoreError, ClientError) as error:
        logger.error("The alarm's event could not be sent: %s", type(error).__name__)


# Writing


def line(entry, kind, name, amount, currency):
    """A line of the ledger. Its key is the provider's, so that it cannot be there twice; it is never changed."""
    row = {"entry_id": entry, "kind": kind, KEY: name, "amount": amount, "currency": currency.lower(), "at": now()}
    return {"Put": {"TableName": ledger.name, "Item": row, "ConditionExpression": "attribute_not_exists(entry_id)"}}


def changing(item, remove, **values):
    """A change of an item that happens only when nothing changed since it was read: not by us, not by the shop."""
    values["version"] = int(item.get("version", 0)) + 1
    names = {f"#{name}": name for name in [*values, *remove, "state", "amount"]}
    given = {f":{name}": value for name, value in values.items()}
    seen = {":seen_state": item["state"], ":seen_amount": item["amount"]}
    same = "#state = :seen_state AND #amount = :seen_amount AND "
    if "version" in item:
        seen[":seen_version"] = item["version"]
        same += "#version = :seen_version"
    else:
        same += "attribute_not_exists(#version)"
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in values)
    if remove:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in remove)
    return {
        "Update": {
            "TableName": items.name,
            "Key": {KEY: item[KEY]},
            "UpdateExpression": expression,
            "ConditionExpression": same,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": given | seen,
        }
    }


def change(item, remove=(), **values):
    """Changes one item. Returns it as it is now. Raises Changed when it was another by then."""
    wanted = changing(item, list(remove), **values)["Update"]
    del wanted["TableName"]
    return written(lambda: items.update_item(**wanted, ReturnValues="ALL_NEW"))


def written(write):
    try:
        return repeated(write)["Attributes"]
    except client.exceptions.ConditionalCheckFailedException:
        raise Changed from None


def transact(writes, proof=0):
    """Does all the writes or none.

    Args:
        proof: the place of the write that is there already when all of this was done before.

    Raises:
        DoneBefore: it was. Changed: another condition failed.
    """
    try:
        repeated(lambda: client.transact_write_items(TransactItems=writes))
    except client.exceptions.TransactionCanceledException as error:
        reasons = [reason["Code"] for reason in error.response["CancellationReasons"]]
        if "ConditionalCheckFailed" not in reasons:
            raise
        raise (DoneBefore if proof is not None and reasons[proof] == "ConditionalCheckFailed" else Changed) from None


def repeated(work):
    """The same again while DynamoDB is busy: two transactions met, or there were too many at once."""
    for left in reversed(range(ROUNDS)):
        try:
            return work()
        except ClientError as error:
            reasons = {reason["Code"] for reason in error.response.get("CancellationReasons", [])} - {"None"}
            busy = error.response["Error"]["Code"] in BUSY or (reasons and reasons <= BUSY)
            if not busy or not left:
                raise
            pause()
    raise AssertionError("the last round returns or raises")


def pause():
    time.sleep(random.uniform(0.02, 0.15))


def now():
    return int(time.time())
