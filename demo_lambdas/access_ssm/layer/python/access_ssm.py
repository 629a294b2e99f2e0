"""Secrets from the SSM Parameter Store, for any lambda that uses this layer.

In a handler:

    from access_ssm import get_ssm

    token, secret = get_ssm(["github_token", "github_webhook_secret"])
"""

import os
import time
from collections.abc import Sequence
from functools import cache

# How old a value may be, in seconds, before it is read again. An environment can live for hours: without an age
# a changed secret would be noticed only when AWS replaces it.
MAX_AGE = float(os.environ.get("SSM_MAX_AGE_SECONDS", "60"))
# Where several people share one account, the parameters of each have a prefix of their own.
PREFIX = os.environ.get("SSM_PREFIX", "")
# A workshop moves no real money. Take these out of your own copy when you go live. https://docs.stripe.com/keys
REFUSED = ("sk_live_", "rk_live_")
_seen: dict[str, tuple[float, str]] = {}  # name -> (when it was read, value); lives as long as the environment


class MissingParameter(LookupError):
    """A parameter that the store does not hold."""


def get_ssm(names: Sequence[str], max_age: float = MAX_AGE) -> list[str]:
    """The decrypted values of parameters, in the order asked.

    What this environment read less than `max_age` seconds ago is not asked again; the rest takes one call.

    Args:
        names: one to ten names, such as `["secret_api_key"]`.
        max_age: seconds; 0 always asks.

    Raises:
        MissingParameter: names those the store does not hold.
        TypeError: names one that is a StringList; single values are read here.
        ValueError: names one that holds a live Stripe key.
        botocore.exceptions.ClientError: `AccessDeniedException` when the function's role may not read them.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
    """
    if isinstance(names, str):
        raise TypeError(f'get_ssm takes a list of names: get_ssm(["{names}"])')
    now = time.monotonic()
    stale = [name for name in dict.fromkeys(names) if name not in _seen or now - _seen[name][0] >= max_age]
    if stale:
        answer = _client().get_parameters(Names=[PREFIX + name for name in stale], WithDecryption=True)
        if answer["InvalidParameters"]:
            raise MissingParameter(f"Not in the Parameter Store: {', '.join(answer['InvalidParameters'])}")
        for parameter in answer["Parameters"]:  # they come in alphabetical order, not in ours
            if parameter["Type"] == "StringList":
                raise TypeError(f"{parameter['Name']} is a StringList; get_ssm reads String and SecureString")
            if any(kind in parameter["Value"].lower() for kind in REFUSED):
                raise ValueError(f"{parameter['Name']} holds a live Stripe key; only test keys belong here")
            name = parameter["Name"].removeprefix(PREFIX) + parameter.get("Selector", "")
            _seen[name] = (now, parameter["Value"])
    return [_seen[name][1] for name in names]


@cache
def _client():
    import boto3  # not needed by a function that only imports this module

    return boto3.client("ssm")
