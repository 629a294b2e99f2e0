"""The moves: first a record, then a provider is asked, then what it says is booked. Nothing else moves money.

Whatever dies on the way leaves a record behind, and the record says whom to ask.
"""

import logging
import time
from collections import Counter
from dataclasses import replace

import books
from books import KEY, Changed, now
from providers import NAMES, provider
from providers.base import NotKnown, Outcome, Refund

logger = logging.getLogger()
MINUTE, DAY = 60, 24 * 3600
IN_FLIGHT = 10 * MINUTE  # longer than any function runs: a try that old takes no money any more
ABANDONED = DAY  # a buyer who is not back from the bank by then: the payment is stopped
UNKNOWN = DAY  # what nobody could find out by then needs a person
PENDING_REFUND = 30 * DAY  # no bank takes longer
MISSED = 3 * DAY  # how far back we ask what could not be told us: https://docs.stripe.com/webhooks#automatic-retries
WAITING = ("open", "pending", "approved", "processing")
SURE = ("pending", "succeeded", "failed", "refused")


def provider_of(item):
    return provider(item.get("provider", "stripe"))


# Paying


def pay(find, source):
    """Takes the money for an item, once, however often it is asked.

    Args:
        find: reads the item and checks it. It is called again when something changed, so what is true now decides.
        source: the provider's token, such as a card's.

    Returns:
        (the item, Outcome). `paid` and `review` are booked.
    """
    item = None
    for _ in range(books.ROUNDS):
        item = find()
        if item["state"] != "open":
            return item, Outcome(item["state"], item.get("reference", ""))
        try:
            item = books.begin_try(item, source)
            return conclude(item, attempt(item, source))
        except Changed:
            books.pause()
    return item, Outcome("unknown")


def attempt(item, source):
    """One try; it is recorded already, with its key.

    Raises:
        Changed: begin again. What stood in the way is out of it.
    """
    there, known = provider_of(item), "reference" in item
    if item["asked"] != item["amount"]:  # the order changed since: what was asked then must never be taken
        stopped = there.stop(books.payment_of(item)) if known else Outcome("dead")
        return renewed(item) if stopped.state == "dead" else stopped
    seen = there.ask(books.payment_of(item)) if known else there.begin(books.payment_of(item))
    if seen.state == "dead":
        return renewed(item)
    if not known and seen.reference:
        item = books.note_reference(item, seen.reference)  # before it can take money
    if seen.state == "pending" and known and "begun" in item:
        pass  # another card in place of the one that waits for its bank
    elif seen.state == "open" and seen.reason and "begun" not in item:
        item = books.begin_try(item, source, anew=True)  # its last try failed; the same card gets a new one
    elif seen.state not in ("open", "approved"):
        return seen
    if seen.state == "approved":
        item = books.note_taking(item)
    outcome = there.take(books.payment_of(item), source)
    if outcome.state == "dead":
        return renewed(item)
    if outcome.state == "stale":  # the key of this try was used for another request: the next try has its own
        books.end_try(item)
        raise Changed
    return outcome


def renewed(item):
    """The provider's payment can never take money: the next one has a key of its own."""
    books.renew(item)
    raise Changed


def conclude(item, outcome):
    """Books what is known after a try."""
    name = item[KEY]
    if outcome.state == "paid":
        item = books.book(name, outcome)
        return item, outcome if item and item["state"] == "paid" else replace(outcome, state="review")
    if outcome.state in ("declined", "refused"):
        item = books.end_try(item)
    if outcome.state == "broken":
        broken(item)
        if "fresh" not in item:  # this call did nothing; what became of the earlier ones we cannot ask
            outcome = Outcome("unknown")
    return item, outcome


def broken(item):
    """Wrong keys stop every payment: once a day that needs a person."""
    day = time.strftime("%Y-%m-%d", time.gmtime(now()))
    books.alarm(f"our keys are refused, {day}", item.get("provider", "stripe"), f"noticed at {item[KEY]}")


# Looking


def look(name, at=None):
    """Asks the provider what became of an item, books it, and ends what waited too long.

    Args:
        at: the time by which it did; now, unless told otherwise.

    Returns:
        (the item, Outcome).
    """
    item = books.get(name)
    there, age = provider_of(item), (at or now()) - int(item.get("since", now()))
    known, payment = "reference" in item, books.payment_of(item)
    outcome = there.ask(payment) if known else Outcome("open")  # nobody can have paid what has no reference
    wanted = item["state"] == "open" and item.get("asked") == item["amount"]
    if outcome.state == "approved" and wanted and age <= ABANDONED:  # the buyer has confirmed, and closed the page
        item = books.note_taking(item)
        outcome = there.take(books.payment_of(item), "")
    elif known and outcome.state in WAITING and (item["state"] == "cancelled" or age > ABANDONED):
        outcome = there.stop(payment)
    if outcome.state == "paid":
        return conclude(item, outcome)
    if "unsettled" in item and (outcome.state == "dead" or (outcome.state in ("open", "declined") and age > IN_FLIGHT)):
        item = books.settle(item)
    elif outcome.state in ("unknown", "broken") and age > UNKNOWN:
        books.alarm("unknown for a day", name, f"{there.__module__} cannot say what became of {payment.reference}")
    return item, outcome


