"""Who is asking: credentials of roles, and the principal behind an access key."""

from __future__ import annotations

import json
import secrets
import string
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from workshop.localaws.iam.policy import Statement, compiled, resource_allows, statements
from workshop.localaws.moto import stores

LIFETIME = 12 * 3600
_LETTERS = string.ascii_uppercase + "234567"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary security credentials, as `sts:AssumeRole` gives them; `expiration` in epoch seconds."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: float


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who signs requests.

    `arn` is what AWS's messages call them; `owner` the role or user whose policies count; `session_policy` narrows a
    role session further.
    """

    kind: str  # "role" or "user"
    arn: str
    owner: str
    account: str
    name: str
    session_policy: str = ""

    def identities(self) -> list[tuple[str, str]]:
        """What a resource-based policy may call them."""
        root = f"arn:aws:iam::{self.account}:root"
        return [("AWS", self.arn), ("AWS", self.owner), ("AWS", root), ("AWS", self.account)]


class Principals:
    """Sessions of roles, and IAM's users, found by access key.

    Args:
        account: whose.
    """

    def __init__(self, account: str) -> None:
        self.account = account
        self._by_key: dict[str, Principal] = {}
        self._by_role: dict[tuple[str, str], Credentials] = {}
        self._lock = threading.Lock()

    def credentials_for(self, role_arn: str, session_name: str) -> Credentials:
        """Credentials of a role session; the same ones until they have an hour left.

        `sts:GetCallerIdentity` with them answers `arn:aws:sts::account:assumed-role/role/session`.
        """
        with self._lock:
            known = self._by_role.get((role_arn, session_name))
            if known is not None and known.expiration - time.time() > 3600:
                return known
            made = self._assume(role_arn, session_name)
            self._by_role[(role_arn, session_name)] = made
            if known is not None:
                self._by_key.pop(known.access_key_id, None)
            return made

    def _assume(self, role_arn: str, session_name: str) -> Credentials:
        parts = role_arn.split(":")
        account = parts[4] if len(parts) > 5 and parts[4] else self.account
        role_name = role_arn.rpartition("/")[2]
        arn = f"arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}"
        made = Credentials(
            "ASIA" + "".join(secrets.choice(_LETTERS) for _ in range(16)),
            secrets.token_urlsafe(30),
            "IQoJb3JpZ2luX2Vj" + secrets.token_urlsafe(120),
            time.time() + LIFETIME,
        )
        self._by_key[made.access_key_id] = Principal("role", arn, role_arn, account, session_name)
        return made

    def principal_of(self, access_key_id: str) -> Principal | None:
        """Who signs with a key: a role session or an IAM user; None for the reader's own keys."""
        if not access_key_id:
            return None
        known = self._by_key.get(access_key_id)
        if known is not None:
            return known
        if access_key_id.startswith("ASIA"):
            return self._from_sts(access_key_id)
        return self._from_iam(access_key_id) if access_key_id.startswith("AKIA") else None

    def session_of(self, access_key_id: str) -> Principal | None:
        """The role session whose credentials were made here."""
        return self._by_key.get(access_key_id)

    def _from_sts(self, access_key_id: str) -> Principal | None:
        for backend in stores.every("sts"):
            session = backend.get_assumed_role_from_access_key(access_key_id)
            if session is not None:
                found = Principal(
                    "role",
                    session.arn,
                    session.role_arn,
                    session.account_id,
                    session.session_name,
                    session.policy or "",
                )
                self._by_key[access_key_id] = found
                return found
        return None

    def _from_iam(self, access_key_id: str) -> Principal | None:
        for user, key in _keys():
            if key.access_key_id == access_key_id and key.status == "Active":
                return Principal("user", user.arn, user.arn, user.account_id, user.name)
        return None

    def switched_off(self, access_key_id: str) -> bool:
        """Whether this is a user's key that was made inactive."""
        return access_key_id.startswith("AKIA") and any(
            key.access_key_id == access_key_id and key.status != "Active" for _, key in _keys()
        )

    def forget(self) -> None:
        """Back to nobody."""
        with self._lock:
            self._by_key.clear()
            self._by_role.clear()


def _keys() -> Iterator[tuple[Any, Any]]:
    """Every user's access keys: (moto's user, key)."""
    for backend in stores.every("iam"):
        for user in list(backend.users.values()):
            for key in list(user.access_keys):
                yield user, key


def role_of(role_arn: str) -> Any:
    """moto's Role with this ARN, or None."""
    parts = role_arn.split(":")
    backend = stores.existing("iam", parts[4]) if len(parts) > 5 else None
    if backend is None:
        return None
    name = role_arn.rpartition("/")[2]
    for role in list(backend.roles.values()):
        if role.name == name and role.arn == role_arn:
            return role
    return None


def trusts(role_arn: str, kind: str, value: str) -> bool:
    """Whether a role exists and its trust policy lets a principal assume it: ("Service", "lambda.amazonaws.com")."""
    role = role_of(role_arn)
    if role is None:
        return False
    document = role.assume_role_policy_document
    policy = document if isinstance(document, Mapping) else json.loads(unquote(document or "{}"))
    return resource_allows(statements(policy.get("Statement", ())), "sts:AssumeRole", role_arn, ((kind, value),), {})


def identity_policies(principal: Principal) -> Iterator[tuple[Statement, ...]]:
    """The compiled identity-based policies of a principal: inline, attached, and those of a user's groups."""
    if principal.kind == "role":
        role = role_of(principal.owner)
        yield from _policies_of(role)
        return
    backend = stores.backend("iam", principal.account)
    yield from _policies_of(backend.users.get(principal.name))
    for group in list(backend.groups.values()):
        if any(user.name == principal.name for user in group.users):
            yield from _policies_of(group)


def _policies_of(holder: Any) -> Iterator[tuple[Statement, ...]]:
    if holder is None:
        return
    policies = holder.policies
    for document in list(policies.values() if isinstance(policies, Mapping) else policies):
        yield compiled(document if isinstance(document, (str, Mapping)) else getattr(document, "policy_document", ""))
    for managed in list(holder.managed_policies.values()):
        yield compiled(_document(managed))


def _document(policy: Any) -> str:
    """The document of a managed policy's default version."""
    for version in policy.versions:
        if version.version_id == policy.default_version_id:
            return str(version.document)
    return ""


def boundary(principal: Principal) -> tuple[Statement, ...] | None:
    """The permissions boundary of a role, compiled; None when it has none."""
    role = role_of(principal.owner) if principal.kind == "role" else None
    arn = getattr(role, "permissions_boundary_arn", None) if role is not None else None
    if not arn:
        return None
    policy = stores.backend("iam", principal.account).managed_policies.get(arn)
    return compiled(_document(policy)) if policy is not None else ()
