"""New services from templates that come with the workshop: no network needed."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path

from workshop.core import renaming
from workshop.core.errors import WorkshopError
from workshop.core.paths import is_folder, path_of, reason, resolved, shown
from workshop.serverless.marks import did_you_mean

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def templates() -> dict[str, str]:
    """The templates there are: name -> what it is, in one line (the first of its README)."""
    found = {}
    for folder in sorted(_TEMPLATES.iterdir()):
        readme = folder / "README.md"
        if readme.is_file():
            found[folder.name] = readme.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
    return found


def create(template: str = "hello-world", path: str | Path | None = None, *, name: str = "") -> Path:
    """Makes a new service.

    Args:
        template: one of `templates()`.
        path: the new folder; `template`'s name in the current folder when left out.
        name: the service's name; made from the folder's when left out.

    Returns:
        The new folder.

    Raises:
        WorkshopError: there is no such template, the name will not do, or the folder is there already.
    """
    target = path_of(path, "a path for the new service") if path else Path(str(template))
    service = checked(template, target, name)
    if os.path.lexists(target) and (not is_folder(target) or any(target.iterdir())):
        raise WorkshopError(
            f"{target} is there already; nothing was written.",
            fix="Choose another folder, or remove that one.",
            used_wrongly=True,
        )
    target = resolved(target)  # a link to an empty folder: into that folder
    # Whole or not at all: beside it first, then renamed.
    making = target.with_name(f".{target.name[:60]}.{secrets.token_hex(4)}.new")
    try:
        making.mkdir(parents=True)
        for file in sorted((_TEMPLATES / template).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                copy = making / file.relative_to(_TEMPLATES / template)
                copy.parent.mkdir(parents=True, exist_ok=True)
                text = file.read_text(encoding="utf-8")
                if file.name == "serverless.yml":
                    text = re.sub(r"(?m)^service: .*$", f"service: {service}", text, count=1)
                copy.write_text(text, encoding="utf-8", newline="\n")
        if target.is_dir():
            target.rmdir()  # refuses one that is not empty
        renaming.rename(making, target)
    except OSError as error:
        raise WorkshopError(f"{target} cannot be written: {reason(error)}. Nothing was changed.") from None
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return Path(path) if path else Path(template)


def checked(template: str, target: Path, name: str = "") -> str:
    """The new service's name, when template, folder and name will do. Nothing is written.

    Args:
        template: one of `templates()`.
        target: the new folder.
        name: the service's name; made from the folder's when empty.

    Raises:
        WorkshopError: one of them will not do.
    """
    known = templates()
    if not isinstance(template, str) or template not in known:
        fix = did_you_mean(str(template), known)
        raise WorkshopError(f"There is no template {shown(template)}.", fix=fix, used_wrongly=True)
    last = target.name or resolved(target).name
    service = name or re.sub(r"[^a-zA-Z0-9]+", "-", last).strip("-")
    if not isinstance(service, str) or not re.fullmatch(r"[a-zA-Z][0-9a-zA-Z-]{1,99}", service):
        raise WorkshopError(
            f"The name {shown(service or last)} will not do: a service's name begins with a letter and holds "
            "letters, digits and hyphens only, at most 100.",
            fix="Choose another name.",
            used_wrongly=True,
        )
    return service
