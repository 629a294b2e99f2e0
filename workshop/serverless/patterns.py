"""Which files go into a package: defaults, then the file's own patterns, in order, the last match deciding.

https://www.serverless.com/framework/docs/providers/aws/guide/packaging
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from workshop.core.errors import WorkshopError
from workshop.core.paths import shown

# Folders that are never needed at run time; some are huge, so they are not even looked into.
_FOLDERS = frozenset(
    [
        ".git",
        ".hg",
        ".svn",
        ".serverless",
        "__pycache__",
        ".venv",
        "venv",
        "env",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".ipynb_checkpoints",
        ".idea",
        ".vscode",
        ".aws",
        ".workshop",
        "node_modules",
    ]
)
_DEFAULTS = (
    "!**/*.py[cod]",
    "!**/.DS_Store",
    "!**/.coverage",
    "!**/*.egg-info/**",
    "!.gitignore",
    "!.gitattributes",
    "!.dockerignore",
    "!serverless.{yml,yaml,json}",
    "!serverless.*.{yml,yaml,json}",
    "!README*",
    "!tests/**",
    "!test/**",
    "!**/test_*.py",
    "!**/*_test.py",
    "!**/conftest.py",
    "!requirements*.txt",
    "!**/requirements.txt",
)
# What looks like a secret stays out unless a pattern names it.
SECRETS = (
    "**/.env",
    "**/.env.*",
    "**/*.pem",
    "**/*.key",
    "**/*.p12",
    "**/*.pfx",
    "**/id_rsa*",
    "**/id_ed25519*",
    "**/credentials",
    "**/credentials.json",
    "**/.netrc",
    "**/.npmrc",
    "**/.pypirc",
)


@lru_cache(maxsize=1024)
def regex_of(pattern: str) -> re.Pattern[str]:
    """A glob (`*`, `**`, `?`, `[a-z]`, `{a,b}`) as a regular expression over paths with forward slashes."""
    out, at, depth = "", 0, 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**/", at):
            out += "(?:.*/)?"
            at += 3
            continue
        if pattern.startswith("**", at):
            out += ".*"
            at += 2
            continue
        if char == "[" and "]" in pattern[at + 1 :]:
            end = pattern.index("]", at + 1)
            out += "[" + pattern[at + 1 : end].replace("!", "^", 1).replace("\\", "\\\\").replace("[", "\\[") + "]"
            at = end + 1
            continue
        if char == "{":
            out, depth = out + "(?:", depth + 1
        elif char == "}" and depth:
            out, depth = out + ")", depth - 1
        elif char == "," and depth:
            out += "|"
        else:
            out += {"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char))
        at += 1
    try:
        return re.compile(out + ")" * depth)
    except (re.error, RecursionError, OverflowError) as error:
        raise WorkshopError(
            f"The pattern {shown(pattern)} cannot be understood: {error}.",
            where="package.patterns",
            fix="Write it like src/**, *.py or [a-z]*; a range goes from the smaller letter to the larger.",
        ) from None


class Selection:
    """Which of a folder's files are wanted.

    Args:
        patterns: the file's own, `!` in front of those to keep out.
        without: folders of the service that are packaged elsewhere (its layers).
        node: keep `node_modules`.
    """

    def __init__(self, patterns: Iterable[str] = (), without: Iterable[str] = (), *, node: bool = False) -> None:
        self.own = [_clean(pattern) for pattern in patterns]
        self.rules = [*_DEFAULTS, *(f"!{folder.strip('./')}/**" for folder in without if folder.strip("./")), *self.own]
        self.wanted_folders = {rule.split("/")[0] for rule in self.own if not rule.startswith("!") and "/" in rule}
        self.skipped = _FOLDERS - self.wanted_folders - ({"node_modules"} if node else set())
        self.kept_out: list[str] = []

    def files(self, root: Path) -> Iterator[tuple[str, Path]]:
        """The wanted files below a folder, as (path in the zip, file), sorted. Secrets left out land in `kept_out`."""
        self.kept_out = []
        for name, path in sorted(_walk(root, "", self.skipped, {root.resolve()})):
            if is_secret(name) and not self._named(name):
                self.kept_out.append(name)
            elif self.wants(name):
                yield name, path

    def wants(self, name: str) -> bool:
        """True when the last rule that matches a path wants it, or none matches."""
        wanted = True
        for rule in self.rules:
            negative = rule.startswith("!")
            if wanted == negative and regex_of(rule[negative:]).fullmatch(name):
                wanted = not negative
        return wanted

    def _named(self, name: str) -> bool:
        """A secret is packaged only when a pattern without wildcards names it."""
        return name in self.own


def is_secret(name: str) -> bool:
    """True for a file that by its name holds secrets."""
    if name.endswith((".example", ".sample", ".template")):
        return False
    return any(regex_of(pattern).fullmatch(name) for pattern in SECRETS)


def _clean(pattern: str) -> str:
    negative = pattern.startswith("!")
    body = pattern[negative:].replace("\\", "/")
    body = body.removeprefix("./")
    if body.endswith("/"):
        body += "**"
    return ("!" if negative else "") + body


def _walk(folder: Path, prefix: str, skipped: frozenset[str], seen: set[Path]) -> Iterator[tuple[str, Path]]:
    for entry in os.scandir(folder):
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            path = Path(entry.path)
            if entry.name in skipped or (path / "pyvenv.cfg").exists():
                continue
            real = path.resolve()
            if entry.is_symlink() and real in seen:
                continue
            yield from _walk(path, f"{name}/", skipped, seen | {real})
        elif entry.is_file():
            yield name, Path(entry.path)
