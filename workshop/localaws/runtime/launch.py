"""From a function's specification to the command line of its environment."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from workshop.localaws.runtime.model import FunctionSpec
from workshop.localaws.runtime.process import Launch
from workshop.localaws.runtime.variables import variables

CLIENTS = Path(__file__).parent / "clients"


def prepare(spec: FunctionSpec, *, address: str, stream: str, init_type: str, secret: bytes) -> Launch:
    """What to run for one environment."""
    runtime_dir = CLIENTS / "python"
    environ = variables(
        spec, task=str(spec.code_dir), opt="/opt", runtime_dir=str(runtime_dir), tmp="", address=address, stream=stream,
        init_type=init_type,
    )
    environ["_WORKSHOP_SDK"] = sysconfig.get_paths()["purelib"]
    interpreter = getattr(sys, "_base_executable", None) or sys.executable
    argv = [interpreter, "-u", "-S", "-s", "-X", "utf8", os.fspath(runtime_dir / "bootstrap.py"), secret.hex()]
    return Launch(argv, environ, spec.code_dir)
