"""The file as the tool reads it: variables resolved, secrets hidden."""

from __future__ import annotations

import json
from typing import Any

import yaml

from workshop.core.errors import WorkshopError
from workshop.serverless.marks import did_you_mean, plain
from workshop.serverless.service import Service

HIDDEN = "******** (SecureString)"


class _Dumper(yaml.SafeDumper):
    """Writes lists below their key, indented, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def resolved(service: Service, path: str = "") -> Any:
    """The resolved file, or what stands at a path of it such as `provider.stage`. Secrets are hidden.

    Raises:
        WorkshopError: nothing stands at the path.
    """
    value: Any = plain(service.config)
    for part in [part for part in path.split(".") if part]:
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            keys = [str(key) for key in (value if isinstance(value, dict) else [])]
            raise WorkshopError(f"Nothing stands at {path!r}.", fix=did_you_mean(part, keys), used_wrongly=True)
    return _masked(value, service.secrets)


def as_text(service: Service, path: str = "", form: str = "yaml") -> str:
    """The same as text: `yaml`, `json` or `text` (a list line by line, a mapping's keys)."""
    value = resolved(service, path)
    if form == "json":
        return json.dumps(value, indent=2, ensure_ascii=False)
    if form == "text" or not isinstance(value, (dict, list)):
        if isinstance(value, (dict, list)):
            return "\n".join(str(item) for item in value)
        return "true" if value is True else "false" if value is False else str(value)
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110).rstrip()


def _masked(value: Any, secrets: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {key: _masked(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, secrets) for item in value]
    if isinstance(value, str) and secrets:
        for secret in sorted(secrets, key=len, reverse=True):
            if secret:
                value = value.replace(secret, HIDDEN)
    return value
