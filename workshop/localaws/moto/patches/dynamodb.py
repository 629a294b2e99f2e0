"""DynamoDB transactions that undo only what they did.

moto 5.2 copies every table that a transaction touches before it begins, and puts the copies back when a condition
fails. That takes 30 ms a thousand items, and it throws away what others wrote meanwhile: a lost payment. Here only the
items of the transaction are kept and put back, and transactions take turns.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from __future__ import annotations

import copy
import threading
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

_turn = threading.RLock()
_whole = threading.local()  # .kept: the tables that this thread's transaction need not copy


def install() -> None:
    """Changes moto's DynamoDB; a test tells when moto no longer needs it."""
    original = DynamoDBBackend.transact_write_items

    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
        with _turn:
            items = kept_items(self, transact_items)
            _whole.kept = {id(table) for table, *_ in items if table.stream_shard is None}
            try:
                original(self, transact_items)
            except Exception:
                for table, hash_key, range_key, before in items:
                    if id(table) in _whole.kept:
                        put_back(table, hash_key, range_key, before)
                raise
            finally:
                _whole.kept = set()

    def deep_copy(self: Any, memo: dict[int, Any]) -> Any:
        if id(self) in getattr(_whole, "kept", ()):
            return self
        made = self.__class__.__new__(self.__class__)
        memo[id(self)] = made
        made.__dict__.update({name: copy.deepcopy(value, memo) for name, value in self.__dict__.items()})
        return made

    DynamoDBBackend.transact_write_items = transact_write_items  # type: ignore[method-assign]
    Table.__deepcopy__ = deep_copy  # type: ignore[attr-defined]


def kept_items(backend: Any, operations: list[dict[str, Any]]) -> list[tuple[Any, Any, Any, Any]]:
    """The items of a transaction as they are now: (table, hash key, range key, copy or None).

    What makes no sense is left out: moto refuses it before it writes anything of it.
    """
    found = []
    for operation in operations:
        wanted: dict[str, Any] = next(iter(operation.values()), {})
        table = backend.tables.get(wanted.get("TableName"))
        given = wanted.get("Key") or wanted.get("Item") or {}
        if table is None or table.hash_key_attr not in given:
            continue
        hash_key = DynamoType(given[table.hash_key_attr])
        range_key = DynamoType(given[table.range_key_attr]) if given.get(table.range_key_attr) else None
        held = table.items.get(hash_key)
        item = held.get(range_key) if table.has_range_key and held is not None else held
        found.append((table, hash_key, range_key, copy.deepcopy(item)))
    return found


def put_back(table: Any, hash_key: Any, range_key: Any, before: Any) -> None:
    """One item as it was; None means that it was not there."""
    if not table.has_range_key:
        if before is None:
            table.items.pop(hash_key, None)
        else:
            table.items[hash_key] = before
        return
    if before is not None:
        table.items[hash_key][range_key] = before
    elif hash_key in table.items:
        table.items[hash_key].pop(range_key, None)