def hear(there, about):
    """A provider told us of something. That says where to look; what counts is what it says now, when asked.

    Returns:
        False when it is none of ours.

    Raises:
        NotKnown: it must be told again.
    """
    item = books.get(about.name)
    if item is None:
        return False
    payment = replace(books.payment_of(item), reference=about.reference)
    if about.kind == "refund":
        hear_refund(item, there.ask_refund(payment, Refund("", "", 0, about.identifier)))
    elif about.kind == "dispute":
        books.book_dispute(about.name, sure(there.ask_dispute(about.identifier)))
    elif about.reference in ("", item.get("reference")):
        sure(look(about.name)[1])
    else:  # not the payment that the item has now: if it took money all the same, the books must have it
        outcome = sure(there.ask(payment))
        if outcome.state == "paid":
            books.book(about.name, outcome)
    return True


def sure(outcome):
    if outcome.state in ("unknown", "broken", "absent"):
        raise NotKnown(outcome.state)
    return outcome


# Giving back


def refund(name, amount, which):
    """Gives money back, once for each name of a refund.

    Args:
        name: the item's.
        amount: in the smallest unit; None for all that is left.
        which: the refund's own name. The same again is the same refund, also tomorrow.

    Returns:
        (the refund's row, Outcome).

    Raises:
        ValueError: it cannot be given back; says why.
    """
    for _ in range(books.ROUNDS):
        item = books.get(name)
        try:
            row = books.ask_refund(item, which, amount)
        except Changed:
            books.pause()
            continue
        return give_back(item, row)
    return {}, Outcome("unknown")


def give_back(item, row):
    """Goes on with a refund that is recorded, wherever it stopped."""
    if row["state"] in ("succeeded", "failed", "refused"):
        return row, Outcome(row["state"], receipt=row.get("receipt", ""))
    there, payment, wanted = provider_of(item), books.payment_of(item), books.refund_of(row)
    outcome = Outcome("absent") if "fresh" in row else there.ask_refund(payment, wanted)
    if outcome.state == "absent":
        outcome = there.refund(payment, wanted)
    if outcome.state == "broken":
        broken(item)
    if outcome.state in SURE:
        row = books.book_refund(row["refund"], outcome)
    return row, outcome


def hear_refund(item, outcome):
    """Books a refund that the provider told of: one of ours, or one that was made there by hand."""
    sure(outcome)
    row = books.get_refund(outcome.row) if outcome.row else None
    if row is None:
        row = asked_there(item, outcome)
    elif outcome.receipt != row.get("receipt", outcome.receipt) or outcome.key != row["key"]:
        return  # an earlier try of the same refund, which is booked
    books.book_refund(row["refund"], outcome)


def asked_there(item, outcome):
    for _ in range(books.ROUNDS):
        try:
            return books.ask_refund(books.get(item[KEY]), outcome.receipt, outcome.amount, key=outcome.receipt)
        except Changed:
            books.pause()
    raise NotKnown("busy")


# Settling what was lost


def reconcile(seconds_left, at):
    """Settles what was lost on the way: one item at a time, so that none can stop the others.

    Args:
        seconds_left: how many are left; what is not reached is the next run's.
        at: the time for which it runs, in seconds since 1970: the schedule says it.
    """
    done = Counter()
    for work in (settle_item(key[KEY], done, at) for key in books.unsettled(books.items)):
        if not guarded(work, done, seconds_left):
            return done
    for work in (settle_refund(key["refund"], done, at) for key in books.unsettled(books.refunds)):
        if not guarded(work, done, seconds_left):
            return done
    for there in map(provider, NAMES):
        if not guarded(lambda there=there: missed(there, done, seconds_left, at), done, seconds_left):
            return done
    return done


def guarded(work, done, seconds_left):
    """Does one piece of work. An error is noted, and is nobody else's. False when there is no time for another."""
    try:
        work()
    except Exception as error:
        done["failed"] += 1
        logger.error("Not settled: %s", type(error).__name__)
    return seconds_left() > 15


def settle_item(name, done, at):
    def work():
        before = books.get(name)
        if "unsettled" not in before:
            return
        item, outcome = look(name, at)
        done["mended"] += item["state"] in ("paid", "review") and before["state"] not in ("paid", "review")
        done["stopped"] += outcome.state == "dead"
        done["unknown"] += outcome.state in ("unknown", "broken")

    return work


def settle_refund(name, done, at):
    def work():
        row = books.get_refund(name)
        if "unsettled" not in row:
            return
        row, outcome = give_back(books.get(row[KEY]), row)
        done["refunds"] += row["state"] != "asked"
        if "unsettled" in row and at - int(row["since"]) > PENDING_REFUND:
            books.alarm("a refund is pending for a month", name, f"the provider says {outcome.state}")

    return work


def missed(there, done, seconds_left, at):
    """Hears what a provider could not tell us, such as of refunds and disputes that began there."""
    for about in there.missed(at - MISSED):
        if not guarded(lambda about=about: hear(there, about()), done, seconds_left):
            return
