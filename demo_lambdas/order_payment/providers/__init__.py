"""The payment providers: one module each, found by its name."""

import pkgutil
from importlib import import_module

NAMES = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base")


def provider(name):
    """The provider of a name: the class `Provider` of its module. Raises ValueError for any other name."""
    if name not in NAMES:
        raise ValueError(f"provider is one of {', '.join(NAMES)}")
    return import_module(f"providers.{name}").Provider()
