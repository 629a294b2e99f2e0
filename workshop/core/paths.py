"""Names and paths as a reader gives them: checked first, acted on then. Nothing a reader made is ever deleted.

Three rules, for every door that renames, overwrites or removes:

* a name is a name: one folder's, without a way out of where it belongs (`folder_name`);
* a path is followed through every link, and must end where the door may write (`inside`);
* what stands in the way is moved aside, not deleted (`set_aside`).
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable
from pathlib import Path

from workshop.core import renaming
from workshop.core.errors import WorkshopError
from workshop.core.inert import inert

LONGEST_NAME = 100  # letters; file systems take 255 bytes, and what is made inside needs room too
LONGEST_PATH = 4096
# Windows opens a device for these, whatever folder they are looked for in.
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?", re.IGNORECASE)
_SIGNS = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')


def shown(value: object, longest: int = 80) -> str:
    """A value as a message may quote it: on one line, not endless, and without signs that a terminal would obey."""
    try:
        text = repr(value)
    except Exception:  # a number of thousands of digits, or an object of the reader's own, with a broken __repr__
        text = f"a {type(value).__name__}"
    text = inert(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def path_of(given: object, what: str = "a path") -> Path:
    """A path as it was given, when it can be one.

    Args:
        given: what the reader gave; text or a `Path`.
        what: what belongs there, for the message: `a service's folder`.

    Raises:
        WorkshopError: it is no text, it is empty, or no system could have such a path.
    """
    if not isinstance(given, (str, os.PathLike)) or isinstance(os.fspath(given), bytes):
        raise WorkshopError(
            f"{shown(given)} is not {what}: that is text, or a Path.",
            fix='Write it in quotes, such as "demo_lambdas/hello_world".',
            used_wrongly=True,
        )
    text = os.fspath(given)
    wrong = _cannot_be_a_path(text)
    if wrong:
        raise WorkshopError(f"{shown(text)} is not {what}: {wrong}.", fix="Check the name.", used_wrongly=True)
    return Path(text)


def _cannot_be_a_path(text: str) -> str:
    if not text.strip():
        return "it is empty"
    if "\0" in text:
        return "it holds a NUL character"
    if len(text) > LONGEST_PATH:
        return f"it is {len(text):,} letters long"
    try:
        os.fsencode(text).decode("utf-8", "surrogateescape")
        text.encode("utf-8")
    except UnicodeError:
        return "it holds half a character, which no file's name can"
    return ""


def folder_name(given: object, what: str = "a name") -> str:
    """The name of one new folder, good on every system.

    Args:
        given: what the reader gave.
        what: what it is a name of, for the message.

    Raises:
        WorkshopError: it is no name, or it is a path.
    """
    if not isinstance(given, str):
        raise WorkshopError(
            f"{shown(given)} is not {what}: that is text.",
            fix='Write it in quotes, such as "hello-world".',
            used_wrongly=True,
        )
    if given in ("", ".", "..") or not given.strip():
        wrong = "it names no folder"
    elif _SIGNS.search(given) or not given.isprintable():
        wrong = "a folder's name has no slashes, colons, quotes or control characters"
    elif given != given.strip(" ") or given.endswith("."):
        wrong = "a folder's name has no blanks around it, and no dot at its end"
    elif given.startswith((".", "~", "-")):
        wrong = "it begins with a sign that hides it, or that a shell reads as something else"
    elif _DEVICES.fullmatch(given):
        wrong = "Windows keeps that name for a device"
    elif len(given) > LONGEST_NAME or len(given.encode("utf-8")) > 200:
        wrong = f"it is longer than {LONGEST_NAME} letters"
    else:
        return given
    raise WorkshopError(f"{shown(given)} is not {what}: {wrong}.", fix="Choose another name.", used_wrongly=True)


def is_folder(path: Path) -> bool:
    """True for a folder that can be looked at; False also for a name that no file system takes, or a link to itself."""
    try:
        return path.is_dir()
    except (OSError, RuntimeError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """True for a file that can be looked at; False as in `is_folder`."""
    try:
        return path.is_file()
    except (OSError, RuntimeError, ValueError):
        return False


def resolved(path: Path) -> Path:
    """Where a path leads through every link; what is not there yet counts as a plain name.

    Raises:
        WorkshopError: it cannot be followed: a link leads to itself, or a name is too long.
    """
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # before Python 3.13 a loop is a RuntimeError
        raise WorkshopError(f"The path {shown(str(path))} leads nowhere: {reason(error)}.", used_wrongly=True) from None


def inside(path: Path, homes: Path | Iterable[Path], *, what: str = "") -> Path:
    """A path, followed through every link, when it ends in one of the folders where it may.

    The folder itself does not count as inside: nobody replaces or renames a whole home.

    Args:
        path: what is to be written, renamed or removed.
        homes: where that may be.
        what: what it is, for the message; the path when left out.

    Raises:
        WorkshopError: it ends elsewhere; nothing has been done.
    """
    real = resolved(path)
    places = [homes] if isinstance(homes, Path) else list(homes)
    if any(real != home and real.is_relative_to(home) for home in map(resolved, places)):
        return real
    led = "" if real == Path(os.path.abspath(path)) else f", where a link leads ({shown(str(real))})"  # noqa: PTH100
    names = " or ".join(place.name or str(place) for place in places)
    raise WorkshopError(
        f"{what or shown(str(path))} lies outside of {names}{led}; nothing was changed.",
        fix=f"Name something inside {names}.",
        used_wrongly=True,
    )


def set_aside(path: Path, to: Path | None = None) -> Path:
    """Moves something out of the way, by a rename: `name.1`, or the first number that is free. A link stays a link.

    Args:
        path: what stands in the way.
        to: the folder it goes to; default: it stays in its own.

    Returns:
        Where it is now.

    Raises:
        OSError: it cannot be renamed.
    """
    folder, number = to or path.parent, 0 if to else 1
    while True:
        target = folder / (f"{path.name}.{number}" if number else path.name)
        number += 1
        if not os.path.lexists(target):
            renaming.rename(path, target)
            return target


_REASONS = {
    errno.ENOENT: "it is not there",
    errno.EACCES: "it may not be read or written by you",
    errno.EPERM: "it may not be read or written by you",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENOTDIR: "a part of it is a file, not a folder",
    errno.EEXIST: "something of that name is there already",
    errno.ENAMETOOLONG: "its name is too long",
    errno.ELOOP: "a link leads to itself",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is used up",
    errno.EROFS: "the disk is read-only",
    errno.EMFILE: "this process may not open more files (see ulimit -n)",
    errno.ENFILE: "the system has too many open files",
}


def reason(error: BaseException) -> str:
    """Why the system refused, as half a sentence: `the disk is full`."""
    number = getattr(error, "errno", None)
    if number in _REASONS:
        return _REASONS[number]
    if isinstance(error, RuntimeError) and "loop" in str(error).lower():
        return _REASONS[errno.ELOOP]
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return words[:1].lower() + words[1:].rstrip(".")
