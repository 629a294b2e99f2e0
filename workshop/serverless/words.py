"""The tool's output as text, in the Framework's words where it has good ones."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workshop.serverless.deployment import Deployment
    from workshop.serverless.packaging import Package

_PLAIN = {"✔": "OK", "✖": "FAILED", "…": "...", "→": "->"}


def fit(text: str, stream: Any = None) -> str:
    """The text as a terminal can show it: signs it cannot encode become ASCII."""
    encoding = getattr(stream or sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
        return text
    except (UnicodeEncodeError, LookupError):
        for sign, word in _PLAIN.items():
            text = text.replace(sign, word)
        return text.encode("ascii", "replace").decode("ascii")


def size(count: int) -> str:
    """Bytes as people say them: `999 B`, `1.2 kB`, `3.4 MB`."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def deployed(deployment: Deployment) -> str:
    """What a deploy or `info` prints: endpoints, functions with sizes, layers, schedules."""
    lines = []
    if len(deployment.endpoints) == 1:
        lines.append(f"endpoint: {deployment.endpoints[0]}")
    elif deployment.endpoints:
        lines += ["endpoints:", *(f"  {endpoint}" for endpoint in deployment.endpoints)]
    if deployment.functions:
        lines.append("functions:")
        for name, arn in deployment.functions.items():
            extra = f" ({size(deployment.sizes[name])})" if name in deployment.sizes else ""
            lines.append(f"  {name}: {arn.rpartition(':')[2]}{extra}")
    if deployment.layers:
        lines += ["layers:", *(f"  {name}: {arn}" for name, arn in deployment.layers.items())]
    if deployment.schedules:
        lines += ["schedules:", *(f"  {schedule.line()}" for schedule in deployment.schedules)]
    return "\n".join(lines)


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def packaged(package: Package) -> str:
    """What `package` prints: zips with their contents, and schedules."""
    lines = []
    for one in package.zips.values():
        lines.append(f"{one.name}: {size(one.size)} zipped, {size(one.unzipped)} unzipped, {_files(len(one.files))}")
        lines += [f"  {path} ({size(one.files[path])})" for path in sorted(one.own)]
        installed = len(one.files) - len(one.own)
        if installed and one.own:
            lines.append(f"  and {_files(installed)} of installed packages")
    if package.schedules:
        lines += ["schedules:", *(f"  {schedule.line()}" for schedule in package.schedules)]
    lines += [f"note: {note}" for note in package.notes]
    return "\n".join(lines)
