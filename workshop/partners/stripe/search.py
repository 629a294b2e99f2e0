"""Search: Stripe's query language over charges, payment intents and customers.

https://docs.stripe.com/search#search-query-language. At Stripe an object is found up to a minute after it was written;
the stand-in finds it at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from workshop.partners.stripe import errors
from workshop.partners.stripe.operations import Call, Object, operation
from workshop.partners.stripe.parameters import Text, Whole

CLAUSE = re.compile(
    r"""\s*(?P<minus>-?)(?P<field>\w+)(?:\[(?P<quote>["'])(?P<key>.*?)(?P=quote)\])?
        (?P<operator>:|~|>=|<=|>|<)(?P<value>"[^"]*"|'[^']*'|-?\d+|null)\s*""",
    re.VERBOSE,
)
FIELDS = {
    "charge": ("amount", "created", "currency", "customer", "metadata", "status", "refunded"),
    "payment_intent": ("amount", "created", "currency", "customer", "metadata", "status"),
    "customer": ("created", "email", "metadata", "name", "phone"),
}
NUMBERS = ("amount", "created")
SEARCH = {"query": Text(required=True), "limit": Whole(least=1, most=100), "page": Text()}


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition of a query."""

    field: str
    key: str | None
    operator: str
    value: str | None
    negated: bool

    def fits(self, item: Object) -> bool:
        """Whether an object meets it."""
        found = item[self.field]
        if self.key is not None:
            found = found.get(self.key)
        return self._holds(found) is not self.negated

    def _holds(self, found: Any) -> bool:
        if self.value is None:
            return found is None
        if found is None:
            return False
        if self.field in NUMBERS:
            wanted = int(self.value)
            return {
                ":": found == wanted,
                ">": found > wanted,
                "<": found < wanted,
                ">=": found >= wanted,
                "<=": found <= wanted,
            }[self.operator]
        text = str(found).lower()
        return self.value.lower() in text if self.operator == "~" else text == self.value.lower()


def parse(query: str, kind: str) -> tuple[list[Clause], bool]:
    """The clauses of a query, and whether any one suffices (`OR`). Raises ApiError when it cannot be read."""
    clauses: list[Clause] = []
    words: set[str] = set()
    place = 0
    while place < len(query):
        found = CLAUSE.match(query, place)
        if found is None:
            raise unreadable(f"We could not read it from here: {query[place : place + 40]!r}.")
        clauses.append(clause(found, kind))
        place = found.end()
        joint = re.compile(r"(AND|OR)\s", re.IGNORECASE).match(query, place)
        if joint:
            words.add(joint[1].upper())
            place = joint.end()
        elif place < len(query):
            words.add("AND")
    if not clauses or len(clauses) > 10:
        raise unreadable("A query has from 1 to 10 clauses.")
    if len(words) == 2:
        raise unreadable("You cannot combine AND and OR in one query.")
    return clauses, words == {"OR"}


def clause(found: re.Match[str], kind: str) -> Clause:
    """One clause, checked against the fields of the kind."""
    name, key, operator = found["field"], found["key"], found["operator"]
    if name not in FIELDS[kind]:
        raise unreadable(f"Field `{name}` is an unsupported search field for resource `{kind}s`.")
    if (name == "metadata") is not (key is not None):
        raise unreadable("Metadata is searched by key, as in metadata['order']:'42'.")
    raw = found["value"]
    value = None if raw == "null" else raw.strip("\"'")
    numeric = name in NUMBERS
    if (numeric and (operator == "~" or value is None or not re.fullmatch(r"-?[0-9]{1,18}", value))) or (
        not numeric and operator not in (":", "~")
    ):
        raise unreadable(f"Operator `{operator}` and value {raw} do not suit the field `{name}`.")
    return Clause(name, key, operator, value, bool(found["minus"]))


def unreadable(why: str) -> errors.ApiError:
    return errors.invalid("query", f"We were unable to parse your search query. {why}")


def results(call: Call, kind: str, url: str) -> Object:
    """One page of what a query finds, newest first."""
    clauses, any_one = parse(call.given["query"], kind)
    choose = any if any_one else all
    rows = [item for item in call.store.all(kind) if choose(clause.fits(item) for clause in clauses)]
    start = call.given.get("page", "0")
    if not re.fullmatch(r"[0-9]{1,9}", start):
        raise errors.invalid("page", "Invalid page: it comes from an earlier answer's next_page.")
    end = int(start) + call.given.get("limit", 10)
    return {
        "object": "search_result",
        "data": rows[int(start) : end],
        "has_more": end < len(rows),
        "next_page": str(end) if end < len(rows) else None,
        "url": url,
    }


@operation("GET", "/v1/charges/search", "charge", SEARCH)
def search_charges(call: Call) -> Object:
    return results(call, "charge", "/v1/charges/search")


@operation("GET", "/v1/payment_intents/search", "payment_intent", SEARCH)
def search_intents(call: Call) -> Object:
    return results(call, "payment_intent", "/v1/payment_intents/search")


@operation("GET", "/v1/customers/search", "customer", SEARCH)
def search_customers(call: Call) -> Object:
    return results(call, "customer", "/v1/customers/search")
