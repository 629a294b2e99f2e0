"""What is changed in moto, one module for each of its packages, applied right after that package was imported."""

from __future__ import annotations

import importlib

PATCHED = {"apigateway", "cloudwatch", "dynamodb", "events", "iam", "resourcegroupstaggingapi", "s3", "scheduler"}
PATCHED |= {"sns", "sqs", "ssm", "sts"}
_done: set[str] = set()


def apply(package: str) -> None:
    """Change what has to be changed in a package that was just imported; safe to call again. Under the lock.

    Args:
        package: of moto; `install` of the module of that name here is called.
    """
    if package in _done:
        return
    _done.add(package)
    if package in PATCHED:
        importlib.import_module(f"{__name__}.{package}").install()
