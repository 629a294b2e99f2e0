"""Policies attached to resources, and names turned into ARNs, as moto's stores have them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from workshop.localaws.iam.policy import Statement, compiled, statements
from workshop.localaws.moto import lambda_backend, stores


def bucket(name: str) -> tuple[Statement, ...]:
    """A bucket's policy."""
    for backend in stores.every("s3"):
        found = backend.buckets.get(name)
        if found is not None:
            return compiled(found.policy.decode("utf-8", "replace") if found.policy else "")
    return ()


def queue(arn: str) -> tuple[Statement, ...]:
    """A queue's policy."""
    found = _in_store("sqs", arn, lambda backend, name: backend.queues.get(name))
    return compiled(found.policy) if found is not None and found.policy else ()


def topic(arn: str) -> tuple[Statement, ...]:
    """A topic's policy."""
    found = _in_store("sns", arn, lambda backend, name: backend.topics.get(arn))
    return compiled(found.policy) if found is not None else ()


def trust(arn: str) -> tuple[Statement, ...]:
    """A role's trust policy; its statements name no resource."""
    from workshop.localaws.iam.principals import role_of

    role = role_of(arn) if arn.startswith("arn:") else None
    if role is None:
        return ()
    document = role.assume_role_policy_document
    if not isinstance(document, Mapping):
        document = json.loads(unquote(document or "{}"))
    return statements(document.get("Statement", ()))


def key(arn: str) -> tuple[Statement, ...]:
    """A KMS key's policy."""
    found = _in_store("kms", arn, lambda backend, name: backend.keys.get(name.rpartition("/")[2]))
    return compiled(found.policy) if found is not None else ()


def key_arn(account: str, region: str, key_id: str) -> str:
    """The ARN of a key named by id, ARN, alias or alias ARN; empty when there is none."""
    backend = stores.existing("kms", account, region)
    if key_id.startswith("arn:") and ":key/" in key_id:
        return key_id
    alias = key_id.rpartition(":")[2]
    for one in list(backend.keys.values()) if backend else ():
        if one.id == alias or alias in one.aliases:
            return str(one.arn)
    return ""


def key_of_ciphertext(account: str, region: str, blob: str) -> str:
    """The id of the key that moto encrypted with: it stands at the front of the ciphertext."""
    try:
        front = base64.b64decode(blob or "", validate=True)[:36].decode("ascii")
    except (binascii.Error, ValueError):
        return ""
    return front if key_arn(account, region, front) else ""


def parameter_key(account: str, region: str, name: str) -> str:
    """The ARN of the customer key that encrypts a SecureString; empty for AWS's own key, which needs no permission.

    https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
    """
    backend = stores.existing("ssm", account, region)
    if backend is None:
        return ""
    plain = name.rpartition(":parameter")[2] if name.startswith("arn:") else name
    versions = backend._parameters
    if plain not in versions:
        return ""
    found = versions[plain]  # its `get` would not find a name that starts with a slash
    if not found or found[-1].parameter_type != "SecureString":
        return ""
    used = found[-1].keyid or ""
    return "" if used.endswith("alias/aws/ssm") else key_arn(account, region, used)


def boundary_of(account: str, role: str) -> str:
    """The ARN of a role's permissions boundary; empty when it has none."""
    from workshop.localaws.iam.principals import role_of

    found = role_of(f"arn:aws:iam::{account}:role/{role}") if role else None
    return str(getattr(found, "permissions_boundary_arn", None) or "")


def function_of_mapping(account: str, region: str, uuid: str) -> str:
    """The function of an event source mapping; empty when there is none."""
    functions = lambda_backend.functions()
    found = functions.service.store.region(region).mappings.get(uuid) if functions is not None else None
    return str((found or {}).get("FunctionArn", ""))


def api_tags(account: str, region: str, api: str) -> dict[str, str]:
    """The tags of a REST or HTTP API."""
    backend = stores.existing("apigateway", account, region)
    rest = backend.apis.get(api) if backend else None
    if rest is not None:
        return dict(rest.tags or {})
    backend = stores.existing("apigatewayv2", account, region)
    http = backend.apis.get(api) if backend else None
    return dict(http.backend.get_tags(http.arn)) if http is not None else {}


def secret_arn(account: str, region: str, name: str) -> str:
    """The ARN of a secret named by name or ARN, its six random letters included."""
    if name.startswith("arn:"):
        return name
    backend = stores.existing("secretsmanager", account, region)
    found = backend.secrets.get(name) if backend else None
    arn = getattr(found, "arn", "") if found is not None else ""
    return arn or f"arn:aws:secretsmanager:{region}:{account}:secret:{name}"


def _in_store(service: str, arn: str, get: Any) -> Any:
    parts = arn.split(":", 5)
    backend = stores.existing(service, parts[4], parts[3]) if len(parts) > 5 else None
    return get(backend, parts[5]) if backend else None
