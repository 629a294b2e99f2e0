"""A machine of a function's own, without privileges: what it sees, which processes it knows, how many it may start.

Linux only, by ctypes, in a process that has just been forked: https://man7.org/linux/man-pages/man7/namespaces.7.html
"""
# Paths are strings: pathlib is an import that every start would pay for.
# ruff: noqa: PTH103, PTH123

import contextlib
import ctypes
import os
import resource
import signal
import sys

CLONE_PARENT, CLONE_NEWNS = 0x8000, 0x20000
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = 0x8000000, 0x10000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC = 1, 2, 4, 8, 32, 4096, 16384
MNT_DETACH = 2
KEPT = {2: 2, 4: 4, 8: 8, 1024: 1024, 2048: 2048, 4096: 1 << 21}  # statvfs flags a remount must repeat -> mount flags
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 24, 36, 38
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
# Numbers of (clone, pivot_root), which the C library has no functions for.
CALLS = {"x86_64": (56, 155), "aarch64": (220, 41), "riscv64": (220, 41)}
PROCESSES = 1024  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (processes and threads)

libc = ctypes.CDLL(None, use_errno=True)
held = ctypes.PyDLL(None)  # the same without letting another thread in, for a call that returns twice


def check(result, what):
    """Raise OSError when a system call failed."""
    if result < 0:
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


def leave():
    """New namespaces of users, mounts and inter-process communication, and of processes for its children.

    Raises:
        OSError: the system does not allow it.
    """
    if os.uname().machine not in CALLS or sys.maxsize < 1 << 32:
        raise OSError(0, f"system calls of {os.uname().machine} are not known here")
    uid, gid = os.getuid(), os.getgid()
    check(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def keep_house(life):
    """Be process 1 of the new namespace: take over orphans, and end when the launcher does, with all that is in it.

    Args:
        life: a pipe's end that reads nothing until the launcher is gone.
    """
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel then removes who ended
    os.dup2(life, 0)
    os.closerange(1, 65536)
    with contextlib.suppress(OSError):
        while os.read(0, 1):
            pass
    os._exit(0)


def fork_sibling():
    """fork(2), but the child's parent is our own parent, which then is told how it ended."""
    number = CALLS[os.uname().machine][0]
    pid = held.syscall(ctypes.c_long(number), ctypes.c_long(CLONE_PARENT | signal.SIGCHLD), None, None, None, None)
    if pid < 0:
        raise OSError(0, "clone failed")
    return pid


def enter(root, places, tmp_mb):
    """The function's own view: a new root folder in which only these places are.

    Args:
        root: a folder that has a folder or file for each place already, but for those below /tmp.
        places: a folder or file, the absolute path where it is to appear, and whether it can be written there, for
            each; a place comes after those that it is in.
        tmp_mb: the size of /tmp in MB; 0 when it is among the places.

    Raises:
        OSError: the system does not allow it.
    """
    mount(root, root, "", MS_BIND | MS_REC)
    if tmp_mb:
        mount("tmpfs", f"{root}/tmp", "tmpfs", MS_NOSUID | MS_NODEV, f"mode=1777,size={tmp_mb}m")
    for source, place, _ in places:
        if place.startswith("/tmp/"):
            os.makedirs(root + place, exist_ok=True)
        mount(source, root + place, "", MS_BIND | MS_REC)
    mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    with contextlib.suppress(OSError), open(f"{root}/proc/sys/kernel/pid_max", "w", encoding="ascii") as file:
        file.write(str(PROCESSES))  # of this namespace only; kernels older than 6.14 refuse, and RLIMIT_NPROC has to do
    os.chdir(root)
    check(libc.syscall(ctypes.c_long(CALLS[os.uname().machine][1]), b".", b"."), "pivot_root")
    check(libc.umount2(b".", MNT_DETACH), "umount")
    os.chdir("/")
    make_read_only([(place, writable) for _, place, writable in places], tmp_mb)


def make_read_only(places, tmp_mb):
    """Nothing can be written but where it is said, as on AWS: https://man7.org/linux/man-pages/man2/mount_setattr.2.html"""
    if set_attributes("/", AT_RECURSIVE, on=MOUNT_ATTR_RDONLY) == 0:
        for place in [place for place, writable in places if writable] + (["/tmp"] if tmp_mb else []):
            check(set_attributes(place, 0, off=MOUNT_ATTR_RDONLY), f"mount_setattr {place}")
        return
    for place in ["/", *(place for place, writable in places if not writable)]:  # a kernel older than 5.12
        found = os.statvfs(place).f_flag
        kept = sum(flag for bit, flag in KEPT.items() if found & bit)
        mount("", place, "", MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


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


def give_up_powers():
    """A function shall not use the powers of its new namespaces, nor start more processes than on AWS."""
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getuid() == 0:  # others lose theirs when the program is executed
        for number in range(64):
            if libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0:
                break
    version = os.uname().release.split(".")
    # Older kernels count all that the user runs, not what is in the namespace.
    if (int(version[0]), int(version[1].partition("-")[0])) >= (5, 14):
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
