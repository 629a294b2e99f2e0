"""The seam between the service and a payment provider: three words, and what they are told and answer."""

from dataclasses import dataclass

from money import Money


@dataclass(frozen=True)
class Payment:
    """What is to be paid. `key` is its own name for ever; `reference` is the provider's, once there is one."""

    key: str
    money: Money
    reference: str = ""
    return_url: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of it: `paid`, `pending` (the buyer must go to `url`), `declined` (with `reason`), `unknown` (ask
    again) or `refunded`. `reference` is what `finish` and `refund` need to know."""

    state: str
    reference: str = ""
    url: str = ""
    reason: str = ""


class BaseProvider:
    """What a provider can do. Every call may come twice and must do its work once: the payment's key says which are
    the same. What the caller did wrong is a ValueError with the reason."""

    def pay(self, payment, source):
        """Begins, and ends when no step of the buyer is needed. `source` is the provider's token, such as a card's."""
        raise TypeError(f"{type(self).__name__} cannot pay")

    def finish(self, payment):
        """Goes on after the buyer's step."""
        raise TypeError(f"{type(self).__name__} cannot finish")

    def refund(self, payment):
        """Gives all of the money back."""
        raise TypeError(f"{type(self).__name__} cannot refund")
