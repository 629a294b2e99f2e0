"""DynamoDB transactions that meet one another, other writes and their own retries.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.localaws.control.test_transactions import put, refused, table, values
from tests.partners.serving import eventually
from tests.support import LONGEST, unique
from workshop.localaws.control.conflicts import Conflicts
from workshop.localaws.http import Request, Response
from workshop.localaws.settings import Settings

TARGET = "DynamoDB_20120810."


@pytest.fixture(scope="module")
def dynamodb(client: Any) -> Any:
    return client("dynamodb")


class Held:
    """A door whose transaction stays under way until it is told to go on: no test depends on how quick a machine is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from workshop.localaws.control import conflicts

        monkeypatch.setattr(conflicts, "key_names", lambda *_: ["h"])
        self.arrived, self.go_on = threading.Event(), threading.Event()
        self.time = 0.0
        self.answered: list[str] = []
        self.door = Conflicts(self.answer, Settings(), lambda: self.time)

    def answer(self, request: Request) -> Response:
        self.answered.append(request.operation)
        if b"slow" in request.body:
            self.arrived.set()
            assert self.go_on.wait(LONGEST)
        return Response(200, b"{}", {})

    def ask(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        """What the door answers: the body of a good answer, or the error's code and reasons."""
        import json

        from workshop.localaws.faults import AwsError

        request = Request("POST", "/", headers={"x-amz-target": TARGET + operation}, body=json.dumps(body).encode())
        try:
            response = self.door(request)
        except AwsError as error:
            return {"code": error.code, "message": error.message}
        told = json.loads(response.body)
        return {"status": response.status, "reasons": [each["Code"] for each in told.get("CancellationReasons", [])]}

    @contextmanager
    def under_way(self, *keys: str, **more: Any) -> Iterator[Future[dict[str, Any]]]:
        """While the block runs, a transaction writes these items."""
        writes = [put("orders", key, "slow") for key in keys]
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(self.ask, "TransactWriteItems", {"TransactItems": writes, **more})
            assert self.arrived.wait(LONGEST)
            try:
                yield future
            finally:
                self.go_on.set()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch)


def one(key: str) -> dict[str, Any]:
    return {"TableName": "orders", "Key": {"h": {"S": key}}}


def test_a_transaction_that_meets_another_is_cancelled(held):
    with held.under_way("a", "b"):
        second = held.ask("TransactWriteItems", {"TransactItems": [put("orders", "c"), put("orders", "b")]})
        other = held.ask("TransactWriteItems", {"TransactItems": [put("orders", "c")]})
    assert second == {"status": 400, "reasons": ["None", "TransactionConflict"]}
    assert other == {"status": 200, "reasons": []}


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem", "DeleteItem"])
def test_a_write_that_meets_a_transaction_is_refused(held, operation):
    body = {"TableName": "orders", "Item": {"h": {"S": "a"}}} if operation == "PutItem" else one("a")
    with held.under_way("a"):
        met = held.ask(operation, body)
        elsewhere = held.ask(operation, {**body, "Item": {"h": {"S": "z"}}, "Key": {"h": {"S": "z"}}})
        read = held.ask("GetItem", one("a"))
    assert met == {"code": "TransactionConflictException", "message": "Transaction is ongoing for the item"}
    assert elsewhere["status"] == read["status"] == 200
    assert held.ask(operation, body)["status"] == 200


def test_reading_in_a_transaction_meets_it_too(held):
    gets = {"TransactItems": [{"Get": one("z")}, {"Get": one("a")}]}
    with held.under_way("a"):
        assert held.ask("TransactGetItems", gets)["reasons"] == ["None", "TransactionConflict"]
    assert held.ask("TransactGetItems", gets)["status"] == 200


def test_a_refused_transaction_leaves_nothing_under_way(held):
    with held.under_way("a"):
        held.ask("TransactWriteItems", {"TransactItems": [put("orders", "a"), put("orders", "b")]})
        assert held.ask("UpdateItem", one("b"))["status"] == 200
    assert not held.door._transactions and not held.door._writes


