"""What can be known of a package before a deploy: the handler is in it and imports, its size, and no secret in it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from workshop.core.errors import WorkshopError
from workshop.serverless import imports, naming
from workshop.serverless.kinds import is_intrinsic
from workshop.serverless.marks import mark_of
from workshop.serverless.service import Service
from workshop.serverless.zips import Zip

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MOST_UNZIPPED = 262_144_000
_LIVE_KEY = re.compile(rb"\b[sr]k_live_[0-9A-Za-z]{8,}")
_OTHER_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b")


def check_code(service: Service, function: str, zipped: Zip, layers: dict[str, Zip]) -> None:
    """Checks that the handler is in the package, and sizes.

    Raises:
        WorkshopError: it is not, or does not import, or is too large.
    """
    settings = service.functions[function]
    where = str(mark_of(settings, "handler") or "")
    used, foreign = layers_of(service, function)
    total = zipped.unzipped + sum(layers[name].unzipped for name in used)
    if total > MOST_UNZIPPED:
        sizes = zipped.files | {f"{path} (layer {name})": n for name in used for path, n in layers[name].files.items()}
        biggest = sorted(sizes, key=lambda path: -sizes[path])[:3]
        raise WorkshopError(  # AWS counts 1,048,576 bytes a megabyte
            f"The function {function} unpacks to {total / 2**20:.0f} MB with its layers; Lambda allows 250 MB. "
            f"The largest files: {', '.join(biggest)}.",
            where=where,
            fix="Keep files out with package.patterns, or drop a dependency.",
        )
    runtime, handler = service.runtime(function), settings["handler"]
    if runtime.startswith("python"):
        roots = imports.Roots(
            {path: zipped.own.get(path) for path in zipped.files},
            {
                path.removeprefix("python/"): layers[name].own.get(path)
                for name in used
                for path in layers[name].files
                if path.startswith("python/")
            },
            foreign,
        )
        imports.check_handler(handler, roots, where)
    elif runtime.startswith("nodejs"):
        base = handler.rpartition(".")[0]
        if not any(f"{base}{end}" in zipped.files for end in (".js", ".mjs", ".cjs")) and not foreign:
            raise WorkshopError(f"The handler {handler!r} needs {base}.js or .mjs, which is not there.", where=where)
    elif runtime.startswith("provided"):
        inside = "bootstrap" in zipped.files or any("bootstrap" in layers[name].files for name in used)
        if not inside and not foreign:
            raise WorkshopError(
                f"{runtime} starts a file named bootstrap, which is neither in the package nor in a layer.", where=where
            )


def layers_of(service: Service, function: str) -> tuple[list[str], bool]:
    """The layers a function has: those of this service by name, and whether there are others."""
    by_id = {naming.layer_id(name): name for name in service.layers}
    used, foreign = [], False
    for value in service.setting(function, "layers") or []:
        name = by_id.get(value["Ref"]) if is_intrinsic(value) and "Ref" in value else None
        if name:
            used.append(name)
        else:
            foreign = True
    return used, foreign


def check_secrets(zipped: Zip) -> list[str]:
    """Looks through the service's own files for keys. Returns warnings.

    Raises:
        WorkshopError: a live Stripe key is in one.
    """
    warnings = [f"{path} was kept out of {zipped.name}: it looks like a secret" for path in zipped.kept_out]
    for path, file in zipped.own.items():
        content = file.read_bytes() if zipped.files[path] <= 1_000_000 else b""
        live = _LIVE_KEY.search(content)
        if live:
            line = content[: live.start()].count(b"\n") + 1
            raise WorkshopError(
                "A live Stripe key stands in this file.",
                where=f"{path}:{line}",
                fix="Remove it, and roll the key in Stripe's dashboard: whoever has seen it can use it.",
            )
        other = _OTHER_KEY.search(content)
        if other:
            line = content[: other.start()].count(b"\n") + 1
            warnings.append(f"{path}:{line}: this looks like a secret key, and it goes into {zipped.name}")
    return warnings


def check_line_ends(zipped: Zip) -> list[str]:
    """Looks for a carriage return after a program's `#!`, which an editor or a checkout on Windows may have put there.

    Linux looks for an interpreter whose name ends in it, and finds none (https://man7.org/linux/man-pages/man2/execve.2.html).

    Returns:
        A warning for each such file.

    Raises:
        WorkshopError: it is `bootstrap`, which Lambda itself starts.
    """
    warnings = []
    for path, line in _first_lines(zipped):
        if not (line.startswith(b"#!") and line.rstrip(b"\n").endswith(b"\r")):
            continue
        wrong = (
            "The first line ends with a carriage return (CR LF, as Windows writes it), so Linux looks for a program "
            f"named {line[2:].strip().decode('utf-8', 'replace')!r} with that character at its end."
        )
        mend = "Save the file with LF line ends."
        if path == "bootstrap":
            raise WorkshopError(wrong, where=f"{path} ({zipped.name}):1", fix=mend)
        warnings.append(f"{path}:1: {wrong} {mend}")
    return warnings


def _first_lines(zipped: Zip) -> Iterator[tuple[str, bytes]]:
    """The beginnings of the service's own files; of a zip made elsewhere only that of `bootstrap`."""
    for path, file in zipped.own.items():
        with file.open("rb") as opened:
            yield path, opened.readline(512)
    if "bootstrap" in zipped.files and "bootstrap" not in zipped.own:
        with zipfile.ZipFile(io.BytesIO(zipped.content)) as archive, archive.open("bootstrap") as inside:
            yield "bootstrap", inside.readline(512)
