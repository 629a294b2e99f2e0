"""Zips on disk: each unzipped once, safely, into a folder named after its SHA-256."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import stat
import threading
import zipfile
from pathlib import Path, PurePosixPath

from workshop.localaws.faults import AwsError
from workshop.localaws.lambda_api.store import Package

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_ZIPPED_DIRECT = 50 * 1024 * 1024
MAX_UNZIPPED = 262_144_000
UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."


class Packages:
    """The zips of one cloud, under one temporary folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._known: dict[str, Package] = {}

    def add(self, data: bytes) -> Package:
        """Keep and unzip a zip; the same bytes are kept once.

        Raises:
            AwsError: no zip, too large unzipped, or an entry that points outside its folder.
        """
        digest = hashlib.sha256(data)
        name = digest.hexdigest()[:32]
        with self._lock:
            if name in self._known:
                return self._known[name]
            folder, kept = self.root / name, self.root / f"{name}.zip"
            unzipped = unzip(data, folder)
            kept.write_bytes(data)
            package = Package(base64.b64encode(digest.digest()).decode(), len(data), unzipped, kept, folder)
            self._known[name] = package
            return package

    def zip_named(self, name: str) -> bytes | None:
        """The bytes of a kept zip, by the name of its file."""
        with self._lock:
            found = self._known.get(name.removesuffix(".zip"))
        return found.zip_file.read_bytes() if found else None

    def clear(self) -> None:
        """Forget and remove all of them."""
        with self._lock:
            self._known.clear()
            shutil.rmtree(self.root, ignore_errors=True)
            self.root.mkdir(parents=True, exist_ok=True)


def unzip(data: bytes, folder: Path) -> int:
    """Unzip into a new folder; either all of it is there or nothing.

    Returns:
        The size of all files, bytes.

    Raises:
        AwsError: no zip, too large, or an entry that points outside the folder.
    """
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if not entries:
                raise AwsError("InvalidParameterValueException", "Uploaded file must be a non-empty zip")
            if sum(entry.file_size for entry in entries) >= MAX_UNZIPPED:
                raise AwsError(
                    "InvalidParameterValueException", f"Unzipped size must be smaller than {MAX_UNZIPPED} bytes"
                )
            total = sum(_extract(archive, entry, part) for entry in entries if not _is_link(entry))
            for entry in filter(_is_link, entries):  # links last: nothing is ever written through one
                _link(archive, entry, part)
        part.replace(folder)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, EOFError, ValueError):
        raise AwsError("InvalidParameterValueException", UNREADABLE) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return total


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)


def _target(entry: zipfile.ZipInfo, root: Path) -> Path:
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in entry.filename.partition("/")[0]:
        raise AwsError("InvalidParameterValueException", f"{UNREADABLE} {entry.filename!r} points outside the package.")
    return root.joinpath(*name.parts)


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, root: Path) -> int:
    target = _target(entry, root)
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with archive.open(entry) as source, target.open("wb") as sink:
        while chunk := source.read(1 << 20):
            size += len(chunk)
            if size > entry.file_size or size >= MAX_UNZIPPED:  # the directory lied about the size
                raise AwsError(
                    "InvalidParameterValueException", f"Unzipped size must be smaller than {MAX_UNZIPPED} bytes"
                )
            sink.write(chunk)
    mode = (entry.external_attr >> 16) & 0o777
    if mode and os.name == "posix":
        target.chmod(mode | stat.S_IRUSR)
    return size


def _link(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, root: Path) -> None:
    target = _target(entry, root)
    points_to = archive.read(entry).decode("utf-8", "replace")
    aimed = Path(os.path.normpath(target.parent / points_to))
    if Path(points_to).is_absolute() or not aimed.is_relative_to(root):
        raise AwsError(
            "InvalidParameterValueException", f"{UNREADABLE} The link {entry.filename!r} points outside the package."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(points_to)
