"""API keys: which the stand-in knows and what each may do.

https://docs.stripe.com/keys · https://docs.stripe.com/keys/restricted-api-keys
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from workshop.core.live_keys import has_live_key
from workshop.partners.stripe import errors

ACCOUNT = "acct_1Workshop00000000"
SECRET_KEY = "sk_test_workshop"
PUBLISHABLE_KEY = "pk_test_workshop"
LEVELS = {"none": 0, "read": 1, "write": 2}
RESOURCES = (
    "charge",
    "customer",
    "payment_intent",
    "payment_method",
    "token",
    "event",
    "webhook",
    "balance",
    "dispute",
)


@dataclass(slots=True)
class Keys:
    """The account's keys. A restricted key has a level for each resource: `read` or `write`; others are `none`."""

    restricted: dict[str, dict[str, str]] = field(default_factory=dict)
    secret: set[str] = field(default_factory=lambda: {SECRET_KEY})

    def add(self, key: str, permissions: dict[str, str] | None) -> None:
        """A further key: secret without `permissions`, restricted with them. Raises ValueError for nonsense."""
        if has_live_key(key):
            raise ValueError("live keys are not taken")
        if permissions is None:
            if not key.startswith("sk_test_"):
                raise ValueError("a secret test key begins with sk_test_")
            self.secret.add(key)
            return
        if not key.startswith("rk_test_"):
            raise ValueError("a restricted test key begins with rk_test_")
        for resource, level in permissions.items():
            if resource not in RESOURCES or level not in LEVELS:
                raise ValueError(f"{resource}: {level} is not one of {', '.join(RESOURCES)}: none, read or write")
        self.restricted[key] = permissions

    def check(self, header: str | None, resource: str, level: str, *, publishable: bool = False) -> str:
        """The key of a request that may go on.

        Args:
            header: the Authorization header.
            resource, level: what the endpoint needs.
            publishable: a publishable key is enough for it.

        Raises:
            ApiError: 401 without a known key, 403 without the permission.
        """
        if has_live_key(header or ""):
            raise errors.live_key()
        key = self.read(header)
        if has_live_key(key) or key.startswith("pk_live_"):
            raise errors.live_key()
        if key in self.secret:
            return key
        if key == PUBLISHABLE_KEY:
            if publishable:
                return key
            message = "This API call cannot be made with a publishable API key. Please use a secret API key."
            raise errors.ApiError(401, message, code="secret_key_required")
        if key not in self.restricted:
            raise errors.bad_key(key)
        if LEVELS[self.restricted[key].get(resource, "none")] < LEVELS[level]:
            raise errors.needs_permission(key, f"rak_{resource}_{level}", ACCOUNT)
        return key

    @staticmethod
    def read(header: str | None) -> str:
        """The key in `Bearer KEY`, or the user name of `Basic …`. Raises ApiError when there is none."""
        scheme, _, value = (header or "").strip().partition(" ")
        value = value.strip()
        if scheme.lower() == "basic":
            try:
                value = base64.b64decode(value, validate=True).decode("utf-8").partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                value = ""
        elif scheme.lower() != "bearer":
            value = ""
        if not value:
            raise errors.no_key()
        return value
