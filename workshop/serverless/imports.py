"""Would a handler import? Answered from its source alone, so that no code of the service runs at a deploy."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from workshop.core.errors import WorkshopError
from workshop.serverless.marks import did_you_mean

# What Lambda's Python runtimes bring: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
RUNTIME_MODULES = frozenset(
    [
        "boto3",
        "botocore",
        "s3transfer",
        "jmespath",
        "dateutil",
        "six",
        "urllib3",
        "awslambdaric",
        "simplejson",
        "snapshot_restore_py",
    ]
)


@dataclass
class Roots:
    """Where Python looks at run time: files in the zip and in the service's layers, by their path there.

    `foreign_layers`: the function has layers that are not of this service; what they hold cannot be known here.
    """

    package: dict[str, Path | None] = field(default_factory=dict)
    layers: dict[str, Path | None] = field(default_factory=dict)
    foreign_layers: bool = False

    def find(self, module: str) -> tuple[str, Path | None] | None:
        """A module's path and its file (None when the file is in an installed package)."""
        base = module.replace(".", "/")
        for root in (self.package, self.layers):
            for path in (f"{base}/__init__.py", f"{base}.py"):
                if path in root:
                    return path, root[path]
        return None

    def has_top(self, name: str) -> bool:
        """True when a top-level name is a module, a package, a folder or an extension module."""
        return any(
            path in (f"{name}.py",) or (path.startswith((f"{name}/", f"{name}.")) and not path.endswith(".txt"))
            for root in (self.package, self.layers)
            for path in root
        )


def check_handler(handler: str, roots: Roots, where: str) -> None:
    """Checks that a Python handler's file and function exist and that what they import can be found.

    Args:
        handler: such as `handler.hello` or `src/api.main`.
        roots: where Python looks.
        where: the line of `serverless.yml` that names the handler.

    Raises:
        WorkshopError: with the line of the file, or of the code, that is wrong.
    """
    module, dot, function = handler.rpartition(".")
    if not dot:
        raise WorkshopError(
            f"The handler {handler!r} names no function.", where=where, fix="Write it like file.function: handler.hello"
        )
    if re.match(r"\.|/|[A-Za-z]:", module) or module.endswith(".py"):
        plain = f"{module.lstrip('./').removesuffix('.py')}.{function}"
        raise WorkshopError(
            f"The handler {handler!r} will not do: it is the way from the service's folder to the file, "
            "without .py, then a dot and the function.",
            where=where,
            fix=f"Did you mean {plain}?" if module.removesuffix(".py") and ".." not in module else "",
        )
    path = f"{module.replace('.', '/')}.py"
    found = roots.find(module.replace("/", "."))
    if found is None:
        every = sorted(name[:-3] for name in roots.package if name.endswith(".py"))
        files = [name for name in every if name.count("/") == path.count("/")]
        files = files or [name for name in every if name.rpartition("/")[2] == module.rpartition("/")[2]] or every[:9]
        raise WorkshopError(
            f"The handler {handler!r} needs the file {path}, which is not in the package.",
            where=where,
            fix=did_you_mean(module, files) or "The service has no Python file; add one.",
        )
    shown, file = found
    if file is None:
        return  # the handler is in an installed package
    tree = parse(file, shown)
    names = top_level_names(tree)
    if function not in names and "*" not in names:
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        raise WorkshopError(
            f"The handler {handler!r} needs a function {function!r} in {shown}, which has none of that name.",
            where=where,
            fix=did_you_mean(function, functions or names) or f"Add: def {function}(event, context):",
        )
    for node in tree.body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name == function:
            raise WorkshopError(
                f"{function} is an `async def`; Lambda's Python runtime calls plain functions only.",
                where=f"{shown}:{node.lineno}",
                fix="Write `def`, and asyncio.run(...) inside.",
            )
        if isinstance(node, ast.FunctionDef) and node.name == function:
            _check_arguments(node, shown)
    _check_imports(shown, file, tree, roots, set())


def _check_arguments(node: ast.FunctionDef, shown: str) -> None:
    """Lambda calls a handler with two arguments: https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html"""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = len(positional) - len(arguments.defaults)
    enough = len(positional) >= 2 or arguments.vararg is not None
    if not node.decorator_list and (not enough or needed > 2):
        raise WorkshopError(
            f"{node.name} takes {len(positional)} argument{'' if len(positional) == 1 else 's'}; "
            "Lambda calls a handler with two.",
            where=f"{shown}:{node.lineno}",
            fix=f"Write: def {node.name}(event, context):",
        )


def parse(file: Path, shown: str) -> ast.Module:
    """A file's syntax tree.

    Raises:
        WorkshopError: a syntax error, with its line.
    """
    try:
        return ast.parse(file.read_bytes(), filename=shown)
    except SyntaxError as error:
        line = (error.text or "").strip()
        raise WorkshopError(
            f"Python cannot read this file: {error.msg}" + (f" in {line!r}." if line else "."),
            where=f"{shown}:{error.lineno or 1}",
        ) from None
    except ValueError as error:
        raise WorkshopError(f"Python cannot read this file: {error}.", where=shown) from None


def top_level_names(tree: ast.Module) -> set[str]:
    """The names a module defines when it is imported; `*` when it imports everything of another."""
    names: set[str] = set()
    todo: list[ast.stmt] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
            for block in ("body", "orelse", "finalbody"):
                todo += getattr(node, block, [])
            todo += [statement for handler in getattr(node, "handlers", []) for statement in handler.body]
    return names


def _check_imports(shown: str, file: Path, tree: ast.Module, roots: Roots, seen: set[str]) -> None:
    """Follows the imports that run when a module is imported, through the service's own modules."""
    seen.add(shown)
    for node, module, level in _imports(tree):
        name = _absolute(shown, module, level)
        if not name:
            continue
        found = roots.find(name)
        if found is not None:
            path, other = found
            if other is not None and path not in seen:
                _check_imports(path, other, parse(other, path), roots, seen)
            continue
        top = name.partition(".")[0]
        if level == 0 and (top in sys.stdlib_module_names or top in RUNTIME_MODULES or top == "__future__"):
            continue
        if roots.has_top(top) and level == 0:
            continue  # a package without __init__.py, or an extension module
        if roots.foreign_layers and level == 0:
            continue
        raise WorkshopError(
            f"`import {'.' * level}{module}` finds nothing: {top!r} is neither in the package nor in a layer, nor part "
            "of Lambda's Python runtime.",
            where=f"{shown}:{node.lineno}",
            fix=f"Add {top} to requirements.txt beside serverless.yml, or correct the name.",
        )


def _imports(tree: ast.Module) -> list[tuple[ast.stmt, str, int]]:
    """The imports that run at import time, but not those that the code is prepared to see fail."""
    found: list[tuple[ast.stmt, str, int]] = []
    todo: list[ast.stmt] = list(tree.body)
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.Import):
            found += [(node, alias.name, 0) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node, node.module or "", node.level))
        elif (
            isinstance(node, ast.With | ast.For | ast.While)
            or (isinstance(node, ast.Try) and not node.handlers)
            or isinstance(node, ast.ClassDef)
        ):
            todo += node.body
    return found


def _absolute(shown: str, module: str, level: int) -> str:
    """`from . import x` in `a/b.py` is about `a`."""
    if level == 0:
        return module
    package = shown.removesuffix("/__init__.py") if shown.endswith("/__init__.py") else shown.rpartition("/")[0]
    parts = package.split("/") if package else []
    if level - 1 > len(parts) or not parts:
        return module
    base = parts[: len(parts) - (level - 1)]
    return ".".join([*base, *([module] if module else [])])
