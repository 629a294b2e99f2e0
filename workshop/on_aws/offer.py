"""The last word of a lesson on AWS: what is left there of the reader's, and how to remove it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Iterator

from workshop.core.telling import in_notebook, say

_waiting: list[bool] = []  # for the end of the running cell
_in_between: list[bool] = []


@contextlib.contextmanager
def in_between() -> Iterator[None]:
    """What is removed while the block runs is removed in the middle of a lesson: not the place for a last word."""
    _in_between.append(True)
    try:
        yield
    finally:
        _in_between.pop()


def what_is_left() -> None:
    """Says it after something was removed; offline there is nothing to say, since that cloud ends with its kernel.

    In a notebook it is the last word of the cell, whatever else the cell shows, and is said once.
    """
    if os.environ.get("WORKSHOP_CLOUD") != "aws" or _in_between:
        return
    if not in_notebook():
        print(_words(), file=sys.stderr)
    elif not _waiting:
        from IPython import get_ipython

        _waiting.append(True)
        get_ipython().events.register("post_execute", _last_word)


def _last_word() -> None:
    from IPython import get_ipython

    get_ipython().events.unregister("post_execute", _last_word)
    _waiting.clear()
    say(_words())


def _words() -> str:
    try:
        return left()
    except Exception as error:  # the removal's own outcome is what counts; this is a courtesy
        return f"What is left on AWS could not be looked up ({type(error).__name__}). To see it: workshop clean"


def left() -> str:
    """`Left on AWS of yours (k3f9): 1 stack, 2 parameters. To remove them: workshop clean`."""
    from workshop.on_aws import cleaning, names, tunnel
    from workshop.serverless.aws import clients

    owner = names.tag_value()
    found = cleaning.look(clients(os.environ["AWS_REGION"]), owner)
    unseen = f" {found}" if str(found) else ""
    things = [thing for thing in found.things + found.retained if not tunnel.is_mine(thing.name)]
    if not things:
        return f"Nothing of yours ({owner}) is left on AWS{' where one may look' if unseen else ''}.{unseen}"
    kinds = Counter(thing.kind for thing in things)
    listed = ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in sorted(kinds.items()))
    also = any(thing.kind == "stack" and tunnel.is_entrance(thing.name) for thing in things)
    more = " The stack stand-ins is for the next lessons, too; it costs nothing while idle." if also else ""
    words = f"Left on AWS of yours ({owner}): {listed}.{more} To see and remove them: workshop clean"
    return f"{words}.{unseen}" if unseen else words
