"""Unpacks a zip that somebody else made: all of it or nothing, inside one folder, and never through a link.

What is wrong with a zip is found before a byte is written, from its list of entries: names that lead out of the folder,
two entries that want the same place, chains of symbolic links.
"""

from __future__ import annotations

import errno
import io
import shutil
import stat
import zipfile
from pathlib import Path

from workshop.core import renaming, system

# Linux's limits, which are Lambda's too: https://man7.org/linux/man-pages/man0/limits.h.0p.html
MOST_NAME, MOST_PATH = 255, 4096 - 1024  # bytes; the folder that it is unpacked into has a path as well
MOST_ENTRIES = 100_000
MOST_LINKS = 40  # https://man7.org/linux/man-pages/man7/path_resolution.7.html
MOST_TARGET = 1024  # bytes of a link
MOST_STEPS = 1_000_000  # of all links together: a zip of links that lead through links would keep the cloud busy
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EIO, errno.EROFS, errno.EACCES)
Parts = tuple[str, ...]


class BadZip(Exception):
    """What is wrong with a zip, in one sentence without a path of this machine."""


class Empty(BadZip):
    """It has no entries."""


class TooLarge(BadZip):
    """Unpacked, it has more bytes than it may."""


def unzip(data: bytes, folder: Path, *, most: int) -> int:
    """Unpack a zip into a new folder; either all of it is there or nothing.

    Args:
        data: the zip.
        folder: where its content is to be; must not exist.
        most: bytes that the content must stay below.

    Returns:
        The size of all files, in bytes.

    Raises:
        TooLarge: there is more in it.
        BadZip: it is no zip, or one that cannot be unpacked safely.
        OSError: the disk is full or cannot be written.
    """
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        total = _unpack(data, part, most)
        renaming.replace(part, folder)
    except BadZip:
        raise
    except OSError as error:
        if error.errno in OF_THE_DISK:
            raise
        raise BadZip(f"An entry cannot be written on this system: {error.strerror or type(error).__name__}.") from None
    except Exception as error:  # what zipfile and its decompressors raise for broken bytes is many classes
        raise BadZip(f"It is no zip that can be read ({type(error).__name__}).") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return total


def _unpack(data: bytes, root: Path, most: int) -> int:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if not entries:
            raise Empty("It is empty.")
        if len(entries) > MOST_ENTRIES:
            raise BadZip(f"It has {len(entries):,} entries; at most {MOST_ENTRIES:,} are taken.")
        if sum(entry.file_size for entry in entries) >= most:
            raise TooLarge(f"It has {most:,} bytes or more when unpacked.")
        plan = _plan(archive, entries)
        total = 0
        for parts, entry in plan.items():
            if not isinstance(entry, str):
                total += _write(archive, entry, root.joinpath(*parts), most - total)
        for parts, entry in plan.items():  # links last: nothing is ever written through one
            if isinstance(entry, str):
                place = root.joinpath(*parts)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(entry)
    return total


