"""Expanding responses: identifiers replaced by their objects on request (https://docs.stripe.com/expand)."""

from __future__ import annotations

from typing import Any

from workshop.partners.stripe import errors
from workshop.partners.stripe.store import Object, Store, listing

# Property -> what its identifier leads to.
LEADS_TO = {
    "balance_transaction": "balance_transaction",
    "charge": "charge",
    "customer": "customer",
    "default_payment_method": "payment_method",
    "default_source": "card",
    "failure_balance_transaction": "balance_transaction",
    "latest_charge": "charge",
    "payment_intent": "payment_intent",
    "payment_method": "payment_method",
}
DEEPEST = 4


def expand(store: Store, body: Object, paths: list[str]) -> Object:
    """The body with the named properties expanded, on a copy.

    Raises:
        ApiError: a property cannot be expanded, or a path goes deeper than four levels.
    """
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST + (steps[0] == "data"):
            raise errors.invalid("expand", f"You cannot expand more than {DEEPEST} levels of a property (`{path}`).")
        body = _expanded(store, body, steps, path)
    return body


def _expanded(store: Store, value: Any, steps: list[str], path: str) -> Any:
    if not steps or value is None:
        return value
    if isinstance(value, list):
        return [_expanded(store, each, steps, path) for each in value]
    name, rest = steps[0], steps[1:]
    if not isinstance(value, dict):
        raise cannot(path)
    if name == "data" and value.get("object") in ("list", "search_result"):
        return value | {"data": _expanded(store, value["data"], rest, path)}
    if name == "refunds" and value.get("object") == "charge":
        rows = [each for each in store.all("refund") if each["charge"] == value["id"]]
        return value | {"refunds": listing(_expanded(store, rows, rest, path), f"/v1/charges/{value['id']}/refunds")}
    if name not in value:
        raise cannot(path)
    found = value[name]
    if isinstance(found, str):
        if name not in LEADS_TO:
            raise cannot(path)
        # A payment method of the Charges API is a card, which has no payment method object.
        found = store.tables[LEADS_TO[name]].get(found, found)
        if isinstance(found, str):
            return value
    elif not isinstance(found, dict) and not (found is None and name in LEADS_TO):
        raise cannot(path)
    return value | {name: _expanded(store, found, rest, path)}


def cannot(path: str) -> errors.ApiError:
    return errors.invalid("expand", f"This property cannot be expanded ({path}).")
