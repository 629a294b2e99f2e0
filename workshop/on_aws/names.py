"""Whose things these are: a suffix in names, a tag on stacks, a prefix of parameters.

Thirty people may share one account. On AWS every checkout has a suffix of its own, such as `k3f9`: stages become
`dev-k3f9`, parameters live under `/workshop-k3f9/`, and the tag `serverless-payments-workshop` of every stack is
`k3f9`. Offline there is no suffix, unless `WORKSHOP_SUFFIX` asks for one.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from workshop.core.errors import WorkshopError

TAG = "serverless-payments-workshop"  # nobody else's: `workshop` alone is a key that other teams use, too
FOLDER = "workshop"  # parameters live under `/workshop-k3f9/`
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
    shared = os.environ.get("WORKSHOP_CLOUD") == "aws"
    if given:
        return not_a_word(checked(given)) if shared else checked(given)
    return kept() if shared else ""


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


def is_suffix(text: str) -> bool:
    """True for what can be a suffix."""
    return bool(re.fullmatch(r"[a-z][a-z0-9]{1,7}", text)) and text not in _WORDS


def is_word(text: str) -> bool:
    """True for what others may have in a name without knowing of us: `anna`, `team1`, `v2`; not for `k3f9`."""
    return bool(re.fullmatch(r"[a-z]{2,}\d*|[a-z]\d", text))


def not_a_word(text: str) -> str:
    """A suffix that may be used in an account which others use, too.

    Raises:
        WorkshopError: it looks like a word, such as another team's name or stage.
    """
    if is_word(text):
        raise WorkshopError(
            f"The suffix {text!r} looks like a word, and in an account that others use, too, their names may hold it.",
            fix="Unset WORKSHOP_SUFFIX, and this checkout makes its own; or set it to something like k3f9, with a "
            "digit between letters. What an earlier suffix made: workshop clean --suffix " + text,
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
    """The value of the tag `serverless-payments-workshop`."""
    return suffix() or NOBODY


def prefix(mine: str) -> str:
    """Where one reader's parameters live in the Parameter Store: `/workshop-k3f9/`; empty without a suffix."""
    return f"/{FOLDER}-{mine}/" if mine else ""
