"""Zips on disk: each unzipped once, safely, into a folder named after its SHA-256."""

from __future__ import annotations

import base64
import hashlib
import shutil
import threading
from pathlib import Path

from workshop.core.unzip import BadZip, Empty, TooLarge, unzip
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
            AwsError: no zip, too large unzipped, or one that cannot be unpacked safely.
        """
        digest = hashlib.sha256(data)
        name = digest.hexdigest()[:32]
        with self._lock:
            if name in self._known:
                return self._known[name]
            folder, kept = self.root / name, self.root / f"{name}.zip"
            unzipped = unpack(data, folder)
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


def unpack(data: bytes, folder: Path) -> int:
    """Unzip into a new folder; either all of it is there or nothing.

    Returns:
        The size of all files, bytes.

    Raises:
        AwsError: no zip, too large, or one that cannot be unpacked safely; ServiceException when the disk is full.
    """
    try:
        return unzip(data, folder, most=MAX_UNZIPPED)
    except Empty:
        raise AwsError("InvalidParameterValueException", "Uploaded file must be a non-empty zip") from None
    except TooLarge:
        message = f"Unzipped size must be smaller than {MAX_UNZIPPED} bytes"
        raise AwsError("InvalidParameterValueException", message) from None
    except BadZip as error:
        raise AwsError("InvalidParameterValueException", f"{UNREADABLE} {error}") from None
    except OSError as error:
        why = f"This machine cannot keep the package: {error.strerror}."
        raise AwsError("ServiceException", why, 500) from None
