"""DynamoDB transactions: all or nothing, and nobody else's writes.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support import unique


@pytest.fixture(scope="module")
def dynamodb(client: Any) -> Any:
    return client("dynamodb")


def table(dynamodb: Any, *, with_range: bool = False) -> str:
    name, keys = unique("transactions"), ["h", "r"] if with_range else ["h"]
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": k, "KeyType": kind} for k, kind in zip(keys, ["HASH", "RANGE"], strict=False)],
    )
    return name


def put(name: str, key: str, value: str = "1", **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": name, "Item": {"h": {"S": key}, "r": {"S": "x"}, "n": {"N": value}}, **more}}


def refused(name: str, key: str) -> dict[str, Any]:
    """An operation whose condition fails: the item is there."""
    return put(name, key, ConditionExpression="attribute_not_exists(h)")


def values(dynamodb: Any, name: str) -> dict[str, str]:
    return {item["h"]["S"]: item["n"]["N"] for item in dynamodb.scan(TableName=name)["Items"]}


@pytest.mark.parametrize("with_range", [False, True])
def test_all_or_nothing(dynamodb, with_range):
    name = table(dynamodb, with_range=with_range)
    dynamodb.transact_write_items(TransactItems=[put(name, "a"), put(name, "b")])
    key = {"h": {"S": "b"}} | ({"r": {"S": "x"}} if with_range else {})
    change = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "9"}}}
    update = {"Update": {"TableName": name, "Key": key, **change}}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as caught:
        dynamodb.transact_write_items(TransactItems=[put(name, "c"), update, refused(name, "a")])
    assert [reason["Code"] for reason in caught.value.response["CancellationReasons"]] == [
        "None",
        "None",
        "ConditionalCheckFailed",
    ]
    assert values(dynamodb, name) == {"a": "1", "b": "1"}
    delete = {"Delete": {"TableName": name, "Key": key}}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[delete, refused(name, "a")])
    assert values(dynamodb, name) == {"a": "1", "b": "1"}


def test_a_failing_transaction_keeps_what_others_wrote(dynamodb):
    """moto alone puts whole tables back, and with them loses other requests' writes."""
    name = table(dynamodb)
    dynamodb.transact_write_items(TransactItems=[put(name, "there")])

    def work(number: int) -> None:
        if number % 2:
            dynamodb.put_item(**put(name, f"k{number}")["Put"])
            return
        with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
            dynamodb.transact_write_items(TransactItems=[put(name, f"k{number}"), refused(name, "there")])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(80)))
    assert set(values(dynamodb, name)) == {"there", *(f"k{number}" for number in range(1, 80, 2))}


def test_two_transactions_for_one_item_are_won_by_one(dynamodb):
    name = table(dynamodb)

    def claim(number: int) -> bool:
        try:
            dynamodb.transact_write_items(TransactItems=[refused(name, "one"), put(name, f"line{number}")])
        except dynamodb.exceptions.TransactionCanceledException:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(claim, range(20)))
    assert sum(won) == 1
    assert set(values(dynamodb, name)) == {"one", f"line{won.index(True)}"}


def test_what_makes_no_sense_is_refused(dynamodb):
    name = table(dynamodb)
    for item in (put("nope", "a"), {"Put": {"TableName": name, "Item": {"x": {"S": "a"}}}}):
        with pytest.raises(dynamodb.exceptions.ClientError):
            dynamodb.transact_write_items(TransactItems=[item])
    assert values(dynamodb, name) == {}
