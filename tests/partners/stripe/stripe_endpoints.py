"""Every address that the locked stripe library calls. Run it to write the stand-in's list anew:

python -m tests.partners.stripe.stripe_endpoints
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import stripe

LIST = Path(__file__).parents[3] / "workshop" / "partners" / "stripe" / "endpoints.json"
CALL = re.compile(r'"(get|post|delete)",\s+"(/v[12]/[^"]+)"')


def in_the_library() -> list[str]:
    """`GET /v1/charges/{}`: method and address of each call, read from the library's sources."""
    found: set[str] = set()
    for source in Path(stripe.__file__).parent.rglob("*.py"):
        for method, path in CALL.findall(source.read_text(encoding="utf-8")):
            found.add(f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}")
    return sorted(found, key=lambda each: (each.split()[1], each))


if __name__ == "__main__":
    LIST.write_text(json.dumps(in_the_library(), indent=1) + "\n", encoding="utf-8")
