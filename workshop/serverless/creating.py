"""New services from templates that come with the workshop: no network needed."""

from __future__ import annotations

import re
from pathlib import Path

from workshop.core.errors import WorkshopError
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
    known = templates()
    if template not in known:
        raise WorkshopError(f"There is no template {template!r}.", fix=did_you_mean(template, known), used_wrongly=True)
    target = Path(path) if path else Path(template)
    service = name or re.sub(r"[^a-zA-Z0-9]+", "-", target.name).strip("-")
    if not re.fullmatch(r"[a-zA-Z][0-9a-zA-Z-]+", service):
        raise WorkshopError(
            f"The name {service or target.name!r} will not do: a service's name begins with a letter and holds "
            "letters, digits and hyphens only.",
            fix="Choose another name.",
            used_wrongly=True,
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise WorkshopError(
            f"{target} is there already; nothing was written.",
            fix="Choose another folder, or remove that one.",
            used_wrongly=True,
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted((_TEMPLATES / template).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                copy = target / file.relative_to(_TEMPLATES / template)
                copy.parent.mkdir(parents=True, exist_ok=True)
                text = file.read_text(encoding="utf-8")
                if file.name == "serverless.yml":
                    text = re.sub(r"(?m)^service: .*$", f"service: {service}", text, count=1)
                copy.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise WorkshopError(f"{target} cannot be written: {error.strerror}.") from None
    return target