def test_the_same_token_is_done_once_for_ten_minutes(held):
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#DDB-TransactWriteItems-request-ClientRequestToken"""
    wanted = {"TransactItems": [put("orders", "a")], "ClientRequestToken": "t"}
    assert [held.ask("TransactWriteItems", wanted)["status"] for _ in range(2)] == [200, 200]
    assert held.answered == ["TransactWriteItems"]
    other = held.ask("TransactWriteItems", {**wanted, "TransactItems": [put("orders", "b")]})
    assert other["code"] == "IdempotentParameterMismatchException"
    held.time += 601
    assert held.ask("TransactWriteItems", wanted)["status"] == 200
    assert len(held.answered) == 2


def test_the_same_token_at_once_is_in_progress(held):
    wanted = {"TransactItems": [put("orders", "a", "slow")], "ClientRequestToken": "t"}
    with held.under_way("a", ClientRequestToken="t") as first:
        again = held.ask("TransactWriteItems", wanted)
    assert again["code"] == "TransactionInProgressException"
    assert first.result()["status"] == 200


# Through boto3


@pytest.fixture
def slowly(dynamodb: Any) -> Iterator[None]:
    """Transactions take two seconds."""
    settings = f"{dynamodb.meta.endpoint_url}/_workshop/settings"
    httpx.post(settings, json={"transaction_seconds": 2}).raise_for_status()
    yield
    httpx.post(settings, json={"transaction_seconds": 0}).raise_for_status()


@pytest.mark.usefixtures("slowly")
def test_a_write_and_a_transaction_meet_in_the_cloud(dynamodb):
    """boto3's own exceptions, from the cloud as a reader has it; the transaction that came first is done."""
    name = table(dynamodb)
    item = {"TableName": name, "Item": {"h": {"S": "a"}, "n": {"N": "5"}}}
    seen: list[str] = []

    def meets() -> bool:
        try:
            dynamodb.put_item(**item)
        except dynamodb.exceptions.TransactionConflictException as error:
            seen.append(error.response["Error"]["Message"])
        return bool(seen)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(dynamodb.transact_write_items, TransactItems=[put(name, "a"), put(name, "b")])
        assert eventually(meets)
        with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as caught:
            dynamodb.transact_write_items(TransactItems=[put(name, "b"), put(name, "c")])
        first.result()
    assert seen == ["Transaction is ongoing for the item"]
    assert [each["Code"] for each in caught.value.response["CancellationReasons"]] == ["TransactionConflict", "None"]
    assert set(values(dynamodb, name)) == {"a", "b"}


def test_a_lost_answer_is_asked_for_again_and_is_no_failed_condition(dynamodb):
    """boto3 gives every transaction a token, and its retries have the same: without it the retry finds its own item."""
    name, token = table(dynamodb), unique("token")
    for _ in range(2):
        dynamodb.transact_write_items(TransactItems=[refused(name, "a")], ClientRequestToken=token)
    with pytest.raises(dynamodb.exceptions.IdempotentParameterMismatchException):
        dynamodb.transact_write_items(TransactItems=[refused(name, "b")], ClientRequestToken=token)
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[refused(name, "a")])


def test_a_failed_transaction_may_be_tried_again_with_its_token(dynamodb):
    name, token = table(dynamodb), unique("token")
    dynamodb.transact_write_items(TransactItems=[put(name, "a")])
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[refused(name, "a")], ClientRequestToken=token)
    dynamodb.delete_item(TableName=name, Key={"h": {"S": "a"}})
    dynamodb.transact_write_items(TransactItems=[refused(name, "a")], ClientRequestToken=token)
    assert values(dynamodb, name) == {"a": "1"}


def test_twenty_at_once_on_one_item(dynamodb):
    """Each is done or cancelled for a conflict; who asks again until it is done loses nothing."""
    name = table(dynamodb)
    dynamodb.put_item(TableName=name, Item={"h": {"S": "a"}, "n": {"N": "0"}})
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    update = {"Update": {"TableName": name, "Key": {"h": {"S": "a"}}, **add}}

    def until_done(_: int) -> set[str]:
        seen: set[str] = set()
        while True:
            try:
                dynamodb.transact_write_items(TransactItems=[update])
                return seen
            except dynamodb.exceptions.TransactionCanceledException as error:
                seen |= {reason["Code"] for reason in error.response["CancellationReasons"]}

    with ThreadPoolExecutor(20) as pool:
        codes = set().union(*pool.map(until_done, range(20)))
    assert values(dynamodb, name) == {"a": "20"}
    assert codes <= {"TransactionConflict"}
