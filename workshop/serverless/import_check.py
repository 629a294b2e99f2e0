"""`deploy --check-import`: imports each handler in a process of its own, with the paths that Lambda would use.

This runs the service's code, so it is done only when asked for: a module may read variables or open connections when it
is imported.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from workshop.core.errors import WorkshopError
from workshop.core.unzip import BadZip, unzip
from workshop.serverless.code_checks import MOST_UNZIPPED, layers_of
from workshop.serverless.invoking_locally import variables
from workshop.serverless.marks import mark_of
from workshop.serverless.packaging import package
from workshop.serverless.service import Service

_SECONDS = 30
_PROGRAM = (
    "import importlib, sys; module, name = sys.argv[1:]; "
    "getattr(importlib.import_module(module.replace('/', '.')), name)"
)


def check_imports(service: Service) -> None:
    """Imports every Python handler as packaged.

    Raises:
        WorkshopError: one does not import; with the last line of its traceback.
    """
    made = package(service)
    for name, settings in service.functions.items():
        if not service.runtime(name).startswith("python"):
            continue
        with tempfile.TemporaryDirectory(prefix="workshop-import-") as temporary:
            root = Path(temporary)
            _unzip(made.functions[name].content, root / "task", f"the package of {name}")
            paths = [root / "task"]
            for number, layer in enumerate(layers_of(service, name)[0]):
                _unzip(made.layers[layer].content, root / str(number), f"the layer {layer}")
                paths.append(root / str(number) / "python")
            environment = variables(service, name, paths)
            module, _, function = settings["handler"].rpartition(".")
            try:
                done = subprocess.run(
                    [sys.executable, "-X", "utf8", "-c", _PROGRAM, module, function],
                    cwd=root / "task",
                    env=environment,
                    capture_output=True,
                    timeout=_SECONDS,
                    check=False,
                    stdin=subprocess.DEVNULL,
                )
            except subprocess.TimeoutExpired:
                raise WorkshopError(
                    f"Importing the handler of {name} took more than {_SECONDS} seconds.",
                    where=str(mark_of(settings, "handler") or ""),
                ) from None
        if done.returncode != 0:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {done.returncode}"]
            raise WorkshopError(
                f"The handler of {name} does not import: {lines[-1]}", where=str(mark_of(settings, "handler") or "")
            )


def _unzip(content: bytes, folder: Path, what: str) -> None:
    try:
        unzip(content, folder, most=MOST_UNZIPPED)
    except BadZip as error:
        raise WorkshopError(f"Lambda could not unpack {what}: {error}") from None
