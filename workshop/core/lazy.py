"""Names of a package that are loaded when they are first used (PEP 562), so that importing it costs nothing.

A package says its public names once, in imports that only type checkers and editors carry out:

    from typing import TYPE_CHECKING

    from workshop.core.lazy import attach

    if TYPE_CHECKING:
        from workshop.show.views import Code, Table

    __all__, __getattr__, __dir__ = attach(__name__, __file__)

So completion and "go to definition" know each name's type, and at run time the same lines say where it lives.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any


@cache
def homes(file: str) -> dict[str, tuple[str, str]]:
    """Where the public names of a package live: name -> (module, its name there).

    Args:
        file: the package's `__file__`.
    """
    found: dict[str, tuple[str, str]] = {}
    for node in ast.parse(Path(file).read_text(encoding="utf-8")).body:
        if not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            continue
        for line in node.body:
            if isinstance(line, ast.ImportFrom) and line.module:
                found |= {alias.asname or alias.name: (line.module, alias.name) for alias in line.names}
    return found


def load(package: str, file: str, name: str) -> Any:
    """One public name of a package, imported now.

    Args:
        package: its `__name__`.
        file: its `__file__`.
        name: the name that was asked for.

    Raises:
        AttributeError: the package has no such name.
    """
    if name not in homes(file):
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    module, there = homes(file)[name]
    # `from workshop import show`, in workshop itself, names a module inside it.
    value = import_module(f"{module}.{there}") if module == package else getattr(import_module(module), there)
    setattr(sys.modules[package], name, value)
    return value


def attach(package: str, file: str) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """What a package needs for its `__all__`, `__getattr__` and `__dir__`.

    Args:
        package: its `__name__`.
        file: its `__file__`. No module in the package may be called like one of its names: importing it would put
            the module in the name's place.
    """
    public = sorted(homes(file))
    return public, lambda name: load(package, file, name), lambda: public
