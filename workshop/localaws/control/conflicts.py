"""DynamoDB transactions that meet: who comes second is refused, as AWS refuses it.

moto does one request after another, so that no two of them ever meet. Here a request is under way from the moment it
arrives until it is answered, and what AWS documents follows:

- a transaction that writes an item which another transaction is writing: `TransactionCanceledException`, with the
  reason `TransactionConflict` at that item;
- `PutItem`, `UpdateItem` and `DeleteItem` on an item which a transaction is writing: `TransactionConflictException`;
- `TransactGetItems` of an item which anybody is writing: `TransactionCanceledException`.

Batches and PartiQL wait for their turn. A transaction's `ClientRequestToken` is honoured too: for ten minutes the same
one with the same content is answered as done and not done again, so that a client's own retry of an answer that was
lost is no failed condition. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from workshop.localaws.faults import AwsError
from workshop.localaws.http import Request, Response
from workshop.localaws.moto import stores
from workshop.localaws.settings import Settings

WRITES = ("PutItem", "UpdateItem", "DeleteItem")
TOKEN_SECONDS = 600.0
ONGOING = "Transaction is ongoing for the item"
NAMESPACE = "com.amazonaws.dynamodb.v20120810#"
Item = tuple[str, str, str]  # region, table, key


class Conflicts:
    """The door to DynamoDB.

    Args:
        answer: does a request.
        settings: `transaction_seconds` is how long a transaction takes at least.
        clock: epoch seconds, for tokens.
    """

    def __init__(self, answer: Callable[[Request], Response], settings: Settings, clock: Callable[[], float]) -> None:
        self.answer, self.settings, self.clock = answer, settings, clock
        self._lock = threading.Lock()
        self._transactions: Counter[Item] = Counter()
        self._writes: Counter[Item] = Counter()
        self._tokens: dict[tuple[str, str], tuple[str, float, Response | None]] = {}

    def __call__(self, request: Request) -> Response:
        """The answer to a request.

        Raises:
            AwsError: it meets a transaction, or its token came with another transaction.
        """
        operation = request.operation
        if operation == "TransactWriteItems":
            return self._once(request)
        if operation == "TransactGetItems":
            with self._lock:
                items = self._items(request)
                busy = [item is not None and bool(self._transactions[item] or self._writes[item]) for item in items]
            return canceled(busy) if any(busy) else self.answer(request)
        if operation not in WRITES:
            return self.answer(request)
        with self._lock:
            (item,) = self._items(request)
            if item is not None and self._transactions[item]:
                raise AwsError("TransactionConflictException", ONGOING)
            self._writes[item or ("", "", "")] += 1
        try:
            return self.answer(request)
        finally:
            with self._lock:
                self._ended(self._writes, [item or ("", "", "")])

    def clear(self) -> None:
        """Forgets the tokens: the tables are gone."""
        with self._lock:
            self._tokens.clear()

    def _once(self, request: Request) -> Response:
        """A transaction with a token is done once."""
        body = request.json()
        token = body.get("ClientRequestToken")
        if not isinstance(token, str) or not token:
            return self._transaction(request)
        told = {name: body[name] for name in sorted(body) if name != "ClientRequestToken"}
        content = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        name, now = (request.region, token), self.clock()
        with self._lock:
            self._tokens = {each: kept for each, kept in self._tokens.items() if now - kept[1] < TOKEN_SECONDS}
            first = self._tokens.get(name)
            if first is None:
                self._tokens[name] = (content, now, None)
        if first is not None:
            if first[0] != content:
                raise AwsError(
                    "IdempotentParameterMismatchException",
                    "DynamoDB rejected the request because you retried a request with a different payload but with an "
                    "idempotent token that was already used.",
                )
            if first[2] is None:
                raise AwsError(
                    "TransactionInProgressException",
                    "The transaction with the given request token is already in progress.",
                )
            return first[2]
        response = None
        try:
            response = self._transaction(request)
            return response
        finally:
            with self._lock:
                if response is not None and response.status == 200:
                    self._tokens[name] = (content, now, response)
                else:
                    self._tokens.pop(name, None)

    def _transaction(self, request: Request) -> Response:
        with self._lock:
            items = self._items(request)
            busy = [item is not None and bool(self._transactions[item]) for item in items]
            if any(busy):
                return canceled(busy)
            mine = {item for item in items if item is not None}
            self._transactions.update(mine)
        begun = time.monotonic()
        try:
            response = self.answer(request)
            time.sleep(max(0.0, self.settings.transaction_seconds - (time.monotonic() - begun)))
            return response
        finally:
            with self._lock:
                self._ended(self._transactions, mine)

    @staticmethod
    def _ended(under_way: Counter[Item], items: Any) -> None:
        for item in items:
            under_way[item] -= 1
            if not under_way[item]:
                del under_way[item]

    def _items(self, request: Request) -> list[Item | None]:
        """The items that a request names, in its order; None where it makes no sense, which moto will say."""
        body = request.json()
        if request.operation in WRITES:
            return [self._item(request.region, body)]
        named = body.get("TransactItems")
        parts = named if isinstance(named, list) else []
        return [
            self._item(request.region, next(iter(part.values()), None) if isinstance(part, dict) else None)
            for part in parts
        ]

    def _item(self, region: str, part: Any) -> Item | None:
        if not isinstance(part, dict) or not isinstance(part.get("TableName"), str):
            return None
        table = part["TableName"].rpartition("/")[2]  # an ARN will do as well
        given = part.get("Key") or part.get("Item")
        names = key_names(self.settings.account, region, table)
        if not names or not isinstance(given, dict) or not all(name in given for name in names):
            return None
        return region, table, json.dumps([given[name] for name in names], sort_keys=True)


def key_names(account: str, region: str, table: str) -> list[str]:
    """The attributes of a table's key; empty when there is no such table."""
    backend = stores.existing("dynamodb", account, region)
    found = backend.tables.get(table) if backend else None
    return [name for name in (found.hash_key_attr, found.range_key_attr) if name] if found else []


def canceled(busy: list[bool]) -> Response:
    """The refusal of a transaction: a reason for every action of it, in its order."""
    codes = ", ".join("TransactionConflict" if each else "None" for each in busy)
    reasons = [{"Code": "TransactionConflict", "Message": ONGOING} if each else {"Code": "None"} for each in busy]
    body = {
        "__type": f"{NAMESPACE}TransactionCanceledException",
        "Message": f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        "CancellationReasons": reasons,
    }
    return Response(400, json.dumps(body).encode(), {"content-type": "application/x-amz-json-1.0"})
