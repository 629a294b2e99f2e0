"""What a live key of Stripe looks like: every door asks here, so that none of them knows it less well.

Live keys move real money; this workshop makes test payments only. https://docs.stripe.com/keys
"""

from __future__ import annotations

import re

# Wherever it stands in a text: behind a blank, a quote, `Bearer `, in a JSON document, in any case of letters. The
# bare beginning (`sk_live_`) is none: code that refuses live keys has it.
# (A line break in JSON is a backslash and a letter.)
LIVE_KEY = re.compile(r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrtu]))[sr]k_live_[A-Za-z0-9]", re.IGNORECASE)
# A letter written as JSON, YAML, Python or an address may write it: whoever stores the text has the letter then.
ESCAPED = re.compile(r"(?:\\u00|\\x|%)([2-7][0-9a-f])", re.IGNORECASE)
ONLY_TESTS = "This workshop makes test payments only and never uses a live key."


def has_live_key(text: str | bytes) -> bool:
    """Whether a live secret or restricted key of Stripe stands anywhere in a text.

    Args:
        text: any text, or bytes that may hold one.
    """
    plain = text.decode("latin-1") if isinstance(text, bytes) else text
    if "_live_" in plain.lower() and LIVE_KEY.search(plain) is not None:
        return True
    if "%" not in plain and "\\u00" not in plain.lower() and "\\x" not in plain.lower():
        return False
    spelled = ESCAPED.sub(lambda found: chr(int(found[1], 16)), plain)
    return "_live_" in spelled.lower() and LIVE_KEY.search(spelled) is not None
