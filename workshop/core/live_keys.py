"""What a live key of Stripe looks like: every door asks here, so that none of them knows it less well.

Live keys move real money; this workshop makes test payments only. https://docs.stripe.com/keys
"""

from __future__ import annotations

import re

# Wherever it stands in a text: behind a blank, a quote, `Bearer `, in a JSON document, in any case of letters. The
# bare beginning (`sk_live_`) is none: code that refuses live keys has it.
# (A line break in JSON is a backslash and a letter.)
LIVE_KEY = re.compile(r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrtu]))[sr]k_live_[A-Za-z0-9]", re.IGNORECASE)
ONLY_TESTS = "This workshop makes test payments only and never uses a live key."


def has_live_key(text: str | bytes) -> bool:
    """Whether a live secret or restricted key of Stripe stands anywhere in a text.

    Args:
        text: any text, or bytes that may hold one.
    """
    plain = text.decode("latin-1") if isinstance(text, bytes) else text
    return "_live_" in plain.lower() and LIVE_KEY.search(plain) is not None
