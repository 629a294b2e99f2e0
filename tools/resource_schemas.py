"""Writes `workshop/localaws/cloudformation/resources/schemas.json`: AWS's resource types and their properties, as data.

The source is AWS's own published resource provider schemas
(https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html). The package `cfn-lint`
carries a dated copy of them, so no account and no other download is needed:

    python -m pip install cfn-lint
    python tools/resource_schemas.py

Kept of each type the workshop makes: its properties with the members below them, which are required, which cannot be
changed (`create_only`), which only sometimes (`conditional`), and which AWS alone writes (`read_only`). Of all other
types only the name: so a template is told "AWS knows this, the offline cloud does not" instead of "unrecognized".
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "workshop" / "localaws" / "cloudformation" / "resources" / "schemas.json"
REGION = "eu-west-1"
DEEPEST = 6  # schemas may refer to themselves


def main() -> int:
    """Reads cfn-lint's copy, writes the table. Returns the exit code."""
    found = importlib.util.find_spec("cfnlint")
    if found is None or found.origin is None:
        print("Install cfn-lint first: python -m pip install cfn-lint", file=sys.stderr)
        return 1
    folder = Path(found.origin).parent / "data" / "schemas"
    date = json.loads((folder / "version.json").read_text(encoding="utf-8"))["schema_date"][:10]
    files = json.loads((folder / "providers" / f"{REGION}.json").read_text(encoding="utf-8"))
    sys.path.insert(0, str(ROOT))
    from workshop.localaws.cloudformation.resources import REGISTRY

    types = {}
    for kind in sorted(set(REGISTRY) & set(files)):
        schema = json.loads((folder / "resources" / f"{files[kind]}.json").read_text(encoding="utf-8"))
        types[kind] = table(schema)
    others = sorted(set(files) - set(types))
    about = {"source": "AWS's resource provider schemas, as carried by cfn-lint", "date": date, "region": REGION}
    # A line a type, so that a difference between two dates can be read.
    lines = ",\n".join(f"  {json.dumps(kind)}: {json.dumps(schema)}" for kind, schema in types.items())
    head = json.dumps(about)[:-1]
    text = f'{head},\n "types": {{\n{lines}\n }},\n "others": {json.dumps(others)}}}\n'
    json.loads(text)
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(types)} types of {date}, and the names of {len(others)} others")
    return 0


def table(schema: dict[str, Any]) -> dict[str, Any]:
    """One type, as the workshop keeps it."""
    read_only = tops(schema, "readOnlyProperties", nested=True)
    return {
        "properties": {
            name: members(schema, about, DEEPEST)
            for name, about in sorted(schema["properties"].items())
            if name not in read_only
        },
        "required": sorted(schema.get("required", [])),
        "create_only": tops(schema, "createOnlyProperties"),
        "conditional": tops(schema, "conditionalCreateOnlyProperties"),
        "read_only": read_only,
    }


def tops(schema: dict[str, Any], key: str, *, nested: bool = False) -> list[str]:
    """The properties a list of JSON pointers names; members below a property only where `nested` asks for them, with
    dots, as Fn::GetAtt has them."""
    paths = [pointer.removeprefix("/properties/").split("/") for pointer in schema.get(key, [])]
    return sorted({".".join(path) for path in paths if nested or len(path) == 1})


def members(schema: dict[str, Any], about: dict[str, Any], deep: int) -> Any:
    """What may stand in a value: the names below it, a list of one such, or null where anything may."""
    if "$ref" in about:
        there: Any = schema
        for part in about["$ref"].removeprefix("#/").split("/"):
            there = there[part]
        return members(schema, there, deep) if deep else None
    if "items" in about and deep:
        return [members(schema, about["items"], deep - 1)]
    if about.get("properties") and about.get("additionalProperties", False) is False and deep:
        return {name: members(schema, one, deep - 1) for name, one in sorted(about["properties"].items())}
    return None


if __name__ == "__main__":
    sys.exit(main())
