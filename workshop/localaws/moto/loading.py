"""The one place that imports moto, one module at a time, and changes each package before anybody sees it.

moto's modules import one another in circles, some of them when a request is answered. Two threads that import parts of
a circle at once meet modules that are not finished yet ("partially initialized module"). So there is one lock, around
imports and calls alike, and a module is handed out only when it is complete.
"""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Any

from workshop.localaws.moto import light, patches

# moto's services keep their state in plain dictionaries, call one another and import one another while they do.
LOCK = threading.RLock()
_complete: dict[str, Any] = {}


def load(name: str) -> Any:
    """A module of moto, imported when it is first asked for. Blocks while another thread imports or calls moto.

    Args:
        name: without `moto.`, such as `sqs.models`.
    """
    module = _complete.get(name)
    if module is not None:
        return module
    package = name.partition(".")[0]
    with LOCK:
        light.prepare()
        module = importlib.import_module(f"moto.{name}")
        patches.apply(package)
        _complete[name] = module
        models = f"{package}.models"
        if f"moto.{models}" in sys.modules:  # what `loaded` is asked for, whichever module was loaded first
            _complete[models] = sys.modules[f"moto.{models}"]
    return module


def loaded(name: str) -> Any:
    """The models of one of moto's packages, if somebody loaded anything of it, else None: nothing was made there.

    Never blocks: what only looks at moto's stores, above all on the event loop, asks in this way.

    Args:
        name: without `moto.`, such as `sqs.models`.
    """
    return _complete.get(name)
