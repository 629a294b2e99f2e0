"""Whether this Python is one that the workshop runs on, and what to type when it is not.

Only the standard library, and only syntax that an old Python can read: it has to say that it is too old.
"""

import os
import platform
import subprocess
import sys
import sysconfig

OLDEST, NEWEST = (3, 11), (3, 14)
MACHINES = ("x86_64", "amd64", "arm64", "aarch64")
DEEPEST = 95  # characters of a checkout's path on Windows
LIKED = ("3.13", "3.12", "3.14", "3.11")  # what is looked for, in this order


def refusal():
    """Why the workshop does not run on this Python, with what to type; empty when it does.

    What `requirements.lock` pins has wheels for CPython 3.11 to 3.14 on 64 bits. A newer one would build packages from
    their sources, which needs compilers, takes long and mostly fails.
    """
    version, short = sys.version_info[:2], ".".join(map(str, sys.version_info[:2]))
    name = platform.python_implementation()
    if version < OLDEST:
        why = f"This workshop needs Python 3.11 or newer, up to 3.14; {sys.executable} is Python {short}."
    elif version > NEWEST:
        why = (
            f"This workshop runs on Python 3.11 to 3.14; {sys.executable} is Python {short}, for which its packages "
            "have no wheels yet."
        )
    elif name != "CPython":
        why = f"This workshop needs CPython, for which its packages have wheels; {sys.executable} is {name}."
    elif sysconfig.get_config_var("Py_GIL_DISABLED"):
        why = (
            f"This workshop needs the usual build of Python; {sys.executable} is the free-threaded one, for which its "
            "packages have no wheels."
        )
    elif sys.maxsize < 2**32:
        why = f"This workshop needs a 64-bit Python; {sys.executable} has 32 bits."
    else:
        return ""
    return why + " " + what_to_type()


def without_wheels():
    """Why the packages cannot be installed for this Python on this machine; empty when they can.

    Asked only before an installation: an environment that has the packages, from conda or a distribution, will do.
    """
    machine = sysconfig.get_platform().rpartition("-")[2].lower() if os.name == "nt" else platform.machine().lower()
    if os.name == "nt" and machine == "arm64" and sys.version_info[:2] == (3, 11):
        return (
            "Python 3.11 for Windows on ARM has no wheel of PyYAML. Python 3.12, 3.13 and 3.14 have. "
            + what_to_type(("3.13", "3.12", "3.14"))
        )
    if machine not in MACHINES:
        return (
            f"This machine's processor is {platform.machine() or 'unknown'}, for which the workshop's packages have no "
            "wheels: it runs on x86_64 and ARM with 64 bits. With conda's packages for this processor it may run: see "
            "environment.yml."
        )
    if machine in ("arm64", "aarch64") and is_musl():
        return (
            "This is Linux with musl on ARM (Alpine, for example), for which matplotlib has no wheel. Use a Linux with "
            "glibc, such as Debian or Ubuntu, or start from an environment that has the packages already."
        )
    return ""


def too_deep(folder):
    """Why a checkout lies too deep for Windows; empty when it does not, and on every other system.

    A path has at most 259 characters there, unless long paths are switched on; of these the longest file of a package
    takes 153 below `.venv`.
    https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation

    Args:
        folder: the checkout, a string.
    """
    from workshop.core import system

    if not system.WINDOWS or len(folder) <= DEEPEST or has_long_paths():
        return ""
    return (
        f"This checkout lies {len(folder)} characters deep ({folder}). Windows allows paths of 259, and the "
        f"packages need the rest: at most {DEEPEST} are left for the checkout. Move it, for example to C:\\workshop, "
        "or switch long paths on, as an administrator in PowerShell: Set-ItemProperty "
        "'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\FileSystem' LongPathsEnabled 1"
    )


def has_long_paths():
    """Whether this Windows lets programs use long paths, which Python does."""
    if os.name != "nt":
        return False
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\FileSystem") as key:
            return winreg.QueryValueEx(key, "LongPathsEnabled")[0] == 1
    except OSError:
        return False


def is_musl():
    """True where Python is linked to musl instead of glibc."""
    names = [sysconfig.get_config_var(name) or "" for name in ("SOABI", "MULTIARCH", "HOST_GNU_TYPE")]
    return any("musl" in name for name in names)


def what_to_type(versions=LIKED):
    """The command that starts the workshop on another Python: one that is here, else after installing it."""
    windows = os.name == "nt"
    for version in versions:
        command = ["py", "-" + version] if windows else ["python" + version]
        if works(command):
            return f"This machine has Python {version}. Type: {' '.join(command)} -m workshop"
    wanted = versions[0]
    if works(["uv"], "--version"):
        return f"Type: uv run --no-project --python {wanted} python -m workshop (uv fetches that Python)"
    if windows:
        return f"Type: winget install Python.Python.{wanted} and then: py -{wanted} -m workshop"
    if sys.platform == "darwin":
        return (
            f"Install Python {wanted} from https://www.python.org/downloads/macos/ or type: brew install "
            f"python@{wanted} and then: python{wanted} -m workshop"
        )
    return (
        f"Install Python {wanted}, from your distribution or https://www.python.org/downloads/, and type: "
        f"python{wanted} -m workshop"
    )


def works(command, *arguments):
    """True when a program starts; launchers such as pyenv's exist for versions that are not chosen."""
    try:
        with open(os.devnull, "r+b") as null:  # noqa: PTH123
            words = list(command) + list(arguments or ("-c", ""))
            return subprocess.call(words, stdin=null, stdout=null, stderr=null) == 0
    except OSError:
        return False
