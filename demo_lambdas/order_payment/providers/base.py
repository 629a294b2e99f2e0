"""The seam between the books and a payment provider: a few words, what they are told and what they answer."""

from dataclasses import dataclass


class NotKnown(Exception):
    """Nobody knows yet: ask, or be told, again."""


@dataclass(frozen=True)
class Payment:
    """What is to be paid, as the record has it. Every key is random, written down before it is used, and used once.

    Attributes:
        name: the order's or the payment's own name. Two stages may both have a `P100`: it is no key.
        books: the table it stands in. With it a name is unique, also where several stages share one account.
        amount, currency: in the currency's smallest unit, and its code as the record has it.
        key: of the provider's payment.
        try_key: of this try to pay it.
        reference: the provider's id, once there is one.
        receipt: of the money: the charge's or the capture's id, once there is one.
        taking: whether money may have been asked for that a buyer approved of.
        return_url: where the buyer comes back to.
    """

    name: str
    books: str
    amount: int
    currency: str
    key: str
    try_key: str = ""
    reference: str = ""
    receipt: str = ""
    taking: bool = False
    return_url: str = ""


@dataclass(frozen=True)
class Refund:
    """Money to be given back, as its row has it: `name` is the row's, `receipt` the provider's id once there is one,
    `since` when it was asked for."""

    name: str
    key: str
    amount: int
    receipt: str = ""
    since: int = 0


@dataclass(frozen=True)
class Outcome:
    """What a provider says, in these words and no others.

    Attributes:
        state: of a payment
            `open`        no money moved, another try may be made; `reason` says why the last one failed, if one did
            `pending`     the buyer must go to `url`
            `approved`    the buyer has been there; `take` ends it
            `processing`  the provider is at it
            `paid`        `amount` was taken; `receipt` is its proof
            `dead`        cancelled or expired: this payment of the provider's can never take money
            `declined`    this try failed, for sure; `reason` is for the buyer
            `refused`     the request itself was wrong, for sure; nothing moved
            `broken`      our keys are wrong: this call did nothing. Earlier ones may have
            `stale`       the try's key cannot be used any more; nothing moved by it
            `unknown`     nobody knows: ask again
          of a refund `pending`, `succeeded`, `failed`, `refused`, `absent` (there is none), `broken`, `unknown`.
        row, key: of a refund: the name and the key of its row, when we made it.
    """

    state: str
    reference: str = ""
    receipt: str = ""
    amount: int = 0
    currency: str = ""
    url: str = ""
    reason: str = ""
    row: str = ""
    key: str = ""


@dataclass(frozen=True)
class About:
    """What a webhook is about. It only says where to look.

    Attributes:
        event: the provider's name for it.
        kind: `payment`, `refund`, `dispute`, or empty.
        name: our own name of the payment; empty when it is none of ours.
        reference: the provider's id of the payment; empty when the event does not say.
        identifier: the id of the refund or the dispute.
    """

    event: str
    kind: str = ""
    name: str = ""
    reference: str = ""
    identifier: str = ""


class BaseProvider:
    """What a provider can do. Each call may come twice, or die half-way; what counts is what `ask` says afterwards."""

    def check(self, currency, source):
        """Raises ValueError, with the reason, for what the provider never takes."""

    def begin(self, payment):
        """Makes the provider's payment. Moves no money. The outcome has its `reference`."""
        return Outcome("open", reference=payment.key)

    def take(self, payment, source):
        """Tries to take the money, once for each `try_key`. `source` is the provider's token, such as a card's."""
        raise TypeError(f"{type(self).__name__} cannot take payments")

    def ask(self, payment):
        """What the provider knows of a payment by now. Moves nothing."""
        return Outcome("open", reference=payment.reference)

    def stop(self, payment):
        """Makes sure that a payment can never take money: `dead`, or what it is instead."""
        return Outcome("dead", reference=payment.reference)

    def refund(self, payment, refund):
        """Gives money back, once for each key of a refund."""
        raise TypeError(f"{type(self).__name__} cannot refund")

    def ask_refund(self, payment, refund):
        """What the provider knows of a refund by now. Moves nothing."""
        return Outcome("absent")

    def told(self, raw, headers):
        """What a webhook is about, as an `About`.

        Raises:
            ValueError: it is not from the provider. NotKnown: it must be told again.
        """
        raise ValueError(f"{type(self).__name__} has no webhooks")

    def missed(self, since):
        """What could not be told by webhook since then: functions that return what `told` does."""
        return ()

    def ask_dispute(self, identifier):
        """What became of a dispute: `succeeded` when the money is gone, `failed` when it came back."""
        return Outcome("unknown")

    def paid(self, payment, receipt):
        """All of it was taken; `receipt` is unique."""
        return Outcome("paid", payment.reference, receipt, payment.amount, payment.currency)
