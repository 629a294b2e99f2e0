"""Whose things these are: a suffix in names, a tag on stacks, a prefix of parameters.

Thirty people may share one account. On AWS every checkout has a suffix of its own, such as `k3f9`: stages become
`dev-k3f9`, parameters live under `/workshop-k3f9/`, and the tag `workshop` of every stack is `k3f9`. Offline there is
no suffix, unless `WORKSHOP_SUFFIX` asks for one.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from workshop.core.errors import WorkshopError

TAG = "workshop"
NOBODY = "shared"  # the tag's value where there is no suffix
LOG_DAYS = 3  # how long logs are kept on AWS
# Words that end other people's names, too: `tools-dev` is not the layer `tools` of a reader `dev`.
_WORDS = (
    "api",
    "app",
    "base",
    "beta",
    "common",
    "core",
    "data",
    "demo",
    "dev",
    "env",
    "lambda",
    "layer",
    "lib",
    "live",
    "local",
    "main",
    "node",
    "php",
    "preprod",
    "prod",
    "python",
    "qa",
    "runtime",
    "sandbox",
    "sdk",
    "shared",
    "stage",
    "staging",
    "test",
    "tests",
    "tools",
    "uat",
    "utils",
    "workshop",
)
_LETTERS, _DIGITS = "abcdefghkmnpqrstuvwxyz", "23456789"  # none that is taken for another
_FILE = Path(__file__).resolve().parent.parent.parent / ".workshop" / "suffix"


def suffix() -> str:
    """This checkout's suffix; empty where names need none.

    Raises:
        WorkshopError: `WORKSHOP_SUFFIX` holds what cannot stand in a name, or a new one cannot be kept.
    """
    given = os.environ.get("WORKSHOP_SUFFIX", "").strip()
    if given:
        return checked(given)
    return kept() if os.environ.get("WORKSHOP_CLOUD") == "aws" else ""


def checked(text: str) -> str:
    """A suffix, when it is one.

    Raises:
        WorkshopError: it cannot be part of a name on AWS.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]{1,7}", text):
        raise WorkshopError(
            f"The suffix {text!r} will not do: two to eight small letters and digits, a letter first.",
            fix="Set WORKSHOP_SUFFIX to something like k3f9, or unset it.",
            used_wrongly=True,
        )
    if text in _WORDS:
        raise WorkshopError(
            f"The suffix {text!r} will not do: names of other people's things end in that word, too.",
            fix="Set WORKSHOP_SUFFIX to something like k3f9, or unset it.",
            used_wrongly=True,
        )
    return text


def kept(file: Path = _FILE) -> str:
    """The suffix that this checkout keeps; made at first use, before anything is made on AWS."""
    try:
        if file.exists():
            return checked(file.read_text(encoding="utf-8").strip())
        file.parent.mkdir(exist_ok=True)
        # The second is a digit: then it is no word, and `workshop clean` takes nobody else's name for it.
        made = "".join(map(secrets.choice, (_LETTERS, _DIGITS, _LETTERS + _DIGITS, _LETTERS + _DIGITS)))
        with file.open("x", encoding="utf-8") as handle:
            handle.write(made + "\n")
        return made
    except FileExistsError:  # another command of this checkout was quicker
        return checked(file.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise WorkshopError(
            f"The suffix for names on AWS cannot be kept in {file.parent.name}/{file.name} ({error.strerror}).",
            fix="Set WORKSHOP_SUFFIX to two to eight small letters and digits, and keep it.",
        ) from None


def tag_value() -> str:
    """The value of the tag `workshop`."""
    return suffix() or NOBODY


def prefix(mine: str) -> str:
    """Where one reader's parameters live in the Parameter Store: `/workshop-k3f9/`; empty without a suffix."""
    return f"/workshop-{mine}/" if mine else ""
