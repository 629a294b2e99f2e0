"""AWS's resource types and their properties, as AWS publishes them: `schemas.json`, by tools/resource_schemas.py."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Schema:
    """What AWS says of one resource type.

    Attributes:
        properties: name -> the members below it, a list of one such, or None where anything may stand.
        required: properties that must be there.
        create_only: properties whose change makes a new resource.
        conditional: properties whose change makes a new one in some cases; the type's handler knows which.
        read_only: what AWS alone writes; Fn::GetAtt may ask for it.
    """

    properties: dict[str, Any]
    required: tuple[str, ...] = ()
    create_only: tuple[str, ...] = ()
    conditional: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((Path(__file__).parent / "schemas.json").read_text(encoding="utf-8"))
    return loaded


@cache
def schema_of(kind: str) -> Schema:
    """The schema of a type the offline cloud makes; KeyError for any other."""
    about = _table()["types"][kind]
    names = ("required", "create_only", "conditional", "read_only")
    return Schema(about["properties"], *(tuple(about[name]) for name in names))


def known_to_aws(kind: str) -> bool:
    """True for a resource type that AWS has, whether or not the offline cloud makes it."""
    return kind in _table()["types"] or kind in _others()


@cache
def _others() -> frozenset[str]:
    return frozenset(_table()["others"])


def surplus(about: Any, value: Any, path: str = "#") -> tuple[str, str] | None:
    """The first key in a value that its schema has not: where it stands and its name. None when all are known.

    Args:
        about: the schema's members, as `Schema.properties` has them.
        value: what a template gives.
        path: where that stands, as a JSON pointer.
    """
    if isinstance(about, list) and isinstance(value, list):
        for place, one in enumerate(value):
            if found := surplus(about[0], one, f"{path}/{place}"):
                return found
    if not isinstance(about, dict) or not isinstance(value, dict):
        return None
    for name, one in value.items():
        if name not in about:
            return path, name
        if found := surplus(about[name], one, f"{path}/{name}"):
            return found
    return None
