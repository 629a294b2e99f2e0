"""AWS's folders without privileges: a user and a mount namespace in which the code is /var/task and layers are /opt.

Linux only, by ctypes, in a process that has just been forked: https://man7.org/linux/man-pages/man7/user_namespaces.7.html
"""
# Paths are strings: pathlib is an import that every start would pay for.
# ruff: noqa: PTH102, PTH103, PTH112, PTH123, PTH211

import ctypes
import os

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC = 1, 32, 4096, 16384
MS_NOSUID, MS_NODEV = 2, 4
KEPT = {2: 2, 4: 4, 8: 8, 1024: 1024, 2048: 2048, 4096: 1 << 21}  # statvfs flags a remount must repeat -> mount flags
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    """Raise OSError when a system call failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source, target, kind, flags, options=""):
    """mount(2)."""
    arguments = (os.fsencode(source), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), options.encode())
    check(libc.mount(*arguments), f"mount {target}")


def die_with_parent():
    """Ask for SIGKILL when the parent ends; after every change of credentials, which forgets it."""
    libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)


def adopt_orphans():
    """Become the parent of descendants whose own parent ended."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def enter(places):
    """New namespaces in which folders appear elsewhere.

    Args:
        places: a folder, the absolute path where it is to appear, and whether it can be written there, for each.
            Paths under /var need not exist; others must.

    Raises:
        OSError: the system does not allow it.
    """
    uid, gid = os.getuid(), os.getgid()
    check(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    # Sources are held open, since a place may cover the path of another one's source.
    sources = [os.open(folder, os.O_PATH | os.O_DIRECTORY) for folder, _, _ in places]
    missing = [place for _, place, _ in places if place.startswith("/var/") and not os.path.isdir(place)]
    if missing:
        copy_var(missing)
    for source, (_, place, writable) in zip(sources, places, strict=True):
        mount(f"/proc/self/fd/{source}", place, "", MS_BIND | MS_REC)
        if not writable:
            found = os.statvfs(place).f_flag
            kept = sum(flag for bit, flag in KEPT.items() if found & bit)
            mount("", place, "", MS_REMOUNT | MS_BIND | MS_RDONLY | kept)
    for source in sources:
        os.close(source)
    make_read_only([place for _, place, writable in places if writable])


def make_read_only(writable):
    """Nothing can be written but there, as on AWS. A kernel older than 5.12 leaves the other folders as they are.

    https://man7.org/linux/man-pages/man2/mount_setattr.2.html
    """
    if set_attributes("/", AT_RECURSIVE, on=MOUNT_ATTR_RDONLY) == 0:
        for place in writable:
            check(set_attributes(place, 0, off=MOUNT_ATTR_RDONLY), f"mount_setattr {place}")


def set_attributes(place, flags, on=0, off=0):
    """mount_setattr(2)."""
    attributes = (ctypes.c_uint64 * 4)(on, off, 0, 0)
    path = ctypes.c_char_p(os.fsencode(place))
    return libc.syscall(
        ctypes.c_long(SYS_MOUNT_SETATTR),
        ctypes.c_int(AT_FDCWD),
        path,
        ctypes.c_uint(flags),
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )


def copy_var(missing):
    """A new /var with all that the old one has, and the folders that it lacks."""
    old = os.open("/var", os.O_PATH | os.O_DIRECTORY)
    entries = list(os.scandir("/var"))
    mount("tmpfs", "/var", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m")
    for entry in entries:
        if entry.is_symlink():
            os.symlink(os.readlink(entry.name, dir_fd=old), entry.path)
            continue
        if entry.is_dir(follow_symlinks=False):
            os.mkdir(entry.path)
        else:
            os.close(os.open(entry.path, os.O_CREAT | os.O_WRONLY))
        mount(f"/proc/self/fd/{old}/{entry.name}", entry.path, "", MS_BIND | MS_REC)
    os.close(old)
    for place in missing:
        os.makedirs(place)
