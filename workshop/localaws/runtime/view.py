"""What a function sees of this machine on Linux: a root folder of its own, with little in it.

The interpreter, the system's libraries and programs, a few files of /etc, five devices. No home folder, no other
folders of the reader, no processes but its own (`launcher/namespaces.py`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

Place = tuple[str, str, bool]  # what is there, where it appears, whether it can be written
SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix/store", "gnu/store", "snap")
DEVICES = ("null", "zero", "full", "random", "urandom")
DESCRIPTORS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}
ETC_COPIED = (
    *("ld.so.cache", "ld.so.conf", "nsswitch.conf", "host.conf", "gai.conf", "protocols", "services", "mime.types"),
    *("localtime", "timezone", "os-release", "debian_version", "system-release"),
)
ETC_SHOWN = ("resolv.conf", "hosts")  # as they are now: they change with the network
ETC_FOLDERS = ("ssl", "pki", "ca-certificates", "alternatives", "ld.so.conf.d", "crypto-policies", "php", "fonts")


class View:
    """A skeleton on disk, made once; each environment mounts its own folders into it.

    Args:
        root: where the skeleton is to be.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.places: list[Place] = []  # of every environment
        self._made: set[str] = set()
        self._known: dict[tuple[str, str], list[Place]] = {}

    def make(self) -> None:
        """Write the skeleton.

        Raises:
            OSError: the disk cannot be written.
        """
        for folder in ("dev", "proc", "tmp", "etc", "usr", "opt", "var/task", "var/runtime", "var/lang/bytecode"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        for name in SYSTEM:
            self._system(Path("/") / name)
        for device in DEVICES:
            self._show(f"/dev/{device}", file=True)
        for name, number in DESCRIPTORS.items():
            (self.root / "dev" / name).symlink_to(f"/proc/self/fd{number}")
        for name in ETC_COPIED:
            with contextlib.suppress(OSError):
                shutil.copyfile(f"/etc/{name}", self.root / "etc" / name)
        for name in ETC_SHOWN:
            if Path("/etc", name).is_file():
                self._show(f"/etc/{name}", file=True)
        for name in ETC_FOLDERS:
            if Path("/etc", name).is_dir():
                self._show(f"/etc/{name}")
        user = f"sbx_user1051:x:{os.getuid()}:{os.getgid()}::/home/sbx_user1051:/sbin/nologin\n"
        (self.root / "etc" / "passwd").write_text(user, encoding="utf-8")
        (self.root / "etc" / "group").write_text(f"sbx_user1051:x:{os.getgid()}:\n", encoding="utf-8")

    def _system(self, path: Path) -> None:
        """One of the system's folders: shown, or the link that it is."""
        if path.is_symlink():
            (self.root / path.relative_to("/")).symlink_to(path.readlink())
        elif path.is_dir():
            self._show(str(path))

    def _show(self, path: str, *, file: bool = False) -> None:
        self.stand(path, file=file)
        self.places.append((path, path, False))

    def stand(self, place: str, *, file: bool = False) -> None:
        """Have something in the skeleton that a folder or file can be mounted over."""
        if place in self._made or place.startswith("/tmp/"):  # /tmp is empty at first: made there at the start
            return
        self._made.add(place)
        target = self.root / place.removeprefix("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if file:
            target.touch()
        else:
            target.mkdir(exist_ok=True)

    def of_interpreter(self, path: str, prefix: str) -> list[Place]:
        """The folders that an interpreter needs beyond the system's.

        Raises:
            ValueError: the reader's home would be among them.
        """
        if (path, prefix) in self._known:
            return self._known[path, prefix]
        real = Path(path).resolve()
        found: list[Place] = []
        for folder in (Path(prefix).resolve(), real.parent.parent):
            if "Cellar" in folder.parts:  # Homebrew: its libraries are in other folders of the same tree
                folder = Path(*folder.parts[: folder.parts.index("Cellar")])
            name = str(folder)
            if any(folder.is_relative_to(shown) for shown, _, _ in (*self.places, *found) if shown != "/"):
                continue
            if Path.home().resolve().is_relative_to(folder):
                raise ValueError(f"Python's own folder {folder} has the home folder in it")
            found = [each for each in found if not Path(each[0]).is_relative_to(folder)]
            found.append((name, name, False))
            self.stand(name)
        self._known[path, prefix] = found
        return found
