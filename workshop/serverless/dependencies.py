"""A service's `requirements.txt`: which packages it means, from what is installed here where that will do.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html#python-package-dependencies
https://packaging.python.org/en/latest/specifications/dependency-specifiers/
"""

from __future__ import annotations

import hashlib
import importlib.metadata as metadata
import io
import json
import re
import sys
import zipfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement

from workshop.core import text_files
from workshop.core.errors import WorkshopError
from workshop.serverless import wheels, zips

# In Lambda's Python runtimes already: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
IN_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath")
_NOT_NEEDED = re.compile(r"(^|/)(__pycache__|tests?)/|\.py[cod]$|\.pyi$|(^|/)py\.typed$|^\.\./|^bin/|^/")
_COMPILED = re.compile(r"\.(so|pyd|dylib)$")
_METADATA = ("METADATA", "entry_points.txt")  # what importlib.metadata reads at run time


@dataclass
class Target:
    """What a package must run on: `python` such as `3.12`; `here` when functions run on this machine."""

    python: str
    here: bool


@dataclass
class Installed:
    """The packages of a `requirements.txt`, as the beginning of a zip."""

    content: bytes = b""
    files: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


def canonical(name: str) -> str:
    """A package's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirements(path: Path, shown_as: str, seen: frozenset[Path] = frozenset()) -> list[tuple[Requirement, str]]:
    """The requirements of a file with their places.

    Raises:
        WorkshopError: a line is something that cannot be packaged, or is no requirement.
    """
    found: list[tuple[Requirement, str]] = []
    lines = text_files.read(path, shown_as).splitlines()
    for number, raw in enumerate(lines, 1):
        where = f"{shown_as}:{number}"
        line = re.sub(r"(^|\s)#.*", "", raw).strip()
        line = re.sub(r"\s+--hash=\S+|\s*\\$", "", line).strip()
        if not line:
            continue
        nested = re.match(r"(?:-r|--requirement)[ =]+(\S+)", line)
        if nested:
            other = (path.parent / nested[1]).resolve()
            if other in seen:
                continue
            found += read_requirements(other, nested[1], seen | {path.resolve()})
        elif line.startswith("-"):
            raise WorkshopError(
                f"{line!r} is an option that packaging does not support.", where=where, fix="Remove it."
            )
        else:
            try:
                requirement = Requirement(line)
            except InvalidRequirement:
                raise WorkshopError(
                    f"{line!r} is not a package's name with an optional version.",
                    where=where,
                    fix="Write it like stripe>=12 (no folders, no addresses).",
                ) from None
            if requirement.url:
                raise WorkshopError(
                    f"{requirement.name} is asked for by its address.", where=where, fix="Use its name."
                )
            found.append((requirement, where))
    return found


def install(path: Path, shown_as: str, target: Target, prefix: str = "") -> Installed:
    """The packages a `requirements.txt` means, zipped below `prefix`; worked out once, then cached.

    Args:
        path: the file.
        shown_as: its name in messages.
        target: what they must run on.
        prefix: `python/` for a layer.

    Raises:
        WorkshopError: a package has no wheel for Lambda, or cannot be fetched.
    """
    wanted = read_requirements(path, shown_as)
    result = Installed()
    roots = []
    for requirement, _ in wanted:
        if requirement.marker and not requirement.marker.evaluate(_environment(target)):
            continue
        pinned = any(spec.operator in ("==", "===") for spec in requirement.specifier)
        if canonical(requirement.name) in IN_RUNTIME and not pinned:
            result.notes.append(f"{requirement.name} is part of Lambda's runtime and was left out; pin it to bundle it")
            continue
        roots.append(requirement)
    if not roots:
        return result
    found = _closure(roots, target)
    if found is None:
        try:
            texts = [str(requirement) for requirement in roots]
            result.content = wheels.download(texts, target.python, prefix, shown_as)
            result.notes.append(f"packages fetched for Lambda (Python {target.python}, manylinux)")
        except WorkshopError:
            # Functions that run on this machine can do with what runs on this machine.
            found = _closure(roots, target, any_python=True) if target.here else None
            if found is None:
                raise
    if found is not None:
        result.content = _from_here(found, prefix)
        result.names = set(found)
        result.notes.append("packages taken from this environment: " + _versions(found))
    with zipfile.ZipFile(io.BytesIO(result.content)) as archive:
        result.files = {info.filename: info.file_size for info in archive.infolist()}
    return result


def _from_here(distributions: dict[str, metadata.Distribution], prefix: str) -> bytes:
    key = _key(distributions, prefix)
    content = wheels.cached(key)
    if content is None:
        content = _zip_installed(distributions, prefix)
        wheels.keep(key, content)
    return content


def _versions(distributions: dict[str, metadata.Distribution]) -> str:
    return ", ".join(f"{name} {dist.version}" for name, dist in sorted(distributions.items()))


def _environment(target: Target) -> dict[str, str]:
    """Markers are about where the code will run, not about this machine."""
    return {
        "python_version": target.python,
        "python_full_version": f"{target.python}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }


@lru_cache(maxsize=256)
def _installed(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def _closure(
    roots: list[Requirement], target: Target, *, any_python: bool = False
) -> dict[str, metadata.Distribution] | None:
    """All packages needed, from this environment; None when one is missing, of another version, or not for Lambda.

    Args:
        any_python: take what is compiled for this machine's Python, whatever the runtime's.
    """
    found: dict[str, metadata.Distribution] = {}
    todo = [(requirement, frozenset(requirement.extras)) for requirement in roots]
    done: set[tuple[str, frozenset[str]]] = set()
    while todo:
        requirement, extras = todo.pop()
        name = canonical(requirement.name)
        distribution = _installed(name)
        if distribution is None or not requirement.specifier.contains(distribution.version, prereleases=True):
            return None
        if not _fits(distribution, target, any_python):
            return None
        found[name] = distribution
        if (name, extras) in done:
            continue
        done.add((name, extras))
        for text in distribution.requires or []:
            needed = Requirement(text)
            chosen = ["", *extras]
            environment = _environment(target)
            if needed.marker and not any(needed.marker.evaluate(environment | {"extra": extra}) for extra in chosen):
                continue
            if canonical(needed.name) not in IN_RUNTIME:
                todo.append((needed, frozenset(needed.extras)))
    return found


def _fits(distribution: metadata.Distribution, target: Target, any_python: bool) -> bool:
    """Pure Python runs everywhere; compiled code only where it was installed for."""
    wheel = distribution.read_text("WHEEL") or ""
    tags = re.findall(r"^Tag: (\S+)$", wheel, re.M)
    if not distribution.files or not tags or distribution.read_text("direct_url.json"):
        return False  # an editable or otherwise unusual installation
    if all(tag.endswith("-none-any") for tag in tags) or _has_twins(distribution):
        return True
    same = target.python == f"{sys.version_info[0]}.{sys.version_info[1]}"
    return target.here and (same or any_python or any("-abi3-" in tag for tag in tags))


def _has_twins(distribution: metadata.Distribution) -> bool:
    """True when every compiled module is a faster copy of a Python module that comes along (mypyc builds those)."""
    files = {PurePosixPath(file).as_posix() for file in distribution.files or []}
    compiled = [file for file in files if _COMPILED.search(file)]
    return bool(compiled) and all(_twin(file) in files or "__mypyc." in file for file in compiled)


def _twin(compiled: str) -> str:
    folder, slash, name = compiled.rpartition("/")
    return f"{folder}{slash}{name.partition('.')[0]}.py"


def _key(distributions: dict[str, metadata.Distribution], prefix: str) -> str:
    """Names the content: packages, versions, and the hashes that their installation recorded."""
    records = {name: [dist.version, dist.read_text("RECORD") or ""] for name, dist in distributions.items()}
    return hashlib.sha256(json.dumps([3, prefix, records], sort_keys=True).encode()).hexdigest()


def _zip_installed(distributions: dict[str, metadata.Distribution], prefix: str) -> bytes:
    entries: dict[str, Path] = {}
    for distribution in distributions.values():
        twins = _has_twins(distribution)
        for file in distribution.files or []:
            path = PurePosixPath(file).as_posix()
            if twins and _COMPILED.search(path):
                continue
            about = path.partition("/")[0].endswith(".dist-info")
            if _NOT_NEEDED.search(path) or (about and path.rpartition("/")[2] not in _METADATA):
                continue
            entries[prefix + path] = Path(str(distribution.locate_file(file)))
    present = [(path, entries[path]) for path in sorted(entries) if entries[path].is_file()]
    return zips.build("packages.zip", present).content
