"""A layer must not hide a module of Python itself: every function with it would fail at its first import.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html#python-package-searchpath
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from workshop.core.errors import WorkshopError

# What Lambda puts on Python's path of a layer: /opt/python and /opt/python/lib/python3.x/site-packages
_ROOTS = re.compile(r"python/(?:lib/python3\.\d+/site-packages/)?(?P<top>[^/]+?)(?:\.py|\.so|/.*)")


def check_layer(name: str, files: Iterable[str], where: str) -> None:
    """Refuses a layer with a module that is named like one of Python's own.

    Args:
        name: the layer's name in the file.
        files: the paths in its zip.
        where: its place in the file.

    Raises:
        WorkshopError: names the file.
    """
    for path in files:
        found = _ROOTS.fullmatch(path)
        if found and found["top"] in sys.stdlib_module_names:
            raise WorkshopError(
                f"The layer {name} holds {path}, which would hide Python's own module {found['top']!r} from every "
                "function that uses the layer.",
                where=where,
                fix="Give it another name.",
            )