def _plan(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> dict[Parts, zipfile.ZipInfo | str]:
    """Each place with its entry, or with what the link there says. Of two files of one name the last counts."""
    plan: dict[Parts, zipfile.ZipInfo | str] = {}
    folders: set[Parts] = set()
    for entry in entries:
        parts = _parts(entry.filename)
        if not parts:  # "./", the folder itself
            continue
        folders.update(parts[:length] for length in range(1, len(parts)))
        if entry.is_dir():
            folders.add(parts)
            continue
        found = _link(archive, entry) if stat.S_ISLNK(entry.external_attr >> 16) else entry
        if isinstance(plan.get(parts, found), str) != isinstance(found, str):
            raise BadZip(f"{_shown(entry.filename)} is in it both as a link and as a file.")
        plan[parts] = found
    for parts in plan:
        if parts in folders:
            kind = "link" if isinstance(plan[parts], str) else "file"
            raise BadZip(f"{_shown('/'.join(parts))} is in it both as a {kind} and as a folder.")
    left = MOST_STEPS
    for parts, points_to in plan.items():
        if isinstance(points_to, str):
            left = _follow(parts, plan, left)
    for parts in folders:
        plan.setdefault(parts, _folder(parts))
    return plan


def _folder(parts: Parts) -> zipfile.ZipInfo:
    return zipfile.ZipInfo("/".join(parts) + "/")


def _parts(name: str) -> Parts:
    """The names of a path, checked."""
    plain = name.replace("\\", "/")
    parts = tuple(part for part in plain.split("/") if part not in ("", "."))
    if plain.startswith("/") or ".." in parts or (len(plain) > 1 and plain[1] == ":"):
        raise BadZip(f"{_shown(name)} points outside of the package.")
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        raise BadZip(f"The name {_shown(name)} has control characters in it.")
    try:
        sizes = [len(part.encode()) for part in parts]
    except UnicodeEncodeError:
        raise BadZip(f"The name {_shown(name)} is not text.") from None
    if any(size > MOST_NAME for size in sizes) or sum(sizes) + len(sizes) > MOST_PATH:
        raise BadZip(f"The name {_shown(name)} is too long; a file's name has at most {MOST_NAME} bytes.")
    if system.WINDOWS and any(letter in ':<>|?*"' for letter in plain):
        raise BadZip(f"The name {_shown(name)} cannot be on Windows.")
    return parts


def _link(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    """What a link says."""
    if not 0 < entry.file_size <= MOST_TARGET:
        raise BadZip(f"The link {_shown(entry.filename)} has {entry.file_size:,} bytes, which is no path.")
    with archive.open(entry) as content:
        text = content.read(MOST_TARGET + 1).decode("utf-8")
    if text.startswith(("/", "\\")) or "\0" in text or text[1:2] == ":":
        raise BadZip(f"The link {_shown(entry.filename)} points outside of the package.")
    return text


def _follow(parts: Parts, plan: dict[Parts, zipfile.ZipInfo | str], left: int) -> int:
    """Walk a link as the system would, with the zip's other links on the way; it must never leave the package.

    Returns:
        How many of the steps that were `left` are left now.
    """
    name = "/".join(parts)
    at: list[str] = list(parts[:-1])
    ahead = [parts[-1]]  # the next one last
    followed = 0
    while ahead:
        part = ahead.pop()
        left -= 1
        if left < 0 or len(at) > MOST_TARGET:
            raise BadZip("Its links lead too far through one another.")
        if part in ("", "."):
            continue
        if part == "..":
            if not at:
                raise BadZip(f"The link {_shown(name)} points outside of the package.")
            at.pop()
            continue
        points_to = plan.get((*at, part))
        if not isinstance(points_to, str):
            at.append(part)
            continue
        followed += 1
        if followed > MOST_LINKS:
            raise BadZip(f"The link {_shown(name)} leads in a circle, or through more than {MOST_LINKS} links.")
        ahead += reversed(points_to.replace("\\", "/").split("/"))
    return left


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path, most: int) -> int:
    """Write one file or folder; its bytes."""
    if entry.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        return 0
    place.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with archive.open(entry) as source, place.open("wb") as sink:
        while chunk := source.read(1 << 20):
            size += len(chunk)
            if size > entry.file_size or size >= most:  # the list of entries lied about the size
                raise TooLarge(f"{_shown(entry.filename)} is larger than the zip says.")
            sink.write(chunk)
    mode = (entry.external_attr >> 16) & 0o777
    if mode and system.POSIX:
        place.chmod(mode | stat.S_IRUSR)
    return size


def _shown(name: str) -> str:
    """A name for a message: inert and short."""
    short = name if len(name) <= 60 else f"{name[:40]}…{name[-10:]}"
    return ascii(short) if not short.isprintable() else repr(short)
