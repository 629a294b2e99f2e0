"""What is changed in moto right after one of its packages was imported, each change in the room it serves."""

from __future__ import annotations

import importlib

# moto's package: the functions to call once, as "module:function".
AFTER_IMPORT: dict[str, tuple[str, ...]] = {
    "apigateway": ("workshop.localaws.apigateway.snapshot:install",),
    "cloudwatch": ("workshop.localaws.metrics.reading:install",),
    "dynamodb": ("workshop.localaws.control.transactions:install",),
    "iam": ("workshop.localaws.iam.managed:install",),
    "sts": ("workshop.localaws.iam.principals:install",),
    "events": ("workshop.localaws.events.rules:install",),
    "scheduler": ("workshop.localaws.events.scheduler:install",),
    "sns": ("workshop.localaws.events.topics_and_buckets:install_sns",),
    "sqs": ("workshop.localaws.events.topics_and_buckets:install_sqs",),
    "ssm": ("workshop.localaws.control.parameters:install",),
    "resourcegroupstaggingapi": ("workshop.localaws.control.tagging:install",),
    "s3": ("workshop.localaws.events.topics_and_buckets:install_s3", "workshop.localaws.iam.buckets:install"),
}
_done: set[str] = set()


def apply(package: str) -> None:
    """Change what has to be changed in a package that was just imported; safe to call again."""
    if package in _done:
        return
    _done.add(package)
    for name in AFTER_IMPORT.get(package, ()):
        module, _, function = name.partition(":")
        getattr(importlib.import_module(module), function)()
