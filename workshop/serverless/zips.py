"""Zips that come out the same every time: sorted, one fixed time, modes that Lambda can read.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import base64
import hashlib
import io
import stat
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from workshop.core import system
from workshop.core.errors import WorkshopError

_WHEN = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold
_PACKED = (".zip", ".png", ".jpg", ".gz", ".whl", ".woff2")


@dataclass
class Zip:
    """A zip in memory.

    Attributes:
        name: its file name.
        content: its bytes.
        files: path -> size in bytes, unzipped, of all it holds.
        own: the paths that come from the service's folder (the rest are installed packages).
        kept_out: files left out because they look like secrets.
        notes: what to say about how it was made.
    """

    name: str
    content: bytes
    files: dict[str, int]
    own: dict[str, Path] = field(default_factory=dict)
    kept_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @cached_property
    def sha256(self) -> str:
        """Base64, as Lambda reports `CodeSha256`."""
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()

    @cached_property
    def sha1(self) -> str:
        """Hexadecimal, as the Framework names layers' contents."""
        return hashlib.sha1(self.content, usedforsecurity=False).hexdigest()

    @property
    def size(self) -> int:
        """Bytes, zipped."""
        return len(self.content)

    @property
    def unzipped(self) -> int:
        """Bytes, unzipped."""
        return sum(self.files.values())


def build(
    name: str, files: Iterable[tuple[str, Path]], base: bytes = b"", base_files: dict[str, int] | None = None
) -> Zip:
    """Zips files, on top of a zip already made (the installed packages).

    Args:
        name: the zip's file name.
        files: path in the zip and file, sorted.
        base: a zip to begin with.
        base_files: what that one holds: path -> size.

    Raises:
        WorkshopError: a file cannot be read, or hides one of an installed package.
    """
    sizes = dict(base_files or {})
    buffer = io.BytesIO(base)
    own: dict[str, Path] = {}
    with zipfile.ZipFile(buffer, "a" if base else "w") as archive:
        for path, file in files:
            if path in sizes:
                raise WorkshopError(
                    f"{path} is a file of the service and of an installed package; only one can be in the zip.",
                    fix="Rename it, or remove the package from requirements.txt.",
                )
            try:
                content = file.read_bytes()
                executable = bool(file.stat().st_mode & stat.S_IXUSR) if system.POSIX else False
            except OSError as error:
                raise WorkshopError(f"{path} cannot be read: {error.strerror}.") from None
            write(archive, path, content, executable or content.startswith(b"#!"))
            sizes[path] = len(content)
            own[path] = file
    return Zip(name, buffer.getvalue(), sizes, own)


def write(archive: zipfile.ZipFile, path: str, content: bytes, executable: bool = False) -> None:
    """Adds one entry that is the same on every machine and at any time."""
    info = zipfile.ZipInfo(path, _WHEN)
    info.create_system = 3  # Unix, also when made on Windows
    info.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
    info.compress_type = zipfile.ZIP_STORED if path.endswith(_PACKED) else zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def read(path: Path, name: str) -> Zip:
    """A zip made elsewhere (`package.artifact`).

    Raises:
        WorkshopError: there is none, or it is not a zip.
    """
    try:
        content = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {info.filename: info.file_size for info in archive.infolist() if not info.is_dir()}
    except OSError as error:
        raise WorkshopError(f"The artifact {name} cannot be read: {error.strerror}.", fix="Build it first.") from None
    except zipfile.BadZipFile:
        raise WorkshopError(f"The artifact {name} is not a zip.") from None
    return Zip(Path(name).name, content, files)
