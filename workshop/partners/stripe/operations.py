"""The table of endpoints, and what an endpoint is given."""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workshop.partners.stripe import versions
from workshop.partners.stripe.parameters import Choice, Email, Flag, Listing, Shape, Spec, Text, When, Whole

if TYPE_CHECKING:
    from workshop.partners.stripe.account import Account

Object = dict[str, Any]

EXPAND = {"expand": Listing()}
PAGING = {"limit": Whole(least=1, most=100), "starting_after": Text(), "ending_before": Text()}
CREATED = {"created": When()}

ADDRESS = Shape(
    clearable=True,
    fields={name: Text(clearable=True) for name in ("city", "country", "line1", "line2", "postal_code", "state")},
)
BILLING = Shape(
    fields={
        "address": ADDRESS,
        "email": Email(clearable=True),
        "name": Text(clearable=True),
        "phone": Text(clearable=True),
    },
    beyond=frozenset({"tax_id"}),
)
SHIPPING = Shape(
    clearable=True,
    fields={
        "address": Shape(required=True, fields=ADDRESS.fields),
        "name": Text(required=True),
        "phone": Text(),
        "carrier": Text(),
        "tracking_number": Text(),
    },
)
TRUTH = Flag()


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint: how it is called, what it needs and what does its work."""

    method: str
    pattern: re.Pattern[str]
    path: str
    resource: str
    takes: Mapping[str, Spec]
    beyond: frozenset[str]
    run: Callable[..., Any]
    publishable: bool = False

    @property
    def level(self) -> str:
        return "read" if self.method == "GET" else "write"

    @property
    def kind(self) -> str:
        """What the endpoint answers or lists: the last plural of its path, such as `payment_method`."""
        return [step for step in self.path.split("/") if step.endswith("s")][-1][:-1]

    @property
    def lists(self) -> bool:
        """Whether it answers a list."""
        return self.method == "GET" and not self.path.endswith("}")


OPERATIONS: list[Operation] = []


def operation(
    method: str,
    path: str,
    resource: str,
    takes: Mapping[str, Spec] | None = None,
    *,
    beyond: str = "",
    publishable: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a function as the work of one endpoint.

    Args:
        method, path: such as `POST`, `/v1/charges/{id}/capture`.
        resource: whose permission a restricted key needs.
        takes: the parameters besides `expand`.
        beyond: names of parameters that Stripe has and the stand-in refuses with a sentence.
        publishable: a buyer's browser or phone may call it, with a publishable key.
    """

    def register(run: Callable[..., Any]) -> Callable[..., Any]:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
        wanted = {**(takes or {}), **EXPAND}
        OPERATIONS.append(
            Operation(method, pattern, path, resource, wanted, frozenset(beyond.split()), run, publishable)
        )
        return run

    return register


@dataclass(slots=True)
class Call:
    """One request under way.

    Attributes:
        account: all that the stand-in knows.
        given: the parameters in their types.
        request_id, idempotency_key: for events and errors.
        base_url: the stand-in's own address.
        version: of the API, as the request asked for it.
        publishable: it came with a publishable key.
        afterwards: what happens once the answer is on its way.
    """

    account: Account
    given: dict[str, Any]
    request_id: str
    idempotency_key: str | None
    base_url: str
    version: str = versions.API_VERSION
    publishable: bool = False
    afterwards: list[Callable[[], None]] = field(default_factory=list)

    @property
    def store(self) -> Any:
        return self.account.store

    def emit(self, kind: str, item: Object, previous: Object | None = None) -> None:
        """Makes an event about an object as it is now."""
        self.account.events.emit(
            kind, copy.deepcopy(item), previous, request_id=self.request_id, idempotency_key=self.idempotency_key
        )

    def before(self, change: str) -> bool:
        """Whether the request's version is older than a change: one of the names in `versions`."""
        return versions.before(self.version, change)

    async def network(self) -> None:
        """The time that the card networks take. Requests that arrive meanwhile meet this one under way."""
        if self.account.settings.network_seconds:
            await asyncio.sleep(self.account.settings.network_seconds)


def deleted(item: Object) -> Object:
    """What a deletion answers."""
    return {"id": item["id"], "object": item["object"], "deleted": True}


def cleared(values: Mapping[str, Any], names: Iterable[str]) -> Object:
    """The named values; cleared ones become None, missing ones are left out."""
    return {name: values[name] or None for name in names if name in values}


def one_of(*words: str) -> Choice:
    """A parameter that is one of a few words."""
    return Choice(of=words)
