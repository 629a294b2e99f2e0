"""The one reader of text files: UTF-8 with or without a byte-order mark, UTF-16 with one. Anything else is refused.

PowerShell's `>` writes UTF-16 with a mark, and Windows' editors put a mark before UTF-8
(https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_character_encoding).
The mark is never part of the text. A file that is changed keeps its encoding and its ends of lines.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from workshop.core import renaming
from workshop.core.errors import WorkshopError
from workshop.core.paths import is_folder, reason

LARGEST = 20_000_000  # bytes; the largest text that a service or an event may need is 10 MB
_MARKS = (
    (codecs.BOM_UTF32_LE, ""),  # begins like UTF-16's mark: looked for first
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


_HANDED_OVER = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")  # what a shell makes of <(…)


@dataclass(frozen=True)
class Text:
    """A text file's content, and how it was written.

    Attributes:
        text: its text, every line ended by a line feed alone.
        encoding: the encoding's name.
        mark: the byte-order mark it began with; empty without one.
        newline: how its lines end.
    """

    text: str
    encoding: str = "utf-8"
    mark: bytes = b""
    newline: str = "\n"

    def encoded(self, text: str) -> bytes:
        """Another text, written the same way."""
        return self.mark + text.replace("\n", self.newline).encode(self.encoding)


def read(path: Path, shown_as: str = "", *, largest: int = LARGEST) -> str:
    """A file's text.

    Args:
        path: the file.
        shown_as: its name in messages; the path when left out.
        largest: bytes; a larger file is refused.

    Raises:
        WorkshopError: it cannot be read, is too large, or is no text; one paragraph that names the file.
    """
    return load(path, shown_as, largest=largest).text


def load(path: Path, shown_as: str = "", *, largest: int = LARGEST) -> Text:
    """A file's text with how it was written, to change it and write it back; see `read`."""
    name = shown_as or str(path)
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind) and not str(path).startswith(_HANDED_OVER):
            raise ValueError("it is a device or a pipe, not a file")  # opening one may wait for ever
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except (OSError, RuntimeError, ValueError) as error:
        why = "it is a folder, not a file" if is_folder(path) else reason(error)
        raise WorkshopError(f"The file cannot be read: {why}.", where=name, used_wrongly=True) from None
    if len(data) > largest:
        raise WorkshopError(
            f"The file is larger than {largest / 1e6:,.0f} MB, which no text here needs.", where=name, used_wrongly=True
        )
    return decode(data, name)


def decode(data: bytes, name: str) -> Text:
    """Bytes as text.

    Args:
        data: a whole file.
        name: the file's name, for the message.

    Raises:
        WorkshopError: they are no text in UTF-8 or UTF-16; says at which line.
    """
    mark, encoding = next(((mark, kind) for mark, kind in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    body = data[len(mark) :]
    try:
        if not encoding:
            raise UnicodeDecodeError("utf-32", data, 0, 4, "UTF-32")
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise WorkshopError(
            f"The file is not text in UTF-8 (line {line}).", where=name, fix="Save it as UTF-8 in your editor."
        ) from None
    if "\0" in text:
        raise WorkshopError(
            "The file holds NUL characters, so it is no text (or it is UTF-16 without a byte-order mark).",
            where=name,
            fix="Save it as UTF-8 in your editor.",
        )
    newline = "\r\n" if "\r\n" in text else "\n"
    return Text(text.replace("\r\n", "\n"), encoding, mark, newline)


def write(path: Path, text: str, like: Text | None = None) -> None:
    """Writes a file whole or not at all: beside it first, then renamed over it. Its mode and links stay.

    Args:
        path: the file; a link is followed.
        text: its new text.
        like: what `load` gave, to keep its encoding and its ends of lines.

    Raises:
        WorkshopError: it cannot be written; what was there is as it was.
    """
    name, made = str(path), ""
    try:
        target = path.resolve()
        content = (like or Text("")).encoded(text)
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(13, "Permission denied")
        made = str(target.parent / f".{target.name[:40]}.{secrets.token_hex(4)}.new")
        descriptor = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        if target.exists():
            shutil.copymode(target, made)
        renaming.replace(made, target)
    except UnicodeEncodeError:
        raise WorkshopError("The new text holds half a character, which no file can.", where=name) from None
    except (OSError, RuntimeError, ValueError) as error:
        raise WorkshopError(f"The file cannot be written: {reason(error)}. It is as it was.", where=name) from None
    finally:
        if made:
            with contextlib.suppress(OSError):
                Path(made).unlink(missing_ok=True)
