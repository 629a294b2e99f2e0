"""`invoke local`: runs a Python handler on this machine, in a process of its own, without deploying it.

What it shares with Lambda: event, context, the documented environment variables, layers on the path, the time-out.
What it does not: the role's permissions (the caller's own credentials count), memory, the cold start.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.core.unzip import BadZip, unzip
from workshop.serverless import naming
from workshop.serverless.code_checks import MOST_UNZIPPED
from workshop.serverless.foreign_layers import fetch
from workshop.serverless.invoking import Answer
from workshop.serverless.kinds import is_intrinsic
from workshop.serverless.packaging import package
from workshop.serverless.service import DEFAULT_MEMORY, DEFAULT_TIMEOUT, Service

_DRIVER = Path(__file__).resolve().parent / "local_driver.py"


def invoke_local(service: Service, function: str, data: Any = None, *, env: dict[str, str] | None = None) -> Answer:
    """Runs a handler here.

    Args:
        service: what `load` gave.
        function: its name in the file.
        data: its event.
        env: more environment variables.

    Returns:
        Its answer; `.log` is what it printed, `.error` is `Unhandled` when it raised.

    Raises:
        WorkshopError: there is no such function, its runtime is not Python, or it ran out of time.
    """
    settings = service.function(function)
    if not service.runtime(function).startswith("python"):
        raise WorkshopError(
            f"{function} runs on {service.runtime(function)}; invoke local runs Python only.",
            fix="Deploy it to the offline cloud and use: workshop invoke",
        )
    package(service)  # says what is wrong with the handler before it is run
    timeout = service.setting(function, "timeout", DEFAULT_TIMEOUT)
    with tempfile.TemporaryDirectory(prefix="workshop-invoke-") as temporary:
        folder = Path(temporary)
        event, result = folder / "event.json", folder / "result.json"
        event.write_text(json.dumps({} if data is None else data), encoding="utf-8")
        layers = [path / "python" for path in _layers(service, function, folder)]
        environment = variables(service, function, [service.folder, *layers]) | (env or {})
        words = [sys.executable, "-X", "utf8", str(_DRIVER), settings["handler"], str(event), str(result), str(timeout)]
        try:
            done = subprocess.run(
                words,
                cwd=service.folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                timeout=timeout + 5,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            log = (error.stdout or b"").decode("utf-8", "replace")
            message = f"Task timed out after {timeout:.2f} seconds"
            return Answer({"errorMessage": message}, "Unhandled", log)
        log = done.stdout.decode("utf-8", "replace")
        if not result.is_file():
            message = f"Runtime exited with code {done.returncode}"
            return Answer({"errorType": "Runtime.ExitError", "errorMessage": message}, "Unhandled", log)
        outcome = json.loads(result.read_text(encoding="utf-8"))
    return Answer(outcome["payload"], outcome["error"], log)


def variables(service: Service, function: str, paths: list[Path]) -> dict[str, str]:
    """The environment of a handler: this one's (for credentials and `AWS_ENDPOINT_URL`), then as on Lambda.

    Args:
        paths: where Python looks for modules.
    """
    full = service.function_name(function)
    own = {**(service.provider.get("environment") or {}), **(service.functions[function].get("environment") or {})}
    return {
        **os.environ,
        "AWS_REGION": service.region,
        "AWS_DEFAULT_REGION": service.region,
        "AWS_LAMBDA_FUNCTION_NAME": full,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(service.setting(function, "memorySize", DEFAULT_MEMORY)),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{full}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{service.runtime(function)}",
        "LAMBDA_TASK_ROOT": str(paths[0]),
        "_HANDLER": service.functions[function]["handler"],
        "IS_LOCAL": "true",  # as the Framework sets it
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
        **{key: str(value) for key, value in own.items() if not is_intrinsic(value)},
    }


def _layers(service: Service, function: str, folder: Path) -> list[Path]:
    """The function's layers as folders: this service's own as they are, others fetched and unpacked."""
    by_id = {naming.layer_id(name): name for name in service.layers}
    found = []
    for number, layer in enumerate(service.setting(function, "layers") or []):
        if isinstance(layer, dict) and layer.get("Ref") in by_id:
            found.append(service.folder / service.layers[by_id[layer["Ref"]]].get("path", "."))
        elif isinstance(layer, str):
            place = folder / f"layer{number}"
            try:
                unzip(fetch(service, layer), place, most=MOST_UNZIPPED)
            except BadZip as error:
                raise WorkshopError(f"The layer {layer} cannot be unpacked: {error}") from None
            found.append(place)
    return found
