"""The environment variables of a function: AWS's documented ones and the function's own, nothing of the parent's.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from workshop.core import programs, system
from workshop.localaws.runtime.model import FunctionSpec

# A Windows process without these cannot load its own libraries or open a socket.
WINDOWS = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "NUMBER_OF_PROCESSORS")


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the process sees its code, its layers, its runtime; `tmp` is empty when /tmp itself is its own."""

    task: str
    opt: str
    runtime: str
    tmp: str


def variables(spec: FunctionSpec, folders: Folders, *, address: str, stream: str, init_type: str) -> dict[str, str]:
    """All variables of one environment.

    Args:
        spec: the function.
        folders: as the process sees them.
        address: host and port of its Runtime API.
        stream: its log stream.
        init_type: `on-demand` or `provisioned-concurrency`.
    """
    own = {**changeable(spec, folders), **spec.environment}
    own |= {
        "_HANDLER": spec.handler,
        "_X_AMZN_TRACE_ID": "",
        "AWS_REGION": spec.region,
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_size),
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": init_type,
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group or f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_RUNTIME_API": address,
        "LAMBDA_TASK_ROOT": folders.task,
        "LAMBDA_RUNTIME_DIR": folders.runtime,
    }
    if not spec.runtime.startswith("provided"):
        own["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{spec.runtime}"
    if spec.log_format == "JSON":
        own["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        own["AWS_LAMBDA_LOG_LEVEL"] = spec.application_log_level or "INFO"
    return own


def changeable(spec: FunctionSpec, folders: Folders) -> dict[str, str]:
    """The variables that AWS does not reserve: a function's own setting of the same name wins."""
    task, opt, runtime = folders.task, folders.opt, folders.runtime
    values = {
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
    }
    if spec.runtime.startswith("python"):
        values["PYTHONPATH"] = runtime
    elif spec.runtime.startswith("nodejs"):
        major = spec.runtime.removeprefix("nodejs").removesuffix(".x")
        modules = (f"{opt}/nodejs/node{major}", f"{opt}/nodejs", runtime)
        values["NODE_PATH"] = os.pathsep.join(f"{folder}/node_modules" for folder in modules)
    if system.WINDOWS:
        values |= {name: os.environ[name] for name in WINDOWS if name in os.environ}
        values |= {
            "PATH": os.pathsep.join([os.environ.get("PATH", ""), str(Path(opt, "bin"))]),
            "PYTHONUTF8": "1",
            "TZ": "UTC0",
        }
        return values | {"TEMP": folders.tmp, "TMP": folders.tmp}
    homebrew = "".join(f":{place}" for place in programs.MACOS if place != "/usr/local/bin") if system.MACOS else ""
    libraries = ("/var/lang/lib", "/lib64", "/usr/lib64", runtime, f"{runtime}/lib", task, f"{task}/lib", f"{opt}/lib")
    values |= {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": f"/var/lang/bin:/usr/local/bin:/usr/bin:/bin{homebrew}:{opt}/bin",
        "LD_LIBRARY_PATH": ":".join(libraries),
    }
    return values | ({"TMPDIR": folders.tmp} if folders.tmp else {})
