"""The payments' entries: a new one is written before any provider is asked, and names its provider for good."""

import books


def register(wanted):
    """The payment's entry: a new one, or the one that is there.

    Raises:
        ValueError: there is one with another amount or provider.
    """
    entry = {
        "payment": name_of(wanted["product"], wanted["reference"]),
        "product": wanted["product"],
        "provider": wanted["provider"],
        "amount": wanted["money"].amount,
        "currency": wanted["money"].currency,
        "state": "open",
    }
    there = books.get(entry["payment"]) or added(entry)
    for name in ("amount", "currency", "provider"):
        if there[name] != entry[name]:
            raise ValueError(f"{entry['payment']} is there already, with another {name}: choose another reference")
    return there


def added(entry):
    """Adds the entry. Returns it, or the one of a request that was quicker."""
    try:
        books.repeated(lambda: books.items.put_item(Item=entry, ConditionExpression="attribute_not_exists(payment)"))
    except books.client.exceptions.ConditionalCheckFailedException:
        return books.get(entry["payment"])
    return entry


def name_of(product, reference):
    return f"{product}-{reference}"
