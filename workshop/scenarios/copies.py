"""A demo service to try things on: a copy in `my_work/`, so that the original stays as it is."""

from __future__ import annotations

import re
import shutil

from workshop.lesson import MY_WORK, ROOT, find


def copy_of(service: str, *, keep_name: bool = False) -> str:
    """Copies a service of `demo_lambdas` to `my_work/`; an earlier copy is kept beside it.

    Args:
        service: the folder's name.
        keep_name: leave the service's name, so that deploying the copy updates what the original deployed; else the
            copy is called `my-…` and lives beside it.

    Returns:
        The copy's folder, as the workshop's functions take it.
    """
    source, target = find(f"demo_lambdas/{service}"), MY_WORK / service
    if target.exists():
        number = 1
        while (aside := MY_WORK / f"{service}.{number}").exists():
            number += 1
        target.rename(aside)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".serverless"))
    if not keep_name:
        file = target / "serverless.yml"
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"^service: ", "service: my-", text, count=1, flags=re.M), encoding="utf-8")
    return str(target.relative_to(ROOT)).replace("\\", "/")
