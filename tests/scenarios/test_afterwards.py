"""What comes after the charge: our ledger has what Stripe has, and a person is told where one is needed."""

from __future__ import annotations

from workshop.cloud.clouds import Cloud
from workshop.scenarios.afterwards import afterwards
from workshop.scenarios.shop import Shop


def test_the_ledger_has_what_stripe_has(cloud: Cloud) -> None:
    shop = Shop(cloud)
    try:
        rows = {row[0]: list(row[1:]) for row in afterwards(shop).rows}
    finally:
        shop.close()
        cloud.clock.reset()
    assert {words: (row[1] == row[2], str(row[3])) for words, row in rows.items()} == {
        "the order changes": (True, "1"),
        "cancelled meanwhile": (True, "1"),
        "the refund fails": (True, "1"),
        "a dispute": (True, "1"),
        "a day later": (True, "0"),
    }
