"""Expanding responses: identifiers replaced by their objects on request (https://docs.stripe.com/expand)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workshop.partners.stripe import errors
from workshop.partners.stripe.store import Object, Store, listing

# Kind -> property -> the kinds that its identifier may lead to. `invoice_settings` is a part of a customer's body.
LEADS_TO: dict[str, dict[str, tuple[str, ...]]] = {
    "balance_transaction": {"source": ("charge", "refund", "dispute")},
    "card": {"customer": ("customer",)},
    "charge": {
        "balance_transaction": ("balance_transaction",),
        "customer": ("customer",),
        "failure_balance_transaction": ("balance_transaction",),
        "payment_intent": ("payment_intent",),
        "refunds": ("refund",),
        "source": ("card",),
    },
    "customer": {"default_source": ("card",), "invoice_settings": ("invoice_settings",)},
    "invoice_settings": {"default_payment_method": ("payment_method",)},
    "dispute": {"charge": ("charge",), "payment_intent": ("payment_intent",)},
    "early_fraud_warning": {"charge": ("charge",), "payment_intent": ("payment_intent",)},
    "payment_intent": {
        "customer": ("customer",),
        "latest_charge": ("charge",),
        "payment_method": ("payment_method",),
    },
    "payment_method": {"customer": ("customer",)},
    "refund": {
        "balance_transaction": ("balance_transaction",),
        "charge": ("charge",),
        "failure_balance_transaction": ("balance_transaction",),
        "payment_intent": ("payment_intent",),
    },
}
# Expandable at Stripe and always null here: what they belong to, the stand-in does not do.
NULL = {"application", "application_fee", "on_behalf_of", "review", "source_transfer", "test_clock", "transfer"}
DEEPEST = 4


def check(kind: str, paths: Iterable[str], *, lists: bool) -> None:
    """Looks at the paths before any work is done: a request that is refused must have charged nothing.

    Args:
        kind: what the endpoint answers, or lists.
        paths: the request's `expand`.
        lists: the answer is a list; its paths begin with `data`.

    Raises:
        ApiError: a property cannot be expanded, or a path goes deeper than four levels.
    """
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST + lists:
            raise errors.invalid("expand", f"You cannot expand more than {DEEPEST} levels of a property (`{path}`).")
        if lists and steps.pop(0) != "data":
            raise cannot(path)
        kinds: tuple[str, ...] = (kind,)
        for step in steps:
            if step in NULL:
                break
            kinds = tuple(next_kind for each in kinds for next_kind in LEADS_TO.get(each, {}).get(step, ()))
            if not kinds:
                raise cannot(path)


def expand(store: Store, body: Object, paths: Iterable[str]) -> Object:
    """The body with the named properties expanded, on a copy. The paths were checked."""
    for path in paths:
        body = _expanded(store, body, path.split("."))
    return body


def _expanded(store: Store, value: Any, steps: list[str]) -> Any:
    if isinstance(value, list):
        return [_expanded(store, each, steps) for each in value]
    if not steps or not isinstance(value, dict):
        return value
    name, rest = steps[0], steps[1:]
    if name == "refunds":
        rows = [each for each in store.all("refund") if each["charge"] == value["id"]]
        return value | {"refunds": listing(_expanded(store, rows, rest), f"/v1/charges/{value['id']}/refunds")}
    found = value.get(name)
    if isinstance(found, str):
        whose = value.get("object", "invoice_settings").rpartition(".")[2]
        for kind in LEADS_TO.get(whose, {}).get(name, ()):
            gone = store.hidden.get(found, {}).get("deleted") if isinstance(found, str) else None
            found = (gone or store.tables[kind].get(found, found)) if isinstance(found, str) else found
    return value if found is None else value | {name: _expanded(store, found, rest)}


def cannot(path: str) -> errors.ApiError:
    return errors.invalid("expand", f"This property cannot be expanded ({path}).")
